package jsonschema

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// tagsKeyword holds the inline tags of an object schema or a property.
const tagsKeyword = "confluent:tags"

// step leads from a schema to one below it. Its keyword and name are what the
// paths of entities call it: "object." and the name of a property lead to a
// field, everything else to a schema that is a record if it describes an object.
type step struct {
	keyword, name string
	value         *jsontree.Value
	field         bool
}

// spelling is a schema as text with all members sorted, and where in it the
// items of arrays are. It is made when it is first needed, and once, for members
// of combined schemas are compared at every level.
type spelling struct {
	root *jsontree.Value
	text []byte
	at   map[*jsontree.Value]span
}

type span struct{ from, to int }

// of returns the text of an item of an array.
func (s *spelling) of(v *jsontree.Value) []byte {
	if s.at == nil {
		s.at = make(map[*jsontree.Value]span)
		s.value(s.root)
	}
	return s.text[s.at[v].from:s.at[v].to]
}

func (s *spelling) value(v *jsontree.Value) {
	switch v.Kind {
	case jsontree.Array:
		s.text = append(s.text, '[')
		for i := range v.Items {
			if i > 0 {
				s.text = append(s.text, ',')
			}
			from := len(s.text)
			s.value(&v.Items[i])
			s.at[&v.Items[i]] = span{from, len(s.text)}
		}
		s.text = append(s.text, ']')
	case jsontree.Object:
		s.text = append(s.text, '{')
		for i, m := range sortedMembers(v) {
			if i > 0 {
				s.text = append(s.text, ',')
			}
			s.text = append(jsontree.AppendString(s.text, m.Name), ':')
			s.value(&m.Value)
		}
		s.text = append(s.text, '}')
	default:
		s.text = appendValue(s.text, v)
	}
}

// steps lists what stands below a schema. Members of combined schemas are
// numbered in the order of their texts, so that moving them changes no path.
func (s *spelling) steps(v *jsontree.Value) []step {
	var list []step
	named := func(keyword, prefix string, field bool) {
		if m := v.Get(keyword); m != nil {
			list = slices.Grow(list, len(m.Members))
			for i := range m.Members {
				list = append(list, step{prefix, m.Members[i].Name, &m.Members[i].Value, field})
			}
		}
	}
	one := func(keyword, name string) {
		if m := v.Get(keyword); m != nil && m.Kind == jsontree.Object {
			list = append(list, step{name, "", m, false})
		}
	}
	numbered := func(keyword, name string, ordered bool) {
		m := v.Get(keyword)
		if m == nil || m.Kind != jsontree.Array {
			return
		}
		members := make([]*jsontree.Value, len(m.Items))
		for i := range m.Items {
			members[i] = &m.Items[i]
		}
		if !ordered && len(members) > 1 {
			slices.SortStableFunc(members, func(a, b *jsontree.Value) int { return bytes.Compare(s.of(a), s.of(b)) })
		}
		for i, member := range members {
			list = append(list, step{name + ".", strconv.Itoa(i), member, false})
		}
	}
	named("properties", "object.", true)
	one("items", "array")
	numbered("items", "array", true)
	numbered("prefixItems", "array", true)
	numbered("allOf", "allof", false)
	numbered("anyOf", "anyof", false)
	numbered("oneOf", "oneof", false)
	one("not", "not")
	one("if", "conditional.if")
	one("then", "conditional.then")
	one("else", "conditional.else")
	named("definitions", "definitions.", false)
	named("$defs", "$defs.", false)
	return list
}

// record is the last step of the path of an entity that is no field.
const record = "object"

// isRecord reports whether a schema describes an object.
func isRecord(v *jsontree.Value) bool {
	if t := v.Get("type"); t != nil && t.Kind == jsontree.String {
		return t.Text == "object"
	}
	return v.Get("properties") != nil
}

// Tags lists the object schemas and properties with inline tags. A path is
// made of the steps from the root: "object" is the root, "object.a" its
// property a, "object.a.array.object.b" the property b of the items of a.
func (s *Schema) Tags() []api.SchemaTags {
	if s.root == nil || !strings.Contains(s.canonical, `"`+tagsKeyword+`"`) {
		return nil
	}
	c := tagCollector{spelling: spelling{root: s.root}}
	c.schema(s.root, "", false)
	return c.tags
}

type tagCollector struct {
	spelling
	tags  []api.SchemaTags
	paths int // bytes of the paths built
}

// maxPaths bounds the paths of one schema, in bytes. Below a property with a
// long name all paths are long; what is met beyond is not listed.
const maxPaths = 1 << 25

