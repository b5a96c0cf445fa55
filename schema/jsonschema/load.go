package jsonschema

import (
	"fmt"
	"hash/maphash"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// document is a text with schemas in it: the schema itself, one it refers to
// or a metaschema. It is parsed when it is first needed.
type document struct {
	uri  string
	text string
	root *jsontree.Value
	// named finds the schemas of the document by the absolute URI of their id
	// or anchor; nil until it is needed.
	named map[string]place
	// within holds what the ids of schemas were resolved to, by the schema.
	within map[*jsontree.Value]resolved
	// spelled counts the bytes of the URIs that ids and references were resolved to.
	spelled int
}

// resolved is an id as an absolute URI, and the one it was relative to.
type resolved struct{ base, uri string }

// maxSpelled bounds the URIs of one document, in bytes: ids within a long id
// are long themselves, so that a text of some size can ask for its square.
const maxSpelled = 1 << 24

// resolve is the URI of a reference from the document.
func (d *document) resolve(base, ref string) (string, error) {
	uri := resolveURI(base, ref)
	if d.spelled += len(uri); d.spelled > maxSpelled {
		return "", refuse("the URIs of the schema are too long: more than %d bytes with those they are relative to", maxSpelled)
	}
	return uri, nil
}

func (d *document) tree() (*jsontree.Value, error) {
	if d.root == nil {
		root, err := parseTree(d.text)
		if err != nil {
			return nil, err
		}
		if root == nil {
			return nil, refuse("the schema %s is empty", d.uri)
		}
		d.root = root
	}
	return d.root, nil
}

// scope is where a schema stands: what its references are relative to.
type scope struct {
	document *document
	dialect  *dialect
	root     *jsontree.Value // what a fragment points into
	base     string          // URI
}

// place is a schema with its scope.
type place struct {
	value *jsontree.Value
	scope scope
}

// enter returns the scope within a schema, which an id of its own changes.
func (s scope) enter(v *jsontree.Value) (scope, error) {
	return s.under(v, v.Get(s.dialect.id))
}

// under is enter for a schema whose id, nil if it has none, is known.
func (s scope) under(v, id *jsontree.Value) (scope, error) {
	if id == nil || id.Kind != jsontree.String {
		return s, nil
	}
	if err := checkURI(id.Text); err != nil {
		return s, under(refuse("%v", err), s.dialect.id)
	}
	known := s.document.within[v]
	if known.base != s.base || known.uri == "" {
		uri, err := s.document.resolve(s.base, id.Text)
		if err != nil {
			return s, under(err, s.dialect.id)
		}
		known = resolved{s.base, uri}
		if s.document.within == nil {
			s.document.within = make(map[*jsontree.Value]resolved)
		}
		s.document.within[v] = known
	}
	s.base = known.uri
	if s.dialect.modern && !strings.HasPrefix(id.Text, "#") {
		s.root = v
	}
	return s, nil
}

// pending is a reference yet to be resolved.
type pending struct {
	node  *Node
	ref   string
	scope scope
}

// loader makes the model of a schema. References are resolved one after the
// other, and a schema is built twice at most: where it stands, and where
// references lead to it or to what it stands in. So the work is linear in
// the texts and recursive schemas end.
type loader struct {
	documents map[string]*document // by URI
	// targets holds what references lead to with all that is below, apart from
	// the same schemas where they stand; only the root of the later dialects is
	// both. It is nil until references are resolved.
	targets map[*jsontree.Value]*Node
	pending []pending
	hashes  map[*jsontree.Value]uint64
	// indexes hold the members of large objects that references lead through.
	indexes map[*jsontree.Value]map[string]*jsontree.Value
}

// defaultBase is what the newer dialects resolve against for want of an id.
const defaultBase = "mem://input/"

// begin makes a loader that knows the dependencies of a schema, and the scope
// that the schema stands in. The root is an object or a boolean.
func begin(root *jsontree.Value, deps []schema.Dependency) (*loader, scope, error) {
	if v := root.Get("$schema"); v != nil && v.Kind != jsontree.String {
		return nil, scope{}, under(refuse("expected a string, found %s", found(v)), "$schema")
	}
	d := dialectOf(root)
	l := &loader{}
	main := &document{root: root}
	sc := scope{document: main, dialect: d, root: root}
	if d.modern {
		sc.base = defaultBase
	}
	if len(deps) == 0 || root.Kind == jsontree.Bool {
		return l, sc, nil
	}
	return l, sc, l.register(deps, main, d)
}

// load makes the model of a schema with an object or a boolean at its root.
func load(root *jsontree.Value, deps []schema.Dependency) (*Node, error) {
	l, sc, err := begin(root, deps)
	if err != nil {
		return nil, err
	}
	n, err := l.build(root, sc)
	if err != nil {
		return nil, err
	}
	l.targets = make(map[*jsontree.Value]*Node)
	if sc.dialect.modern {
		l.targets[root] = n
	}
	for len(l.pending) > 0 {
		p := l.pending[len(l.pending)-1]
		l.pending = l.pending[:len(l.pending)-1]
		if p.node.Target, err = l.target(p); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// register makes the dependencies known by the URIs their names stand for.
func (l *loader) register(deps []schema.Dependency, main *document, d *dialect) error {
	base := ""
	if id := main.root.Get(d.id); id != nil && id.Kind == jsontree.String {
		if err := checkURI(id.Text); err != nil {
			return under(refuse("%v", err), d.id)
		}
		base = id.Text
	}
	l.documents = make(map[string]*document, len(deps))
	for i := range deps {
		name, _ := cutFragment(deps[i].Name)
		uri, err := main.resolve(base, name)
		if err != nil {
			return err
		}
		doc := &document{text: deps[i].Text, uri: uri}
		uris := []string{uri}
		if d.modern {
			uris = append(uris, name, "./"+name, resolveURI(defaultBase, name))
		}
		for _, uri := range uris {
			if _, taken := l.documents[uri]; !taken {
				l.documents[uri] = doc
			}
		}
	}
	return nil
}

// target finds and builds what a reference stands for.
func (l *loader) target(p pending) (*Node, error) {
	at, err := l.find(p.ref, p.scope)
	if err != nil {
		if e, ok := err.(*Error); ok && len(e.Path) == 0 {
			err = refuse("$ref %q: %s", p.ref, e.Message)
		}
		return nil, err
	}
	return l.build(at.value, at.scope)
}

// find resolves a reference: within the document, among the schemas that the
// document names, among the dependencies, among the metaschemas. Nothing is fetched.
func (l *loader) find(ref string, sc scope) (place, error) {
	if err := checkURI(ref); err != nil {
		return place{}, refuse("%v", err)
	}
	if ref == "#" || strings.HasPrefix(ref, "#/") {
		return l.pointer(place{sc.root, sc}, ref[1:])
	}
	absolute, err := sc.document.resolve(sc.base, ref)
	if err != nil {
		return place{}, err
	}
	uri, fragment := cutFragment(absolute)
	if base, _ := cutFragment(sc.base); uri == base || ref[0:min(1, len(ref))] == "#" {
		if fragment == "" || fragment[0] == '/' {
			return l.pointer(place{sc.root, sc}, fragment)
		}
	}
	for _, key := range []string{absolute, uri} {
		at, ok, err := sc.document.lookup(key, sc.dialect)
		if err != nil {
			return place{}, err
		}
		if ok && key == absolute {
			return at, nil
		}
		if ok && (fragment == "" || fragment[0] == '/') {
			return l.pointer(at, fragment)
		}
	}
	doc := l.documents[uri]
	if doc == nil && sc.dialect.modern {
		given, _ := cutFragment(ref)
		doc = l.documents[given]
	}
	if doc == nil {
		if doc, err = metaschema(uri); err != nil {
			return place{}, err
		}
	}
	if doc == nil {
		if strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://") {
			return place{}, refuse("Remote schema reference fetching over HTTP(S) is disabled: %s", absolute)
		}
		return place{}, refuse("nothing is known by the name %q; add it to the references of the schema", uri)
	}
	root, err := doc.tree()
	if err != nil {
		return place{}, fmt.Errorf("in the reference %q: %w", uri, err)
	}
	inner := scope{document: doc, dialect: sc.dialect, root: root, base: uri}
	if v := root.Get("$schema"); v != nil && v.Kind == jsontree.String && !sc.dialect.modern {
		d := dialectByURL(v.Text)
		switch {
		case d != nil && !d.modern:
			inner.dialect = d
		case sc.dialect.name == "draft-04":
			// Read as this draft, the reference knows no newer one; the other old drafts pass over what they do not know.
			return place{}, refuse("the schema %q is written in %s, which a schema of draft-04 cannot refer to", uri, v.Text)
		}
	}
	if fragment == "" || fragment[0] == '/' {
		return l.pointer(place{root, inner}, fragment)
	}
	at, ok, err := doc.lookup(absolute, inner.dialect)
	if err == nil && !ok {
		err = refuse("the schema has no anchor %q", fragment)
	}
	return at, err
}

// pointer follows a JSON pointer from a root. At the root of a document
// definitions count as $defs, behind the definitions that $defs itself has.
func (l *loader) pointer(at place, fragment string) (place, error) {
	if fragment == "" {
		return at, nil
	}
	tokens := strings.Split(fragment[1:], "/")
	for i, token := range tokens {
		token, err := url.PathUnescape(token)
		if err != nil {
			return place{}, refuse("malformed escape in the pointer %q", fragment)
		}
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if at.value.Kind == jsontree.Object {
			if at.scope, err = at.scope.under(at.value, l.member(at.value, at.scope.dialect.id)); err != nil {
				return place{}, err
			}
		}
		var next *jsontree.Value
		switch at.value.Kind {
		case jsontree.Object:
			next = l.member(at.value, token)
			if i == 0 && token == "$defs" && at.value == at.scope.document.root {
				next = l.definitions(at.value, next, tokens[1:])
			}
		case jsontree.Array:
			if n, err := strconv.Atoi(token); err == nil && n >= 0 && n < len(at.value.Items) {
				next = &at.value.Items[n]
			}
		}
		if next == nil {
			return place{}, refuse("key [%s] not found", token)
		}
		at.value = next
	}
	return at, nil
}

// definitions chooses between $defs and definitions for the name that follows.
func (l *loader) definitions(root, defs *jsontree.Value, rest []string) *jsontree.Value {
	old := root.Get("definitions")
	if old == nil || old.Kind != jsontree.Object || defs != nil && defs.Kind != jsontree.Object {
		return defs
	}
	if defs == nil {
		return old
	}
	if len(rest) > 0 {
		name, _ := url.PathUnescape(rest[0])
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		if l.member(defs, name) == nil && l.member(old, name) != nil {
			return old
		}
	}
	return defs
}

// smallObject is the number of members up to which they are searched one by one.
const smallObject = 32

// member is the member of an object, found in constant time in large ones.
func (l *loader) member(v *jsontree.Value, name string) *jsontree.Value {
	if len(v.Members) <= smallObject {
		return v.Get(name)
	}
	index, ok := l.indexes[v]
	if !ok {
		index = make(map[string]*jsontree.Value, len(v.Members))
		for i := range v.Members {
			index[v.Members[i].Name] = &v.Members[i].Value
		}
		if l.indexes == nil {
			l.indexes = make(map[*jsontree.Value]map[string]*jsontree.Value)
		}
		l.indexes[v] = index
	}
	return index[name]
}

// lookup finds a schema of the document by the absolute URI of its id or anchor.
func (d *document) lookup(uri string, dialect *dialect) (place, bool, error) {
	if d.named == nil {
		root, err := d.tree()
		if err != nil {
			return place{}, false, err
		}
		d.named = make(map[string]place)
		base := d.uri
		if base == "" && dialect.modern {
			base = defaultBase
		}
		d.collect(root, scope{document: d, dialect: dialect, root: root, base: base})
	}
	at, ok := d.named[uri]
	return at, ok, nil
}

// collect notes the schemas that have an id or an anchor. Ids that are no
// URIs are refused where their schema is built, if it is.
func (d *document) collect(v *jsontree.Value, sc scope) {
	switch v.Kind {
	case jsontree.Array:
		for i := range v.Items {
			d.collect(&v.Items[i], sc)
		}
	case jsontree.Object:
		outer := sc
		if inner, err := sc.enter(v); err == nil {
			sc = inner
		}
		if id := v.Get(sc.dialect.id); id != nil && id.Kind == jsontree.String {
			d.note(sc.base, place{v, outer})
		}
		if sc.dialect.modern {
			for _, keyword := range []string{"$anchor", "$dynamicAnchor"} {
				if a := v.Get(keyword); a != nil && a.Kind == jsontree.String {
					base, _ := cutFragment(sc.base)
					d.note(base+"#"+a.Text, place{v, outer})
				}
			}
		}
		for i := range v.Members {
			d.collect(&v.Members[i].Value, sc)
		}
	}
}

func (d *document) note(uri string, at place) {
	uri = strings.TrimSuffix(uri, "#")
	if _, taken := d.named[uri]; !taken {
		d.named[uri] = at
	}
}

// distinct drops the members whose texts say the same as an earlier one's.
func (l *loader) distinct(nodes []*Node, values []jsontree.Value) []*Node {
	if len(nodes) < 2 {
		return nodes
	}
	seen := make(map[uint64][]int, len(nodes))
	kept := nodes[:0:len(nodes)]
next:
	for i := range values {
		h := l.hash(&values[i])
		for _, j := range seen[h] {
			if EqualValues(&values[i], &values[j]) {
				continue next
			}
		}
		seen[h] = append(seen[h], i)
		kept = append(kept, nodes[i])
	}
	return kept
}

var seed = maphash.MakeSeed()

// hash is the same for values that differ only in the order of members. Those
// of objects are kept, for members of members ask again.
func (l *loader) hash(v *jsontree.Value) uint64 {
	if h, ok := l.hashes[v]; ok {
		return h
	}
	h := uint64(v.Kind) + 1
	switch v.Kind {
	case jsontree.Bool:
		if v.Bool {
			h = ^h
		}
	case jsontree.Number, jsontree.String:
		h += maphash.String(seed, v.Text)
	case jsontree.Array:
		for i := range v.Items {
			h = h*1099511628211 + l.hash(&v.Items[i])
		}
	case jsontree.Object:
		for i := range v.Members {
			h += maphash.String(seed, v.Members[i].Name) * (l.hash(&v.Members[i].Value)*2 + 1)
		}
		if l.hashes == nil {
			l.hashes = make(map[*jsontree.Value]uint64)
		}
		l.hashes[v] = h
	}
	return h
}

// EqualValues reports whether values are equal whatever the order of their members.
func EqualValues(a, b *jsontree.Value) bool {
	if a.Kind != b.Kind || a.Bool != b.Bool || a.Text != b.Text || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Items {
		if !EqualValues(&a.Items[i], &b.Items[i]) {
			return false
		}
	}
	var index map[string]*jsontree.Value
	for i := range a.Members {
		m := &a.Members[i]
		other := &b.Members[i]
		switch {
		case other.Name == m.Name:
			if !EqualValues(&m.Value, &other.Value) {
				return false
			}
			continue
		case index == nil:
			index = make(map[string]*jsontree.Value, len(b.Members))
			for k := range b.Members {
				index[b.Members[k].Name] = &b.Members[k].Value
			}
		}
		if w := index[m.Name]; w == nil || !EqualValues(&m.Value, w) {
			return false
		}
	}
	return true
}
