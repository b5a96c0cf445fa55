package serde

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"github.com/twmb/avro"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	source "github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// own is the schema that values have by themselves: given by an option, or
// derived from their Go type.
type own struct {
	*contract
	// sure is unset where only names of Go stand behind the schema.
	sure bool
	// file is the Protobuf file of a generated message, whose imports are registered with it.
	file protoreflect.FileDescriptor
}

// errNoSchema reports values of which nobody said what their schema is.
var errNoSchema = errors.New("the values have no schema of their own: give one by WithSchema, or switch AutoRegister off and choose one that is registered, as by UseLatestVersion")

// errUnderived reports Go types of which no schema can be made. Where a schema is chosen by other means, nobody need make one.
var errUnderived = errors.New("no schema can be made of the Go type")

// given is the schema given by an option, nil if none was.
func (ks *contracts) given(ctx context.Context) (*own, error) {
	if ks.schema == nil {
		return nil, nil
	}
	k, err := ks.of(ctx, ks.schema)
	if err != nil {
		return nil, err
	}
	return &own{contract: k, sure: true}, nil
}

// ownAvro derives the schema of a Go type.
func (c *config) ownAvro() (*own, error) {
	if _, ok := structOf(c.goType); !ok {
		return nil, nil
	}
	text, err := c.derive()
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", errUnderived, c.goType, err)
	}
	k, err := read(&api.Schema{SchemaType: api.Avro, Schema: text}, nil)
	return &own{contract: k}, err
}

// deriveAvro derives the Avro schema of a struct, or of what it points to, by the rules of the tags of
// github.com/twmb/avro. That derives schemas of structs alone, so one is put around.
func deriveAvro[T any]() (string, error) {
	s, err := avro.SchemaFor[struct{ V T }](avro.WithName("around"))
	if err != nil {
		return "", err
	}
	var around struct {
		Fields []struct{ Type json.RawMessage }
	}
	if err := json.Unmarshal([]byte(s.String()), &around); err != nil || len(around.Fields) != 1 {
		return "", fmt.Errorf("not understood: %s", s)
	}
	text := around.Fields[0].Type
	var branches []json.RawMessage
	if json.Unmarshal(text, &branches) == nil && len(branches) == 2 { // a pointer: null or what it points to
		text = branches[1]
	}
	return string(text), nil
}

// ownJSON derives the schema of a Go type.
func (c *config) ownJSON() (*own, error) {
	v, ok := structOf(c.goType)
	if !ok {
		return nil, nil
	}
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: !c.unknown}
	text, err := reflected(&reflector, v)
	if err == nil && bytes.Contains(text, []byte(`"$ref":"#/$defs/`+reflect.TypeOf(v).Name()+`"`)) {
		reflector.ExpandedStruct = false // the type contains itself
		text, err = reflected(&reflector, v)
	}
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", errUnderived, c.goType, err)
	}
	k, err := read(&api.Schema{SchemaType: api.JSON, Schema: string(text)}, nil)
	return &own{contract: k}, err
}

func reflected(r *jsonschema.Reflector, v any) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil { // so the library says that it cannot
			err = fmt.Errorf("%v", p)
		}
	}()
	s := r.Reflect(v)
	s.Title = reflect.TypeOf(v).Name()
	return json.Marshal(s)
}

// structOf is a struct of a type, or of what the type points to.
func structOf(t reflect.Type) (any, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	return reflect.Zero(t).Interface(), true
}

// ownProtobuf is the file of a message.
func ownProtobuf(d protoreflect.MessageDescriptor) (*own, error) {
	file := d.ParentFile()
	text, deps, err := protoText(file)
	if err != nil {
		return nil, err
	}
	k, err := read(&api.Schema{SchemaType: api.Protobuf, Schema: text}, deps)
	return &own{contract: k, sure: true, file: file}, err
}

// protoText writes the file of a descriptor, and lists what it imports.
func protoText(file protoreflect.FileDescriptor) (string, []schema.Dependency, error) {
	deps, err := importsOf(file, map[string]bool{})
	if err != nil {
		return "", nil, err
	}
	text, err := fileText(file, deps)
	return text, deps, err
}

func fileText(file protoreflect.FileDescriptor, deps []schema.Dependency) (string, error) {
	s, err := source.Language{}.Parse(schema.Source{Text: source.SourceOf(file), Dependencies: deps})
	if err != nil {
		return "", fmt.Errorf("the descriptor of %s cannot be written as a schema: %w", file.Path(), err)
	}
	return s.Canonical(), nil
}

// importsOf lists the files that a file imports, each before those that need it, without those that everybody has.
func importsOf(file protoreflect.FileDescriptor, seen map[string]bool) ([]schema.Dependency, error) {
	var deps []schema.Dependency
	imports := file.Imports()
	for i := range imports.Len() {
		f := imports.Get(i).FileDescriptor
		if seen[f.Path()] || everybodyHas(f.Path()) {
			continue
		}
		seen[f.Path()] = true
		below, err := importsOf(f, seen)
		if err != nil {
			return nil, err
		}
		deps = append(deps, below...)
		text, err := fileText(f, deps)
		if err != nil {
			return nil, err
		}
		deps = append(deps, schema.Dependency{Name: f.Path(), Subject: f.Path(), Version: 1, Type: api.Protobuf, Text: text})
	}
	return deps, nil
}

// everybodyHas reports whether an import is known without being registered.
func everybodyHas(path string) bool {
	switch path {
	case "confluent/meta.proto", "confluent/type/decimal.proto", "confluent/types/decimal.proto", "confluent/type/variant.proto":
		return true
	}
	return strings.HasPrefix(path, "google/protobuf/") || strings.HasPrefix(path, "google/type/")
}

// references registers, or looks up, the files that a file imports, and what
// these import before, and returns the references to them.
func (ks *contracts) references(ctx context.Context, file protoreflect.FileDescriptor, register bool, done map[string]api.Reference) ([]api.Reference, error) {
	var refs []api.Reference
	imports := file.Imports()
	for i := range imports.Len() {
		f := imports.Get(i).FileDescriptor
		if ks.skipKnown && everybodyHas(f.Path()) || strings.HasPrefix(f.Path(), "google/protobuf/") {
			continue
		}
		if ref, ok := done[f.Path()]; ok {
			refs = append(refs, ref)
			continue
		}
		below, err := ks.references(ctx, f, register, done)
		if err != nil {
			return nil, err
		}
		text, _, err := protoText(f)
		if err != nil {
			return nil, err
		}
		subject := ks.imports(f.Path())
		s := &api.Schema{SchemaType: api.Protobuf, Schema: text, References: below}
		found, err := s, error(nil)
		if register && !ks.lookUpOnly {
			found, err = ks.put(ctx, subject, s)
		}
		if err == nil && (found.Version == 0 || !register || ks.lookUpOnly) {
			// Older registries tell no version when they register.
			found, err = ks.cache.LookUp(ctx, subject, s, ks.normalize, false)
		}
		if err != nil {
			return nil, fmt.Errorf("the import %s, subject %s: %w", f.Path(), subject, err)
		}
		ref := api.Reference{Name: f.Path(), Subject: subject, Version: found.Version}
		done[f.Path()] = ref
		refs = append(refs, ref)
	}
	return refs, nil
}
