package jsonschema

import "github.com/seed-9f7c7091/concordat/compat"

// Kind is a row of the table.
type Kind = compat.Kind

// Kinds are all kinds of differences in the order of the documentation.
var Kinds []*Kind

func add(k *Kind) *Kind {
	Kinds = append(Kinds, k)
	return k
}

// compatible are the kinds that break nothing and are never reported.
func compatible(name, why, change, inverse string) *Kind {
	return add(&Kind{Name: name, Verdict: compat.AlwaysHarmless, Why: why, New: compat.Side{Change: change}, Old: compat.Side{Change: inverse}})
}

// incompatible puts the description into the reference's frame, with the quotes as uneven as it has them.
func incompatible(name, text, why string, sides ...compat.Side) *Kind {
	k := &Kind{Name: name, Text: `{errorType:"` + name + `", description:"` + text + `'}`, Why: why, New: sides[0]}
	if len(sides) > 1 {
		k.Old = sides[1]
	}
	return add(k)
}

// lenient are the kinds that only the lenient policy allows.
func lenient(name, text, why string, sides ...compat.Side) *Kind {
	k := incompatible(name, text, why, sides...)
	k.Verdict = compat.UnlessLenient
	return k
}

// The descriptions.
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

// side is a change of the new schema and the edit by which it passes.
func side(change, edit string) compat.Side { return compat.Side{Change: change, Edit: edit} }

// Reasons and edits that several kinds share.
const (
	annotation   = "It says nothing about which values are valid."
	wasValid     = "What was valid for the writer may be invalid for the reader."
	mayHoldOther = "The writer let any other property or item in, so data may hold one of this name or place with any value."
	noPlace      = "Data may hold it, and the reader lets nothing in that it does not list."
	fewerThings  = "Data may hold what the reader no longer lets in."
	keepAsInOld  = "Keep it as it is in the old schema."
	leaveOut     = "Leave the keyword out."
)

