package protobuf

import (
	"testing"

	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/sourcecontextpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/seed-9f7c7091/concordat/schema"
)

func TestSourceOf(t *testing.T) {
	const context = `syntax = "proto3";
package google.protobuf;

option java_package = "com.google.protobuf";
option java_outer_classname = "SourceContextProto";
option java_multiple_files = true;
option go_package = "google.golang.org/protobuf/types/known/sourcecontextpb";
option objc_class_prefix = "GPB";
option csharp_namespace = "Google.Protobuf.WellKnownTypes";

message SourceContext {
  string file_name = 1;
}
`
	parsed, err := Language{}.Parse(schema.Source{Text: context})
	if err != nil {
		t.Fatal(err)
	}
	if got := SourceOf(sourcecontextpb.File_google_protobuf_source_context_proto); got != parsed.Canonical() {
		t.Errorf("got %s, want %s", got, parsed.Canonical())
	}
	s, err := Language{}.Parse(schema.Source{Text: SourceOf(structpb.File_google_protobuf_struct_proto)})
	if err != nil {
		t.Fatal(err)
	}
	m := s.(*Schema).File().Messages[0]
	if f := m.Fields[0]; f.Key != "string" || f.Type != ".google.protobuf.Value" || f.Label != "" || len(m.Messages) != 0 {
		t.Errorf("the map is %+v, beside %v", f, m.Messages)
	}
	if _, err := (Language{}).Parse(schema.Source{Text: SourceOf(descriptorpb.File_google_protobuf_descriptor_proto)}); err != nil {
		t.Errorf("descriptor.proto: %v", err)
	}
}

func TestDefaultJSONName(t *testing.T) {
	for name, want := range map[string]string{"": "", "a": "a", "file_name": "fileName", "_a": "A", "a__b": "aB", "a_1": "a1", "A_B": "AB", "x_": "x"} {
		if got := defaultJSONName(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
