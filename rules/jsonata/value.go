package jsonata

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// kind is the type of a value. What JSONata calls nothing, or undefined, is the zero value.
type kind uint8

const (
	undefinedKind kind = iota
	nullKind
	boolKind
	numberKind
	stringKind
	arrayKind
	objectKind
	functionKind
	tailKind // a call that a trampoline is to carry out; never seen by expressions
)

// value is a value while an expression is evaluated. Values that come from the
// caller stay as they were given in ref, so that they leave as they came.
type value struct {
	kind kind
	num  float64 // of a number; 1 for true
	// ref is, by kind: string: a string, a *string, or []byte whose bytes are characters; number: nil, or what
	// it was given as; array: *array, []any or List; object: *Object, map[string]any or
	// Record; function: *function.
	ref any
}

var (
	undefined = value{}
	null      = value{kind: nullKind}
	falsehood = value{kind: boolKind}
	truth     = value{kind: boolKind, num: 1}
)

func boolean(b bool) value {
	if b {
		return truth
	}
	return falsehood
}

func number(f float64) value { return value{kind: numberKind, num: f} }
func text(s string) value    { return value{kind: stringKind, ref: s} }

// shared is a string that is there anyway. It must not change.
func shared(s *string) value { return value{kind: stringKind, ref: s} }

func list(a *array) value { return value{kind: arrayKind, ref: a} }

// object takes an object that is complete.
func object(o *Object) value {
	o.order()
	return value{kind: objectKind, ref: o}
}

func callable(f *function) value { return value{kind: functionKind, ref: f} }

func (v value) isTrue() bool { return v.num != 0 }

// str is the text of a string.
func (v value) str() string {
	if s, ok := v.ref.(string); ok {
		return s
	}
	if s, ok := v.ref.(*string); ok {
		return *s
	}
	b, _ := v.ref.([]byte)
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// array is an array made by an evaluation.
type array struct {
	items []value
	// sequence marks what a path, a filter or a function yields piece by
	// piece: one item of it is that item, none is nothing.
	sequence bool
	// keep makes a sequence of one stay an array.
	keep bool
	// constructed marks an array written as a step of a path, which is not
	// flattened into the result.
	constructed bool
	// outer marks the wrapping of an array that is the input.
	outer bool
	// tuples are the bindings of the items, where a path carries them along.
	tuples []*tuple
}

// sequenceOf makes a sequence. The slice is the sequence's own from then on.
func sequenceOf(items ...value) *array { return &array{items: items, sequence: true} }

// List is an array that a caller keeps in a form of its own. It must not change
// while expressions read it.
type List interface {
	// Len is the number of items.
	Len() int
	// At is the item at an index below Len, in any form that Eval takes.
	At(i int) any
}

// Record is an object that a caller keeps in a form of its own, which is read
// only where an expression looks. It must not change while expressions read it.
type Record interface {
	// Get returns the value of a name, in any form that Eval takes, and whether there is one.
	Get(name string) (v any, ok bool)
	// Names are the names in their order. The caller of Names does not change the slice.
	Names() []string
}

// Row is a Record that also knows its values by the places of their names, which saves looking each name up
// where all are wanted.
type Row interface {
	Record
	// Value is the value of the name at an index of Names, in any form that Eval takes.
	Value(i int) any
}

// wrap takes a value of the caller's.
func wrap(v any) value {
	switch x := v.(type) {
	case nil:
		return null
	case string:
		return value{kind: stringKind, ref: v}
	case float64:
		return value{kind: numberKind, num: x, ref: v}
	case bool:
		return boolean(x)
	case map[string]any:
		if x == nil {
			return null
		}
		return value{kind: objectKind, ref: v}
	case []any:
		return value{kind: arrayKind, ref: v}
	case *Object:
		if x == nil {
			return null
		}
		return value{kind: objectKind, ref: v}
	case int:
		return value{kind: numberKind, num: float64(x), ref: v}
	case int64:
		return value{kind: numberKind, num: float64(x), ref: v}
	case int32:
		return value{kind: numberKind, num: float64(x), ref: v}
	case float32:
		return value{kind: numberKind, num: shortest32(x), ref: v}
	case json.Number:
		f, err := strconv.ParseFloat(string(x), 64)
		if err != nil && !math.IsInf(f, 0) {
			return value{kind: stringKind, ref: string(x)}
		}
		return value{kind: numberKind, num: f, ref: v}
	case []byte:
		if x == nil {
			return null
		}
		return value{kind: stringKind, ref: v}
	case undefinedType:
		return undefined
	case Record:
		return value{kind: objectKind, ref: v}
	case List:
		return value{kind: arrayKind, ref: v}
	case *Function:
		return callable(x.f)
	case value:
		return x
	}
	return wrapOther(v)
}

// shortest32 is the number that a float32 is written as: 0.1, not 0.10000000149011612.
func shortest32(x float32) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	return f
}

// maxPointers is how many pointers to pointers are followed.
const maxPointers = 20