var (
	idChanged          = compatible("ID_CHANGED", annotation, "the id is changed", "")
	titleChanged       = compatible("TITLE_CHANGED", annotation, "the title is changed", "")
	descriptionChanged = compatible("DESCRIPTION_CHANGED", annotation, "the description is changed", "")
	defaultChanged     = compatible("DEFAULT_CHANGED", annotation, "a default is changed, added or removed", "")

	schemaAdded = incompatible("SCHEMA_ADDED", "", "Anything was valid for the writer where the reader has a schema.",
		side("a schema is added where there was none", "Leave it out, or let it accept anything."),
		side("a schema is removed", keepAsInOld))
	schemaRemoved = compatible("SCHEMA_REMOVED", "Anything is valid for the reader.", "a schema is removed", "a schema is added where there was none")
	typeExtended  = compatible("TYPE_EXTENDED", "Every integer is a number.", "integer becomes number", "number becomes integer")
	typeNarrowed  = incompatible("TYPE_NARROWED", typeOther, "A number need not be an integer.",
		side("number becomes integer", "Keep the type number."), side("integer becomes number", "Keep the type integer."))
	typeChanged = incompatible("TYPE_CHANGED", typeOther, "Values of one type are not valid for another.",
		side("a type is changed, or added where anything was allowed", "Keep the type, or accept both: anyOf with the old type as a member."),
		side("a type is changed, or removed so that anything is allowed", "Keep the type, or narrow it to what the old one accepts."))

	maxLength    = upper("MAX_LENGTH", "maxLength")
	minLength    = lower("MIN_LENGTH", "minLength")
	patternAdded = incompatible("PATTERN_ADDED", keywordAdded, wasValid,
		side("a pattern is added", leaveOut), side("a pattern is removed", keepAsInOld))
	patternRemoved = compatible("PATTERN_REMOVED", "Any string is valid for the reader.", "a pattern is removed", "a pattern is added")
	patternChanged = incompatible("PATTERN_CHANGED", valueOther, "Whether one pattern accepts all that the other does is not decided: any change counts.",
		side("a pattern is changed", "Keep the pattern, or remove it."), side("a pattern is changed", keepAsInOld))

	maximum          = upper("MAXIMUM", "maximum")
	minimum          = lower("MINIMUM", "minimum")
	exclusiveMaximum = upper("EXCLUSIVE_MAXIMUM", "exclusiveMaximum")
	exclusiveMinimum = lower("EXCLUSIVE_MINIMUM", "exclusiveMinimum")
	multipleOfAdded  = incompatible("MULTIPLE_OF_ADDED", keywordAdded, wasValid,
		side("multipleOf is added", leaveOut), side("multipleOf is removed", keepAsInOld))
	multipleOfRemoved  = compatible("MULTIPLE_OF_REMOVED", "Any number is valid for the reader.", "multipleOf is removed", "multipleOf is added")
	multipleOfExpanded = incompatible("MULTIPLE_OF_EXPANDED", valueMore, "Not every multiple of the smaller number is one of the larger.",
		side("multipleOf becomes a multiple of what it was", "Keep multipleOf, or choose a divisor of it."),
		side("multipleOf becomes a divisor of what it was", "Keep multipleOf, or choose a multiple of it."))
	multipleOfReduced = compatible("MULTIPLE_OF_REDUCED", "Every multiple of the larger number is one of its divisor.",
		"multipleOf becomes a divisor of what it was", "multipleOf becomes a multiple of what it was")
	multipleOfChanged = incompatible("MULTIPLE_OF_CHANGED", valueOther, "The multiples of one number are not those of the other.",
		side("multipleOf becomes an unrelated number", "Keep multipleOf, or choose a divisor of it."),
		side("multipleOf becomes an unrelated number", "Keep multipleOf, or choose a multiple of it."))

	requiredAdded = incompatible("REQUIRED_ATTRIBUTE_ADDED", keywordAdded, "Data written without the property has no value for it.",
		side("an optional property without a default becomes required", "Give the property a default, or leave it optional."),
		side("a property that has no default in the old schema becomes optional", "Keep the property required."))
	requiredWithDefaultAdded = compatible("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED", "The default stands for a property that was not written.",
		"a property that has a default becomes required", "a property that has a default in the old schema becomes optional")
	requiredRemoved = compatible("REQUIRED_ATTRIBUTE_REMOVED", "The reader can do without the property.",
		"a required property becomes optional", "an optional property becomes required")
	maxProperties        = upper("MAX_PROPERTIES", "maxProperties")
	minProperties        = lower("MIN_PROPERTIES", "minProperties")
	dependencyArrayAdded = incompatible("DEPENDENCY_ARRAY_ADDED", keywordAdded, wasValid,
		side("properties come to be required beside another one", leaveOut), side("properties are no longer required beside another one", keepAsInOld))
	dependencyArrayRemoved = compatible("DEPENDENCY_ARRAY_REMOVED", "The reader asks for less.",
		"properties are no longer required beside another one", "properties come to be required beside another one")
	dependencyArrayExtended = incompatible("DEPENDENCY_ARRAY_EXTENDED", more, wasValid,
		side("more properties are required beside another one", "Require no more than before."),
		side("fewer properties are required beside another one", "Require all that the old schema does."))
	dependencyArrayNarrowed = compatible("DEPENDENCY_ARRAY_NARROWED", "The reader asks for less.",
		"fewer properties are required beside another one", "more properties are required beside another one")
	dependencyArrayChanged = incompatible("DEPENDENCY_ARRAY_CHANGED", valueOther, wasValid,
		side("other properties are required beside another one", "Require no more than before."),
		side("other properties are required beside another one", "Require all that the old schema does."))
	dependencySchemaAdded = incompatible("DEPENDENCY_SCHEMA_ADDED", keywordAdded, wasValid,
		side("a schema is added that applies beside a property", leaveOut), side("a schema that applies beside a property is removed", keepAsInOld))
	dependencySchemaRemoved = compatible("DEPENDENCY_SCHEMA_REMOVED", "The reader asks for less.",
		"a schema that applies beside a property is removed", "a schema is added that applies beside a property")

	additionalProperties  = others("ADDITIONAL_PROPERTIES", "additionalProperties", lenient)
	unevaluatedProperties = others("UNEVALUATED_PROPERTIES", "unevaluatedProperties", lenient)

	properties = contents{
		removedFromOpen: compatible("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", "The reader lets in what it does not list.",
			"a property is removed and others are let in", "a property is added, and the old schema lets others in"),
		removedCovered: compatible("PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "The schema for other properties accepts all its values.",
			"a property is removed and fits the schema for other properties", "a property is added that fits the old schema for other properties"),
		removedNotCovered: lenient("PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", goneUncov,
			"Data may hold the property, and the reader's schema for other properties does not accept all its values.",
			side("a property is removed and does not fit the schema for other properties", "Keep the property, or widen additionalProperties or the pattern that matches it."),
			side("a property is added that does not fit the old schema for other properties", "Let it accept no more than the old schema does for properties it does not list.")),
		falseRemoved: compatible("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", "No data holds the property.",
			"a property that no value fits is removed from a closed object", "a property that no value fits is added, and the old schema lets no others in"),
		removedFromClosed: lenient("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", goneClosed, noPlace,
			side("a property is removed from a closed object", "Keep the property, or let other properties in."),
			side("a property is added, and the old schema lets no others in", "First publish a version that lets other properties in, or leave the property out.")),
		emptyAddedToOpen: compatible("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", "Whatever data holds under the name is valid.",
			"a property that accepts anything is added to an open object", "a property that accepts anything is removed and others are let in"),
		addedCovered: compatible("PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "It accepts all that the writer's schema for other properties did.",
			"a property is added that accepts what the schema for other properties did", "a property is removed that accepts what the new schema for other properties does"),
		addedNotCovered: lenient("PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", addedUncov,
			"The writer's schema for other properties let in values under the name that the reader's property does not accept.",
			side("a property is added that accepts less than the schema for other properties did", "Let the property accept all that the old schema for other properties does."),
			side("a property is removed, and the new schema for other properties accepts more than it did", "Keep the property, or narrow the schema for other properties.")),
	}
	requiredPropertyAddedToOpen = incompatible("REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen, "Data written without the property has no value for it. "+mayHoldOther,
		side("a required property is added to an open object", "Close the object (additionalProperties: false) in a version before, and give the property a default or make it optional."),
		side("a required property is removed from an open object", "Keep the property."))
	requiredPropertyWithDefaultAddedToOpen = lenient("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen, mayHoldOther,
		side("a required property that has a default is added to an open object", "Close the object (additionalProperties: false) in a version before, or set the policy to LENIENT."),
		side("a required property that has a default is removed from an open object", "Keep the property, or set the policy to LENIENT."))
	optionalPropertyAddedToOpen = lenient("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen, mayHoldOther,
		side("an optional property is added to an open object", "Close the object (additionalProperties: false) in a version before, or set the policy to LENIENT."),
		side("an optional property is removed from an open object", "Keep the property, or set the policy to LENIENT."))
	requiredPropertyAddedToUnopen = incompatible("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", addedUnopen, "Data written without the property has no value for it.",
		side("a required property without a default is added to a closed object", "Give the property a default, or make it optional."),
		side("a required property that has no default is removed from a closed object", "Keep the property."))
	requiredPropertyWithDefaultAddedToUnopen = compatible("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL", "The default stands for a property that was not written.",
		"a required property that has a default is added to a closed object", "a required property that has a default is removed from a closed object")
	optionalPropertyAddedToUnopen = compatible("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", "The reader can do without the property, and the writer let no others in.",
		"an optional property is added to a closed object", "an optional property is removed from a closed object")

	maxItems         = upper("MAX_ITEMS", "maxItems")
	minItems         = lower("MIN_ITEMS", "minItems")
	maxContains      = upper("MAX_CONTAINS", "maxContains")
	minContains      = lower("MIN_CONTAINS", "minContains")
	uniqueItemsAdded = incompatible("UNIQUE_ITEMS_ADDED", keywordAdded, "Arrays written before may repeat an item.",
		side("uniqueItems is added", leaveOut), side("uniqueItems is removed", keepAsInOld))
	uniqueItemsRemoved = compatible("UNIQUE_ITEMS_REMOVED", "Arrays of different items are arrays.", "uniqueItems is removed", "uniqueItems is added")

	additionalItems  = others("ADDITIONAL_ITEMS", "additionalItems", incompatible)
	unevaluatedItems = others("UNEVALUATED_ITEMS", "unevaluatedItems", incompatible)

	items = contents{
		removedFromOpen: compatible("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", "The reader lets further items in.",
			"an item is removed from a tuple that lets further ones in", "an item is added to a tuple that lets further ones in by the old schema"),
		removedCovered: compatible("ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "The schema for further items accepts all its values.",
			"an item is removed and fits the schema for further items", "an item is added that fits the old schema for further items"),
		removedNotCovered: incompatible("ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", goneUncov,
			"Data may hold the item, and the reader's schema for further items does not accept all its values.",
			side("an item is removed and does not fit the schema for further items", "Keep the item, or widen the schema for further items."),
			side("an item is added that does not fit the old schema for further items", "Let it accept no more than the old schema does for further items.")),
		falseRemoved: compatible("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", "No data holds the item.",
			"an item that no value fits is removed from a closed tuple", "an item that no value fits is added to a tuple closed by the old schema"),
		removedFromClosed: incompatible("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", goneClosed, noPlace,
			side("an item is removed from a closed tuple", "Keep the item, or let further items in."),
			side("an item is added to a tuple closed by the old schema", "First publish a version that lets further items in, or leave the item out.")),
		emptyAddedToOpen: compatible("ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", "Whatever data holds in the place is valid.",
			"an item that accepts anything is added to an open tuple", "an item that accepts anything is removed from an open tuple"),
		addedCovered: compatible("ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "It accepts all that the writer's schema for further items did.",
			"an item is added that accepts what the schema for further items did", "an item is removed that accepts what the new schema for further items does"),
		addedNotCovered: incompatible("ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", addedUncov,
			"The writer's schema for further items let in values that the reader's item does not accept.",
			side("an item is added that accepts less than the schema for further items did", "Let the item accept all that the old schema for further items does."),
			side("an item is removed, and the new schema for further items accepts more than it did", "Keep the item, or narrow the schema for further items.")),
	}
	itemAddedToOpen = incompatible("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", addedToOpen, mayHoldOther,
		side("an item is added to an open tuple", "Let the item accept anything, or close the tuple in a version before."),
		side("an item is removed from an open tuple", "Keep the item."))
	itemAddedToClosed = compatible("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", "No data holds the item yet.",
		"an item is added to a closed tuple", "an item is removed from a closed tuple")

	enumExtended = compatible("ENUM_ARRAY_EXTENDED", "All that was valid still is.", "values are added to an enum", "values are removed from an enum")
	enumNarrowed = incompatible("ENUM_ARRAY_NARROWED", fewer, fewerThings,
		side("values are removed from an enum", "Keep the values."), side("values are added to an enum", "Add no values, or do not ask old schemas to read new data (BACKWARD)."))
	enumChanged = incompatible("ENUM_ARRAY_CHANGED", typeOther, fewerThings,
		side("values of an enum are replaced, or a const is changed", "Keep the old values beside the new ones."),
		side("values of an enum are replaced, or a const is changed", "Keep to values that the old schema has."))

	combinedExtended = compatible("COMBINED_TYPE_EXTENDED", "The reader's way of combining asks for no more than the writer's.",
		"allOf or oneOf becomes anyOf, or a single member is combined otherwise", "anyOf becomes allOf or oneOf, or a single member is combined otherwise")
	combinedChanged = incompatible("COMBINED_TYPE_CHANGED", typeOther, "The reader's way of combining refuses values that the writer's accepts.",
		side("anyOf, oneOf or allOf becomes another of them", "Keep the keyword, or make it anyOf."),
		side("anyOf, oneOf or allOf becomes another of them", "Keep the keyword."))
	productExtended = incompatible("PRODUCT_TYPE_EXTENDED", more, "Data written before need not be valid for the added member.",
		side("a member is added to allOf", "Leave the member out."), side("a member is removed from allOf", "Keep the member."))
	productNarrowed = compatible("PRODUCT_TYPE_NARROWED", "The reader asks for less.", "a member is removed from allOf", "a member is added to allOf")
	sumExtended     = compatible("SUM_TYPE_EXTENDED", "The reader accepts more.", "a member is added to anyOf or oneOf", "a member is removed from anyOf or oneOf")
	sumNarrowed     = incompatible("SUM_TYPE_NARROWED", fewer, fewerThings,
		side("a member is removed from anyOf or oneOf", "Keep the member."),
		side("a member is added to anyOf or oneOf", "Add no member, or do not ask old schemas to read new data (BACKWARD)."))
	combinedSubschemasChanged = incompatible("COMBINED_TYPE_SUBSCHEMAS_CHANGED", typeOther, "For some member of the one there is no member of the other that is compatible with it.",
		side("members of anyOf, oneOf or allOf are changed incompatibly", "Keep the members and add new ones beside them."),
		side("members of anyOf, oneOf or allOf are changed incompatibly", "Keep to members that the old schema can read."))
	notExtended = incompatible("NOT_TYPE_EXTENDED", more, "The reader refuses values that the writer let through.",
		side("the schema under not accepts more, or others", "Let not refuse no more than before."),
		side("the schema under not accepts less, or others", "Let not refuse all that the old schema does."))
	notNarrowed = compatible("NOT_TYPE_NARROWED", "The reader refuses no more than the writer.", "the schema under not accepts less", "the schema under not accepts more")
)

