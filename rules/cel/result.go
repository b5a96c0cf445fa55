package cel

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/record"
	avroschema "github.com/seed-9f7c7091/concordat/schema/avro"
)

// result makes messages of what expressions give.
type result struct {
	kind    resultKind
	avro    *avroschema.Type
	message protoreflect.MessageDescriptor
}

type resultKind uint8

const (
	genericResult resultKind = iota // JSON
	avroResult
	protoResult
)

// of is the message that takes the place of another one. A map becomes a record, whose fields
// that are not in the map have their defaults. What can be no record is left as it is, for the encoding to refuse.
func (r *result) of(v ref.Val, before any) (any, error) {
	if same(v.Value(), before) {
		return before, nil
	}
	switch r.kind {
	case avroResult:
		return (&casting{left: maxCasts}).toAvro(v, r.avro, "")
	case protoResult:
		if m, ok := v.(traits.Mapper); ok {
			made := dynamicpb.NewMessage(r.message)
			if known, ok := before.(proto.Message); ok && known.ProtoReflect().Descriptor().FullName() == r.message.FullName() {
				return fillMessage(known.ProtoReflect().New(), m, "")
			}
			return fillMessage(made, m, "")
		}
		if m, ok := v.Value().(proto.Message); ok {
			return m, nil
		}
	}
	return generic(v)
}

// ofField is the value that takes the place of a field's: a number becomes one
// of the field's type, as casts in Java do, but does not wrap around.
func (r *result) ofField(v ref.Val, t record.Type) (any, error) {
	switch t {
	case record.Int, record.Long:
		if f, ok := v.(types.Double); ok {
			return truncated(float64(f))
		}
	case record.Float, record.Double:
		if f, ok := float(v); ok {
			return f, nil
		}
	}
	if b, ok := v.(types.Bytes); ok {
		return []byte(b), nil
	}
	return generic(v)
}

func truncated(f float64) (int64, error) {
	if f != f || f >= math.MaxInt64 || f < math.MinInt64 {
		return 0, fmt.Errorf("%v is beyond the range of integers", f)
	}
	return int64(f), nil
}

// same reports whether two values are one: an expression has given its message.
func same(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		return false
	}
	switch x.Kind() {
	case reflect.Map, reflect.Pointer:
		return x.Pointer() == y.Pointer()
	}
	return false
}

// generic is a value as JSON has it. Bytes are in base64, times as RFC 3339 says.
func generic(v any) (any, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Uint:
		if v > math.MaxInt64 {
			return uint64(v), nil
		}
		return int64(v), nil
	case types.Double:
		return float64(v), nil
	case types.String:
		return string(v), nil
	case types.Bytes:
		return base64.StdEncoding.EncodeToString(v), nil
	case types.Timestamp:
		return v.Format(time.RFC3339Nano), nil
	case types.Duration:
		return strconv.FormatFloat(v.Seconds(), 'f', -1, 64) + "s", nil
	case traits.Lister:
		items := make([]any, 0, size(v))
		for it := v.Iterator(); it.HasNext() == types.True; {
			item, err := generic(it.Next())
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return items, nil
	case traits.Mapper:
		if known, ok := v.Value().(map[string]any); ok {
			return known, nil // of the message
		}
		members := make(map[string]any, size(v))
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name, err := keyText(key)
			if err != nil {
				return nil, err
			}
			item, _ := v.Find(key)
			if members[name], err = generic(item); err != nil {
				return nil, err
			}
		}
		return members, nil
	case ref.Val:
		if m, ok := v.Value().(proto.Message); ok {
			return m, nil
		}
		return nil, fmt.Errorf("a message cannot be made of a %s", v.Type().TypeName())
	}
	return v, nil
}

func size(v traits.Sizer) int {
	n, _ := v.Size().(types.Int)
	return int(n)
}

