package protobuf

import (
	"slices"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// SourceOf is the text of a compiled file as people would have written it: maps are
// maps, and JSON names are left out where they are what they would be anyway. Clients that register the files of their
// message types so find the schemas that others have registered from the source. Names of types are absolute.
func SourceOf(file protoreflect.FileDescriptor) string {
	d := protodesc.ToFileDescriptorProto(file)
	dropNames(d.Extension)
	for _, m := range d.MessageType {
		dropNamesIn(m)
	}
	f := fromDescriptor(d)
	prefix := "."
	if f.Package != "" {
		prefix += f.Package + "."
	}
	for _, m := range f.Messages {
		m.shorten(prefix + m.Name + ".")
	}
	return print(f, false)
}

func dropNamesIn(m *descriptorpb.DescriptorProto) {
	dropNames(m.Field)
	dropNames(m.Extension)
	for _, n := range m.NestedType {
		dropNamesIn(n)
	}
}

func dropNames(fields []*descriptorpb.FieldDescriptorProto) {
	for _, f := range fields {
		if f.GetExtendee() != "" || f.GetJsonName() == defaultJSONName(f.GetName()) {
			f.JsonName = nil
		}
	}
}

// shorten makes maps of fields whose type is a map entry of the message. prefix is the full name of the message, with a dot before and after.
func (m *Message) shorten(prefix string) {
	for _, f := range m.Fields {
		for _, n := range m.Messages {
			if key, value, ok := n.MapEntry(); ok && f.Type == prefix+n.Name {
				f.Label, f.Key, f.Type = "", key, value
			}
		}
	}
	m.Messages = slices.DeleteFunc(m.Messages, func(n *Message) bool {
		_, _, ok := n.MapEntry()
		return ok
	})
	for _, n := range m.Messages {
		n.shorten(prefix + n.Name + ".")
	}
}

// defaultJSONName is the name of a field as compilers write it for JSON: letters behind an underscore are
// capital, underscores are not there.
func defaultJSONName(name string) string {
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_':
			continue
		case i > 0 && name[i-1] == '_' && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b)
}