// wrapOther takes values of types that are known only at run time, as
// encoding/json would write them.
func wrapOther(v any) value {
	switch x := v.(type) {
	case time.Time:
		return value{kind: stringKind, ref: x.Format(time.RFC3339Nano)}
	case json.Marshaler:
		return marshalled(v)
	case encoding.TextMarshaler:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return null
		}
		b, err := x.MarshalText()
		if err != nil {
			return undefined
		}
		return text(string(b))
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer, reflect.Interface:
		// A pointer may lead to itself.
		for range maxPointers {
			if r.IsNil() {
				return null
			}
			switch r = r.Elem(); r.Kind() {
			case reflect.Interface:
			case reflect.Pointer:
				switch x := r.Interface().(type) {
				case *Object, *Function, Record, List, json.Marshaler, encoding.TextMarshaler:
					return wrap(x)
				}
			default:
				return wrap(r.Interface())
			}
		}
		return null
	case reflect.Bool:
		return boolean(r.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return value{kind: numberKind, num: float64(r.Int()), ref: v}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return value{kind: numberKind, num: float64(r.Uint()), ref: v}
	case reflect.Float32, reflect.Float64:
		return value{kind: numberKind, num: r.Float(), ref: v}
	case reflect.String:
		return text(r.String())
	case reflect.Slice, reflect.Array:
		if r.Kind() == reflect.Slice && r.IsNil() {
			return null
		}
		if r.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, r.Len())
			reflect.Copy(reflect.ValueOf(b), r)
			return value{kind: stringKind, ref: b}
		}
		return value{kind: arrayKind, ref: reflected{r}}
	case reflect.Map:
		if r.IsNil() {
			return null
		}
		if r.Type().Key().Kind() == reflect.String {
			return value{kind: objectKind, ref: reflectedMap{r}}
		}
		return marshalled(v)
	case reflect.Struct:
		return value{kind: objectKind, ref: structOf(r)}
	}
	return undefined
}

// marshalled takes a value by way of its JSON.
func marshalled(v any) value {
	b, err := json.Marshal(v)
	if err != nil {
		return undefined
	}
	x, err := ParseJSON(b)
	if err != nil {
		return undefined
	}
	return wrap(x)
}

// maxNesting bounds how deep values may be nested that are walked to their ends.
const maxNesting = 10_000

// finisher gives values to the caller. What is in several places is counted in
// each: it is there as often for whoever walks the result.
type finisher struct {
	st   *state // whose limits count; nil for messages
	left int    // values that may still be given, where there is no state
}

// messageValues is how many values a message tells at most.
const messageValues = 1000

func (f *finisher) count(n int) *Error {
	if f.st != nil {
		return f.st.grown(n, n)
	}
	if f.left -= n; f.left < 0 {
		return fail("D2015")
	}
	return nil
}

// value gives a value: arrays made by the evaluation become []any, those in
// objects made by it too; numbers made by it become float64.
func (f *finisher) value(v value, depth int) (any, *Error) {
	switch v.kind {
	case undefinedKind, tailKind:
		return Undefined, nil
	case nullKind:
		return nil, nil
	case boolKind:
		return v.num != 0, nil
	case numberKind:
		if v.ref == nil {
			return v.num, nil
		}
	case stringKind:
		if s, ok := v.ref.(*string); ok {
			return *s, nil
		}
	case arrayKind:
		if a, ok := v.ref.(*array); ok {
			return f.array(a, depth)
		}
	case objectKind:
		if o, ok := v.ref.(*Object); ok && o.fresh && (f.st != nil || !o.finished) {
			return o, f.object(o, depth)
		}
	case functionKind:
		return &Function{v.ref.(*function)}, nil
	}
	return v.ref, nil
}

func (f *finisher) array(a *array, depth int) (any, *Error) {
	if depth >= maxNesting {
		return nil, fail("D1011")
	}
	if err := f.count(len(a.items)); err != nil {
		return nil, err
	}
	all := make([]any, len(a.items))
	for i := range a.items {
		x, err := f.value(a.items[i], depth+1)
		if err != nil {
			return nil, err
		}
		if x == Undefined {
			x = nil
		}
		all[i] = x
	}
	return all, nil
}

func (f *finisher) object(o *Object, depth int) *Error {
	if depth >= maxNesting {
		return fail("D1011")
	}
	if err := f.count(len(o.entries)); err != nil {
		return err
	}
	for i := range o.entries {
		inner := &o.entries[i].val
		if inner.kind != arrayKind && inner.kind != objectKind {
			continue
		}
		if list, ok := inner.ref.([]any); ok && o.finished {
			if err := f.again(list, depth+1); err != nil {
				return err
			}
			continue
		}
		x, err := f.value(*inner, depth+1)
		if err != nil {
			return err
		}
		inner.ref = x
	}
	o.finished = true
	return nil
}

