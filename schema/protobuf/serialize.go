package protobuf

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// DescriptorError is a file that has no valid descriptor.
type DescriptorError struct {
	Name    string // full name of the element at fault
	Problem string
}

func (e *DescriptorError) Error() string { return e.Name + ": " + e.Problem }

// serialized is the file's descriptor in base64.
func (s *Schema) serialized() (string, error) {
	d, err := s.descriptor()
	if err != nil {
		return "", err
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("serialize descriptor: %w", err)
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// descriptor makes the descriptor as the reference makes it: type names stay as written,
// maps become nested messages named by the field, members of oneofs come
// first; groups, unknown imports and custom options but Confluent's are left out.
func (s *Schema) descriptor() (*descriptorpb.FileDescriptorProto, error) {
	w, err := s.world()
	if err != nil {
		return nil, err
	}
	b := &builder{file: s.file, world: w, visible: map[string]bool{"": true}, symbols: make(map[string]bool)}
	d := b.build()
	if b.err != nil {
		return nil, b.err
	}
	return d, nil
}

// builder makes a descriptor. It keeps the first error.
type builder struct {
	file    *File
	world   *world
	visible map[string]bool // import paths whose types may be named
	symbols map[string]bool // full names declared so far
	err     error
}

func (b *builder) fail(name, format string, args ...any) {
	if b.err == nil {
		b.err = &DescriptorError{name, fmt.Sprintf(format, args...)}
	}
}

// declare enters a full name, which must be new.
func (b *builder) declare(at, name string) string {
	full := join(at, name)
	if b.symbols[full] {
		if at == "" {
			b.fail(full, "%q is already defined.", name)
		} else {
			b.fail(full, "%q is already defined in %q.", name, at)
		}
	}
	b.symbols[full] = true
	return full
}

// lookupFile finds an importable file.
func (b *builder) lookupFile(path string) *File {
	if f := b.world.files[path]; f != nil {
		return f
	}
	return builtin().files[path]
}

// see makes the types of a file visible, and of what it imports publicly.
func (b *builder) see(path string) {
	f := b.lookupFile(path)
	if f == nil || b.visible[path] {
		return
	}
	b.visible[path] = true
	for _, p := range f.PublicImports {
		b.see(p)
	}
}

func (b *builder) build() *descriptorpb.FileDescriptorProto {
	f := b.file
	d := &descriptorpb.FileDescriptorProto{Name: proto.String("default")}
	if f.Package != "" {
		d.Package = &f.Package
	}
	where := make(map[string]int32)
	for i, path := range slices.Concat(f.Imports, f.PublicImports) {
		if b.lookupFile(path) == nil {
			continue
		}
		n, ok := where[path]
		if !ok {
			n = int32(len(d.Dependency))
			where[path] = n
			d.Dependency = append(d.Dependency, path)
			b.see(path)
		}
		if i >= len(f.Imports) && !slices.Contains(d.PublicDependency, n) {
			d.PublicDependency = append(d.PublicDependency, n)
		}
	}
	for _, m := range f.Messages {
		d.MessageType = append(d.MessageType, b.message(f.Package, m))
	}
	for _, e := range f.Enums {
		d.EnumType = append(d.EnumType, b.enum(f.Package, e))
	}
	d.Extension = b.extensions(f.Package, f.Extends)
	for _, s := range f.Services {
		d.Service = append(d.Service, b.service(f.Package, s))
	}
	d.Options = setOptions(f.Options, &descriptorpb.FileOptions{})
	switch {
	case f.Edition != "":
		d.Syntax = proto.String("editions")
		d.Edition = descriptorpb.Edition_EDITION_2023.Enum()
	case f.Syntax != "":
		d.Syntax = &f.Syntax
	}
	return d
}

func (b *builder) message(at string, m *Message) *descriptorpb.DescriptorProto {
	full := b.declare(at, m.Name)
	d := &descriptorpb.DescriptorProto{Name: &m.Name, Options: setOptions(m.Options, &descriptorpb.MessageOptions{})}
	oneOf := func(name string) *int32 {
		b.declare(full, name)
		d.OneofDecl = append(d.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: &name, Options: &descriptorpb.OneofOptions{}})
		return proto.Int32(int32(len(d.OneofDecl) - 1))
	}
	for _, o := range m.OneOfs {
		i := oneOf(o.Name)
		for _, f := range o.Fields {
			field := b.field(full, f)
			field.OneofIndex = i
			field.Label = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()
			d.Field = append(d.Field, field)
		}
	}
	var entries []*descriptorpb.DescriptorProto
	for _, f := range m.Fields {
		field := b.field(full, f)
		switch {
		case f.Key != "":
			entries = append(entries, b.entry(full, f, field))
		case b.file.Syntax == "proto3" && f.Label == Optional:
			field.OneofIndex = oneOf("_" + f.Name)
			field.Proto3Optional = proto.Bool(true)
		}
		d.Field = append(d.Field, field)
	}
	b.numbers(full, d.Field)
	for _, n := range m.Messages {
		d.NestedType = append(d.NestedType, b.message(full, n))
	}
	d.NestedType = append(d.NestedType, entries...)
	for _, e := range m.Enums {
		d.EnumType = append(d.EnumType, b.enum(full, e))
	}
	d.Extension = b.extensions(full, m.Extends)
	for _, e := range m.Extensions {
		for _, r := range e.Ranges {
			x := &descriptorpb.ExtensionRangeOptions{}
			setOptions(e.Options, x)
			d.ExtensionRange = append(d.ExtensionRange, &descriptorpb.DescriptorProto_ExtensionRange{
				Start: proto.Int32(r.Start), End: proto.Int32(r.End + 1), Options: x,
			})
		}
	}
	for _, r := range slices.Concat(m.Reserved...) {
		if r.Named {
			d.ReservedName = append(d.ReservedName, r.Name)
		} else {
			d.ReservedRange = append(d.ReservedRange, &descriptorpb.DescriptorProto_ReservedRange{
				Start: proto.Int32(r.Start), End: proto.Int32(r.End + 1),
			})
		}
	}
	return d
}

// numbers checks the numbers of a message's fields.
func (b *builder) numbers(full string, fields []*descriptorpb.FieldDescriptorProto) {
	seen := make(map[int32]string, len(fields))
	for _, f := range fields {
		name, n := join(full, f.GetName()), f.GetNumber()
		if n <= 0 {
			b.fail(name, "Field numbers must be positive integers.")
		}
		if other, ok := seen[n]; ok {
			b.fail(name, "Field number %d has already been used in %q by field %q.", n, full, other)
		}
		seen[n] = f.GetName()
	}
}

var labels = map[Label]*descriptorpb.FieldDescriptorProto_Label{
	Optional: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	Required: descriptorpb.FieldDescriptorProto_LABEL_REQUIRED.Enum(),
	Repeated: descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum(),
}

func (b *builder) field(at string, f *Field) *descriptorpb.FieldDescriptorProto {
	full := b.declare(at, f.Name)
	d := &descriptorpb.FieldDescriptorProto{
		Name: &f.Name, Number: &f.Tag, Label: labels[f.Label], JsonName: f.JSONName, DefaultValue: f.Default,
		Options: setOptions(f.Options, &descriptorpb.FieldOptions{}),
	}
	if f.Key == "" {
		b.typed(full, at, f.Type, d)
	}
	return d
}

// typed sets the type of a field, naming it as written.
func (b *builder) typed(full, at, name string, d *descriptorpb.FieldDescriptorProto) {
	if IsScalar(name) {
		n := descriptorpb.FieldDescriptorProto_Type_value["TYPE_"+strings.ToUpper(name)]
		d.Type = descriptorpb.FieldDescriptorProto_Type(n).Enum()
		return
	}
	d.TypeName = &name
	switch t := b.known(full, at, name); {
	case t == nil:
	case t.Message != nil:
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	default:
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
	}
}

// known resolves a type that must be declared in a file that is imported.
func (b *builder) known(full, at, name string) *Type {
	t := b.world.root.Enter(at).Resolve(name)
	if t == nil || !b.visible[t.file] {
		b.fail(full, "%q is not defined.", name)
		return nil
	}
	return t
}

// entry makes the message type of a map field, and the field one of that type.
func (b *builder) entry(at string, f *Field, d *descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
	name := entryName(f.Name)
	d.Label, d.TypeName = labels[Repeated], &name
	full := b.declare(at, name)
	member := func(name string, number int32, kind string) *descriptorpb.FieldDescriptorProto {
		m := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number}
		b.typed(join(full, name), full, kind, m)
		return m
	}
	return &descriptorpb.DescriptorProto{
		Name:    &name,
		Field:   []*descriptorpb.FieldDescriptorProto{member("key", 1, f.Key), member("value", 2, f.Type)},
		Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
	}
}

