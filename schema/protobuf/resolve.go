package protobuf

import (
	"fmt"
	"strings"
	"sync"

	"github.com/seed-9f7c7091/concordat/schema"
)

// Type is a message or enum that a schema can name.
type Type struct {
	Name    string // full name, without a leading dot
	Package string // package of the file that declares it
	Message *Message
	Enum    *Enum // nil where Message is not
	Origin  Origin
	file    string // import path of the file; "" for the schema's own
}

// Origin is the registered version a type comes from. It is zero for types of
// the schema itself and for built-in ones.
type Origin struct {
	Subject string
	Version int
}

// Local is the name of the type without its package.
func (t *Type) Local() string {
	if t.Package == "" {
		return t.Name
	}
	return t.Name[len(t.Package)+1:]
}

// extension is an option or other field declared in an extend block.
type extension struct {
	name  string // full name
	field *Field
}

// names is what can be named in one set of files.
type names struct {
	types      map[string]*Type
	extensions map[string]*extension
}

func newNames() *names {
	return &names{make(map[string]*Type), make(map[string]*extension)}
}

// add enters the declarations of a file. Names already there stay.
func (n *names) add(f *File, path string, origin Origin) {
	d := declarations{n, Type{Package: f.Package, Origin: origin, file: path}}
	for _, m := range f.Messages {
		d.message(f.Package, m)
	}
	for _, e := range f.Enums {
		d.enum(f.Package, e)
	}
	d.extends(f.Package, f.Extends)
}

type declarations struct {
	*names
	common Type
}

func join(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "." + name
}

func (d declarations) enter(t Type) {
	if _, ok := d.types[t.Name]; !ok {
		d.types[t.Name] = &t
	}
}

func (d declarations) enum(scope string, e *Enum) {
	t := d.common
	t.Name, t.Enum = join(scope, e.Name), e
	d.enter(t)
}

func (d declarations) message(scope string, m *Message) {
	t := d.common
	t.Name, t.Message = join(scope, m.Name), m
	d.enter(t)
	d.groups(t.Name, m.Groups)
	for _, o := range m.OneOfs {
		d.groups(t.Name, o.Groups)
	}
	d.extends(t.Name, m.Extends)
	for _, m := range m.Messages {
		d.message(t.Name, m)
	}
	for _, e := range m.Enums {
		d.enum(t.Name, e)
	}
}

func (d declarations) groups(scope string, groups []*Group) {
	for _, g := range groups {
		d.message(scope, &g.Body)
	}
}

func (d declarations) extends(scope string, extends []*Extend) {
	for _, e := range extends {
		for _, f := range e.Fields {
			x := &extension{join(scope, f.Name), f}
			if _, ok := d.extensions[x.name]; !ok {
				d.extensions[x.name] = x
			}
		}
		d.groups(scope, e.Groups)
	}
}

// scope is everything a schema can name: its own declarations, those of its
// references, and the built-in ones, in this order. As in the reference, it does
// not matter which of them the text imports.
type scope struct {
	own, refs *names
	files     map[string]*File // the references by import path
}

func newScope(f *File, deps []schema.Dependency) (*scope, error) {
	s := &scope{own: newNames(), refs: newNames()}
	s.own.add(f, "", Origin{})
	if len(deps) > 0 {
		s.files = make(map[string]*File, len(deps))
	}
	for i := range deps {
		d := &deps[i]
		file, err := read(d.Text)
		if err != nil {
			return nil, fmt.Errorf("reference %q (subject %q, version %d): %w", d.Name, d.Subject, d.Version, err)
		}
		s.files[d.Name] = file
		s.refs.add(file, d.Name, Origin{d.Subject, d.Version})
	}
	return s, nil
}

func (s *scope) sets() [3]*names { return [...]*names{s.own, s.refs, builtin().names} }

// lookup finds what a name means where it is used: a leading dot makes it a
// full name, otherwise it is sought in the innermost scope first. found tells
// whether something has the full name given.
func lookup(at, name string, found func(full []byte) bool) bool {
	if rest, ok := strings.CutPrefix(name, "."); ok {
		return found([]byte(rest))
	}
	buf := make([]byte, 0, len(at)+1+len(name))
	for {
		buf = buf[:0]
		if at != "" {
			buf = append(append(buf, at...), '.')
		}
		if found(append(buf, name...)) {
			return true
		}
		if at == "" {
			return false
		}
		at = at[:max(0, strings.LastIndexByte(at, '.'))]
	}
}

// typeOf resolves the name of a type used in the scope with the full name at.
func (s *scope) typeOf(at, name string) *Type {
	var t *Type
	lookup(at, name, func(full []byte) bool {
		for _, n := range s.sets() {
			if t = n.types[string(full)]; t != nil {
				return true
			}
		}
		return false
	})
	return t
}

// extensionOf resolves the name of a custom option.
func (s *scope) extensionOf(at, name string) *extension {
	var x *extension
	lookup(at, name, func(full []byte) bool {
		for _, n := range s.sets() {
			if x = n.extensions[string(full)]; x != nil {
				return true
			}
		}
		return false
	})
	return x
}

// scope returns what the schema can name. References are read at the first call.
func (s *Schema) scope() (*scope, error) {
	s.scoped.Do(func() { s.names, s.namesErr = newScope(s.file, s.deps) })
	return s.names, s.namesErr
}

// Resolve returns the type that a name means where it is used: in the scope
// with the full name at, a package or a message. It is nil for a name that
// means no message or enum.
func (s *Schema) Resolve(at, name string) *Type {
	names, err := s.scope()
	if err != nil {
		return nil
	}
	return names.typeOf(at, name)
}

var builtin = sync.OnceValue(readBuiltin)
