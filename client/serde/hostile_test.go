package serde_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

// modest is what reading a message that lies about its size may allocate.
const modest = 64 << 20

// allocated is how many bytes were allocated meanwhile, by all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// numbers are written one after the other as Avro and Protobuf's frames write them.
func numbers(list ...int64) []byte {
	var b []byte
	for _, i := range list {
		b = binary.AppendVarint(b, i)
	}
	return b
}

func joined(parts ...[]byte) []byte { return slices.Concat(parts...) }

// around is the schema of a record with one field, f.
func around(inner string) string {
	return `{"type":"record","name":"R","fields":[{"name":"f","type":` + inner + `}]}`
}

// Avro payloads that claim more than they have.
func TestHostileAvro(t *testing.T) {
	type of[F any] struct {
		F F `avro:"f"`
	}
	type empty struct{}
	type nothing struct {
		N any `avro:"n"`
	}
	type wide struct {
		N *[64]string `avro:"n"`
	}
	const billion = 1 << 30
	many := bytes.Repeat([]byte{2}, 1000)
	null := `{"type":"record","name":"N","fields":[{"name":"n","type":"null"}]}`
	f := start(t)
	for _, c := range []struct {
		name   string
		schema string
		body   []byte
		typed  attempt
	}{
		{"a text of 1 GB", around(`"string"`), numbers(billion), into[of[string]](serde.Avro)},
		{"a text of the largest size", around(`"string"`), numbers(1<<63 - 1), into[of[string]](serde.Avro)},
		{"a text of a size below 0", around(`"string"`), numbers(-1), into[of[string]](serde.Avro)},
		{"a text of the smallest size", around(`"string"`), numbers(-1 << 63), into[of[string]](serde.Avro)},
		{"a size of more than 64 bits", around(`"string"`), bytes.Repeat([]byte{0xff}, 12), into[of[string]](serde.Avro)},
		{"a root text of 1 GB", `"string"`, numbers(billion), into[string](serde.Avro)},
		{"bytes of 1 GB", around(`"bytes"`), numbers(billion), into[of[[]byte]](serde.Avro)},
		{"bytes of a size below 0", around(`"bytes"`), numbers(-5), into[of[[]byte]](serde.Avro)},
		{"a decimal of 1 GB", around(`{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`), numbers(billion), into[of[[]byte]](serde.Avro)},
		{"a fixed of 1 GB", around(`{"type":"fixed","name":"F","size":1073741824}`), many, into[of[[]byte]](serde.Avro)},
		{"an array of a billion numbers", around(`{"type":"array","items":"int"}`), joined(numbers(billion), many), into[of[[]int32]](serde.Avro)},
		{"an array of a billion doubles", around(`{"type":"array","items":"double"}`), joined(numbers(billion), many), into[of[[]float64]](serde.Avro)},
		{"an array of the largest count", around(`{"type":"array","items":"string"}`), joined(numbers(1<<63-1), many), into[of[[]string]](serde.Avro)},
		{"an array of the smallest count", around(`{"type":"array","items":"string"}`), joined(numbers(-1<<63, 8), many), into[of[[]string]](serde.Avro)},
		{"a sized block of a billion", around(`{"type":"array","items":"string"}`), joined(numbers(-billion, billion), many), into[of[[]string]](serde.Avro)},
		{"a sized block of a size below 0", around(`{"type":"array","items":"string"}`), joined(numbers(-1, -1), many), into[of[[]string]](serde.Avro)},
		{"a billion nulls", around(`{"type":"array","items":"null"}`), numbers(billion, 0), into[of[[]any]](serde.Avro)},
		{"a billion nulls for pointers", around(`{"type":"array","items":"null"}`), numbers(billion, 0), into[of[[]*int32]](serde.Avro)},
		{"a billion nulls for texts", around(`{"type":"array","items":"null"}`), numbers(billion, 0), into[of[[]string]](serde.Avro)},
		{"a billion nulls in sized blocks", around(`{"type":"array","items":"null"}`), numbers(-billion, 0, 0), into[of[[]any]](serde.Avro)},
		{"a billion empty records", around(`{"type":"array","items":{"type":"record","name":"E","fields":[]}}`), numbers(billion, 0), into[of[[]empty]](serde.Avro)},
		{"a billion empty records in maps", around(`{"type":"array","items":{"type":"record","name":"E","fields":[]}}`), numbers(billion, 0), into[of[[]map[string]any]](serde.Avro)},
		{"a billion records of null", around(`{"type":"array","items":` + null + `}`), numbers(billion, 0), into[of[[]nothing]](serde.Avro)},
		{"a billion records of null for large structs", around(`{"type":"array","items":` + null + `}`), numbers(billion, 0), into[of[[]wide]](serde.Avro)},
		{"a billion empty fixed", around(`{"type":"array","items":{"type":"fixed","name":"F","size":0}}`), numbers(billion, 0), into[of[[][]byte]](serde.Avro)},
		{"arrays of a billion nulls, again and again", around(`{"type":"array","items":{"type":"array","items":"null"}}`), joined(numbers(1000), bytes.Repeat(numbers(1<<18, 0), 1000), numbers(0)), into[of[[][]any]](serde.Avro)},
		{"nulls in blocks, again and again", around(`{"type":"array","items":"null"}`), joined(bytes.Repeat(numbers(1<<17), 5000), numbers(0)), into[of[[]any]](serde.Avro)},
		{"a map of a billion", around(`{"type":"map","values":"null"}`), joined(numbers(billion), many), into[of[map[string]any]](serde.Avro)},
		{"a map of a billion numbers", around(`{"type":"map","values":"long"}`), joined(numbers(billion), many), into[of[map[string]int64]](serde.Avro)},
		{"a map of the largest count", around(`{"type":"map","values":"null"}`), joined(numbers(1<<63-1), many), into[of[map[string]any]](serde.Avro)},
		{"a map with a key of 1 GB", around(`{"type":"map","values":"null"}`), numbers(1, billion), into[of[map[string]any]](serde.Avro)},
		{"a map with a key of a size below 0", around(`{"type":"map","values":"null"}`), numbers(1, -3), into[of[map[string]any]](serde.Avro)},
		{"a branch that is none", around(`["null","int"]`), numbers(2), into[of[*int32]](serde.Avro)},
		{"a branch below 0", around(`["null","int"]`), numbers(-1), into[of[*int32]](serde.Avro)},
		{"the largest branch", around(`["null","int","string"]`), numbers(1<<63 - 1), into[of[any]](serde.Avro)},
		{"a symbol that is none", around(`{"type":"enum","name":"E","symbols":["A"]}`), numbers(1), into[of[string]](serde.Avro)},
		{"a symbol below 0", around(`{"type":"enum","name":"E","symbols":["A"]}`), numbers(-1), into[of[string]](serde.Avro)},
		{"an int of more than 32 bits", around(`"int"`), numbers(1 << 40), into[of[int32]](serde.Avro)},
		{"a long of more than 64 bits", around(`"long"`), bytes.Repeat([]byte{0xff}, 11), into[of[int64]](serde.Avro)},
	} {
		s := f.Register("s"+fmt.Sprint(len(c.name))+strings.ReplaceAll(c.name, " ", "_"), c.schema)
		data := framed(s.ID, c.body...)
		for name, read := range map[string]attempt{
			"dynamic": into[any](serde.Avro), "logical": into[any](serde.Avro, serde.LogicalTypes(), serde.TaggedUnions()), "typed": c.typed,
			"dynamic, by a reader's schema": into[any](serde.Avro, serde.WithSchema(api.Schema{Schema: `{"type":"record","name":"R","fields":[]}`})),
			"typed, by a reader's schema":   into[struct{}](serde.Avro, serde.WithSchema(api.Schema{Schema: `{"type":"record","name":"R","fields":[]}`})),
		} {
			var err error
			if n := allocated(func() { err = read(t, f.Client, data) }); n > modest {
				t.Errorf("%s, %s: %d MB were allocated", c.name, name, n>>20)
			}
			switch {
			case err != nil:
				badly(t, err)
			case !strings.HasSuffix(name, "reader's schema"): // who passes over a field need not see all that is wrong with it
				t.Errorf("%s, %s: no error", c.name, name)
			}
		}
	}
}