// entryName is the reference's name for the entries of a map field: camel case
// where the name has underscores, else the name as it is.
func entryName(field string) string {
	const suffix = "Entry"
	if !strings.Contains(field, "_") {
		return field + suffix
	}
	var b strings.Builder
	for word := range strings.SplitSeq(field, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + strings.ToLower(word[1:]))
		}
	}
	return b.String() + suffix
}

func (b *builder) extensions(at string, extends []*Extend) []*descriptorpb.FieldDescriptorProto {
	var out []*descriptorpb.FieldDescriptorProto
	for _, e := range extends {
		for _, f := range e.Fields {
			d := b.field(at, f)
			d.Extendee = &e.Name
			full := join(at, f.Name)
			if t := b.known(full, at, e.Name); t != nil && !t.extensible(f.Tag) {
				b.fail(full, "%q does not declare %d as an extension number.", t.Name, f.Tag)
			}
			out = append(out, d)
		}
	}
	return out
}

// extensible reports whether a type declares the number for extensions.
func (t *Type) extensible(number int32) bool {
	return t.Message != nil && slices.ContainsFunc(t.Message.Extensions, func(e Extensions) bool {
		return slices.ContainsFunc(e.Ranges, func(r Range) bool { return r.Start <= number && number <= r.End })
	})
}

