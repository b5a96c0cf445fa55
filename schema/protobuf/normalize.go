package protobuf

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// UnresolvedError is a type name that means nothing.
type UnresolvedError struct{ Name string }

func (e *UnresolvedError) Error() string { return "Could not resolve type: " + e.Name }

// MapKeyError is a map whose keys are of a type that keys cannot have.
type MapKeyError struct{ Key string }

func (e *MapKeyError) Error() string {
	return "map key must be non-byte, non-floating point scalar: " + e.Key
}

// normalizer makes the normal form of a file. It keeps the first error.
type normalizer struct{ err error }

func normalize(s *Schema) (*File, error) {
	w, err := s.world()
	if err != nil {
		return nil, err
	}
	n := new(normalizer)
	f := n.file(w.root.Enter(s.file.Package), s.file)
	return f, n.err
}

func (n *normalizer) fail(err error) {
	if n.err == nil {
		n.err = err
	}
}

// absolute returns the full name of a type with a leading dot.
func (n *normalizer) absolute(at *Scope, name string) string {
	if IsScalar(name) {
		return name
	}
	t := at.Resolve(name)
	if t == nil {
		n.fail(&UnresolvedError{name})
		return name
	}
	return t.absolute()
}

// each applies f to the elements of a slice.
func each[S, T any](list []S, f func(S) T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

func (n *normalizer) file(at *Scope, f *File) *File {
	out := &File{
		Syntax: f.Syntax, Edition: f.Edition, Package: f.Package, normal: true,
		Imports:       slices.Compact(slices.Sorted(slices.Values(f.Imports))),
		PublicImports: slices.Compact(slices.Sorted(slices.Values(f.PublicImports))),
		Options:       n.options(at, f.Options),
		Messages:      n.messages(at, f.Messages),
		Enums:         n.enums(at, f.Enums),
		Extends:       n.extends(at, f.Extends),
		Services:      each(f.Services, func(s *Service) *Service { return n.service(at, s) }),
	}
	if out.Syntax == "proto2" {
		out.Syntax = ""
	}
	return out
}

// messages leaves map entries out: their fields become maps.
func (n *normalizer) messages(at *Scope, messages []*Message) []*Message {
	var out []*Message
	for _, m := range messages {
		if _, _, ok := m.MapEntry(); !ok {
			out = append(out, n.message(at, m))
		}
	}
	return out
}

func (n *normalizer) message(at *Scope, m *Message) *Message {
	at = at.Enter(m.Name)
	out := &Message{
		Name:       m.Name,
		Reserved:   sortReserved(m.Reserved),
		Options:    n.options(at, m.Options),
		Fields:     n.fields(at, m.Fields),
		OneOfs:     n.oneOfs(at, m.OneOfs),
		Groups:     n.groups(at, m.Groups),
		Extensions: n.extensions(at, m.Extensions),
		Extends:    n.extends(at, m.Extends),
		Messages:   n.messages(at, m.Messages),
		Enums:      n.enums(at, m.Enums),
	}
	out.hollow = m.hollow || len(out.OneOfs) == 0 && len(m.OneOfs) > 0
	return out
}

func (n *normalizer) fields(at *Scope, fields []*Field) []*Field {
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(a, b *Field) int { return cmp.Compare(a.Tag, b.Tag) })
	return each(fields, func(f *Field) *Field { return n.field(at, f) })
}

func (n *normalizer) field(at *Scope, f *Field) *Field {
	out := *f
	switch {
	case f.Key != "":
		n.key(f.Key)
		out.Type = n.absolute(at, f.Type)
	case !IsScalar(f.Type):
		out.Type = n.absolute(at, f.Type)
		if t := at.Resolve(f.Type); t != nil && t.Message != nil {
			if key, value, ok := t.Message.MapEntry(); ok {
				n.key(key)
				out.Label, out.Key, out.Type = "", key, n.absolute(at.root.Enter(t.Name), value)
			}
		}
	}
	out.Options = n.options(at, f.Options)
	if f.Default != nil && IsScalar(f.Type) && f.Type != "string" && f.Type != "bytes" {
		value := plainNumber(*f.Default)
		out.Default = &value
	}
	return &out
}

func (n *normalizer) key(key string) {
	if !scalars[key] {
		n.fail(&MapKeyError{key})
	}
}

