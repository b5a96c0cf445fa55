package protobuf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// metaImport declares the options that carry tags.
const metaImport = "confluent/meta.proto"

// Tags lists the tagged messages and fields. A path is the names of the
// messages from the outside in, without the package, then that of the field.
func (s *Schema) Tags() []api.SchemaTags {
	var out []api.SchemaTags
	add := func(path, kind string, options []Option, meta string) {
		if tags := tagsOf(options, meta); len(tags) > 0 {
			out = append(out, api.SchemaTags{SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: kind}, Tags: tags})
		}
	}
	fields := func(path string, fields []*Field) {
		for _, f := range fields {
			add(join(path, f.Name), api.EntityField, f.Options, fieldMeta)
		}
	}
	var walk func(at string, messages []*Message)
	walk = func(at string, messages []*Message) {
		for _, m := range messages {
			path := join(at, m.Name)
			add(path, api.EntityRecord, m.Options, messageMeta)
			fields(path, m.Fields)
			for _, o := range m.OneOfs {
				fields(path, o.Fields)
			}
			walk(path, m.Messages)
		}
	}
	walk("", s.file.Messages)
	return out
}

func tagsOf(options []Option, name string) []string {
	meta, _ := metaOf(options, name)
	var tags []string
	for _, v := range meta.all("tags") {
		if !slices.Contains(tags, v.Text) {
			tags = append(tags, v.Text)
		}
	}
	return tags
}

// WithTags edits tags. A path may name the oneof of a field, and may begin with a dot.
func (s *Schema) WithTags(add, remove []api.SchemaTags) (schema.Schema, error) {
	f, err := parse(s.Canonical()) // a copy to edit
	if err != nil {
		return nil, err
	}
	for _, edit := range add {
		err := editTags(f, edit.SchemaEntity, func(tags []string) []string {
			for _, t := range edit.Tags {
				if !slices.Contains(tags, t) {
					tags = append(tags, t)
				}
			}
			return tags
		})
		if err != nil {
			return nil, err
		}
	}
	for _, edit := range remove {
		err := editTags(f, edit.SchemaEntity, func(tags []string) []string {
			return slices.DeleteFunc(tags, func(t string) bool { return slices.Contains(edit.Tags, t) })
		})
		if err != nil {
			return nil, err
		}
	}
	return newSchema(f, s.deps), nil
}

func editTags(f *File, e api.SchemaEntity, edit func([]string) []string) error {
	options, meta, err := entity(f, e)
	if err != nil {
		return err
	}
	before := tagsOf(*options, meta)
	after := edit(slices.Clone(before))
	if slices.Equal(before, after) {
		return nil
	}
	*options = setTags(*options, meta, after)
	if !slices.Contains(f.Imports, metaImport) && !slices.Contains(f.PublicImports, metaImport) {
		f.Imports = append(f.Imports, metaImport)
	}
	return nil
}

// entity finds the options of a message or field, and the name of the one that
// carries tags there.
func entity(f *File, e api.SchemaEntity) (options *[]Option, meta string, err error) {
	steps := strings.Split(strings.TrimPrefix(e.EntityPath, "."), ".")
	missing := func(kind, name string) error {
		return &schema.NoEntityError{Text: fmt.Sprintf("No matching %s with name '%s' found in the schema", kind, name)}
	}
	last := ""
	if e.EntityType == api.EntityField {
		last, steps = steps[len(steps)-1], steps[:len(steps)-1]
	}
	messages, oneOf := f.Messages, (*OneOf)(nil)
	var m *Message
	for i, name := range steps {
		j := slices.IndexFunc(messages, func(m *Message) bool { return m.Name == name })
		if j < 0 && m != nil && last != "" && i == len(steps)-1 {
			if k := slices.IndexFunc(m.OneOfs, func(o *OneOf) bool { return o.Name == name }); k >= 0 {
				oneOf = m.OneOfs[k]
				break
			}
		}
		if j < 0 {
			return nil, "", missing("Message", name)
		}
		m = messages[j]
		messages = m.Messages
	}
	if last == "" && m != nil {
		return &m.Options, messageMeta, nil
	}
	if m != nil {
		groups := [][]*Field{m.Fields}
		for _, o := range m.OneOfs {
			groups = append(groups, o.Fields)
		}
		if oneOf != nil {
			groups = [][]*Field{oneOf.Fields}
		}
		for _, fields := range groups {
			if i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == last }); i >= 0 {
				return &fields[i].Options, fieldMeta, nil
			}
		}
	}
	return nil, "", missing("Field", last)
}

// setTags replaces the tags among options. The option goes with its last member.
func setTags(options []Option, name string, tags []string) []Option {
	meta, _ := metaOf(options, name)
	meta.Kind = Struct
	meta.Members = slices.DeleteFunc(meta.Members, func(o Option) bool { return o.Name == "tags" })
	if len(tags) > 0 {
		list := Value{Kind: List, Items: each(tags, func(t string) Value { return Value{Kind: String, Text: t} })}
		meta.Members = append(meta.Members, Option{Name: "tags", Value: list})
	}
	is := func(o Option) bool { return o.Custom && strings.TrimPrefix(o.Name, ".") == name }
	at := slices.IndexFunc(options, is)
	options = slices.DeleteFunc(options, is)
	if len(meta.Members) == 0 {
		return options
	}
	if at < 0 {
		at = len(options)
	}
	return slices.Insert(options, at, Option{Name: name, Custom: true, Value: meta})
}
