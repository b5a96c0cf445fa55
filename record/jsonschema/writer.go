package jsonschema

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"

	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// writer writes one schema object of a bundle.
type writer struct {
	*bundle
	position source.Position
	part     *part
	node     *node
	out      map[string]any
	weight   int   // the steps that holding a value against the schema takes, apart from those of other schemas
	wrapped  []any // keywords written as schemas of allOf
}

// step is the URL of a schema below.
func step(at string, steps ...string) string {
	for _, s := range steps {
		at += "/" + url.PathEscape(escapePointer.Replace(s))
	}
	return at
}

func (w *writer) schema() (any, error) {
	for i := range w.position.Value.Members {
		m := &w.position.Value.Members[i]
		k, known := w.part.dialect.keywords[m.Name]
		if !known || w.loose && textual[m.Name] {
			continue
		}
		if err := k.write(w, m.Name, k); err != nil {
			return nil, err
		}
	}
	return w.finish(), nil
}

// finish gives the schema its weight, as a format: the one keyword that the
// library asks for before it goes on to other schemas, and lets us give a meaning.
func (w *writer) finish() any {
	if len(w.wrapped) > 0 {
		all, _ := w.out["allOf"].([]any)
		w.out["allOf"] = append(all, w.wrapped...)
	}
	if len(w.out) == 0 {
		return true
	}
	weight := 1 + w.weight + len(w.node.inPlace) + len(w.wrapped)
	w.weights[weight] = struct{}{}
	w.out["format"] = stepFormat(weight)
	return w.out
}

func (w *writer) value(name string) *jsontree.Value { return w.position.Value.Get(name) }

// child writes a schema below, or a link to it where it is written elsewhere.
func (w *writer) child(v *jsontree.Value, k keyword, at string) (any, error) {
	p, err := w.position.Below(v)
	if err != nil {
		return nil, err
	}
	if v.Kind == jsontree.Bool {
		return v.Bool, nil
	}
	p, err = w.final(p)
	if err != nil {
		return nil, err
	}
	if k.inPlace {
		w.node.inPlace = append(w.node.inPlace, p.Value)
	}
	if p.Value != v || p.Resource() != w.part.root || w.nodes[v] != nil {
		out := make(map[string]any)
		w.link(out, "$ref", p, "")
		return out, nil
	}
	return w.write(p, w.part, at)
}

func (w *writer) link(out map[string]any, name string, to source.Position, anchor string) {
	out[name] = "" // until all is written
	w.links = append(w.links, link{out, name, to.Value, anchor})
	w.queue = append(w.queue, to)
}

func (w *writer) reference(name string, _ keyword) error {
	ref := w.value(name).Text
	to, err := w.position.Follow(ref)
	if err == nil {
		to, err = w.final(to)
	}
	if err != nil {
		return fmt.Errorf("$ref %q: %w", ref, err)
	}
	w.node.inPlace = append(w.node.inPlace, to.Value)
	w.link(w.out, name, to, "")
	return nil
}

// dynamicReference writes a reference to an anchor that schemas around may
// have taken over; one to anything else is as good as a plain one.
func (w *writer) dynamicReference(name string, _ keyword) error {
	ref := w.value(name).Text
	to, err := w.position.Follow(ref)
	if err != nil {
		return fmt.Errorf("$dynamicRef %q: %w", ref, err)
	}
	_, fragment, _ := strings.Cut(ref, "#")
	anchor := ""
	if a := to.Value.Get("$dynamicAnchor"); a != nil && a.Text == fragment {
		anchor = fragment
		w.node.dynamic = append(w.node.dynamic, anchor)
	}
	w.node.inPlace = append(w.node.inPlace, to.Value)
	w.link(w.out, name, to, anchor)
	return nil
}

func (w *writer) plain(name string, _ keyword) (err error) {
	v := w.value(name)
	w.weight += len(v.Items)
	for i := range v.Members {
		w.weight += 1 + len(v.Members[i].Value.Items)
	}
	if name == "$dynamicAnchor" {
		w.anchors[v.Text] = append(w.anchors[v.Text], w.node)
	}
	w.out[name], err = decoded(v)
	return err
}

