package jsonschema

import (
	"maps"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// dialect is a version of JSON Schema as the reference reads it: the drafts up
// to 7 as the library everit json-schema does, the later ones as json-sKema does.
type dialect struct {
	name     string
	urls     []string // of $schema, without scheme and without what follows
	id       string   // the keyword that names a schema
	booleans bool     // true and false are schemas anywhere
	modern   bool     // later than draft 7
	rules    map[string]rule
}

// rule gives a keyword its meaning. A keyword without a rule is left in Node.Extra.
type rule func(*builder, *jsontree.Value) error

var dialects = []*dialect{
	{name: "draft-04", id: "id", rules: draft4, urls: []string{"json-schema.org/draft-04/schema", "json-schema.org/schema"}},
	{name: "draft-06", id: "$id", booleans: true, rules: draft6, urls: []string{"json-schema.org/draft-06/schema"}},
	draft7,
	{name: "2019-09", id: "$id", booleans: true, modern: true, rules: later, urls: []string{"json-schema.org/draft/2019-09/schema"}},
	{name: "2020-12", id: "$id", booleans: true, modern: true, rules: later, urls: []string{"json-schema.org/draft/2020-12/schema"}},
}

var draft7 = &dialect{name: "draft-07", id: "$id", booleans: true, rules: draft7Rules, urls: []string{"json-schema.org/draft-07/schema"}}

// dialectOf finds the dialect of a root by its $schema; absent or unknown is draft 7.
func dialectOf(root *jsontree.Value) *dialect {
	v := root.Get("$schema")
	if v == nil || v.Kind != jsontree.String {
		return draft7
	}
	if d := dialectByURL(v.Text); d != nil {
		return d
	}
	return draft7
}

func dialectByURL(url string) *dialect {
	rest, ok := strings.CutPrefix(url, "http://")
	if !ok {
		if rest, ok = strings.CutPrefix(url, "https://"); !ok {
			return nil
		}
	}
	for _, d := range dialects {
		for _, u := range d.urls {
			if strings.HasPrefix(rest, u) {
				return d
			}
		}
	}
	return nil
}

// with returns a table that has the rules of another one and more.
func with(base, more map[string]rule) map[string]rule {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// shared are the rules that all dialects have in common.
var shared = map[string]rule{
	"title":       func(b *builder, v *jsontree.Value) (err error) { b.title, err = text(v); return err },
	"description": func(b *builder, v *jsontree.Value) (err error) { b.description, err = text(v); return err },

	"enum":  enumRule,
	"allOf": combinedRule(All),
	"anyOf": combinedRule(Any),
	"oneOf": combinedRule(One),
	"not":   notRule,
	"type":  nil, // read before the others, by builder.types

	"minLength": func(b *builder, v *jsontree.Value) error { return integer(v, &b.string().MinLength) },
	"maxLength": func(b *builder, v *jsontree.Value) error { return integer(v, &b.string().MaxLength) },
	"pattern":   patternRule,

	"minimum": func(b *builder, v *jsontree.Value) error { return number(v, &b.number().Minimum) },
	"maximum": func(b *builder, v *jsontree.Value) error { return number(v, &b.number().Maximum) },

	"properties":           propertiesRule,
	"patternProperties":    patternPropertiesRule,
	"additionalProperties": additionalPropertiesRule,
	"required":             requiredRule,
	"minProperties":        func(b *builder, v *jsontree.Value) error { return integer(v, &b.object().MinProperties) },
	"maxProperties":        func(b *builder, v *jsontree.Value) error { return integer(v, &b.object().MaxProperties) },

	"minItems":    func(b *builder, v *jsontree.Value) error { return integer(v, &b.array().MinItems) },
	"maxItems":    func(b *builder, v *jsontree.Value) error { return integer(v, &b.array().MaxItems) },
	"uniqueItems": func(b *builder, v *jsontree.Value) (err error) { b.array().Unique, err = boolean(v); return err },
}

// classic are the rules of the drafts up to 7.
var classic = with(shared, map[string]rule{
	"default":         func(b *builder, v *jsontree.Value) error { b.fallback = v; return nil },
	"format":          func(b *builder, v *jsontree.Value) error { b.string(); _, err := text(v); return err },
	"multipleOf":      multipleOfRule(false),
	"items":           classicItemsRule,
	"additionalItems": additionalItemsRule,
	"dependencies":    dependenciesRule,
})

var draft4 = with(classic, map[string]rule{
	"id":               idRule,
	"exclusiveMinimum": func(b *builder, v *jsontree.Value) error { b.number(); _, err := boolean(v); return err },
	"exclusiveMaximum": func(b *builder, v *jsontree.Value) error { b.number(); _, err := boolean(v); return err },
})

var draft6 = with(classic, with(exclusive, map[string]rule{
	"$id":           idRule,
	"const":         constRule,
	"contains":      func(b *builder, v *jsontree.Value) error { b.array(); return b.check("contains", v) },
	"propertyNames": func(b *builder, v *jsontree.Value) error { b.object(); return b.check("propertyNames", v) },
}))

var draft7Rules = with(draft6, map[string]rule{
	"readOnly":  func(_ *builder, v *jsontree.Value) error { _, err := boolean(v); return err },
	"writeOnly": func(_ *builder, v *jsontree.Value) error { _, err := boolean(v); return err },
	"if":        conditionalRule,
	"then":      conditionalRule,
	"else":      conditionalRule,
})

var exclusive = map[string]rule{
	"exclusiveMinimum": func(b *builder, v *jsontree.Value) error { return number(v, &b.number().ExclusiveMinimum) },
	"exclusiveMaximum": func(b *builder, v *jsontree.Value) error { return number(v, &b.number().ExclusiveMaximum) },
}

// later are the rules of 2019-09 and 2020-12, which the reference does not tell apart.
var later = with(shared, with(exclusive, map[string]rule{
	"$schema":  ignore,
	"$defs":    ignore,
	"$id":      func(b *builder, v *jsontree.Value) error { b.id = textOrNil(v); return nil },
	"$ref":     referenceRule,
	"$anchor":  ignore,
	"readOnly": func(_ *builder, v *jsontree.Value) error { _, err := boolean(v); return err },
	"writeOnly": func(_ *builder, v *jsontree.Value) error {
		_, err := boolean(v)
		return err
	},
	"deprecated":     func(_ *builder, v *jsontree.Value) error { _, err := boolean(v); return err },
	"$dynamicRef":    func(_ *builder, v *jsontree.Value) error { _, err := text(v); return err },
	"$dynamicAnchor": func(_ *builder, v *jsontree.Value) error { _, err := text(v); return err },
	"default": func(b *builder, v *jsontree.Value) error {
		if v.Kind != jsontree.Null {
			b.fallback = v
		}
		return nil
	},
	"format":      func(_ *builder, v *jsontree.Value) error { _, err := text(v); return err },
	"const":       constRule,
	"multipleOf":  multipleOfRule(true),
	"prefixItems": prefixItemsRule,
	"items":       laterItemsRule,
	"contains":    containsRule,
	"minContains": ignore, // read with contains
	"maxContains": ignore,

	"propertyNames":     func(b *builder, v *jsontree.Value) error { b.object(); return b.check("propertyNames", v) },
	"dependentRequired": dependentRequiredRule,
	"dependentSchemas":  dependentSchemasRule,
	"unevaluatedProperties": func(b *builder, v *jsontree.Value) (err error) {
		b.object().Unevaluated, err = b.child("unevaluatedProperties", v)
		return err
	},
	"unevaluatedItems": func(b *builder, v *jsontree.Value) (err error) {
		b.array().Unevaluated, err = b.child("unevaluatedItems", v)
		return err
	},

	"if":   conditionalRule,
	"then": ignore, // read with if
	"else": ignore,
}))

func ignore(*builder, *jsontree.Value) error { return nil }
