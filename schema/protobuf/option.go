package protobuf

import "strings"

// Option is an option of a file, type, field, … or a member of an option's
// message value.
type Option struct {
	Name   string // without parentheses; of an Any or extension member "[name]"
	Custom bool   // the name stands in parentheses
	Path   string // what follows the parentheses, as ".sub.name"; "" for nothing
	Value  Value
}

// Kind is the kind of an option's value.
type Kind uint8

// The kinds of values. Word covers numbers, booleans, enum constants and the
// special floats: everything that is written without quotes.
const (
	Word Kind = iota
	String
	Struct
	List
)

// Value is the value of an option.
type Value struct {
	Kind    Kind
	Text    string   // Word: as written. String: the decoded bytes.
	Members []Option // Struct; each name once
	Items   []Value  // List
	open    bool     // Struct made from a path, so that others may add members
}

// number reports whether a word is a number rather than a name.
func number(word string) bool {
	return word != "" && (word[0] == '-' || word[0] >= '0' && word[0] <= '9')
}

func find(options []Option, name string, custom bool) *Option {
	for i := range options {
		o := &options[i]
		if o.Custom == custom && strings.TrimPrefix(o.Name, ".") == name {
			return o
		}
	}
	return nil
}

func flag(options []Option, name string) bool {
	o := find(options, name, false)
	return o != nil && o.Path == "" && o.Value.Kind == Word && o.Value.Text == "true"
}

// put adds a member to a struct value. A repeated name collects its values in
// a list, as repeated fields do in the text format. seen tells where names are.
func put(members []Option, o Option, seen map[string]int) []Option {
	i, ok := seen[o.Name]
	if !ok {
		seen[o.Name] = len(members)
		return append(members, o)
	}
	members[i].Value = collect(members[i].Value, o.Value)
	return members
}

// collect makes one list of two values or lists.
func collect(a, b Value) Value {
	if a.Kind != List {
		a = Value{Kind: List, Items: []Value{a}}
	}
	if b.Kind == List {
		a.Items = append(a.Items, b.Items...)
	} else {
		a.Items = append(a.Items, b)
	}
	return a
}

// all returns the values of a member of a struct: the elements of a list, or
// the one value there is.
func (v *Value) all(name string) []Value {
	for i := range v.Members {
		if m := &v.Members[i]; m.Name == name {
			if m.Value.Kind == List {
				return m.Value.Items
			}
			return []Value{m.Value}
		}
	}
	return nil
}

// metaOf unites the statements that set one of Confluent's options.
func metaOf(options []Option, name string) (meta Value, ok bool) {
	for _, o := range options {
		if !o.Custom || strings.TrimPrefix(o.Name, ".") != name {
			continue
		}
		v := plain(o.Value)
		if o.Path != "" {
			v = nest(steps(nil, o.Path), v)
		}
		meta.Kind, ok = Struct, true
		meta.Members = append(meta.Members, v.Members...)
	}
	seen := make(map[string]int)
	members := meta.Members
	meta.Members = nil
	for _, m := range members {
		meta.Members = put(meta.Members, m, seen)
	}
	return meta, ok
}
