package protobuf

import "github.com/seed-9f7c7091/concordat/compat"

// framed puts a description into the frame of the reference's messages.
func framed(kind, description string) string {
	return `{errorType:"` + kind + `", description:"` + description + `"}`
}

// The kinds that break compatibility.
var (
	PackageChanged = compat.Kind{
		Name: "PACKAGE_CHANGED",
		Text: framed("PACKAGE_CHANGED", "The package at '{path}' in the %s schema does not match the package in the %s schema"),
		Why:  "Messages are known by their full names, of which the package is a part.",
		New:  compat.Side{Change: "the package is changed, added or removed", Edit: "Keep the package; a new package belongs under a new subject."},
	}
	MessageRemoved = compat.Kind{
		Name: "MESSAGE_REMOVED",
		Text: framed("MESSAGE_REMOVED", "The %s schema is missing a MESSAGE type at path '{path}' in the %s schema"),
		Why:  "Data may have been written as a message that the reader does not have.",
		New:  compat.Side{Change: "a message is removed, renamed or moved", Edit: "Keep the message where it is, even if nothing uses it."},
		Old:  compat.Side{Change: "a message is added, renamed or moved", Edit: "Put new messages into a file of their own and refer to it, or do not ask old schemas to read new data (BACKWARD)."},
	}
	FieldKindChanged = compat.Kind{
		Name: "FIELD_KIND_CHANGED",
		Text: framed("FIELD_KIND_CHANGED", "The type of a field at path '{path}' in the %s schema does not match the %s schema"),
		Why:  "Scalars, messages and maps are not written alike.",
		New:  compat.Side{Change: "a field is changed between scalar, message and map", Edit: "Keep the field as it was and add one with a number of its own."},
	}
	FieldScalarKindChanged = compat.Kind{
		Name: "FIELD_SCALAR_KIND_CHANGED",
		Text: framed("FIELD_SCALAR_KIND_CHANGED", "The kind of a SCALAR field at path '{path}' in the %s schema does not match its kind in the %s schema"),
		Why: "Only within int32, int64, uint32, uint64, bool and enums, within sint32 and sint64, string and bytes, " +
			"fixed32 and sfixed32, fixed64 and sfixed64 can one type read another.",
		New: compat.Side{Change: "a scalar field is changed to a type of another group", Edit: "Choose a type of the same group, or add a field with a number of its own."},
	}
	FieldNamedTypeChanged = compat.Kind{
		Name: "FIELD_NAMED_TYPE_CHANGED",
		Text: framed("FIELD_NAMED_TYPE_CHANGED", "The type of a MESSAGE field at path '{path}' in the %s schema does not match its type in the %s schema"),
		Why:  "The field holds another message, or one of the same name that comes from elsewhere and differs.",
		New:  compat.Side{Change: "the message type of a field is changed", Edit: "Keep the type, and the version of the schema it is imported from, or add a field with a number of its own."},
	}
	FieldNumericLabelChanged = compat.Kind{
		Name: "FIELD_NUMERIC_LABEL_CHANGED",
		Text: framed("FIELD_NUMERIC_LABEL_CHANGED", "The label for a NUMERIC field at path '{path}' in the %s schema does not match its label in the %s schema"),
		Why:  "A repeated number is written packed, which a reader of single numbers does not expect, nor the other way round.",
		New:  compat.Side{Change: "the label of a number is changed between optional, required and repeated", Edit: "Keep the label, or add a field with a number of its own."},
	}
	RequiredFieldAdded = compat.Kind{
		Name: "REQUIRED_FIELD_ADDED",
		Text: framed("REQUIRED_FIELD_ADDED", "A required field  at path '{path}' in the %s schema is missing in the %s schema"),
		Why:  "A reader refuses data without a field it requires.",
		New:  compat.Side{Change: "a required field is added", Edit: "Make the field optional."},
		Old:  compat.Side{Change: "a field that the old schema requires is removed", Edit: "Keep the field."},
	}
	RequiredFieldRemoved = compat.Kind{
		Name: "REQUIRED_FIELD_REMOVED",
		Text: framed("REQUIRED_FIELD_REMOVED", "The %s schema is missing a required field at path: '{path}' in the %s schema"),
		Why:  "What was required when it was written is taken for indispensable.",
		New:  compat.Side{Change: "a required field is removed", Edit: "Keep the field."},
		Old:  compat.Side{Change: "a required field is added", Edit: "Make the field optional."},
	}
	OneOfFieldRemoved = compat.Kind{
		Name: "ONEOF_FIELD_REMOVED",
		Text: framed("ONEOF_FIELD_REMOVED", "The %s schema is missing a oneof field at path '{path}' in the %s schema"),
		Why:  "A reader that lacks the member that was written takes the oneof for unset.",
		New:  compat.Side{Change: "a member of a oneof is removed", Edit: "Keep the member, or remove the oneof as a whole, name and all members."},
		Old:  compat.Side{Change: "a member is added to a oneof", Edit: "Add the field outside of the oneof, or do not ask old schemas to read new data (BACKWARD)."},
	}
	MultipleFieldsMoved = compat.Kind{
		Name: "MULTIPLE_FIELDS_MOVED_TO_ONEOF",
		Text: framed("MULTIPLE_FIELDS_MOVED_TO_ONEOF", "Multiple fields in the oneof at path '{path}' in the %s schema are outside a oneof in the %s schema"),
		Why:  "Data may hold several of the fields, of which a oneof keeps one.",
		New:  compat.Side{Change: "two or more fields are moved into one oneof", Edit: "Move at most one field, into a oneof of its own."},
		Old:  compat.Side{Change: "two or more fields are moved out of a oneof", Edit: "Leave all members but one in the oneof."},
	}
	FieldMovedToExistingOneOf = compat.Kind{
		Name: "FIELD_MOVED_TO_EXISTING_ONEOF",
		Text: framed("FIELD_MOVED_TO_EXISTING_ONEOF", "A field in the oneof at path '{path}' in the %s schema is outside an existing oneof in the %s schema"),
		Why:  "Data may hold the field beside a member of the oneof, which keeps one of the two.",
		New:  compat.Side{Change: "a field is moved into a oneof that was there before, or two oneofs are merged", Edit: "Leave the field outside, or move it into a oneof of its own."},
		Old:  compat.Side{Change: "a field is moved out of a oneof that stays, or a oneof is split", Edit: "Leave the field in the oneof."},
	}
)

