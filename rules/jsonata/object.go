package jsonata

import (
	"cmp"
	"iter"
	"slices"
)

// Object is an object that keeps the order of its names: that in which they were
// set, but names that JavaScript takes for array indices ("7") come first, by
// their numbers. The zero value is an empty object. An Object may be read by many
// goroutines while none changes it.
type Object struct {
	entries []entry
	index   map[string]int // of entries, once there are many
	fresh   bool           // made by an evaluation: until it is finished it may hold arrays of its making

	finished  bool // given to the caller
	unordered bool // names that are array indices are not all in their place yet
}

type entry struct {
	name string
	val  value
}

// manyNames is how many names an object has before they are indexed.
const manyNames = 12

// NewObject makes an object with room for n names.
func NewObject(n int) *Object { return &Object{entries: make([]entry, 0, n)} }

// freshObject makes an object in the course of an evaluation.
func freshObject(n int) *Object { return &Object{entries: make([]entry, 0, n), fresh: true} }

// Len is the number of names.
func (o *Object) Len() int { return len(o.entries) }

// Get returns the value of a name and whether there is one: nil, bool,
// float64, string, []any, *Object or *Function, or what was put in.
func (o *Object) Get(name string) (v any, ok bool) {
	if i := o.find(name); i >= 0 {
		return o.entries[i].val.unwrap(), true
	}
	return nil, false
}

// Entry returns the i-th name and its value, in the form of Get. i is below Len.
func (o *Object) Entry(i int) (name string, v any) {
	e := &o.entries[i]
	return e.name, e.val.unwrap()
}

// Set gives a name its value. A name that is there keeps its place.
func (o *Object) Set(name string, v any) {
	o.set(name, wrap(v))
	o.order()
}

// Delete removes a name, if it is there.
func (o *Object) Delete(name string) {
	i := o.find(name)
	if i < 0 {
		return
	}
	o.entries = slices.Delete(o.entries, i, i+1)
	if o.index != nil {
		o.reindex()
	}
}

// Names are the names in their order. The caller owns the slice.
func (o *Object) Names() []string {
	names := make([]string, len(o.entries))
	for i := range o.entries {
		names[i] = o.entries[i].name
	}
	return names
}

// All walks names and values in their order. Values are as from Get.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for i := range o.entries {
			if !yield(o.entries[i].name, o.entries[i].val.unwrap()) {
				return
			}
		}
	}
}

// Map copies the object into a map, objects inside of it too.
func (o *Object) Map() map[string]any {
	m := make(map[string]any, len(o.entries))
	for i := range o.entries {
		m[o.entries[i].name] = plain(o.entries[i].val.unwrap())
	}
	return m
}

func plain(v any) any {
	switch x := v.(type) {
	case *Object:
		return x.Map()
	case []any:
		all := make([]any, len(x))
		for i := range x {
			all[i] = plain(x[i])
		}
		return all
	}
	return v
}

// MarshalJSON writes the object in its order.
func (o *Object) MarshalJSON() ([]byte, error) { return AppendJSON(nil, o) }

// UnmarshalJSON reads an object in its order. Numbers become json.Number where
// float64 cannot hold them exactly.
func (o *Object) UnmarshalJSON(b []byte) error {
	v, err := ParseJSON(b)
	if err != nil {
		return err
	}
	switch x := v.(type) {
	case nil:
	case *Object:
		*o = *x
	default:
		return &Error{Code: "D3110", Message: "the JSON is no object"}
	}
	return nil
}

func (o *Object) find(name string) int {
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.entries {
		if o.entries[i].name == name {
			return i
		}
	}
	return -1
}

func (o *Object) value(name string) value {
	if i := o.find(name); i >= 0 {
		return o.entries[i].val
	}
	return undefined
}

func (o *Object) set(name string, v value) {
	if i := o.find(name); i >= 0 {
		o.entries[i].val = v
		return
	}
	o.add(name, v)
}

// add sets a name that is not there. Whoever adds names that may be array
// indices calls order when all are there.
func (o *Object) add(name string, v value) {
	if c := name; len(c) > 0 && c[0] <= '9' && !o.unordered {
		if n, ok := arrayIndex(name); ok {
			o.unordered = !o.inPlace(n)
		}
	}
	at := len(o.entries)
	o.entries = append(o.entries, entry{name, v})
	if o.index != nil {
		o.index[name] = at
	} else if len(o.entries) > manyNames {
		o.reindex()
	}
}

// inPlace reports whether a name that is the array index belongs at the end.
func (o *Object) inPlace(n uint32) bool {
	if len(o.entries) == 0 {
		return true
	}
	last, ok := arrayIndex(o.entries[len(o.entries)-1].name)
	return ok && last < n
}

// order puts the names that are array indices first, by their numbers.
func (o *Object) order() {
	if !o.unordered {
		return
	}
	o.unordered = false
	slices.SortStableFunc(o.entries, func(a, b entry) int {
		i, aIndex := arrayIndex(a.name)
		j, bIndex := arrayIndex(b.name)
		switch {
		case aIndex && bIndex:
			return cmp.Compare(i, j)
		case aIndex:
			return -1
		case bIndex:
			return 1
		}
		return 0
	})
	if o.index != nil {
		o.reindex()
	}
}

// remove deletes names.
func (o *Object) remove(names map[string]bool) {
	o.entries = slices.DeleteFunc(o.entries, func(e entry) bool { return names[e.name] })
	if o.index != nil {
		o.reindex()
	}
}

func (o *Object) reindex() {
	o.index = make(map[string]int, 2*len(o.entries))
	for i := range o.entries {
		o.index[o.entries[i].name] = i
	}
}