// again counts what was finished before, in another place.
func (f *finisher) again(list []any, depth int) *Error {
	if depth >= maxNesting {
		return fail("D1011")
	}
	if err := f.count(len(list)); err != nil {
		return err
	}
	for _, x := range list {
		var err *Error
		switch x := x.(type) {
		case []any:
			err = f.again(x, depth+1)
		case *Object:
			if x.fresh {
				err = f.object(x, depth+1)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unwrap gives a value that goes into a message or out of an object: what is
// too large or nested too deeply is nil.
func (v value) unwrap() any {
	f := finisher{left: messageValues}
	x, err := f.value(v, 0)
	if err != nil {
		return nil
	}
	return x
}

// count is the number of items of an array.
func (v value) count() int {
	switch a := v.ref.(type) {
	case *array:
		return len(a.items)
	case []any:
		return len(a)
	case List:
		return a.Len()
	}
	return 0
}

// item is an item of an array.
func (v value) item(i int) value {
	switch a := v.ref.(type) {
	case *array:
		return a.items[i]
	case []any:
		return wrap(a[i])
	case List:
		return wrap(a.At(i))
	}
	return undefined
}

// made is the array of a value that an evaluation made, nil for the caller's arrays and other values.
func (v value) made() *array {
	if v.kind != arrayKind {
		return nil
	}
	a, _ := v.ref.(*array)
	return a
}

// inner is what an array as input is wrapped into, or the value itself.
func (v value) inner() value {
	if a := v.made(); a != nil && a.outer && len(a.items) > 0 {
		return a.items[0]
	}
	return v
}

// isSequence reports whether a value is an array of the kind that one item of it is that item.
func (v value) isSequence() bool {
	a := v.made()
	return a != nil && a.sequence
}

// items are all items of an array. The slice must not be changed. Those of the
// caller's arrays are counted before there is room for them.
func (st *state) items(v value) ([]value, *Error) {
	if a, ok := v.ref.(*array); ok {
		return a.items, nil
	}
	n := v.count()
	if err := st.grown(n, n); err != nil {
		return nil, err
	}
	all := make([]value, n)
	for i := range all {
		all[i] = v.item(i)
	}
	return all, nil
}

// field is the value of a name in an object, undefined if there is none.
func (v value) field(name string) value {
	switch o := v.ref.(type) {
	case map[string]any:
		if x, ok := o[name]; ok {
			return wrap(x)
		}
	case *Object:
		return o.value(name)
	case Record:
		if x, ok := o.Get(name); ok {
			return wrap(x)
		}
	}
	return undefined
}

// names are the names of an object in their order. The slice must not be changed.
func (v value) names() []string {
	switch o := v.ref.(type) {
	case map[string]any:
		names := make([]string, 0, len(o))
		for name := range o {
			names = append(names, name)
		}
		sortNames(names)
		return names
	case *Object:
		return o.Names()
	case Record:
		return o.Names()
	}
	return nil
}

// members are the names and values of an object by their places.
type members struct {
	entries []entry // of an *Object
	names   []string
	row     Row // where names and row are those of a Row
	of      value
}

func (v value) members() members {
	switch o := v.ref.(type) {
	case *Object:
		return members{entries: o.entries}
	case Row:
		return members{names: o.Names(), row: o}
	}
	return members{names: v.names(), of: v}
}

func (m *members) len() int { return len(m.entries) + len(m.names) }

// name points to the name, which must not be changed.
func (m *members) name(i int) *string {
	if m.entries != nil {
		return &m.entries[i].name
	}
	return &m.names[i]
}

func (m *members) value(i int) value {
	switch {
	case m.entries != nil:
		return m.entries[i].val
	case m.row != nil:
		return wrap(m.row.Value(i))
	}
	return m.of.field(m.names[i])
}

// size is the number of fields of an object.
func (v value) size() int {
	switch o := v.ref.(type) {
	case map[string]any:
		return len(o)
	case *Object:
		return o.Len()
	case Record:
		return len(o.Names())
	}
	return 0
}

// sortNames orders names as compareNames does; most are no indices.
func sortNames(names []string) {
	for _, name := range names {
		if _, ok := arrayIndex(name); ok {
			slices.SortFunc(names, compareNames)
			return
		}
	}
	slices.Sort(names)
}

// compareNames orders the names of objects that know no order: those that are
// array indices first, by their numbers, then all others as strings.
func compareNames(a, b string) int {
	i, aIndex := arrayIndex(a)
	j, bIndex := arrayIndex(b)
	switch {
	case aIndex && bIndex:
		if i < j {
			return -1
		}
		return 1
	case aIndex:
		return -1
	case bIndex:
		return 1
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// arrayIndex reads a name that JavaScript takes for an index: a whole number
// below 2³²-1 in its shortest form. Such names come first in an object.
func arrayIndex(name string) (uint32, bool) {
	if name == "" || len(name) > 10 || name[0] > '9' || name[0] < '0' || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	var n uint64
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return uint32(n), n < math.MaxUint32
}
