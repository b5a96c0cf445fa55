package jsonschema

import "maps"

// dialect is a version of JSON Schema as records are held against it.
type dialect struct {
	schema   string // the $schema by which the library knows it
	modern   bool   // a $ref leaves the keywords beside it in force
	keywords map[string]keyword
	formats  map[string]bool // that are assertions
}

// keyword is how the value of a keyword is written for the library. One that a
// dialect does not have here is left out: it says nothing of records, or the
// reference takes no notice of it.
type keyword struct {
	write func(w *writer, name string, k keyword) error
	// inPlace tells that its schemas are held against the value that the keyword
	// stands for, not against parts of it.
	inPlace bool
}

var (
	plain      = keyword{write: (*writer).plain}
	inside     = keyword{write: (*writer).one}
	insideList = keyword{write: (*writer).oneOrMany}
	insideMap  = keyword{write: (*writer).named}
	inPlace    = keyword{write: (*writer).one, inPlace: true}
	inPlaceSet = keyword{write: (*writer).oneOrMany, inPlace: true}
	inPlaceMap = keyword{write: (*writer).named, inPlace: true}
)

func with(base, more map[string]keyword) map[string]keyword {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// shared are the keywords that all dialects have.
var shared = map[string]keyword{
	"$ref": {write: (*writer).reference, inPlace: true},

	"type": plain, "enum": {write: (*writer).enum},
	"minimum": plain, "maximum": plain, "exclusiveMinimum": plain, "exclusiveMaximum": plain,
	"multipleOf": {write: (*writer).multipleOf},
	"minLength":  plain, "maxLength": plain, "pattern": plain,
	"minItems": plain, "maxItems": plain, "uniqueItems": plain,
	"minProperties": plain, "maxProperties": plain, "required": plain,

	"allOf": inPlaceSet, "anyOf": inPlaceSet, "oneOf": inPlaceSet, "not": inPlace,
	"items":      insideList,
	"properties": insideMap, "patternProperties": insideMap, "additionalProperties": inside,
}

var draft4 = with(shared, map[string]keyword{
	"format":          {write: (*writer).format},
	"additionalItems": inside,
	"dependencies":    inPlaceMap,
})

var draft6 = with(draft4, map[string]keyword{
	"const": plain, "contains": inside, "propertyNames": {write: (*writer).apart},
})

var draft7 = with(draft6, map[string]keyword{
	"if": inPlace, "then": inPlace, "else": inPlace,
})

// later are the keywords of 2019-09 and 2020-12, which the reference does not tell apart.
var later = with(shared, map[string]keyword{
	"$dynamicRef":    {write: (*writer).dynamicReference, inPlace: true},
	"$dynamicAnchor": plain,
	"const":          plain,
	"if":             inPlace, "then": inPlace, "else": inPlace,
	"prefixItems": insideList, "contains": inside, "minContains": plain, "maxContains": plain,
	"unevaluatedItems": inside, "unevaluatedProperties": inside,
	"propertyNames":     {write: (*writer).apart},
	"dependentRequired": plain, "dependentSchemas": inPlaceMap,
})

func set(base map[string]bool, more ...string) map[string]bool {
	all := maps.Clone(base)
	if all == nil {
		all = make(map[string]bool)
	}
	for _, name := range more {
		all[name] = true
	}
	return all
}

// The formats that the library of the reference asserts in the drafts up to 7.
var (
	formats4 = set(nil, "date-time", "email", "hostname", "ipv4", "ipv6", "uri")
	formats6 = set(formats4, "json-pointer", "uri-reference", "uri-template")
	formats7 = set(formats6, "date", "time", "regex", "relative-json-pointer")
)

// textual are the keywords that say what the text of a string has to be.
var textual = set(nil, "minLength", "maxLength", "pattern", "format")

// dialects are those of source.Position by name.
var dialects = map[string]*dialect{
	"draft-04": {schema: "http://json-schema.org/draft-04/schema", keywords: draft4, formats: formats4},
	"draft-06": {schema: "http://json-schema.org/draft-06/schema", keywords: draft6, formats: formats6},
	"draft-07": {schema: "http://json-schema.org/draft-07/schema", keywords: draft7, formats: formats7},
	"2019-09":  {schema: "https://json-schema.org/draft/2020-12/schema", keywords: later, modern: true},
	"2020-12":  {schema: "https://json-schema.org/draft/2020-12/schema", keywords: later, modern: true},
}