// oneOfs sorts by the first number and drops those without members.
func (n *normalizer) oneOfs(at *Scope, oneOfs []*OneOf) []*OneOf {
	var out []*OneOf
	for _, o := range oneOfs {
		if len(o.Fields)+len(o.Groups) > 0 {
			out = append(out, &OneOf{o.Name, n.options(at, o.Options), n.fields(at, o.Fields), n.groups(at, o.Groups)})
		}
	}
	slices.SortStableFunc(out, func(a, b *OneOf) int { return cmp.Compare(a.first(), b.first()) })
	return out
}

// first returns the lowest number of a sorted oneof.
func (o *OneOf) first() int32 {
	switch {
	case len(o.Fields) == 0:
		return o.Groups[0].Tag
	case len(o.Groups) == 0:
		return o.Fields[0].Tag
	}
	return min(o.Fields[0].Tag, o.Groups[0].Tag)
}

func (n *normalizer) groups(at *Scope, groups []*Group) []*Group {
	groups = slices.Clone(groups)
	slices.SortStableFunc(groups, func(a, b *Group) int { return cmp.Compare(a.Tag, b.Tag) })
	return each(groups, func(g *Group) *Group {
		return &Group{g.Label, g.Tag, n.options(at, g.Options), *n.message(at, &g.Body)}
	})
}

func compareRanges(a, b Range) int {
	if a.Named != b.Named {
		if a.Named {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), strings.Compare(a.Name, b.Name))
}

// sortReserved puts each entry into a statement of its own: numbers, then names.
func sortReserved(reserved []Reserved) []Reserved {
	all := slices.Concat(reserved...)
	for i := range all {
		all[i].Span = all[i].End != all[i].Start
	}
	slices.SortStableFunc(all, compareRanges)
	return each(all, func(r Range) Reserved { return Reserved{r} })
}

func (n *normalizer) extensions(at *Scope, extensions []Extensions) []Extensions {
	var out []Extensions
	for _, e := range extensions {
		options := n.options(at, e.Options)
		for _, r := range e.Ranges {
			r.Span = r.End != r.Start
			out = append(out, Extensions{[]Range{r}, options})
		}
	}
	slices.SortStableFunc(out, func(a, b Extensions) int { return compareRanges(a.Ranges[0], b.Ranges[0]) })
	return out
}

// extends unites the blocks of a message.
func (n *normalizer) extends(at *Scope, extends []*Extend) []*Extend {
	var out []*Extend
	index := make(map[string]*Extend)
	for _, e := range extends {
		name := n.absolute(at, e.Name)
		to := index[name]
		if to == nil {
			to = &Extend{Name: name}
			index[name] = to
			out = append(out, to)
		}
		to.Fields = append(to.Fields, e.Fields...)
		to.Groups = append(to.Groups, e.Groups...)
	}
	for _, e := range out {
		e.Fields, e.Groups = n.fields(at, e.Fields), n.groups(at, e.Groups)
	}
	return out
}

func (n *normalizer) enums(at *Scope, enums []*Enum) []*Enum {
	return each(enums, func(e *Enum) *Enum {
		at := at.Enter(e.Name)
		out := &Enum{e.Name, sortReserved(e.Reserved), n.options(at, e.Options), nil}
		out.Constants = each(e.Constants, func(c Constant) Constant {
			return Constant{c.Name, c.Number, n.options(at, c.Options)}
		})
		slices.SortStableFunc(out.Constants, func(a, b Constant) int {
			return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.Name, b.Name))
		})
		return out
	})
}

func (n *normalizer) service(at *Scope, s *Service) *Service {
	at = at.Enter(s.Name)
	return &Service{s.Name, n.options(at, s.Options), each(s.RPCs, func(r RPC) RPC {
		r.Request, r.Response = n.absolute(at, r.Request), n.absolute(at, r.Response)
		r.Options = n.options(at, r.Options)
		return r
	})}
}

func sortOptions(options []Option) {
	slices.SortStableFunc(options, func(a, b Option) int { return strings.Compare(a.Name, b.Name) })
}

