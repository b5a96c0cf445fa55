package avro

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// Kind is a kind of difference. All kinds are incompatible.
type Kind struct {
	Name string
	// Text describes the difference. {path} stands for its place, {info} for
	// its details, each %s in turn for the reader's and the writer's schema.
	Text string
	// Info says what the details are.
	Info string

	info func(*finding) string
}

// finding is a difference before it is put into words.
type finding struct {
	kind           *Kind
	path           string
	reader, writer *avro.Type
	field          int // of the reader, where a field is missing
}

// The kinds, in the words of the reference.
var (
	TypeMismatch = Kind{
		Name: "TYPE_MISMATCH",
		Text: "The type (path '{path}') of a field in the %s schema does not match with the %s schema",
		Info: "the kinds of both types",
		info: func(f *finding) string {
			return fmt.Sprintf("reader type: %s not compatible with writer type: %s", upper(f.reader), upper(f.writer))
		},
	}
	NameMismatch = Kind{
		Name: "NAME_MISMATCH",
		Text: "The name of the schema has changed (path '{path}')",
		Info: "the full name of the writer's type",
		info: func(f *finding) string { return "expected: " + f.writer.FullName() },
	}
	FixedSizeMismatch = Kind{
		Name: "FIXED_SIZE_MISMATCH",
		Text: "The size of FIXED type field at path '{path}' in the %s schema does not match with the %s schema",
		Info: "both sizes in bytes",
		info: func(f *finding) string {
			return fmt.Sprintf("expected: %d, found: %d", f.writer.Named.Size, f.reader.Named.Size)
		},
	}
	MissingEnumSymbols = Kind{
		Name: "MISSING_ENUM_SYMBOLS",
		Text: "The %s schema is missing enum symbols '{info}' at path '{path}' in the %s schema",
		Info: "the missing symbols, sorted",
		info: func(f *finding) string {
			missing := missingSymbols(f.reader.Named, f.writer.Named)
			slices.SortFunc(missing, schema.CompareUTF16)
			return "[" + strings.Join(missing, ", ") + "]"
		},
	}
	MissingUnionBranch = Kind{
		Name: "MISSING_UNION_BRANCH",
		Text: "The %s schema is missing a type inside a union field at path '{path}' in the %s schema",
		Info: "the kind of the writer's type",
		info: func(f *finding) string { return "reader union lacking writer type: " + upper(f.writer) },
	}
	ReaderFieldMissingDefaultValue = Kind{
		Name: "READER_FIELD_MISSING_DEFAULT_VALUE",
		Text: "The field '{info}' at path '{path}' in the %s schema has no default value and is missing in the %s schema",
		Info: "the name of the field",
		info: func(f *finding) string { return f.reader.Named.Fields[f.field].Name },
	}
)

// Kinds lists all kinds.
var Kinds = []*Kind{
	&TypeMismatch, &NameMismatch, &FixedSizeMismatch, &MissingEnumSymbols, &MissingUnionBranch, &ReaderFieldMissingDefaultValue,
}

func upper(t *avro.Type) string { return strings.ToUpper(t.Kind.String()) }

// difference puts a finding into words.
func (f *finding) difference() compat.Difference {
	info := f.kind.info(f)
	text := strings.NewReplacer("{path}", f.path, "{info}", info).Replace(f.kind.Text)
	return compat.Difference{
		Kind:     f.kind.Name,
		Path:     f.path,
		Template: "{errorType:'" + f.kind.Name + "', description:'" + text + "', additionalInfo:'" + info + "'}",
	}
}

// Failure is the kind of the one difference that stands for a comparison that
// could not be carried out.
const Failure = "COMPARISON_FAILED"

func failure(why string) compat.Difference {
	return compat.Difference{
		Kind:     Failure,
		Path:     "/",
		Template: "Unexpected exception during compatibility check: " + why,
	}
}
