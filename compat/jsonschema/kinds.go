package jsonschema

import (
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
)

// Kind is a kind of difference, with the policies that allow it.
type Kind struct {
	Name            string
	Strict, Lenient bool // compatible under the policy
	// Text describes an incompatible difference. {path} stands for its place,
	// each %s in turn for the reader's and the writer's schema. Kinds that are
	// always compatible have none.
	Text string
}

// Allows reports whether differences of the kind are compatible under a policy.
func (k *Kind) Allows(p compat.Policy) bool {
	if p == compat.Lenient {
		return k.Lenient
	}
	return k.Strict
}

// difference puts a difference at a path into the reference's words, with the
// quotes as uneven as the reference has them.
func (k *Kind) difference(path string) compat.Difference {
	return compat.Difference{
		Kind:     k.Name,
		Path:     path,
		Template: `{errorType:"` + k.Name + `", description:"` + strings.Replace(k.Text, "{path}", path, 1) + `'}`,
	}
}

// Kinds are all kinds of differences in the order of the documentation.
var Kinds []*Kind

func compatible(name string) *Kind { return add(&Kind{Name: name, Strict: true, Lenient: true}) }

// lenient are the kinds that only the lenient policy allows.
func lenient(name, text string) *Kind { return add(&Kind{Name: name, Lenient: true, Text: text}) }

func incompatible(name, text string) *Kind { return add(&Kind{Name: name, Text: text}) }

func add(k *Kind) *Kind {
	Kinds = append(Kinds, k)
	return k
}

const (
	keywordAdded = "The keyword at path '{path}' in the %s schema is not present in the %s schema"
	valueMore    = "The value at path '{path}' in the %s schema is more than its value in the %s schema"
	valueLess    = "The value at path '{path}' in the %s schema is less than its value in the %s schema"
	valueOther   = "The value at path '{path}' is different between the %s and %s schema"
	fewer        = "An array or combined type at path '{path}' has fewer elements in the %s schema than the %s schema"
	more         = "An array or combined type at path '{path}' has more elements in the %s schema than the %s schema"
	typeOther    = "A type at path '{path}' is different between the %s schema and the %s schema"
	addedToOpen  = "The %s schema has an open content model and has a property or item at path '{path}' which is missing in the %s schema"
	addedUnopen  = "The %s schema has an unopen content model and has a required property at path '{path}' which is missing in the %s schema"
	goneClosed   = "The %s has a closed content model and is missing a property or item present at path '{path}' in the %s schema"
	goneUncov    = "A property or item is missing in the %s schema but present at path '{path}' in the %s schema and is not covered by its partially open content model"
	addedUncov   = "The %s schema has a property or item at path '{path}' which is missing in the %s schema and is not covered by its partially open content model"
)