// options qualifies the names of custom options, makes one value of the
// statements that set parts of the same option, and sorts.
func (n *normalizer) options(at *Scope, options []Option) []Option {
	if len(options) == 0 {
		return nil
	}
	out := make([]Option, 0, len(options))
	where := make(map[string]int) // options to unite with, by name
	for _, o := range options {
		o.Value = plain(o.Value)
		if !o.Custom {
			out = append(out, o)
			continue
		}
		single := o.Path != ""
		if x := at.extension(o.Name); x != nil {
			o.Name = x.name
			single = x.field.Label != Repeated
		}
		if o.Path != "" {
			o.Value = nest(steps(at, o.Path), o.Value)
			o.Path = ""
		}
		i, ok := where[o.Name]
		if single && ok && o.Value.Kind == Struct && out[i].Value.Kind == Struct {
			out[i].Value.Members = append(out[i].Value.Members, o.Value.Members...)
			continue
		}
		if single {
			where[o.Name] = len(out)
		}
		out = append(out, o)
	}
	for i := range out {
		arrange(&out[i].Value)
	}
	sortOptions(out)
	return out
}

// steps splits what follows an option's parentheses into member names, those of
// extensions as the scope knows them.
func steps(at *Scope, path string) []string {
	var steps []string
	for path = strings.TrimPrefix(path, "."); path != ""; path = strings.TrimPrefix(path, ".") {
		end := strings.IndexAny(path, ".(")
		if path[0] == '(' {
			end = strings.IndexByte(path, ')')
			name := path[1:end]
			if x := at.extension(name); x != nil {
				name = x.name
			}
			steps, path = append(steps, "["+name+"]"), path[end+1:]
			continue
		}
		if end < 0 {
			end = len(path)
		}
		steps, path = append(steps, path[:end]), path[end:]
	}
	return steps
}

// nest makes the struct value that has v at the path.
func nest(path []string, v Value) Value {
	for _, name := range slices.Backward(path) {
		v = Value{Kind: Struct, Members: []Option{{Name: name, Value: v}}, open: true}
	}
	return v
}

// arrange sorts the members of a value at every depth. Members of the same name
// come from several statements: those that were set by paths are one message, others
// the elements of a repeated field.
func arrange(v *Value) {
	sortOptions(v.Members)
	kept := v.Members[:0]
	for _, o := range v.Members {
		if len(kept) == 0 || kept[len(kept)-1].Name != o.Name {
			kept = append(kept, o)
			continue
		}
		if last := &kept[len(kept)-1].Value; o.Value.open && last.Kind == Struct {
			last.Members = append(last.Members, o.Value.Members...)
		} else {
			*last = collect(*last, o.Value)
		}
	}
	v.Members = kept
	for i := range v.Members {
		arrange(&v.Members[i].Value)
	}
	for i := range v.Items {
		arrange(&v.Items[i])
	}
}

// plain copies a value, writing numbers plainly and lists of one element as the element.
func plain(v Value) Value {
	switch v.Kind {
	case Word:
		v.Text = plainNumber(v.Text)
	case Struct:
		v.Members = each(v.Members, func(o Option) Option { o.Value = plain(o.Value); return o })
	case List:
		if len(v.Items) == 1 {
			return plain(v.Items[0])
		}
		v.Items = each(v.Items, plain)
	}
	return v
}

// maxDigits bounds the numbers that are rewritten: longer ones stay as they are.
const maxDigits = 400

// plainNumber writes a number in decimals without an exponent: 0x1F as 31, 1e3
// as 1000. The value, as a 64-bit float where it is no integer, never changes;
// words that are no numbers, or too great for one, stay as they are.
func plainNumber(word string) string {
	if !number(word) || len(word) > maxDigits {
		return word
	}
	digits, minus := strings.CutPrefix(word, "-")
	if n, ok := integer(digits); ok {
		if minus {
			return "-" + n
		}
		return n
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || !decimal(digits) {
		return word
	}
	if minus {
		f = -f
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// decimal reports whether digits are those of a decimal float: not of a
// hexadecimal one, no underscores, no names.
func decimal(digits string) bool {
	return strings.Trim(digits, "0123456789.eE+-") == ""
}

// integer reads an unsigned decimal, octal or hexadecimal number.
func integer(digits string) (string, bool) {
	base := 10
	switch {
	case len(digits) > 1 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		digits, base = digits[1:], 8
	}
	if digits == "" || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return "", false
	}
	if base == 10 {
		return digits, strings.Trim(digits, "0123456789") == ""
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return "", false
	}
	return fmt.Sprint(n), true
}
