package jsonschema

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	lib "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// maxCauses bounds the causes of an InvalidError.
const maxCauses = 20

// InvalidError reports a record that does not match its schema.
type InvalidError struct {
	// Causes are in the order of the places in the record, and of the keywords at one place.
	Causes []Cause
	More   int // causes left out
}

// Cause is one thing that is wrong with a record. It quotes names of the record, and values of the
// schema, but no values of the record: those may be secret.
type Cause struct {
	Instance string // place in the record, as a JSON pointer
	Keyword  string // place in the schema: a pointer behind "#", behind a URI where a reference led to another text
	Message  string
}

func (e *InvalidError) Error() string {
	first := e.Causes[0]
	text := fmt.Sprintf("the record does not match the schema: #%s: %s (%s)", first.Instance, first.Message, first.Keyword)
	if more := len(e.Causes) - 1 + e.More; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// finding is what the library found, before it is put in words.
type finding struct {
	at    []string
	cause *lib.ValidationError
}

// explain puts in words what the library found.
func (b *bundle) explain(e *lib.ValidationError) *InvalidError {
	var all []finding
	gather(e, nil, &all)
	slices.SortFunc(all, func(x, y finding) int {
		if c := slices.CompareFunc(x.at, y.at, compareSteps); c != 0 {
			return c
		}
		if c := strings.Compare(x.cause.SchemaURL, y.cause.SchemaURL); c != 0 {
			return c
		}
		xs, xm := describe(x.cause.ErrorKind)
		ys, ym := describe(y.cause.ErrorKind)
		return cmp.Or(slices.Compare(xs, ys), strings.Compare(xm, ym))
	})
	out := &InvalidError{}
	for i := range all {
		if len(out.Causes) == maxCauses {
			out.More = len(all) - i
			break
		}
		out.Causes = append(out.Causes, b.cause(all[i]))
	}
	return out
}

// compareSteps orders the items of arrays by their numbers.
func compareSteps(x, y string) int {
	m, errX := strconv.Atoi(x)
	n, errY := strconv.Atoi(y)
	if errX == nil && errY == nil && m != n {
		return cmp.Compare(m, n)
	}
	return strings.Compare(x, y)
}

// gather collects the findings that say something of the record, not only that others do.
func gather(e *lib.ValidationError, at []string, all *[]finding) {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
	case *kind.PropertyNames:
		// Its own place is not to be relied on, that of the wrapper around is the same.
		*all = append(*all, finding{at, e})
		return
	case *kind.Contains, *kind.MinContains, *kind.MaxContains:
		*all = append(*all, finding{e.InstanceLocation, e})
		return // why each item is not the one that is missed says little
	default:
		*all = append(*all, finding{e.InstanceLocation, e})
	}
	for _, cause := range e.Causes {
		gather(cause, e.InstanceLocation, all)
	}
}

func (b *bundle) cause(f finding) Cause {
	steps, text := describe(f.cause.ErrorKind)
	c := Cause{Instance: pointer(f.at), Keyword: b.location(f.cause.SchemaURL) + pointer(steps), Message: text}
	if names, ok := f.cause.ErrorKind.(*kind.PropertyNames); ok && len(f.cause.Causes) > 0 {
		inner := b.explain(f.cause.Causes[0])
		c.Message = fmt.Sprintf("the name of property %s: %s", quoted(names.Property), inner.Causes[0].Message)
	}
	return c
}

var printer = message.NewPrinter(language.English)

