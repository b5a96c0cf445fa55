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

// absolute is the full name with a leading dot.
func (t *Type) absolute() string { return "." + t.Name }

// extension is a field declared in an extend block; most are custom options.
type extension struct {
	name  string // full name
	field *Field
}

// node is a name in the tree of full names: a part of a package, a type, an
// extension, or several of these.
type node struct {
	children  map[string]*node
	typ       *Type
	extension *extension
}

// add returns the node below n at a path of names, made where it is missing.
// Names may be empty, since the grammar takes "a." for a word; the empty path
// is n itself.
func (n *node) add(path string) *node {
	for more := path != ""; more; {
		var name string
		name, path, more = strings.Cut(path, ".")
		child := n.children[name]
		if child == nil {
			child = new(node)
			if n.children == nil {
				n.children = make(map[string]*node)
			}
			n.children[name] = child
		}
		n = child
	}
	return n
}

// find returns the node below n at a path of names, or nil.
func (n *node) find(path string) *node {
	for more := true; more && n != nil; {
		var name string
		name, path, more = strings.Cut(path, ".")
		n = n.children[name]
	}
	return n
}

// declarations enters what a file declares into a tree. What is there
// already stays.
type declarations struct{ common Type }

func declare(root *node, f *File, path string, origin Origin) {
	d := declarations{Type{Package: f.Package, Origin: origin, file: path}}
	at := root.add(f.Package)
	d.scope(at, f.Package, f.Messages, f.Enums, f.Extends)
}

func join(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "." + name
}

func (d *declarations) scope(at *node, full string, messages []*Message, enums []*Enum, extends []*Extend) {
	for _, m := range messages {
		d.message(at, full, m)
	}
	for _, e := range enums {
		t := d.common
		t.Name, t.Enum = join(full, e.Name), e
		at.add(e.Name).enter(&t)
	}
	for _, e := range extends {
		for _, f := range e.Fields {
			if n := at.add(f.Name); n.extension == nil {
				n.extension = &extension{join(full, f.Name), f}
			}
		}
		d.groups(at, full, e.Groups)
	}
}

func (n *node) enter(t *Type) {
	if n.typ == nil {
		n.typ = t
	}
}

func (d *declarations) message(at *node, full string, m *Message) {
	t := d.common
	t.Name, t.Message = join(full, m.Name), m
	at = at.add(m.Name)
	at.enter(&t)
	d.groups(at, t.Name, m.Groups)
	for _, o := range m.OneOfs {
		d.groups(at, t.Name, o.Groups)
	}
	d.scope(at, t.Name, m.Messages, m.Enums, m.Extends)
}

func (d *declarations) groups(at *node, full string, groups []*Group) {
	for _, g := range groups {
		d.message(at, full, &g.Body)
	}
}

// world is everything a schema can name: its own declarations before those of its
// references, and the built-in ones. As in the reference, it does not matter
// which of them the text imports.
type world struct {
	root  *Scope
	files map[string]*File // the references by import path
}

func newWorld(f *File, deps []schema.Dependency) (*world, error) {
	w := &world{}
	own := new(node)
	declare(own, f, "", Origin{})
	if len(deps) > 0 {
		w.files = make(map[string]*File, len(deps))
	}
	for i := range deps {
		d := &deps[i]
		file, err := read(d.Text)
		if err != nil {
			return nil, fmt.Errorf("reference %q (subject %q, version %d): %w", d.Name, d.Subject, d.Version, err)
		}
		w.files[d.Name] = file
		declare(own, file, d.Name, Origin{d.Subject, d.Version})
	}
	w.root = &Scope{here: [2]*node{own, builtin().names}}
	w.root.root = w.root
	return w, nil
}

// Scope is a place where names are used: a package or a message. The nil Scope
// knows no names.
type Scope struct {
	root, parent *Scope
	here         [2]*node // the place among the schema's names and the built-in ones
}

// Enter returns the scope of a package or message within s.
func (s *Scope) Enter(path string) *Scope {
	if s == nil {
		return nil
	}
	for more := path != ""; more; {
		var name string
		name, path, more = strings.Cut(path, ".")
		s = &Scope{s.root, s, [2]*node{s.here[0].find(name), s.here[1].find(name)}}
	}
	return s
}

// find looks a name up: a leading dot makes it a full name, otherwise it is
// sought in the innermost scope first.
func (s *Scope) find(name string, wanted func(*node) bool) *node {
	if s == nil {
		return nil
	}
	if rest, ok := strings.CutPrefix(name, "."); ok {
		name, s = rest, s.root
	}
	for ; s != nil; s = s.parent {
		for _, n := range s.here {
			if n = n.find(name); n != nil && wanted(n) {
				return n
			}
		}
	}
	return nil
}

// Resolve returns the message or enum that a name means here, or nil.
func (s *Scope) Resolve(name string) *Type {
	if n := s.find(name, func(n *node) bool { return n.typ != nil }); n != nil {
		return n.typ
	}
	return nil
}

// extension returns the extension that a name means here, or nil.
func (s *Scope) extension(name string) *extension {
	if n := s.find(name, func(n *node) bool { return n.extension != nil }); n != nil {
		return n.extension
	}
	return nil
}

// Scope returns the scope of a package or message by its full name, "" for the
// one around everything. It is nil if a reference cannot be read.
func (s *Schema) Scope(full string) *Scope {
	w, err := s.world()
	if err != nil {
		return nil
	}
	return w.root.Enter(full)
}

// world returns what the schema can name. References are read at the first call.
func (s *Schema) world() (*world, error) {
	s.known.Do(func() { s.names, s.namesErr = newWorld(s.file, s.deps) })
	return s.names, s.namesErr
}

var builtin = sync.OnceValue(readBuiltin)