func (c *tagCollector) schema(v *jsontree.Value, prefix string, field bool) {
	if !field && isRecord(v) {
		c.add(v, prefix+record, api.EntityRecord)
	}
	for _, below := range c.steps(v) {
		if c.paths += len(prefix) + len(below.keyword) + len(below.name); c.paths > maxPaths {
			return
		}
		path := prefix + below.keyword + below.name
		if below.field {
			c.add(below.value, path, api.EntityField)
		}
		c.schema(below.value, path+".", below.field)
	}
}

func (c *tagCollector) add(v *jsontree.Value, path, kind string) {
	if tags := tagsOf(v); len(tags) > 0 {
		c.tags = append(c.tags, api.SchemaTags{
			SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: kind},
			Tags:         tags,
		})
	}
}

// tagsOf reads the tags of an entity, each once; what is no text is no tag.
func tagsOf(v *jsontree.Value) []string {
	list := v.Get(tagsKeyword)
	if list == nil {
		return nil
	}
	tags := make([]string, 0, len(list.Items))
	for i := range list.Items {
		if t := &list.Items[i]; t.Kind == jsontree.String {
			tags = append(tags, t.Text)
		}
	}
	return union(tags, nil)
}

// WithTags returns the schema with tags added to and then removed from its
// object schemas and properties. New tags go behind those that are there; an
// entity without tags loses the keyword. A path that leads nowhere is a
// *schema.NoEntityError.
func (s *Schema) WithTags(add, remove []api.SchemaTags) (schema.Schema, error) {
	if len(add) == 0 && len(remove) == 0 {
		return s, nil
	}
	var root *jsontree.Value
	if s.root != nil {
		copied := clone(s.root)
		root = &copied
	}
	for _, edit := range []struct {
		entities []api.SchemaTags
		change   func(tags, by []string) []string
	}{{add, union}, {remove, difference}} {
		for _, e := range edit.entities {
			v := entity(root, e.SchemaEntity)
			if v == nil {
				return nil, schema.NoPath(e.SchemaEntity.EntityPath)
			}
			setTags(v, edit.change(tagsOf(v), e.Tags))
		}
	}
	return newSchema(root, s.dependencies, s.held), nil
}

// union returns the tags of both lists, each once, in their order.
func union(tags, more []string) []string {
	return difference(slices.Concat(tags, more), nil)
}

// difference returns the tags that are not gone, each once, in the list given.
func difference(tags, gone []string) []string {
	seen := make(map[string]bool, len(tags)+len(gone))
	for _, t := range gone {
		seen[t] = true
	}
	return slices.DeleteFunc(tags, func(t string) bool {
		again := seen[t]
		seen[t] = true
		return again
	})
}

func setTags(v *jsontree.Value, tags []string) {
	at := slices.IndexFunc(v.Members, func(m jsontree.Member) bool { return m.Name == tagsKeyword })
	if len(tags) == 0 {
		if at >= 0 {
			v.Members = slices.Delete(v.Members, at, at+1)
		}
		return
	}
	list := jsontree.Value{Kind: jsontree.Array, Items: make([]jsontree.Value, len(tags))}
	for i, t := range tags {
		list.Items[i] = jsontree.Value{Kind: jsontree.String, Text: t}
	}
	if at < 0 {
		v.Members = append(v.Members, jsontree.Member{Name: tagsKeyword, Value: list})
	} else {
		v.Members[at].Value = list
	}
}

// entity finds what a path names, nil if there is nothing. A leading dot is ignored.
func entity(root *jsontree.Value, e api.SchemaEntity) *jsontree.Value {
	if root == nil {
		return nil
	}
	s := spelling{root: root}
	return s.follow(root, strings.TrimPrefix(e.EntityPath, "."), e.EntityType)
}

func (s *spelling) follow(v *jsontree.Value, path, kind string) *jsontree.Value {
	if v.Kind != jsontree.Object {
		return nil
	}
	if kind == api.EntityRecord && path == record {
		if isRecord(v) {
			return v
		}
		return nil
	}
	for _, below := range s.steps(v) {
		rest, ok := strings.CutPrefix(path, below.keyword)
		if ok {
			rest, ok = strings.CutPrefix(rest, below.name)
		}
		switch {
		case !ok:
		case rest == "" && below.field && kind == api.EntityField && below.value.Kind == jsontree.Object:
			return below.value
		case strings.HasPrefix(rest, "."):
			if found := s.follow(below.value, rest[1:], kind); found != nil {
				return found
			}
		}
	}
	return nil
}

// clone copies a value with all that is below it.
func clone(v *jsontree.Value) jsontree.Value {
	w := *v
	w.Items = slices.Clone(v.Items)
	for i := range w.Items {
		w.Items[i] = clone(&w.Items[i])
	}
	w.Members = slices.Clone(v.Members)
	for i := range w.Members {
		w.Members[i].Value = clone(&w.Members[i].Value)
	}
	return w
}
