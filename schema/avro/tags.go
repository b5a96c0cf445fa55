package avro

import (
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// propTags is the property that holds the inline tags of a record or a field.
const propTags = "confluent:tags"

// Tags lists the records and fields with inline tags, each record before its
// fields, in the order in which records are first met. Types from references
// are among them. The path of a record is its full name, that of a field has
// the name of the field after a dot.
func (s *Schema) Tags() []api.SchemaTags {
	c := collector{seen: make(map[string]struct{})}
	c.typ(s.root, 0)
	return c.tags
}

type collector struct {
	tags []api.SchemaTags
	seen map[string]struct{}
}

func (c *collector) typ(t *Type, depth int) {
	if depth > schema.MaxDepth {
		return
	}
	switch t.Kind {
	case Array, Map:
		c.typ(t.Items, depth+1)
	case Union:
		for _, b := range t.Branches {
			c.typ(b, depth+1)
		}
	case Record:
		name := t.FullName()
		if _, again := c.seen[name]; again {
			return
		}
		c.seen[name] = struct{}{}
		c.add(name, api.EntityRecord, t.Prop(propTags))
		for i := range t.Named.Fields {
			f := &t.Named.Fields[i]
			if tags := f.Prop(propTags); tags != nil {
				c.add(name+"."+f.Name, api.EntityField, tags)
			}
			c.typ(f.Type, depth+1)
		}
	}
}

func (c *collector) add(path, kind string, list *jsontree.Value) {
	if tags := tagsOf(list); len(tags) > 0 {
		c.tags = append(c.tags, api.SchemaTags{
			SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: kind},
			Tags:         tags,
		})
	}
}

// tagsOf reads a list of tags without repetitions; everything but text is no tag.
func tagsOf(list *jsontree.Value) []string {
	if list == nil || list.Kind != jsontree.Array {
		return nil
	}
	var tags []string
	for i := range list.Items {
		if v := &list.Items[i]; v.Kind == jsontree.String {
			tags = append(tags, v.Text)
		}
	}
	return without(tags, nil)
}

// without returns the tags without repetitions and without the removed ones.
func without(tags, removed []string) []string {
	gone := set(removed)
	return slices.DeleteFunc(tags, func(t string) bool {
		_, ok := gone[t]
		gone[t] = struct{}{}
		return ok
	})
}

// edit is what happens to the tags of one entity.
type edit struct {
	entity      api.SchemaEntity
	add, remove []string
}

// edits joins two lists of changes, one edit per entity in order of appearance.
func edits(add, remove []api.SchemaTags) []*edit {
	var list []*edit
	of := make(map[api.SchemaEntity]*edit)
	find := func(e api.SchemaEntity) *edit {
		if of[e] == nil {
			of[e] = &edit{entity: e}
			list = append(list, of[e])
		}
		return of[e]
	}
	for _, t := range add {
		e := find(t.SchemaEntity)
		e.add = append(e.add, t.Tags...)
	}
	for _, t := range remove {
		e := find(t.SchemaEntity)
		e.remove = append(e.remove, t.Tags...)
	}
	return list
}

// WithTags returns the schema with tags added to and then removed from records
// and fields that its own text defines. A path names a record by its full name
// or, if it is the first of several, by its simple name.
func (s *Schema) WithTags(add, remove []api.SchemaTags) (schema.Schema, error) {
	v, err := jsontree.Parse(s.canonical, jsontree.Options{})
	if err != nil {
		return nil, err
	}
	for _, e := range edits(add, remove) {
		node := find(v, "", newTarget(e.entity))
		if node == nil {
			return nil, schema.NoPath(e.entity.EntityPath)
		}
		e.apply(node)
	}
	src := s.source
	src.Text = string(appendJSON(nil, v))
	tagged, err := Parse(src)
	if err != nil {
		return nil, err
	}
	return tagged, nil
}

// apply changes the tags of an object; an object left without tags loses the property.
func (e *edit) apply(object *jsontree.Value) {
	tags := without(append(tagsOf(object.Get(propTags)), e.add...), e.remove)
	if len(tags) == 0 {
		object.Members = slices.DeleteFunc(object.Members, func(m jsontree.Member) bool { return m.Name == propTags })
		return
	}
	list := jsontree.Value{Kind: jsontree.Array}
	for _, t := range tags {
		list.Items = append(list.Items, jsontree.Value{Kind: jsontree.String, Text: t})
	}
	if old := object.Get(propTags); old != nil {
		*old = list
	} else {
		object.Members = append(object.Members, jsontree.Member{Name: propTags, Value: list})
	}
}

// target is the record, or the field of it, that an edit is for.
type target struct{ record, field string }

func newTarget(e api.SchemaEntity) target {
	path := strings.TrimPrefix(e.EntityPath, ".")
	if e.EntityType == api.EntityRecord {
		return target{record: path}
	}
	if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
		return target{path[:dot], path[dot+1:]}
	}
	return target{field: path}
}

// find returns the object in a canonical text that an edit is for, or nil.
func find(v *jsontree.Value, space string, want target) *jsontree.Value {
	if v.Kind == jsontree.Array {
		for i := range v.Items {
			if found := find(&v.Items[i], space, want); found != nil {
				return found
			}
		}
		return nil
	}
	switch kind := text(v.Get("type")); {
	case kind == nil:
		return nil
	case *kind == "array":
		return find(v.Get("items"), space, want)
	case *kind == "map":
		return find(v.Get("values"), space, want)
	case *kind == "record" || *kind == "error":
		return findInRecord(v, space, want)
	}
	return nil
}

func findInRecord(v *jsontree.Value, space string, want target) *jsontree.Value {
	if own := text(v.Get("namespace")); own != nil {
		space = *own
	}
	name := newName(v.Get("name").Text, space)
	meant := want.record == name.Full() || want.record == name.Simple()
	if meant && want.field == "" {
		return v
	}
	fields := v.Get("fields").Items
	if meant {
		for i := range fields {
			if fields[i].Get("name").Text == want.field {
				return &fields[i]
			}
		}
	}
	for i := range fields {
		if found := find(fields[i].Get("type"), space, want); found != nil {
			return found
		}
	}
	return nil
}
