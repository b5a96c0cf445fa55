package main

import (
	"context"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// compiled is a Protobuf file that a schema is the text of.
type compiled struct{ file protoreflect.FileDescriptor }

// compile compiles a version of a case: children have no compiler at hand.
func compile(c *testCase, v version) (compiled, error) {
	name := c.Name + ".proto"
	texts := map[string]string{name: string(v.Schema)}
	for _, r := range c.References {
		texts[r.Name] = string(r.Schema)
	}
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(texts)}),
	}
	files, err := compiler.Compile(context.Background(), name)
	if err != nil {
		return compiled{}, err
	}
	return compiled{files[0]}, nil
}

// message finds a message of the file.
func (c compiled) message(full protoreflect.FullName) protoreflect.MessageDescriptor {
	var find func(messages protoreflect.MessageDescriptors) protoreflect.MessageDescriptor
	find = func(messages protoreflect.MessageDescriptors) protoreflect.MessageDescriptor {
		for i := range messages.Len() {
			m := messages.Get(i)
			if m.FullName() == full {
				return m
			}
			if inner := find(m.Messages()); inner != nil {
				return inner
			}
		}
		return nil
	}
	return find(c.file.Messages())
}

// marshal encodes the file and all that it imports as a FileDescriptorSet, each file before what imports it. As in the
// descriptors within generated code, the JSON names that are those by default are left out.
func (c compiled) marshal() ([]byte, error) {
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		d := protodesc.ToFileDescriptorProto(f)
		dropJSONNames(d.MessageType)
		set.File = append(set.File, d)
	}
	add(c.file)
	return proto.Marshal(set)
}

func dropJSONNames(messages []*descriptorpb.DescriptorProto) {
	for _, m := range messages {
		for _, f := range m.Field {
			if f.GetJsonName() == jsonName(f.GetName()) {
				f.JsonName = nil
			}
		}
		dropJSONNames(m.NestedType)
	}
}

// jsonName is a field's name in lowerCamelCase.
func jsonName(field string) string {
	words := strings.Split(field, "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}
