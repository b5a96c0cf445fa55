package protobuf

import (
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
)

// Kind is a kind of difference between two Protobuf schemas.
type Kind struct {
	Name string
	// Text describes a difference that breaks compatibility, where {path} stands
	// for its path and each %s in turn for the words for reader and writer. It is ""
	// for differences that break nothing; they are never reported.
	Text string
}

// The kinds that break compatibility.
const (
	PackageChanged            = "PACKAGE_CHANGED"
	MessageRemoved            = "MESSAGE_REMOVED"
	FieldKindChanged          = "FIELD_KIND_CHANGED"
	FieldScalarKindChanged    = "FIELD_SCALAR_KIND_CHANGED"
	FieldNamedTypeChanged     = "FIELD_NAMED_TYPE_CHANGED"
	FieldNumericLabelChanged  = "FIELD_NUMERIC_LABEL_CHANGED"
	RequiredFieldAdded        = "REQUIRED_FIELD_ADDED"
	RequiredFieldRemoved      = "REQUIRED_FIELD_REMOVED"
	OneOfFieldRemoved         = "ONEOF_FIELD_REMOVED"
	MultipleFieldsMoved       = "MULTIPLE_FIELDS_MOVED_TO_ONEOF"
	FieldMovedToExistingOneOf = "FIELD_MOVED_TO_EXISTING_ONEOF"
)

// Kinds lists every kind of difference the comparison knows.
var Kinds = []Kind{
	{PackageChanged, "The package at '{path}' in the %s schema does not match the package in the %s schema"},
	{MessageRemoved, "The %s schema is missing a MESSAGE type at path '{path}' in the %s schema"},
	{FieldKindChanged, "The type of a field at path '{path}' in the %s schema does not match the %s schema"},
	{FieldScalarKindChanged, "The kind of a SCALAR field at path '{path}' in the %s schema does not match its kind in the %s schema"},
	{FieldNamedTypeChanged, "The type of a MESSAGE field at path '{path}' in the %s schema does not match its type in the %s schema"},
	{FieldNumericLabelChanged, "The label for a NUMERIC field at path '{path}' in the %s schema does not match its label in the %s schema"},
	{RequiredFieldAdded, "A required field  at path '{path}' in the %s schema is missing in the %s schema"},
	{RequiredFieldRemoved, "The %s schema is missing a required field at path: '{path}' in the %s schema"},
	{OneOfFieldRemoved, "The %s schema is missing a oneof field at path '{path}' in the %s schema"},
	{MultipleFieldsMoved, "Multiple fields in the oneof at path '{path}' in the %s schema are outside a oneof in the %s schema"},
	{FieldMovedToExistingOneOf, "A field in the oneof at path '{path}' in the %s schema is outside an existing oneof in the %s schema"},
	{Name: "MESSAGE_ADDED"},
	{Name: "MESSAGE_MOVED"},
	{Name: "ENUM_ADDED"},
	{Name: "ENUM_REMOVED"},
	{Name: "ENUM_CONST_ADDED"},
	{Name: "ENUM_CONST_CHANGED"},
	{Name: "ENUM_CONST_REMOVED"},
	{Name: "FIELD_ADDED"},
	{Name: "FIELD_REMOVED"},
	{Name: "FIELD_NAME_CHANGED"},
	{Name: "FIELD_STRING_OR_BYTES_LABEL_CHANGED"},
	{Name: "ONEOF_ADDED"},
	{Name: "ONEOF_REMOVED"},
	{Name: "ONEOF_FIELD_ADDED"},
	{Name: "ONEOF_FIELD_MOVED_TO_TOP_LEVEL"},
}

// templates holds the message of each kind in the reference's frame.
var templates = func() map[string]string {
	m := make(map[string]string)
	for _, k := range Kinds {
		if k.Text != "" {
			m[k.Name] = `{errorType:"` + k.Name + `", description:"` + k.Text + `"}`
		}
	}
	return m
}()

func difference(kind, path string) compat.Difference {
	return compat.Difference{Kind: kind, Path: path, Template: strings.Replace(templates[kind], "{path}", path, 1)}
}
