package protobuf

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// decode reads a FileDescriptorProto in base64. It returns nil for anything
// else. The file is printed and read again, so that no name in a descriptor can
// say more than a name in a text.
func decode(text string) *File {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		if data, err = base64.RawStdEncoding.DecodeString(text); err != nil {
			return nil
		}
	}
	d := new(descriptorpb.FileDescriptorProto)
	if proto.Unmarshal(data, d) != nil || len(d.ProtoReflect().GetUnknown()) > 0 || deep(d.MessageType, 0) {
		return nil
	}
	f, err := parse(print(fromDescriptor(d), false))
	if err != nil {
		return nil
	}
	return f
}

func deep(messages []*descriptorpb.DescriptorProto, depth int) bool {
	return depth > maxNesting || slices.ContainsFunc(messages, func(m *descriptorpb.DescriptorProto) bool {
		return deep(m.NestedType, depth+1)
	})
}

// fromDescriptor makes a file of a descriptor. Map fields keep the long form,
// a repeated message with the option map_entry.
func fromDescriptor(d *descriptorpb.FileDescriptorProto) *File {
	c := converter{syntax: d.GetSyntax()}
	f := &File{
		Syntax:   c.syntax,
		Package:  d.GetPackage(),
		Options:  options(d.GetOptions()),
		Enums:    each(d.EnumType, c.enum),
		Services: each(d.Service, c.service),
	}
	if c.syntax == "editions" {
		f.Syntax, f.Edition = "", strings.TrimPrefix(d.GetEdition().String(), "EDITION_")
	}
	for i, path := range d.Dependency {
		switch i := int32(i); {
		case slices.Contains(d.PublicDependency, i):
			f.PublicImports = append(f.PublicImports, path)
		case !slices.Contains(d.WeakDependency, i):
			f.Imports = append(f.Imports, path)
		}
	}
	for _, m := range d.MessageType {
		f.Messages = append(f.Messages, c.message(m))
	}
	f.Extends = c.extends(d.Extension)
	return f
}

type converter struct{ syntax string }

func (c converter) message(d *descriptorpb.DescriptorProto) *Message {
	m := &Message{Name: d.GetName(), Options: options(d.GetOptions()), Enums: each(d.EnumType, c.enum), Extends: c.extends(d.Extension)}
	for _, r := range d.ReservedRange {
		m.Reserved = append(m.Reserved, Reserved{span(r.GetStart(), r.GetEnd()-1)})
	}
	m.Reserved = append(m.Reserved, reservedNames(d.ReservedName)...)
	for _, r := range d.ExtensionRange {
		m.Extensions = append(m.Extensions, Extensions{[]Range{span(r.GetStart(), r.GetEnd()-1)}, options(r.GetOptions())})
	}
	nested := make(map[string]*descriptorpb.DescriptorProto, len(d.NestedType))
	for _, n := range d.NestedType {
		nested[n.GetName()] = n
	}
	for _, o := range d.OneofDecl {
		m.OneOfs = append(m.OneOfs, &OneOf{Name: o.GetName(), Options: options(o.GetOptions())})
	}
	made := make(map[*OneOf]bool) // those that stand for an optional field
	for _, f := range d.Field {
		fields, groups := &m.Fields, &m.Groups
		if i := f.OneofIndex; i != nil && *i >= 0 && int(*i) < len(m.OneOfs) {
			o := m.OneOfs[*i]
			if f.GetProto3Optional() {
				made[o] = true
			} else {
				fields, groups = &o.Fields, &o.Groups
			}
		}
		if f.GetType() == descriptorpb.FieldDescriptorProto_TYPE_GROUP {
			name := f.GetTypeName()[strings.LastIndexByte(f.GetTypeName(), '.')+1:]
			if body := nested[name]; body != nil {
				*groups = append(*groups, &Group{c.label(f), f.GetNumber(), options(f.GetOptions()), *c.message(body)})
				delete(nested, name)
				continue
			}
		}
		*fields = append(*fields, c.field(f))
	}
	m.OneOfs = slices.DeleteFunc(m.OneOfs, func(o *OneOf) bool { return made[o] })
	for _, n := range d.NestedType {
		if nested[n.GetName()] == n {
			m.Messages = append(m.Messages, c.message(n))
		}
	}
	return m
}

func span(start, end int32) Range { return Range{Start: start, End: end, Span: start != end} }

func reservedNames(names []string) []Reserved {
	return each(names, func(s string) Reserved { return Reserved{{Name: s, Named: true}} })
}

// label returns what a text has to say of a field's label.
func (c converter) label(f *descriptorpb.FieldDescriptorProto) Label {
	explicit := c.syntax != "proto3" && c.syntax != "editions" && f.OneofIndex == nil
	switch f.GetLabel() {
	case descriptorpb.FieldDescriptorProto_LABEL_REPEATED:
		return Repeated
	case descriptorpb.FieldDescriptorProto_LABEL_REQUIRED:
		return Required
	}
	if explicit || f.GetProto3Optional() {
		return Optional
	}
	return ""
}

func (c converter) field(d *descriptorpb.FieldDescriptorProto) *Field {
	f := &Field{
		Label: c.label(d), Type: d.GetTypeName(), Name: d.GetName(), Tag: d.GetNumber(),
		Options: options(d.GetOptions()), Default: d.DefaultValue, JSONName: d.JsonName,
	}
	if f.Type == "" {
		f.Type = strings.ToLower(strings.TrimPrefix(d.GetType().String(), "TYPE_"))
	}
	return f
}