func (b *builder) enum(at string, e *Enum) *descriptorpb.EnumDescriptorProto {
	full := b.declare(at, e.Name)
	d := &descriptorpb.EnumDescriptorProto{Name: &e.Name, Options: setOptions(e.Options, &descriptorpb.EnumOptions{})}
	if len(e.Constants) == 0 {
		b.fail(full, "Enums must contain at least one value.")
	}
	for i := range e.Constants {
		c := &e.Constants[i]
		b.declare(full, c.Name)
		d.Value = append(d.Value, &descriptorpb.EnumValueDescriptorProto{
			Name: &c.Name, Number: &c.Number, Options: setOptions(c.Options, &descriptorpb.EnumValueOptions{}),
		})
	}
	for _, r := range slices.Concat(e.Reserved...) {
		if r.Named {
			d.ReservedName = append(d.ReservedName, r.Name)
		} else {
			d.ReservedRange = append(d.ReservedRange, &descriptorpb.EnumDescriptorProto_EnumReservedRange{Start: &r.Start, End: &r.End})
		}
	}
	return d
}

func (b *builder) service(at string, s *Service) *descriptorpb.ServiceDescriptorProto {
	full := b.declare(at, s.Name)
	d := &descriptorpb.ServiceDescriptorProto{Name: &s.Name, Options: setOptions(s.Options, &descriptorpb.ServiceOptions{})}
	for i := range s.RPCs {
		r := &s.RPCs[i]
		name := b.declare(full, r.Name)
		b.known(name, full, r.Request)
		b.known(name, full, r.Response)
		d.Method = append(d.Method, &descriptorpb.MethodDescriptorProto{
			Name: &r.Name, InputType: &r.Request, OutputType: &r.Response,
			ClientStreaming: &r.RequestStreams, ServerStreaming: &r.ResponseStreams,
			Options: setOptions(r.Options, &descriptorpb.MethodOptions{}),
		})
	}
	return d
}

