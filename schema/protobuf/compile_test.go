package protobuf

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seed-9f7c7091/concordat/schema"
)

// unlike are the texts that a compiler reads otherwise once they are printed,
// all of them so printed by the reference.
var unlike = []struct {
	reason string
	holds  func(text string) bool
}{
	{"weak imports are not kept", func(s string) bool { return strings.Contains(s, "import weak") }},
	{"defaults of bytes lose their quotes; such texts are refused", func(s string) bool { return strings.Contains(s, "bytes") && strings.Contains(s, "default = \"") }},
	{"a negative constant comes before the zero that proto3 wants first", func(s string) bool { return strings.Contains(s, "N = -1") }},
}

// TestCompilersAgree compiles texts as they are, as canonical texts and in
// normal form, and compares the descriptors, whose order may differ.
func TestCompilersAgree(t *testing.T) {
	library := make(map[string]string)
	for _, folder := range []string{"google", "confluent"} {
		err := fs.WalkDir(written, folder, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				var text []byte
				text, err = written.ReadFile(path)
				library[path] = string(text)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	compiled := 0
	check := func(text string, deps []schema.Dependency) {
		want, err := compile(library, text, deps)
		if err != nil {
			return
		}
		for _, u := range unlike {
			if u.holds(text) {
				return
			}
		}
		compiled++
		s := mustParse(t, text, deps...)
		normal, err := s.Normalized()
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			return
		}
		for _, printed := range []string{s.Canonical(), normal.Canonical()} {
			got, err := compile(library, printed, deps)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s\nis printed as\n%s\nwhich says something else: %v", text, printed, err)
			}
		}
	}
	for _, text := range seeds {
		check(text, nil)
	}
	check(order, nil)
	for _, c := range lines[canonicalCase](t, "canonical", "protobuf.jsonl") {
		deps, _ := dependencies(c.Registry, c.References)
		check(c.Input, deps)
	}
	if compiled < 200 {
		t.Errorf("only %d texts compiled", compiled)
	}
}

// compile returns the descriptor of a text, sorted and serialized.
func compile(library map[string]string, text string, deps []schema.Dependency) ([]byte, error) {
	accessible := map[string]string{"main.proto": text}
	for path, text := range library {
		accessible[path] = text
	}
	for _, d := range deps {
		accessible[d.Name] = d.Text
	}
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(accessible)})}
	files, err := c.Compile(context.Background(), "main.proto")
	if err != nil {
		return nil, err
	}
	d := proto.Clone(protoutil.ProtoFromFileDescriptor(files[0])).(*descriptorpb.FileDescriptorProto)
	if d.GetSyntax() == "proto2" {
		d.Syntax = nil
	}
	slices.Sort(d.Dependency)
	d.Dependency = slices.Compact(d.Dependency)
	arrangeMessages(d.MessageType)
	arrangeEnums(d.EnumType)
	slices.SortFunc(d.Extension, byNumber)
	return proto.MarshalOptions{Deterministic: true}.Marshal(d)
}

func byNumber(a, b *descriptorpb.FieldDescriptorProto) int {
	return cmp.Compare(a.GetNumber(), b.GetNumber())
}

func arrangeMessages(messages []*descriptorpb.DescriptorProto) {
	for _, m := range messages {
		for _, f := range m.Field {
			if f.OneofIndex != nil { // the name stands for the index, which depends on the order
				f.Extendee = m.OneofDecl[*f.OneofIndex].Name
				f.OneofIndex = nil
			}
		}
		slices.SortFunc(m.OneofDecl, func(a, b *descriptorpb.OneofDescriptorProto) int { return cmp.Compare(a.GetName(), b.GetName()) })
		slices.SortFunc(m.Field, byNumber)
		slices.SortFunc(m.ReservedRange, func(a, b *descriptorpb.DescriptorProto_ReservedRange) int {
			return cmp.Compare(a.GetStart(), b.GetStart())
		})
		slices.Sort(m.ReservedName)
		slices.SortFunc(m.NestedType, func(a, b *descriptorpb.DescriptorProto) int { return cmp.Compare(a.GetName(), b.GetName()) })
		arrangeMessages(m.NestedType)
		arrangeEnums(m.EnumType)
	}
}

func arrangeEnums(enums []*descriptorpb.EnumDescriptorProto) {
	for _, e := range enums {
		slices.SortFunc(e.Value, func(a, b *descriptorpb.EnumValueDescriptorProto) int {
			return cmp.Or(cmp.Compare(a.GetNumber(), b.GetNumber()), cmp.Compare(a.GetName(), b.GetName()))
		})
		slices.SortFunc(e.ReservedRange, func(a, b *descriptorpb.EnumDescriptorProto_EnumReservedRange) int {
			return cmp.Compare(a.GetStart(), b.GetStart())
		})
		slices.Sort(e.ReservedName)
	}
}
