package protobuf

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Link makes descriptors that records are read and written by: that of the schema's file and
// all others that it can name. Other than in the serialized format, names are resolved, groups are there and the
// entries of maps are named as compilers name them; services and extensions are left out, so that
// extension fields are unknown fields of a record. Nothing is kept: each call links anew.
func (s *Schema) Link() (protoreflect.FileDescriptor, *protoregistry.Files, error) {
	w, err := s.world()
	if err != nil {
		return nil, nil, err
	}
	l := &linker{world: w, files: new(protoregistry.Files), open: make(map[string]bool)}
	file, err := l.file("", s.file)
	if err != nil {
		return nil, nil, err
	}
	for i := range s.deps {
		_ = l.load(s.deps[i].Name) // those left are needed by no field, at most by an Any
	}
	return file, l.files, nil
}

// FieldTags are the tags that the options of a linked field give, each once.
func FieldTags(fd protoreflect.FieldDescriptor) []string {
	meta := decodeMeta(fd.Options().ProtoReflect().GetUnknown())
	if meta == nil {
		return nil
	}
	var tags []string
	for _, v := range meta.all("tags") {
		if !slices.Contains(tags, v.Text) {
			tags = append(tags, v.Text)
		}
	}
	return tags
}

// linker links files after those that they need.
type linker struct {
	world *world
	files *protoregistry.Files
	open  map[string]bool // import paths of the files that wait for others
}

// rootPath is the path of the schema's own file, which has none. No import can name it.
const rootPath = "//schema"

// load links the file of an import path unless it is there. The runtime's own files are taken as they are.
func (l *linker) load(path string) error {
	if _, err := l.files.FindFileByPath(path); err == nil {
		return nil
	}
	if i := slices.IndexFunc(compiled, func(d protoreflect.FileDescriptor) bool { return d.Path() == path }); i >= 0 {
		imports := compiled[i].Imports()
		for j := range imports.Len() {
			if err := l.load(imports.Get(j).Path()); err != nil {
				return err
			}
		}
		return l.files.RegisterFile(compiled[i])
	}
	if l.open[path] {
		return &DescriptorError{path, "The file imports itself."}
	}
	l.open[path] = true
	f := l.world.files[path]
	if f == nil {
		f = builtin().files[path]
	}
	_, err := l.file(path, f)
	return err
}

// file links a file; path is "" for the schema's own.
func (l *linker) file(path string, f *File) (protoreflect.FileDescriptor, error) {
	b := &builder{file: f, world: l.world, visible: map[string]bool{path: true}, symbols: make(map[string]bool)}
	d := b.build()
	if b.err != nil {
		return nil, b.err
	}
	d.Name = proto.String(rootPath)
	if path != "" {
		d.Name = &path
	}
	c := &completion{builder: b, path: path}
	for i, m := range f.Messages {
		c.message(join(f.Package, m.Name), m, d.MessageType[i])
	}
	if b.err != nil {
		return nil, b.err
	}
	// Only what fields need must be there and be right.
	d.Dependency, d.PublicDependency = c.needs, nil
	d.Extension, d.Service = nil, nil
	for _, needed := range c.needs {
		if err := l.load(needed); err != nil {
			return nil, err
		}
	}
	linked, err := protodesc.NewFile(d, l.files)
	if err == nil {
		err = l.files.RegisterFile(linked)
	}
	if err != nil {
		name := path
		if path == "" {
			name = "schema"
		}
		return nil, &DescriptorError{name, strings.TrimLeft(strings.TrimPrefix(err.Error(), "proto:"), " \u00a0")}
	}
	return linked, nil
}

// completion completes the descriptors of a file that a builder has made.
type completion struct {
	*builder
	path  string   // of the file, "" for the schema's own
	needs []string // import paths of the files that fields refer to
}