// linked is a value of a schema that has itself as a part.
type linked struct {
	Next *linked   `avro:"next" json:"next"`
	List []linked  `avro:"-" json:"list"`
	More []*linked `avro:"-" json:"-"`
}

// Values nested without end are refused, whoever reads them, before the stack is used up.
func TestHostileNesting(t *testing.T) {
	f := start(t)
	list := f.Register("avro", `{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]}`)
	tree := f.Register("tree", `{"type":"record","name":"T","fields":[{"name":"of","type":{"type":"array","items":"T"}}]}`)
	maps := f.Register("maps", `{"type":"record","name":"M","fields":[{"name":"of","type":{"type":"map","values":"M"}}]}`)
	json := f.Register("json", `{}`, ofJSON)
	value := f.Register("proto", `syntax = "proto3"; package google.protobuf; message ListValue { repeated Value values = 1; } message Value { oneof kind { ListValue list_value = 6; bool bool_value = 4; } }`, ofProtobuf)
	type T struct {
		Of []T `avro:"of"`
	}
	type M struct {
		Of map[string]M `avro:"of"`
	}
	const deep = 100_000
	inner := framed(value.ID, 2, 2)
	nest := func(n int) []byte { // built from the outside, as lengths come first
		sizes := make([]int, n)
		for i := n - 1; i >= 0; i-- {
			if i+1 < n {
				sizes[i] = 1 + protowire.SizeBytes(sizes[i+1])
			}
		}
		var b []byte
		for i, size := range sizes {
			if i > 0 {
				if i%2 == 1 {
					b = protowire.AppendTag(b, 6, protowire.BytesType)
				} else {
					b = protowire.AppendTag(b, 1, protowire.BytesType)
				}
				b = protowire.AppendVarint(b, uint64(size))
			}
		}
		return b
	}
	groups := bytes.Repeat(protowire.AppendTag(nil, 15, protowire.StartGroupType), deep)
	ends := bytes.Repeat(protowire.AppendTag(nil, 15, protowire.EndGroupType), deep)
	for _, c := range []struct {
		name string
		data []byte
		into []attempt
	}{
		{"an Avro list", framed(list.ID, append(bytes.Repeat([]byte{2}, deep), 0)...), []attempt{into[any](serde.Avro), into[linked](serde.Avro), into[*linked](serde.Avro), into[map[string]any](serde.Avro)}},
		{"an Avro list without an end", framed(list.ID, bytes.Repeat([]byte{2}, 10*deep)...), []attempt{into[any](serde.Avro), into[linked](serde.Avro)}},
		{"Avro arrays", framed(tree.ID, append(bytes.Repeat([]byte{2}, deep), make([]byte, deep+1)...)...), []attempt{into[any](serde.Avro), into[T](serde.Avro)}},
		{"Avro maps", framed(maps.ID, append(bytes.Repeat([]byte{2, 0}, deep), make([]byte, deep+1)...)...), []attempt{into[any](serde.Avro), into[M](serde.Avro)}},
		{"JSON arrays", framed(json.ID, append(bytes.Repeat([]byte("["), deep), bytes.Repeat([]byte("]"), deep)...)...), []attempt{into[any](serde.JSON), into[[]any](serde.JSON), into[linked](serde.JSON), into[any](serde.JSON, serde.ValidateJSON(true))}},
		{"JSON arrays without an end", framed(json.ID, bytes.Repeat([]byte("["), 10*deep)...), []attempt{into[any](serde.JSON), into[linked](serde.JSON)}},
		{"JSON objects", framed(json.ID, []byte(strings.Repeat(`{"next":`, deep)+"null"+strings.Repeat("}", deep))...), []attempt{into[any](serde.JSON), into[linked](serde.JSON), into[linked](serde.JSON, serde.DisallowUnknownFields())}},
		{"JSON objects in a field that is passed over", framed(json.ID, []byte(`{"x":`+strings.Repeat(`{"x":`, deep)+"null"+strings.Repeat("}", deep+1))...), []attempt{into[any](serde.JSON), into[linked](serde.JSON)}},
		{"Protobuf messages", joined(inner, nest(deep)), []attempt{into[any](serde.Protobuf), into[proto.Message](serde.Any), into[*structpb.Value](serde.Protobuf)}},
		{"Protobuf groups that are not known", joined(inner, groups, ends), []attempt{into[any](serde.Protobuf), into[*structpb.Value](serde.Protobuf)}},
		{"Protobuf groups without an end", joined(inner, groups), []attempt{into[any](serde.Protobuf), into[*structpb.Value](serde.Protobuf)}},
	} {
		for i, read := range c.into {
			var err error
			if n := allocated(func() { err = read(t, f.Client, c.data) }); n > modest {
				t.Errorf("%s, %d: %d MB were allocated", c.name, i, n>>20)
			}
			if err == nil {
				t.Errorf("%s, %d: no error", c.name, i)
				continue
			}
			if fails(t, err, serde.StageCodec); len(err.Error()) > 10_000 {
				t.Errorf("%s, %d: an error of %d bytes", c.name, i, len(err.Error()))
			}
		}
	}
}