// describe says which keyword a finding is of, as steps from its schema, and what it means.
func describe(k lib.ErrorKind) (keyword []string, text string) {
	keyword = k.KeywordPath()
	switch k := k.(type) {
	case *kind.Type:
		text = fmt.Sprintf("expected %s, found %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		text = "must be " + choice(k.Want)
	case *kind.Const:
		text = "must be " + choice([]any{k.Want})
	case *kind.Format:
		text = "is no " + k.Want
	case *kind.Not:
		keyword, text = []string{"not"}, "is what the schema rules out"
	case *kind.AnyOf:
		text = "matches none of the schemas of which at least one has to match"
	case *kind.OneOf:
		text = "matches none of the schemas of which exactly one has to match"
		if len(k.Subschemas) == 2 {
			text = fmt.Sprintf("matches the schemas %d and %d, of which exactly one has to match", k.Subschemas[0], k.Subschemas[1])
		}
	case *kind.FalseSchema:
		text = "must not be there"
	case *kind.InvalidJsonValue:
		text = fmt.Sprintf("a Go value of type %T is no JSON", k.Value)

	case *kind.MinProperties:
		text = fmt.Sprintf("must have at least %s, has %d", counted(k.Want, "property", "properties"), k.Got)
	case *kind.MaxProperties:
		text = fmt.Sprintf("must have at most %s, has %d", counted(k.Want, "property", "properties"), k.Got)
	case *kind.Required:
		text = missing(k.Missing)
	case *kind.DependentRequired:
		text = missing(k.Missing) + ", required by " + quoted(k.Prop)
	case *kind.Dependency:
		keyword, text = []string{"dependencies", k.Prop}, missing(k.Missing)+", required by "+quoted(k.Prop)
	case *kind.AdditionalProperties:
		names := slices.Sorted(slices.Values(k.Properties))
		text = properties(names) + " not allowed"
	case *kind.PropertyNames:
		keyword, text = nil, quoted(k.Property) // the library names the schema of the keyword as that around it

	case *kind.MinItems:
		text = fmt.Sprintf("must have at least %s, has %d", counted(k.Want, "item", "items"), k.Got)
	case *kind.MaxItems:
		text = fmt.Sprintf("must have at most %s, has %d", counted(k.Want, "item", "items"), k.Got)
	case *kind.AdditionalItems:
		text = fmt.Sprintf("has %s more than allowed", counted(k.Count, "item", "items"))
	case *kind.UniqueItems:
		text = fmt.Sprintf("the items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains:
		text = "has no item of the kind that is required"
	case *kind.MinContains:
		text = fmt.Sprintf("must have at least %s of the kind that is required, has %d", counted(k.Want, "item", "items"), len(k.Got))
	case *kind.MaxContains:
		text = fmt.Sprintf("must have at most %s of a kind, has %d", counted(k.Want, "item", "items"), len(k.Got))

	case *kind.MinLength:
		text = fmt.Sprintf("must have at least %s, has %d", counted(k.Want, "character", "characters"), k.Got)
	case *kind.MaxLength:
		text = fmt.Sprintf("must have at most %s, has %d", counted(k.Want, "character", "characters"), k.Got)
	case *kind.Pattern:
		text = "does not match the pattern " + quoted(k.Want)

	case *kind.Minimum:
		text = "must be at least " + decimal(k.Want)
	case *kind.Maximum:
		text = "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		text = "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		text = "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		text = "must be a multiple of " + decimal(k.Want)
	default:
		text = k.LocalizedString(printer)
	}
	return keyword, text
}

// maxQuoted bounds names and values in messages, in characters; maxListed the number of them.
const (
	maxQuoted = 64
	maxListed = 10
)

func quoted(s string) string {
	if n := len([]rune(s)); n > maxQuoted {
		s = string([]rune(s)[:maxQuoted]) + "…"
	}
	return strconv.Quote(s)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func listed(words []string) string {
	if len(words) > maxListed {
		words = append(slices.Clone(words[:maxListed]), fmt.Sprintf("%d more", len(words)-maxListed))
	}
	return strings.Join(words, ", ")
}

// properties names some properties as the beginning of a sentence.
func properties(names []string) string {
	words := make([]string, len(names))
	for i := range names {
		words[i] = quoted(names[i])
	}
	if len(names) == 1 {
		return "the property " + words[0] + " is"
	}
	return "the properties " + listed(words) + " are"
}

func missing(names []string) string { return properties(names) + " missing" }

// choice lists the values of which one has to be.
func choice(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			words[i] = "null"
		case string:
			words[i] = quoted(v)
		case map[string]any:
			words[i] = "a certain object"
		case []any:
			words[i] = "a certain array"
		default:
			words[i] = fmt.Sprint(v)
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + listed(words)
}

// decimal writes a number of the schema.
func decimal(r *big.Rat) string {
	const digits = 20
	if r.IsInt() && len(r.Num().String()) <= digits {
		return r.Num().String()
	}
	f, exact := r.Float64()
	if text := strconv.FormatFloat(f, 'g', -1, 64); exact || len(text) > digits {
		return text
	}
	text := strings.TrimRight(r.FloatString(digits), "0")
	if back, ok := new(big.Rat).SetString(text); ok && back.Cmp(r) == 0 {
		return strings.TrimSuffix(text, ".")
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
