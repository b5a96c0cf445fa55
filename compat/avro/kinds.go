package avro

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// framed puts a description and its details into the frame of the reference's messages. The details follow the description.
func framed(kind, description, details string) string {
	return "{errorType:'" + kind + "', description:'" + description + "', additionalInfo:'" + details + "'}"
}

// The kinds. All are incompatible; what resolution allows is no difference.
var (
	TypeMismatch = compat.Kind{
		Name: "TYPE_MISMATCH",
		Text: framed("TYPE_MISMATCH", "The type (path '{path}') of a field in the %s schema does not match with the %s schema",
			"reader type: {reader} not compatible with writer type: {writer}"),
		Why: "Resolution promotes only int to long, float and double, long to float and double, float to double, and string and bytes to each other.",
		New: compat.Side{
			Change: "a type is changed to one that does not take the old one's values, or a union is replaced by one of its branches",
			Edit:   "Keep the old type, widen it to one it is promoted to, or make it a union that has the old type as a branch.",
		},
		Old: compat.Side{
			Change: "a type is changed to one that the old schema does not take, or replaced by a union",
			Edit:   "Keep the old type, or one that is promoted to it; a new type goes into a new field that has a default.",
		},
	}
	NameMismatch = compat.Kind{
		Name: "NAME_MISMATCH",
		Text: framed("NAME_MISMATCH", "The name of the schema has changed (path '{path}')", "expected: {writer}"),
		Why:  "A reader knows a writer's record, enum or fixed by its name without the namespace, or by an alias.",
		New: compat.Side{
			Change: "a record, enum or fixed is renamed without an alias",
			Edit:   "Add the old full name to the aliases of the renamed type.",
		},
		Old: compat.Side{
			Change: "a record, enum or fixed is renamed",
			Edit:   "Keep the name: the old schema has no alias for the new one.",
		},
	}
	FixedSizeMismatch = compat.Kind{
		Name: "FIXED_SIZE_MISMATCH",
		Text: framed("FIXED_SIZE_MISMATCH", "The size of FIXED type field at path '{path}' in the %s schema does not match with the %s schema",
			"expected: {writer}, found: {reader}"),
		Why: "The bytes of a fixed carry no length, so both sides must know the same one.",
		New: compat.Side{
			Change: "the size of a fixed is changed",
			Edit:   "Keep the size; another size needs another type, in a new field that has a default.",
		},
	}
	MissingEnumSymbols = compat.Kind{
		Name: "MISSING_ENUM_SYMBOLS",
		Text: framed("MISSING_ENUM_SYMBOLS", "The %s schema is missing enum symbols '{writer}' at path '{path}' in the %s schema", "{writer}"),
		Why:  "A symbol that the reader does not know resolves only to the default of its enum.",
		New: compat.Side{
			Change: "symbols are removed from an enum that has no default",
			Edit:   "Keep the symbols, or give the enum a default.",
		},
		Old: compat.Side{
			Change: "symbols are added to an enum that has no default in the old schema",
			Edit:   "First publish a version in which the enum has a default; then add the symbols.",
		},
	}
	MissingUnionBranch = compat.Kind{
		Name: "MISSING_UNION_BRANCH",
		Text: framed("MISSING_UNION_BRANCH", "The %s schema is missing a type inside a union field at path '{path}' in the %s schema",
			"reader union lacking writer type: {writer}"),
		Why: "A written value must fit a branch of the reader's union.",
		New: compat.Side{
			Change: "a branch is removed from a union, or changed",
			Edit:   "Keep the branch.",
		},
		Old: compat.Side{
			Change: "a branch is added to a union, or a union's type is written as another type",
			Edit:   "Write only branches the old union has; a new type goes into a new field that has a default.",
		},
	}
	ReaderFieldMissingDefaultValue = compat.Kind{
		Name: "READER_FIELD_MISSING_DEFAULT_VALUE",
		Text: framed("READER_FIELD_MISSING_DEFAULT_VALUE",
			"The field '{reader}' at path '{path}' in the %s schema has no default value and is missing in the %s schema", "{reader}"),
		Why: "A reader fills a field that was not written from its default; without one it has no value.",
		New: compat.Side{
			Change: "a field without a default is added, or a field is renamed without an alias",
			Edit:   "Give the field a default, or name the field it was in its aliases.",
		},
		Old: compat.Side{
			Change: "a field that has no default in the old schema is removed or renamed",
			Edit:   "Keep the field, or first publish a version in which it has a default.",
		},
	}
	// ComparisonFailed is the one difference that stands for a comparison that could not be carried out.
	ComparisonFailed = compat.Kind{
		Name: "COMPARISON_FAILED",
		Text: "Unexpected exception during compatibility check: {reader}",
		Why:  "Two fields of the writer would fill one field of the reader, or the schemas are too large to compare.",
		New: compat.Side{
			Change: "the aliases of a field name more than one field of the old schema",
			Edit:   "Leave only one name of the old schema among the field's name and aliases.",
		},
		Old: compat.Side{
			Change: "a field takes a name that the old schema has as an alias of another one",
			Edit:   "Give the new field a name that is no alias in the old schema.",
		},
	}
)

// Kinds lists all kinds.
var Kinds = []*compat.Kind{
	&TypeMismatch, &NameMismatch, &FixedSizeMismatch, &MissingEnumSymbols, &MissingUnionBranch, &ReaderFieldMissingDefaultValue, &ComparisonFailed,
}

// finding is a difference before its sides are told in words.
type finding struct {
	kind           *compat.Kind
	path           string
	reader, writer *avro.Type
	field          int // of the reader, where a field is missing
}

// teller puts findings into words. A type may be found at many places; its
// missing symbols are listed once, and the words for all places are bounded.
type teller struct {
	left    int
	missing map[pair]string
}

func (t *teller) difference(f *finding) compat.Difference {
	d := compat.Difference{Kind: f.kind, Path: f.path}
	switch f.kind {
	case &TypeMismatch, &MissingUnionBranch:
		d.Reader, d.Writer = upper(f.reader), upper(f.writer)
	case &NameMismatch:
		d.Reader, d.Writer = f.reader.FullName(), f.writer.FullName()
	case &FixedSizeMismatch:
		d.Reader, d.Writer = strconv.Itoa(f.reader.Named.Size), strconv.Itoa(f.writer.Named.Size)
	case &MissingEnumSymbols:
		d.Writer = t.symbols(pair{f.reader, f.writer})
	case &ReaderFieldMissingDefaultValue:
		d.Reader = f.reader.Named.Fields[f.field].Name
	}
	if t.left -= len(d.Reader) + len(d.Writer); t.left < 0 {
		d.Reader, d.Writer = "…", "…"
	}
	return d
}

// symbols lists the symbols of a writer that a reader lacks.
func (t *teller) symbols(p pair) string {
	list, ok := t.missing[p]
	if !ok {
		missing := missingSymbols(p.reader.Named, p.writer.Named)
		slices.SortFunc(missing, schema.CompareUTF16)
		list = "[" + strings.Join(missing, ", ") + "]"
		if t.missing == nil {
			t.missing = make(map[pair]string)
		}
		t.missing[p] = list
	}
	return list
}

func upper(t *avro.Type) string { return strings.ToUpper(t.Kind.String()) }

func failure(why string) compat.Difference {
	return compat.Difference{Kind: &ComparisonFailed, Path: "/", Reader: why}
}