// Protobuf payloads that claim more than they have.
func TestHostileProtobuf(t *testing.T) {
	f := start(t)
	s := f.Register("p", `syntax = "proto3"; package google.protobuf; message ListValue { repeated Value values = 1; } message Struct { map<string, Value> fields = 1; }
message Value { oneof kind { double number_value = 2; string string_value = 3; Struct struct_value = 5; ListValue list_value = 6; } }`, ofProtobuf)
	field := func(n protowire.Number, size uint64, rest ...byte) []byte {
		return append(protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.BytesType), size), rest...)
	}
	for name, body := range map[string][]byte{
		"a text of 1 GB":             field(3, 1<<30),
		"a text of the largest size": field(3, 1<<64-1),
		"a message of 1 GB":          field(6, 1<<30, 10, 0),
		"a map entry of 1 GB":        field(5, 3, 10, 0xff, 0xff),
		"a field of number 0":        {0, 1},
		"a size of more bits":        append([]byte{26}, bytes.Repeat([]byte{0xff}, 11)...),
		"a text that is no UTF-8":    field(3, 2, 0xff, 0xfe),
		"an unknown field of 1 GB":   field(77, 1<<30),
		"a wire type that is none":   {31, 0},
	} {
		for i, read := range []attempt{into[any](serde.Protobuf), into[*structpb.Value](serde.Protobuf), into[any](serde.Any)} {
			var err error
			if n := allocated(func() { err = read(t, f.Client, joined(framed(s.ID, 2, 4), body)) }); n > modest {
				t.Errorf("%s, %d: %d MB were allocated", name, i, n>>20)
			}
			if err == nil {
				t.Errorf("%s, %d: no error", name, i)
				continue
			}
			fails(t, err, serde.StageCodec)
		}
	}
}