// extends makes a block of each run of extensions of the same message.
func (c converter) extends(fields []*descriptorpb.FieldDescriptorProto) []*Extend {
	var out []*Extend
	for _, f := range fields {
		if n := len(out); n == 0 || out[n-1].Name != f.GetExtendee() {
			out = append(out, &Extend{Name: f.GetExtendee()})
		}
		e := out[len(out)-1]
		e.Fields = append(e.Fields, c.field(f))
	}
	return out
}

func (c converter) enum(d *descriptorpb.EnumDescriptorProto) *Enum {
	e := &Enum{Name: d.GetName(), Options: options(d.GetOptions())}
	for _, r := range d.ReservedRange {
		e.Reserved = append(e.Reserved, Reserved{span(r.GetStart(), r.GetEnd())})
	}
	e.Reserved = append(e.Reserved, reservedNames(d.ReservedName)...)
	e.Constants = each(d.Value, func(v *descriptorpb.EnumValueDescriptorProto) Constant {
		return Constant{v.GetName(), v.GetNumber(), options(v.GetOptions())}
	})
	return e
}

func (c converter) service(d *descriptorpb.ServiceDescriptorProto) *Service {
	return &Service{d.GetName(), options(d.GetOptions()), each(d.Method, func(m *descriptorpb.MethodDescriptorProto) RPC {
		return RPC{m.GetName(), m.GetInputType(), m.GetOutputType(), m.GetClientStreaming(), m.GetServerStreaming(), options(m.GetOptions())}
	})}
}

// options lists the options that a descriptor sets: the standard ones, and Confluent's.
func options(m proto.Message) []Option {
	r := m.ProtoReflect()
	if !r.IsValid() {
		return nil
	}
	var out []Option
	fields := r.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); r.Has(fd) && fd.Name() != "uninterpreted_option" {
			out = append(out, Option{Name: string(fd.Name()), Value: fieldValue(fd, r.Get(fd))})
		}
	}
	if meta := metaNames[r.Descriptor().Name()]; meta != "" {
		if v := decodeMeta(r.GetUnknown()); v != nil {
			out = append(out, Option{Name: meta, Custom: true, Value: *v})
		}
	}
	return out
}

func fieldValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) Value {
	if fd.IsList() {
		list := Value{Kind: List}
		for i := range v.List().Len() {
			list.Items = append(list.Items, singleValue(fd, v.List().Get(i)))
		}
		return list
	}
	return singleValue(fd, v)
}

func singleValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) Value {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return Value{Kind: String, Text: v.String()}
	case protoreflect.BytesKind:
		return Value{Kind: String, Text: string(v.Bytes())}
	case protoreflect.EnumKind:
		if c := fd.Enum().Values().ByNumber(v.Enum()); c != nil {
			return Value{Text: string(c.Name())}
		}
		return Value{Text: strconv.Itoa(int(v.Enum()))}
	case protoreflect.MessageKind:
		return Value{Kind: Struct, Members: options(v.Message().Interface())}
	}
	return Value{Text: v.String()}
}

// The options of confluent/meta.proto share a number and a message.
const (
	metaNumber = protowire.Number(1088)
	metaDoc    = protowire.Number(1)
	metaParams = protowire.Number(2)
	metaTags   = protowire.Number(3)
)

// metaNames are Confluent's options by the kind of options they extend.
var metaNames = map[protoreflect.Name]string{
	"FileOptions":      "confluent.file_meta",
	"MessageOptions":   messageMeta,
	"FieldOptions":     fieldMeta,
	"EnumOptions":      "confluent.enum_meta",
	"EnumValueOptions": "confluent.enum_value_meta",
}

const (
	messageMeta = "confluent.message_meta"
	fieldMeta   = "confluent.field_meta"
)

// lengths yields the length-delimited fields of a message.
func lengths(data []byte, yield func(n protowire.Number, value []byte)) {
	for len(data) > 0 {
		n, kind, size := protowire.ConsumeTag(data)
		if size < 0 {
			return
		}
		data = data[size:]
		if kind == protowire.BytesType {
			if value, size := protowire.ConsumeBytes(data); size >= 0 {
				yield(n, value)
			}
		}
		if size = protowire.ConsumeFieldValue(n, kind, data); size < 0 {
			return
		}
		data = data[size:]
	}
}

func decodeMeta(unknown []byte) *Value {
	var meta *Value
	text := func(b []byte) Value { return Value{Kind: String, Text: string(b)} }
	lengths(unknown, func(n protowire.Number, data []byte) {
		if n != metaNumber {
			return
		}
		if meta == nil {
			meta = &Value{Kind: Struct}
		}
		params, tags := Value{Kind: List}, Value{Kind: List}
		lengths(data, func(n protowire.Number, value []byte) {
			switch n {
			case metaDoc:
				meta.Members = append(meta.Members, Option{Name: "doc", Value: text(value)})
			case metaParams:
				entry := Value{Kind: Struct}
				lengths(value, func(n protowire.Number, part []byte) {
					if n == 1 || n == 2 {
						entry.Members = append(entry.Members, Option{Name: [...]string{"key", "value"}[n-1], Value: text(part)})
					}
				})
				params.Items = append(params.Items, entry)
			case metaTags:
				tags.Items = append(tags.Items, text(value))
			}
		})
		for _, list := range []Option{{Name: "params", Value: params}, {Name: "tags", Value: tags}} {
			if len(list.Value.Items) > 0 {
				meta.Members = append(meta.Members, list)
			}
		}
	})
	return meta
}
