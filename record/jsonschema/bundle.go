package jsonschema

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"

	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// bundle is a schema with all that it refers to, rewritten so that the library
// reads of it what the reference does: references are pointers into the bundle,
// ids are gone, and there are no keywords but those that records are held
// against. It is immutable once made.
//
// Every schema is written once: where it stands, or among the definitions of
// its part if a reference leads to it first.
type bundle struct {
	parts   []*part
	entry   string // URL of the schema itself
	weights map[int]struct{}
	// wrappers are the URLs of schemas made here to hold one keyword of the schema around.
	wrappers map[string]struct{}
	longest  int                        // most schemas that are held against one value one within the other
	branches map[*jsontree.Value]string // URLs of the schemas that values are held against by themselves

	// The following serves the making.

	loose   bool // keywords about the text of strings are left out
	byRoot  map[*jsontree.Value]*part
	nodes   map[*jsontree.Value]*node
	written []*node                             // the same in their order
	finals  map[*jsontree.Value]source.Position // where schemas that are a $ref alone lead in the end
	queue   []source.Position                   // referred to, and perhaps not written yet
	links   []link
	anchors map[string][]*node // by dynamic anchor
}

// part is a document of the bundle: of one text, or in the later dialects of
// what has an id of its own in it, for that is what dynamic anchors go by.
type part struct {
	url         string
	dialect     *dialect
	root        *jsontree.Value
	document    map[string]any
	definitions map[string]any
	origins     []*origin // of the definitions
}

// origin is where a definition stands in the texts.
type origin struct {
	value    *jsontree.Value
	text     *jsontree.Value
	uri      string
	location string // JSON pointer into the text
}

// node is a schema that was written.
type node struct {
	url     string
	inPlace []*jsontree.Value // held against the same value
	dynamic []string          // anchors that lead to such
	length  int               // of the longest way through what is in place; 0 until known, -1 meanwhile
}

// link is a reference yet to be written.
type link struct {
	in      map[string]any
	keyword string
	target  *jsontree.Value
	anchor  string // of a dynamic reference
}

// The library holds no document below this URL against its metaschema. Ours
// need not be: they come from a schema that was found to be right, by rules that
// are not those of the metaschemas.
const baseURL = "https://json-schema.org/concordat/"

// newBundle writes the schema at start. The branches are in it, or in what it refers to.
func newBundle(start source.Position, branches []source.Position, loose bool) (*bundle, error) {
	b := &bundle{
		weights: make(map[int]struct{}), wrappers: make(map[string]struct{}), branches: make(map[*jsontree.Value]string), loose: loose,
		byRoot: make(map[*jsontree.Value]*part), nodes: make(map[*jsontree.Value]*node),
		finals: make(map[*jsontree.Value]source.Position), anchors: make(map[string][]*node),
	}
	if err := b.include(start); err != nil {
		return nil, err
	}
	for _, branch := range branches {
		if err := b.include(branch); err != nil {
			return nil, err
		}
	}
	for _, l := range b.links {
		to := b.nodes[l.target].url
		if l.anchor != "" {
			to, _, _ = strings.Cut(to, "#")
			to += "#" + url.PathEscape(l.anchor)
		}
		l.in[l.keyword] = to
	}
	b.entry = b.urlOf(start)
	for _, branch := range branches {
		b.branches[branch.Value] = b.urlOf(branch)
	}
	b.locate()
	for _, n := range b.written {
		length, err := b.length(n)
		if err != nil {
			return nil, err
		}
		b.longest = max(b.longest, length)
	}
	b.byRoot, b.nodes, b.written, b.finals, b.links, b.anchors = nil, nil, nil, nil, nil, nil
	return b, nil
}

// include writes a schema and all that it refers to, as far as they were not yet.
func (b *bundle) include(p source.Position) error {
	p, err := b.final(p)
	if err != nil {
		return err
	}
	b.queue = append(b.queue, p)
	for len(b.queue) > 0 {
		next := b.queue[len(b.queue)-1]
		b.queue = b.queue[:len(b.queue)-1]
		if b.nodes[next.Value] != nil {
			continue
		}
		if err := b.define(next); err != nil {
			return err
		}
	}
	return nil
}

// urlOf is the URL of a schema that was included.
func (b *bundle) urlOf(p source.Position) string {
	if known, ok := b.finals[p.Value]; ok {
		p = known
	}
	return b.nodes[p.Value].url
}

// final passes over schemas that are a reference and nothing else.
func (b *bundle) final(p source.Position) (source.Position, error) {
	var passed []*jsontree.Value
	for {
		if known, ok := b.finals[p.Value]; ok {
			if known.Value == nil {
				return p, errors.New("a $ref leads back to itself")
			}
			p = known
			break
		}
		ref, ok := p.Alias()
		if !ok {
			break
		}
		b.finals[p.Value] = source.Position{}
		passed = append(passed, p.Value)
		next, err := p.Follow(ref)
		if err != nil {
			return p, fmt.Errorf("$ref %q: %w", ref, err)
		}
		p = next
	}
	for _, v := range passed {
		b.finals[v] = p
	}
	return p, nil
}

// partOf is the part that a schema belongs to.
func (b *bundle) partOf(p source.Position) *part {
	pt := b.byRoot[p.Resource()]
	if pt == nil {
		pt = &part{url: baseURL + strconv.Itoa(len(b.parts)), dialect: dialects[p.Dialect()], root: p.Resource(), definitions: make(map[string]any)}
		pt.document = map[string]any{"$schema": pt.dialect.schema, "definitions": pt.definitions}
		b.byRoot[p.Resource()] = pt
		b.parts = append(b.parts, pt)
	}
	return pt
}