func (w *writer) multipleOf(name string, k keyword) error {
	if f, err := strconv.ParseFloat(w.value(name).Text, 64); err == nil && f == 0 {
		return fmt.Errorf("%s/multipleOf: no number is a multiple of 0", w.location(w.node.url))
	}
	return w.plain(name, k)
}

// smallEnum is the number of values that are compared as one step. Numbers take
// a step each: they are compared as fractions.
const smallEnum = 16

// enum writes long lists of values apart, because the library looks at them
// before it comes to the weight.
func (w *writer) enum(name string, _ keyword) error {
	v := w.value(name)
	values, err := decoded(v)
	if err != nil {
		return err
	}
	if len(v.Items) <= smallEnum {
		w.out[name] = values
		return nil
	}
	w.weight += len(v.Items) / smallEnum
	for i := range v.Items {
		if v.Items[i].Kind == jsontree.Number {
			w.weight++
		}
	}
	w.wrap(name, values)
	return nil
}

func (w *writer) format(name string, _ keyword) error {
	if format := w.value(name).Text; w.part.dialect.formats[format] {
		w.wrap(name, format)
	}
	return nil
}

// apart writes a schema in a wrapper: where a name breaks propertyNames, the
// library knows well where the schema around the keyword stands, but not where
// the object does.
func (w *writer) apart(name string, k keyword) error {
	out, err := w.child(w.value(name), k, step(w.wrapper(), name))
	if err == nil {
		w.wrap(name, out)
	}
	return err
}

// wrapper is the URL of the wrapper that is made next.
func (w *writer) wrapper() string {
	written := 0
	if all := w.value("allOf"); all != nil {
		written = len(all.Items)
	}
	return step(w.node.url, "allOf", strconv.Itoa(written+len(w.wrapped)))
}

// wrap writes a keyword as a schema of its own among those of allOf.
func (w *writer) wrap(name string, value any) {
	w.wrappers[w.wrapper()] = struct{}{}
	w.wrapped = append(w.wrapped, map[string]any{name: value})
}

func (w *writer) one(name string, k keyword) (err error) {
	w.out[name], err = w.child(w.value(name), k, step(w.node.url, name))
	return err
}

func (w *writer) oneOrMany(name string, k keyword) error {
	v := w.value(name)
	if v.Kind != jsontree.Array {
		return w.one(name, k)
	}
	list := make([]any, len(v.Items))
	for i := range v.Items {
		var err error
		if list[i], err = w.child(&v.Items[i], k, step(w.node.url, name, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	w.out[name] = list
	return nil
}

// named writes schemas by name; of dependencies, names by name too.
func (w *writer) named(name string, k keyword) error {
	v := w.value(name)
	all := make(map[string]any, len(v.Members))
	for i := range v.Members {
		m := &v.Members[i]
		var err error
		if m.Value.Kind == jsontree.Array {
			w.weight += len(m.Value.Items)
			all[m.Name], err = decoded(&m.Value)
		} else {
			all[m.Name], err = w.child(&m.Value, k, step(w.node.url, name, m.Name))
		}
		if err != nil {
			return err
		}
	}
	if name == "patternProperties" {
		w.weight += len(all)
	}
	w.out[name] = all
	return nil
}

// decoded is a value as the library takes it.
func decoded(v *jsontree.Value) (any, error) {
	switch v.Kind {
	case jsontree.Bool:
		return v.Bool, nil
	case jsontree.Number:
		return json.Number(v.Text), checkNumber(v.Text)
	case jsontree.String:
		return v.Text, nil
	case jsontree.Array:
		list := make([]any, len(v.Items))
		for i := range v.Items {
			var err error
			if list[i], err = decoded(&v.Items[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	case jsontree.Object:
		object := make(map[string]any, len(v.Members))
		for i := range v.Members {
			var err error
			if object[v.Members[i].Name], err = decoded(&v.Members[i].Value); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return nil, nil
}