// Kinds lists every kind of difference, those that break nothing last.
var Kinds = []*compat.Kind{
	&PackageChanged, &MessageRemoved, &FieldKindChanged, &FieldScalarKindChanged, &FieldNamedTypeChanged, &FieldNumericLabelChanged,
	&RequiredFieldAdded, &RequiredFieldRemoved, &OneOfFieldRemoved, &MultipleFieldsMoved, &FieldMovedToExistingOneOf,

	harmless("MESSAGE_ADDED", "a message is added", "a message is removed", "Nothing was written as a message only the reader has."),
	harmless("MESSAGE_MOVED", "a message of a single field is moved", "", "The field is read where it now stands."),
	harmless("ENUM_ADDED", "an enum is added", "an enum is removed", "Enums are written as numbers."),
	harmless("ENUM_REMOVED", "an enum is removed", "an enum is added", "Enums are written as numbers."),
	harmless("ENUM_CONST_ADDED", "a constant is added to an enum", "a constant is removed from an enum", "Enums are written as numbers."),
	harmless("ENUM_CONST_CHANGED", "a constant of an enum is renamed", "", "Enums are written as numbers."),
	harmless("ENUM_CONST_REMOVED", "a constant is removed from an enum", "a constant is added to an enum", "A reader keeps the number of a constant it does not know."),
	harmless("FIELD_ADDED", "a field is added", "a field is removed", "A field that was not written has its default."),
	harmless("FIELD_REMOVED", "a field is removed", "a field is added", "A reader skips fields it does not know."),
	harmless("FIELD_NAME_CHANGED", "a field is renamed", "", "Fields are known by their numbers."),
	harmless("FIELD_STRING_OR_BYTES_LABEL_CHANGED", "the label of a string or bytes field is changed", "", "Strings and bytes are never packed: one of several is read, or one as a list."),
	harmless("ONEOF_ADDED", "a oneof is added", "a oneof is removed", "Oneofs leave no trace in the data."),
	harmless("ONEOF_REMOVED", "a oneof is removed with all its members", "a oneof is added", "Its members are skipped like other unknown fields."),
	harmless("ONEOF_FIELD_ADDED", "a member is added to a oneof", "a member of a oneof is removed", "Data written before does not hold it."),
	harmless("ONEOF_FIELD_MOVED_TO_TOP_LEVEL", "a member is moved out of a oneof", "a field is moved into a new oneof", "At most one of the members was written."),
}

func harmless(name, change, inverse, why string) *compat.Kind {
	return &compat.Kind{Name: name, Verdict: compat.AlwaysHarmless, Why: why, New: compat.Side{Change: change}, Old: side(inverse)}
}

// side is the view from the other side, where the two differ.
func side(change string) compat.Side { return compat.Side{Change: change} }