// define writes a schema among the definitions of its part.
func (b *bundle) define(p source.Position) error {
	pt := b.partOf(p)
	text, uri := p.Document()
	name := strconv.Itoa(len(pt.origins))
	pt.origins = append(pt.origins, &origin{value: p.Value, text: text, uri: uri})
	written, err := b.write(p, pt, pt.url+"#/definitions/"+name)
	pt.definitions[name] = written
	return err
}

// write writes a schema at a URL.
func (b *bundle) write(p source.Position, pt *part, at string) (any, error) {
	if len(b.nodes) == maxSchemas {
		return nil, &LimitError{fmt.Sprintf("the schema has more than %d schemas in it", maxSchemas)}
	}
	n := &node{url: at}
	b.nodes[p.Value] = n
	b.written = append(b.written, n)
	if p.Value.Kind == jsontree.Bool {
		return p.Value.Bool, nil
	}
	w := &writer{bundle: b, position: p, part: pt, node: n, out: make(map[string]any)}
	if pt.dialect.modern && p.Value == p.Resource() {
		if err := b.findAnchors(p); err != nil {
			return nil, err
		}
	}
	return w.schema()
}

// findAnchors sees to it that the dynamic anchors of a resource are written,
// which no reference need lead to by itself.
func (b *bundle) findAnchors(p source.Position) error {
	resource := p.Resource()
	var search func(p source.Position) error
	search = func(p source.Position) error {
		if p.Value.Kind == jsontree.Object {
			if p.Resource() != resource {
				return nil
			}
			if a := p.Value.Get("$dynamicAnchor"); a != nil && a.Kind == jsontree.String {
				b.queue = append(b.queue, p)
			}
		}
		for i := range p.Value.Items {
			if err := b.searchBelow(p, &p.Value.Items[i], search); err != nil {
				return err
			}
		}
		for i := range p.Value.Members {
			if err := b.searchBelow(p, &p.Value.Members[i].Value, search); err != nil {
				return err
			}
		}
		return nil
	}
	return search(p)
}

func (b *bundle) searchBelow(p source.Position, v *jsontree.Value, search func(source.Position) error) error {
	if v.Kind != jsontree.Object && v.Kind != jsontree.Array {
		return nil
	}
	below, err := p.Below(v)
	if err != nil {
		return err
	}
	return search(below)
}

// locate finds where in the texts the definitions stand.
func (b *bundle) locate() {
	wanted := make(map[*jsontree.Value]map[*jsontree.Value]*origin)
	for _, pt := range b.parts {
		for _, o := range pt.origins {
			if wanted[o.text] == nil {
				wanted[o.text] = make(map[*jsontree.Value]*origin)
			}
			wanted[o.text][o.value] = o
		}
	}
	for text, origins := range wanted {
		var path []string
		var search func(v *jsontree.Value)
		search = func(v *jsontree.Value) {
			if o := origins[v]; o != nil {
				o.location = pointer(path)
			}
			for i := range v.Items {
				path = append(path, strconv.Itoa(i))
				search(&v.Items[i])
				path = path[:len(path)-1]
			}
			for i := range v.Members {
				path = append(path, v.Members[i].Name)
				search(&v.Members[i].Value)
				path = path[:len(path)-1]
			}
		}
		search(text)
	}
}

// length is how many schemas are held against one value one within the other,
// beginning with this one. A schema that asks for itself without going on to a
// part of the value is refused.
func (b *bundle) length(n *node) (int, error) {
	switch {
	case n.length < 0:
		return 0, fmt.Errorf("the schema %s asks for itself, for the same value", b.location(n.url))
	case n.length > 0:
		return n.length, nil
	}
	n.length = -1
	longest := 0
	var next []*node
	for _, v := range n.inPlace {
		next = append(next, b.nodes[v])
	}
	for _, name := range n.dynamic {
		next = append(next, b.anchors[name]...)
	}
	for _, inner := range next {
		length, err := b.length(inner)
		if err != nil {
			return 0, err
		}
		longest = max(longest, length)
	}
	n.length = longest + 1
	return n.length, nil
}

// location is where in the texts the schema at a URL of the bundle stands: a
// URI with a JSON pointer, that of the schema's own text without a URI.
func (b *bundle) location(at string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(at, baseURL), "#/definitions/")
	number, _, _ := strings.Cut(strings.TrimPrefix(at, baseURL), "#")
	name, rest, _ := strings.Cut(rest, "/")
	p, err1 := strconv.Atoi(number)
	d, err2 := strconv.Atoi(name)
	if err1 != nil || err2 != nil || p >= len(b.parts) || d >= len(b.parts[p].origins) {
		return at
	}
	o := b.parts[p].origins[d]
	var kept []string
	whole := at[:len(at)-len(rest)]
	for i, step := range strings.Split(rest, "/") {
		if rest == "" {
			break
		}
		if i > 0 {
			whole += "/"
		}
		whole += step
		kept = append(kept, step)
		if _, made := b.wrappers[whole]; made {
			kept = kept[:len(kept)-2] // allOf and a number
		}
	}
	for i := range kept {
		if step, err := url.PathUnescape(kept[i]); err == nil {
			kept[i] = step
		}
	}
	if len(kept) == 0 {
		return o.uri + "#" + o.location
	}
	return o.uri + "#" + o.location + "/" + strings.Join(kept, "/")
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// pointer is the JSON pointer of steps.
func pointer(steps []string) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteByte('/')
		escapePointer.WriteString(&b, s)
	}
	return b.String()
}