// bound is a keyword that limits a value, with its four kinds.
type bound struct {
	keyword                    string
	added, removed, more, less *Kind
}

func boundAdded(prefix, keyword string) *Kind {
	return incompatible(prefix+"_ADDED", keywordAdded, wasValid,
		side(keyword+" is added", leaveOut), side(keyword+" is removed", keepAsInOld))
}

func boundRemoved(prefix, keyword string) *Kind {
	return compatible(prefix+"_REMOVED", "The reader knows no such limit.", keyword+" is removed", keyword+" is added")
}

func upper(prefix, keyword string) bound {
	return bound{
		keyword: keyword,
		added:   boundAdded(prefix, keyword),
		removed: boundRemoved(prefix, keyword),
		more:    compatible(prefix+"_INCREASED", "All that was valid still is.", keyword+" is raised", keyword+" is lowered"),
		less: incompatible(prefix+"_DECREASED", valueLess, wasValid,
			side(keyword+" is lowered", "Keep "+keyword+" at least as high as it was."),
			side(keyword+" is raised", "Keep "+keyword+" at most as high as in the old schema.")),
	}
}

func lower(prefix, keyword string) bound {
	return bound{
		keyword: keyword,
		added:   boundAdded(prefix, keyword),
		removed: boundRemoved(prefix, keyword),
		more: incompatible(prefix+"_INCREASED", valueMore, wasValid,
			side(keyword+" is raised", "Keep "+keyword+" at most as high as it was."),
			side(keyword+" is lowered", "Keep "+keyword+" at least as high as in the old schema.")),
		less: compatible(prefix+"_DECREASED", "All that was valid still is.", keyword+" is lowered", keyword+" is raised"),
	}
}