// A value that contains itself is an error of the one who writes it, with rules and without.
func TestValueInItself(t *testing.T) {
	f := start(t)
	transform := withRules(api.RuleSet{DomainRules: []api.Rule{{Name: "x", Type: "CEL_FIELD", Kind: api.KindTransform, Mode: api.ModeWriteRead, Expr: "typeName == 'STRING' ; value + 'x'"}}})
	for _, with := range []concordattest.With{func(*api.RegisterRequest) {}, transform} {
		f.Register("list-value", `{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]},{"name":"other","type":["null","L"],"default":null}]}`, with)
		f.Register("json-value", `{"properties":{"next":{"$ref":"#"},"other":{"$ref":"#"}}}`, with, ofJSON)
		c := f.connect(t)
		object := map[string]any{}
		object["next"], object["other"] = object, object
		loop := &pair{}
		loop.Next, loop.Other = loop, loop
		latest := serde.UseLatestVersion()
		for name, err := range map[string]error{
			"an Avro object":           writing(t, writes[any](t, c, serde.Avro, latest), "list", any(object)),
			"an Avro struct":           writing(t, writes[*pair](t, c, serde.Avro, latest), "list", loop),
			"a JSON object":            writing(t, writes[any](t, c, serde.JSON, latest), "json", any(object)),
			"a JSON object, validated": writing(t, writes[any](t, c, serde.JSON, latest, serde.ValidateJSON(true)), "json", any(object)),
			"a JSON struct":            writing(t, writes[*pair](t, c, serde.JSON, latest), "json", loop),
		} {
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			var e *serde.Error
			if !errors.As(err, &e) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// pair is a value that leads on in two ways.
type pair struct {
	Next  *pair `avro:"next" json:"next"`
	Other *pair `avro:"other" json:"other"`
}

func writing[T any](t *testing.T, s *serde.Serializer[T], topic string, v T) error {
	_, err := s.Serialize(t.Context(), topic, v)
	return err
}