// unset are the standard options that the reference's descriptors lack.
var unset = map[string]bool{"message_set_wire_format": true, "uninterpreted_option": true}

// setOptions fills in the standard options and Confluent's. It returns nil if
// none is set.
func setOptions[M proto.Message](options []Option, m M) M {
	r := m.ProtoReflect()
	for i := range options {
		if o := &options[i]; !o.Custom && !unset[o.Name] {
			setMember(r, strings.Split(o.Name, "."), &o.Value)
		}
	}
	if meta := metaNames[r.Descriptor().Name()]; meta != "" {
		if v, ok := metaOf(options, meta); ok {
			tag := protowire.AppendTag(nil, metaNumber, protowire.BytesType)
			r.SetUnknown(protowire.AppendBytes(tag, encodeMeta(v)))
		}
	}
	if proto.Size(m) == 0 {
		var none M
		return none
	}
	return m
}

// setMember sets the field at a path of names; what does not fit is left out.
func setMember(m protoreflect.Message, path []string, v *Value) {
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(path[0]))
	switch {
	case fd == nil:
	case fd.IsList():
		items := v.Items
		if v.Kind != List {
			items = []Value{*v}
		}
		for i := range items {
			if fd.Message() != nil {
				setMembers(m.Mutable(fd).List().AppendMutable().Message(), &items[i])
			} else if x := scalar(fd, &items[i]); x.IsValid() {
				m.Mutable(fd).List().Append(x)
			}
		}
	case fd.Message() != nil && len(path) > 1:
		setMember(m.Mutable(fd).Message(), path[1:], v)
	case fd.Message() != nil:
		setMembers(m.Mutable(fd).Message(), v)
	default:
		if x := scalar(fd, v); x.IsValid() {
			m.Set(fd, x)
		}
	}
}

func setMembers(m protoreflect.Message, v *Value) {
	for i := range v.Members {
		setMember(m, []string{v.Members[i].Name}, &v.Members[i].Value)
	}
}

// scalar reads a value of the field's type; it is invalid if it is none.
func scalar(fd protoreflect.FieldDescriptor, v *Value) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(v.Text == "true")
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(v.Text)
	case protoreflect.EnumKind:
		if c := fd.Enum().Values().ByName(protoreflect.Name(v.Text)); c != nil {
			return protoreflect.ValueOfEnum(c.Number())
		}
	case protoreflect.Int32Kind:
		if n, err := strconv.ParseInt(v.Text, 0, 32); err == nil {
			return protoreflect.ValueOfInt32(int32(n))
		}
	}
	return protoreflect.Value{}
}

// encodeMeta makes a confluent.Meta message.
func encodeMeta(v Value) []byte {
	var out []byte
	add := func(dst []byte, n protowire.Number, value string) []byte {
		return protowire.AppendString(protowire.AppendTag(dst, n, protowire.BytesType), value)
	}
	for _, x := range v.all("doc") {
		out = add(out, metaDoc, x.Text)
	}
	for _, entry := range v.all("params") {
		var pair []byte
		for i, part := range []string{"key", "value"} {
			for _, x := range entry.all(part) {
				pair = add(pair, protowire.Number(i+1), x.Text)
			}
		}
		out = add(out, metaParams, string(pair))
	}
	for _, x := range v.all("tags") {
		out = add(out, metaTags, x.Text)
	}
	return out
}