// rest is a keyword for what is not listed by name or place, with its kinds.
type rest struct {
	keyword                            string
	added, removed, narrowed, extended *Kind
}

func others(prefix, keyword string, harmful func(name, text, why string, sides ...compat.Side) *Kind) rest {
	return rest{
		keyword: keyword,
		added:   compatible(prefix+"_ADDED", "The reader lets in more.", keyword+" is no longer false", keyword+" becomes false"),
		removed: harmful(prefix+"_REMOVED", keywordAdded, fewerThings,
			side(keyword+" becomes false", "Do not set "+keyword+" to false."),
			side(keyword+" is no longer false", "Keep "+keyword+": false.")),
		narrowed: harmful(prefix+"_NARROWED", fewer, fewerThings,
			side("a schema is set for "+keyword+" where anything was allowed", "Leave "+keyword+" out, or true."),
			side("the schema of "+keyword+" is removed, so that anything is allowed", keepAsInOld)),
		extended: compatible(prefix+"_EXTENDED", "The reader lets in more.",
			"the schema of "+keyword+" is removed, so that anything is allowed", "a schema is set for "+keyword+" where anything was allowed"),
	}
}

// contents are the kinds of what comes and goes in objects, and likewise in tuples.
type contents struct {
	removedFromOpen, removedCovered, removedNotCovered, falseRemoved, removedFromClosed *Kind

	emptyAddedToOpen, addedCovered, addedNotCovered *Kind
}