// message completes the descriptor of a message of a full name.
func (c *completion) message(full string, m *Message, d *descriptorpb.DescriptorProto) {
	d.Extension, d.ExtensionRange = nil, nil
	for i, n := range m.Messages {
		c.message(join(full, n.Name), n, d.NestedType[i])
	}
	entries := d.NestedType[len(m.Messages):]
	made := d.Field // those of oneofs come first
	d.Field = nil
	var oneOfs []*descriptorpb.OneofDescriptorProto
	for i, o := range m.OneOfs {
		index := int32(len(oneOfs))
		before := len(d.Field)
		for j := range o.Fields {
			made[j].OneofIndex = &index
			c.field(full, made[j])
			d.Field = append(d.Field, made[j])
		}
		made = made[len(o.Fields):]
		for _, g := range o.Groups {
			field := c.group(full, g, d)
			field.OneofIndex = &index
			d.Field = append(d.Field, field)
		}
		if len(d.Field) > before { // compilers refuse those without fields
			oneOfs = append(oneOfs, d.OneofDecl[i])
		}
	}
	synthetic := d.OneofDecl[len(m.OneOfs):]
	for i, f := range m.Fields {
		field := made[i]
		if f.Key != "" {
			c.entry(full, f, field, entries[0])
			entries = entries[1:]
		} else {
			c.field(full, field)
		}
		if field.GetProto3Optional() {
			field.OneofIndex = proto.Int32(int32(len(oneOfs)))
			oneOfs = append(oneOfs, synthetic[0])
			synthetic = synthetic[1:]
		}
		d.Field = append(d.Field, field)
	}
	for _, g := range m.Groups {
		d.Field = append(d.Field, c.group(full, g, d))
	}
	d.OneofDecl = oneOfs
}

// field resolves the type of a field at the message of a full name.
func (c *completion) field(at string, d *descriptorpb.FieldDescriptorProto) {
	if d.GetType() == descriptorpb.FieldDescriptorProto_TYPE_BYTES && d.DefaultValue != nil {
		d.DefaultValue = proto.String(escapeBytes(*d.DefaultValue))
	}
	if d.TypeName == nil {
		return
	}
	t := c.world.root.Enter(at).Resolve(*d.TypeName)
	if t == nil {
		c.fail(join(at, d.GetName()), "%q is not defined.", *d.TypeName)
		return
	}
	d.TypeName = proto.String(t.absolute())
	if t.file != c.path && !slices.Contains(c.needs, t.file) {
		c.needs = append(c.needs, t.file)
	}
}

// entry names the type of a map's entries as compilers do, and resolves the type of its values.
func (c *completion) entry(at string, f *Field, field *descriptorpb.FieldDescriptorProto, entry *descriptorpb.DescriptorProto) {
	entry.Name = proto.String(compiledEntryName(f.Name))
	field.TypeName = proto.String("." + join(at, *entry.Name))
	field.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	for _, d := range entry.Field {
		c.field(at, d)
	}
}

// group adds the type of a group to the descriptor of the message around it, and returns its field.
func (c *completion) group(at string, g *Group, around *descriptorpb.DescriptorProto) *descriptorpb.FieldDescriptorProto {
	body := c.builder.message(at, &g.Body)
	full := join(at, g.Body.Name)
	c.message(full, &g.Body, body)
	around.NestedType = append(around.NestedType, body)
	return &descriptorpb.FieldDescriptorProto{
		Name: proto.String(strings.ToLower(g.Body.Name)), Number: &g.Tag, Label: labels[g.Label],
		Type: descriptorpb.FieldDescriptorProto_TYPE_GROUP.Enum(), TypeName: proto.String("." + full),
		Options: setOptions(g.Options, &descriptorpb.FieldOptions{}),
	}
}

// compiledEntryName is the compilers' name for the entries of a map field.
func compiledEntryName(field string) string {
	var b strings.Builder
	upper := true
	for _, c := range []byte(field) {
		switch {
		case c == '_':
			upper = true
			continue
		case upper && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		upper = false
		b.WriteByte(c)
	}
	return b.String() + "Entry"
}

// escapeBytes writes bytes as descriptors have them as a default value.
func escapeBytes(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= ' ' && c < 0x7f && c != '\\' && c != '"' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
