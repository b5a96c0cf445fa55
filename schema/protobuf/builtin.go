package protobuf

import (
	"embed"
	"fmt"
	"io/fs"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/apipb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/sourcecontextpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/typepb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// compiled are the built-in files that the Protobuf runtime brings along.
var compiled = []protoreflect.FileDescriptor{
	anypb.File_google_protobuf_any_proto,
	apipb.File_google_protobuf_api_proto,
	descriptorpb.File_google_protobuf_descriptor_proto,
	durationpb.File_google_protobuf_duration_proto,
	emptypb.File_google_protobuf_empty_proto,
	fieldmaskpb.File_google_protobuf_field_mask_proto,
	sourcecontextpb.File_google_protobuf_source_context_proto,
	structpb.File_google_protobuf_struct_proto,
	timestamppb.File_google_protobuf_timestamp_proto,
	typepb.File_google_protobuf_type_proto,
	wrapperspb.File_google_protobuf_wrappers_proto,
}

// written are the others, reduced to their structure.
//
//go:embed google confluent
var written embed.FS

// library is the set of built-in files, which need no reference.
type library struct {
	names *node
	files map[string]*File // by import path
}

func readBuiltin() *library {
	l := &library{new(node), make(map[string]*File)}
	for _, d := range compiled {
		l.add(d.Path(), fromDescriptor(protodesc.ToFileDescriptorProto(d)))
	}
	err := fs.WalkDir(written, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := written.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		l.add(path, f)
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return l
}

func (l *library) add(path string, f *File) {
	l.files[path] = f
	declare(l.names, f, path, Origin{})
}