var (
	idChanged          = compatible("ID_CHANGED")
	titleChanged       = compatible("TITLE_CHANGED")
	descriptionChanged = compatible("DESCRIPTION_CHANGED")
	defaultChanged     = compatible("DEFAULT_CHANGED")

	schemaAdded   = incompatible("SCHEMA_ADDED", "")
	schemaRemoved = compatible("SCHEMA_REMOVED")
	typeExtended  = compatible("TYPE_EXTENDED")
	typeNarrowed  = incompatible("TYPE_NARROWED", typeOther)
	typeChanged   = incompatible("TYPE_CHANGED", typeOther)

	maxLength      = upper("MAX_LENGTH", "maxLength")
	minLength      = lower("MIN_LENGTH", "minLength")
	patternAdded   = incompatible("PATTERN_ADDED", keywordAdded)
	patternRemoved = compatible("PATTERN_REMOVED")
	patternChanged = incompatible("PATTERN_CHANGED", valueOther)

	maximum            = upper("MAXIMUM", "maximum")
	minimum            = lower("MINIMUM", "minimum")
	exclusiveMaximum   = upper("EXCLUSIVE_MAXIMUM", "exclusiveMaximum")
	exclusiveMinimum   = lower("EXCLUSIVE_MINIMUM", "exclusiveMinimum")
	multipleOfAdded    = incompatible("MULTIPLE_OF_ADDED", keywordAdded)
	multipleOfRemoved  = compatible("MULTIPLE_OF_REMOVED")
	multipleOfExpanded = incompatible("MULTIPLE_OF_EXPANDED", valueMore)
	multipleOfReduced  = compatible("MULTIPLE_OF_REDUCED")
	multipleOfChanged  = incompatible("MULTIPLE_OF_CHANGED", valueOther)

	requiredAdded            = incompatible("REQUIRED_ATTRIBUTE_ADDED", keywordAdded)
	requiredWithDefaultAdded = compatible("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED")
	requiredRemoved          = compatible("REQUIRED_ATTRIBUTE_REMOVED")
	maxProperties            = upper("MAX_PROPERTIES", "maxProperties")
	minProperties            = lower("MIN_PROPERTIES", "minProperties")
	dependencyArrayAdded     = incompatible("DEPENDENCY_ARRAY_ADDED", keywordAdded)
	dependencyArrayRemoved   = compatible("DEPENDENCY_ARRAY_REMOVED")
	dependencyArrayExtended  = incompatible("DEPENDENCY_ARRAY_EXTENDED", more)
	dependencyArrayNarrowed  = compatible("DEPENDENCY_ARRAY_NARROWED")
	dependencyArrayChanged   = incompatible("DEPENDENCY_ARRAY_CHANGED", valueOther)
	dependencySchemaAdded    = incompatible("DEPENDENCY_SCHEMA_ADDED", keywordAdded)
	dependencySchemaRemoved  = compatible("DEPENDENCY_SCHEMA_REMOVED")

	additionalProperties  = others("ADDITIONAL_PROPERTIES", "additionalProperties", lenient)
	unevaluatedProperties = others("UNEVALUATED_PROPERTIES", "unevaluatedProperties", lenient)

	properties = contents{
		removedFromOpen:   compatible("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL"),
		removedCovered:    compatible("PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"),
		removedNotCovered: lenient("PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", goneUncov),
		falseRemoved:      compatible("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL"),
		removedFromClosed: lenient("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", goneClosed),
		emptyAddedToOpen:  compatible("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"),
		addedCovered:      compatible("PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"),
		addedNotCovered:   lenient("PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", addedUncov),
	}
	requiredPropertyAddedToOpen              = incompatible("REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen)
	requiredPropertyWithDefaultAddedToOpen   = lenient("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen)
	optionalPropertyAddedToOpen              = lenient("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen)
	requiredPropertyAddedToUnopen            = incompatible("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", addedUnopen)
	requiredPropertyWithDefaultAddedToUnopen = compatible("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL")
	optionalPropertyAddedToUnopen            = compatible("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL")

	maxItems           = upper("MAX_ITEMS", "maxItems")
	minItems           = lower("MIN_ITEMS", "minItems")
	maxContains        = upper("MAX_CONTAINS", "maxContains")
	minContains        = lower("MIN_CONTAINS", "minContains")
	uniqueItemsAdded   = incompatible("UNIQUE_ITEMS_ADDED", keywordAdded)
	uniqueItemsRemoved = compatible("UNIQUE_ITEMS_REMOVED")

	additionalItems  = others("ADDITIONAL_ITEMS", "additionalItems", incompatible)
	unevaluatedItems = others("UNEVALUATED_ITEMS", "unevaluatedItems", incompatible)

	items = contents{
		removedFromOpen:   compatible("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL"),
		removedCovered:    compatible("ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"),
		removedNotCovered: incompatible("ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", goneUncov),
		falseRemoved:      compatible("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL"),
		removedFromClosed: incompatible("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", goneClosed),
		emptyAddedToOpen:  compatible("ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"),
		addedCovered:      compatible("ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"),
		addedNotCovered:   incompatible("ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", addedUncov),
	}
	itemAddedToOpen   = incompatible("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen)
	itemAddedToClosed = compatible("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL")

	enumExtended = compatible("ENUM_ARRAY_EXTENDED")
	enumNarrowed = incompatible("ENUM_ARRAY_NARROWED", fewer)
	enumChanged  = incompatible("ENUM_ARRAY_CHANGED", typeOther)

	combinedExtended          = compatible("COMBINED_TYPE_EXTENDED")
	combinedChanged           = incompatible("COMBINED_TYPE_CHANGED", typeOther)
	productExtended           = incompatible("PRODUCT_TYPE_EXTENDED", more)
	productNarrowed           = compatible("PRODUCT_TYPE_NARROWED")
	sumExtended               = compatible("SUM_TYPE_EXTENDED")
	sumNarrowed               = incompatible("SUM_TYPE_NARROWED", fewer)
	combinedSubschemasChanged = incompatible("COMBINED_TYPE_SUBSCHEMAS_CHANGED", typeOther)
	notExtended               = incompatible("NOT_TYPE_EXTENDED", more)
	notNarrowed               = compatible("NOT_TYPE_NARROWED")
)

// bound is a keyword that limits a value, with its four kinds.
type bound struct {
	keyword                    string
	added, removed, more, less *Kind
}

func upper(prefix, keyword string) bound {
	return bound{
		keyword: keyword,
		added:   incompatible(prefix+"_ADDED", keywordAdded),
		removed: compatible(prefix + "_REMOVED"),
		more:    compatible(prefix + "_INCREASED"),
		less:    incompatible(prefix+"_DECREASED", valueLess),
	}
}

func lower(prefix, keyword string) bound {
	return bound{
		keyword: keyword,
		added:   incompatible(prefix+"_ADDED", keywordAdded),
		removed: compatible(prefix + "_REMOVED"),
		more:    incompatible(prefix+"_INCREASED", valueMore),
		less:    compatible(prefix + "_DECREASED"),
	}
}

// rest is a keyword for what is not listed by name or place, with its kinds.
type rest struct {
	keyword                            string
	added, removed, narrowed, extended *Kind
}

func others(prefix, keyword string, harmful func(name, text string) *Kind) rest {
	return rest{
		keyword:  keyword,
		added:    compatible(prefix + "_ADDED"),
		removed:  harmful(prefix+"_REMOVED", keywordAdded),
		narrowed: harmful(prefix+"_NARROWED", fewer),
		extended: compatible(prefix + "_EXTENDED"),
	}
}

// contents are the kinds of what comes and goes in objects, and likewise in tuples.
type contents struct {
	removedFromOpen, removedCovered, removedNotCovered, falseRemoved, removedFromClosed *Kind

	emptyAddedToOpen, addedCovered, addedNotCovered *Kind
}