// keyText is the key of a map as the name of a member.
func keyText(key ref.Val) (string, error) {
	switch k := key.(type) {
	case types.String:
		return string(k), nil
	case types.Bool, types.Int, types.Uint:
		return fmt.Sprint(k.Value()), nil
	}
	return "", fmt.Errorf("a %s cannot be the name of a member", key.Type().TypeName())
}

func mismatch(path, format string, args ...any) error {
	return &record.MismatchError{Path: path, Reason: fmt.Sprintf(format, args...)}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// maxPath bounds the places in a result, and with them how deep it is nested.
const (
	maxPath      = 1 << 13
	maxShownPath = 200
)

func below(path, name string) string { return path + "/" + pointerEscapes.Replace(name) }

// maxCasts bounds the values that are tried for a result: branches of unions
// within branches that do not fit would be tried over and over.
const maxCasts = 1 << 18

// casting is a result on its way to a record.
type casting struct{ left int }

// toAvro makes a value of a type. Numbers are cast where they fit; what can be no
// record at the top stays what it is.
func (c *casting) toAvro(v ref.Val, t *avroschema.Type, path string) (any, error) {
	if c.left--; c.left < 0 {
		return nil, mismatch("", "the result is too complex")
	}
	if len(path) > maxPath {
		return nil, mismatch(path[:maxShownPath]+"…", "the result is nested too deeply")
	}
	switch t.Kind {
	case avroschema.Null:
		if v == types.NullValue {
			return nil, nil
		}
	case avroschema.Boolean:
		if b, ok := v.(types.Bool); ok {
			return bool(b), nil
		}
	case avroschema.Int, avroschema.Long:
		n, ok, err := integer(v)
		if err != nil || ok && t.Kind == avroschema.Int && int64(int32(n)) != n {
			return nil, mismatch(path, "%v is beyond the range of %s", v.Value(), t.Kind)
		}
		if ok && t.Kind == avroschema.Int {
			return int32(n), nil
		}
		if ok {
			return n, nil
		}
	case avroschema.Float, avroschema.Double:
		if f, ok := float(v); ok {
			if t.Kind == avroschema.Float {
				return float32(f), nil
			}
			return f, nil
		}
	case avroschema.String:
		if s, ok := v.(types.String); ok {
			return string(s), nil
		}
		if s, ok := v.(types.Timestamp); ok {
			return s.Format(time.RFC3339Nano), nil
		}
	case avroschema.Enum:
		if s, ok := v.(types.String); ok {
			for _, symbol := range t.Named.Symbols {
				if symbol == string(s) {
					return symbol, nil
				}
			}
			return nil, mismatch(path, "%q is no symbol of %s", string(s), t.FullName())
		}
	case avroschema.Bytes, avroschema.Fixed:
		if b, ok := v.(types.Bytes); ok {
			if t.Kind == avroschema.Fixed && len(b) != t.Named.Size {
				return nil, mismatch(path, "%s has %d bytes, not %d", t.FullName(), t.Named.Size, len(b))
			}
			return []byte(b), nil
		}
	case avroschema.Array:
		if l, ok := v.(traits.Lister); ok {
			items := make([]any, 0, size(l))
			for it := l.Iterator(); it.HasNext() == types.True; {
				item, err := c.toAvro(it.Next(), t.Items, below(path, strconv.Itoa(len(items))))
				if err != nil {
					return nil, err
				}
				items = append(items, item)
			}
			return items, nil
		}
	case avroschema.Map:
		if m, ok := v.(traits.Mapper); ok {
			members := make(map[string]any, size(m))
			for it := m.Iterator(); it.HasNext() == types.True; {
				key := it.Next()
				name, err := keyText(key)
				if err != nil {
					return nil, mismatch(path, "%v", err)
				}
				item, _ := m.Find(key)
				if members[name], err = c.toAvro(item, t.Items, below(path, name)); err != nil {
					return nil, err
				}
			}
			return members, nil
		}
	case avroschema.Record:
		if m, ok := v.(traits.Mapper); ok {
			return c.toAvroRecord(m, t.Named, path)
		}
		if path == "" {
			return generic(v)
		}
	case avroschema.Union:
		return c.toAvroUnion(v, t, path)
	}
	return nil, mismatch(path, "a %s is no %s", v.Type().TypeName(), t.FullName())
}

func integer(v ref.Val) (n int64, ok bool, err error) {
	switch v := v.(type) {
	case types.Int:
		return int64(v), true, nil
	case types.Uint:
		if v > math.MaxInt64 {
			return 0, false, fmt.Errorf("%d is beyond the range of integers", v)
		}
		return int64(v), true, nil
	case types.Double:
		n, err := truncated(float64(v))
		return n, err == nil, err
	}
	return 0, false, nil
}

func float(v ref.Val) (float64, bool) {
	switch v := v.(type) {
	case types.Double:
		return float64(v), true
	case types.Int:
		return float64(v), true
	case types.Uint:
		return float64(v), true
	}
	return 0, false
}

// toAvroRecord makes a record of a map. What the record has no field for is passed over.
func (c *casting) toAvroRecord(m traits.Mapper, n *avroschema.Named, path string) (any, error) {
	fields := make(map[string]any, len(n.Fields))
	for i := range n.Fields {
		f := &n.Fields[i]
		v, ok := m.Find(types.String(f.Name))
		var err error
		switch {
		case ok:
			fields[f.Name], err = c.toAvro(v, f.Type, below(path, f.Name))
		case f.Default != nil:
			fields[f.Name], err = defaultValue(f.Default, f.Type)
		default:
			err = mismatch(below(path, f.Name), "the field is not in the map and has no default")
		}
		if err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// toAvroUnion makes a value of the branch that is nearest to it: one that takes
// it as it is before one that it is cast to.
func (c *casting) toAvroUnion(v ref.Val, t *avroschema.Type, path string) (any, error) {
	var only *avroschema.Type
	several := false
	for _, b := range t.Branches {
		if b.Kind != avroschema.Null {
			several = several || only != nil
			only = b
		}
	}
	for _, exact := range [...]bool{true, false} {
		for _, b := range t.Branches {
			if exact && !natural(v, b.Kind) {
				continue
			}
			made, err := c.toAvro(v, b, path)
			switch {
			case err == nil && several && ambiguous(t, b):
				return &record.Branch{Name: b.FullName(), Value: made}, nil
			case err == nil:
				return made, nil
			case exact && !several:
				return nil, err
			}
		}
	}
	return nil, mismatch(path, "no branch of the union takes a %s", v.Type().TypeName())
}

// natural reports whether a kind is that of a value without a cast.
func natural(v ref.Val, k avroschema.Kind) bool {
	switch v.(type) {
	case types.Null:
		return k == avroschema.Null
	case types.Bool:
		return k == avroschema.Boolean
	case types.Int, types.Uint:
		return k == avroschema.Int || k == avroschema.Long
	case types.Double:
		return k == avroschema.Double || k == avroschema.Float
	case types.String:
		return k == avroschema.String || k == avroschema.Enum
	case types.Bytes:
		return k == avroschema.Bytes || k == avroschema.Fixed
	case traits.Lister:
		return k == avroschema.Array
	case traits.Mapper:
		return k == avroschema.Record || k == avroschema.Map
	}
	return false
}

// forms are the kinds whose values look alike in Go.
var forms = map[avroschema.Kind]int{
	avroschema.Record: 1, avroschema.Map: 1,
	avroschema.String: 2, avroschema.Enum: 2,
	avroschema.Bytes: 3, avroschema.Fixed: 3,
}

// ambiguous reports whether a value of a branch could be one of another branch.
func ambiguous(t, branch *avroschema.Type) bool {
	form := forms[branch.Kind]
	for _, b := range t.Branches {
		if form != 0 && b != branch && forms[b.Kind] == form {
			return true
		}
	}
	return false
}
