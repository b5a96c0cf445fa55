package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bodies are read as the reference's JSON mapper reads them: member names are
// case-sensitive, of a repeated name the last counts, unknown names are ignored,
// and scalars are coerced (1 to "1", "1" to 1, "true" to true). A mismatch is a
// BadRequest.

// object is a decoded JSON object, its members still encoded.
type object map[string]json.RawMessage

// ReadBody reads a body of exactly one JSON value into a request type by its
// read function. An empty body or null is a NullRequest under the name of the call.
func ReadBody[T any](body []byte, call, typeName string, read func(object) (T, error)) (T, error) {
	var zero T
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return zero, NullRequest(call)
	}
	if !utf8.Valid(trimmed) {
		return zero, BadRequest("Invalid UTF-8 in the request body")
	}
	if err := syntax(trimmed); err != nil {
		return zero, err
	}
	if string(trimmed) == "null" {
		return zero, NullRequest(call)
	}
	o, err := asObject(trimmed, typeName)
	if err != nil {
		return zero, err
	}
	return read(o)
}

func syntax(b []byte) error {
	var raw json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&raw); err != nil {
		if err == io.ErrUnexpectedEOF || err == io.EOF {
			return BadRequest("Unexpected end-of-input: the JSON text is incomplete")
		}
		return BadRequest("%s at offset %d", strings.TrimPrefix(err.Error(), "json: "), dec.InputOffset())
	}
	if rest := bytes.TrimSpace(b[dec.InputOffset():]); len(rest) > 0 {
		return BadRequest("Unexpected text after the JSON value, at offset %d", dec.InputOffset())
	}
	return nil
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "Object"
	case '[':
		return "Array"
	case '"':
		return "String"
	case 't', 'f':
		return "Boolean"
	}
	return "Number"
}

func mismatch(raw json.RawMessage, typeName string) error {
	kind := kindOf(raw)
	if kind == "Object" || kind == "Array" {
		return BadRequest("Cannot deserialize value of type `%s` from %s value", typeName, kind)
	}
	text := string(raw)
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return BadRequest("Cannot deserialize value of type `%s` from %s value (%s)", typeName, kind, strings.ToValidUTF8(text, ""))
}

func asObject(raw json.RawMessage, typeName string) (object, error) {
	if raw[0] != '{' {
		return nil, mismatch(raw, typeName)
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, BadRequest("%v", err)
	}
	return o, nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || raw[0] == 'n' }

func asString(raw json.RawMessage) (string, error) {
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '{', '[':
		return "", mismatch(raw, "String")
	}
	return string(raw), nil
}

func (o object) string(name string) (string, error) {
	raw := o[name]
	if isNull(raw) {
		return "", nil
	}
	return asString(raw)
}

func (o object) stringPtr(name string) (*string, error) {
	if isNull(o[name]) {
		return nil, nil
	}
	s, err := asString(o[name])
	return &s, err
}

func (o object) int(name string) (*int, error) {
	raw := o[name]
	if isNull(raw) {
		return nil, nil
	}
	text := string(raw)
	switch raw[0] {
	case '{', '[', 't', 'f':
		return nil, mismatch(raw, "Integer")
	case '"':
		s, err := asString(raw)
		if err != nil {
			return nil, err
		}
		if text = strings.TrimSpace(s); text == "" {
			return nil, nil
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, BadRequest("Cannot deserialize value of type `Integer` from String %q: not a valid Integer value", text)
		}
		v := int(n)
		return &v, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Trunc(f) < math.MinInt32 || math.Trunc(f) > math.MaxInt32 {
		return nil, BadRequest("Numeric value (%s) out of range of int (-2147483648 - 2147483647)", clip(text))
	}
	v := int(f)
	return &v, nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

func (o object) bool(name string) (*bool, error) {
	raw := o[name]
	if isNull(raw) {
		return nil, nil
	}
	v := false
	switch raw[0] {
	case 't':
		v = true
	case 'f':
	case '"':
		s, err := asString(raw)
		if err != nil {
			return nil, err
		}
		switch strings.TrimSpace(s) {
		case "":
			return nil, nil
		case "true", "True", "TRUE":
			v = true
		case "false", "False", "FALSE":
		default:
			return nil, BadRequest("Cannot deserialize value of type `Boolean` from String %q: only \"true\" or \"false\" recognized", clip(s))
		}
	case '{', '[':
		return nil, mismatch(raw, "Boolean")
	default:
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || f != math.Trunc(f) {
			return nil, mismatch(raw, "Boolean")
		}
		v = f != 0
	}
	return &v, nil
}

func (o object) enum(name, typeName string, values ...string) (string, error) {
	raw := o[name]
	if isNull(raw) {
		return "", nil
	}
	s, err := asString(raw)
	if err != nil || raw[0] != '"' {
		return "", mismatch(raw, typeName)
	}
	if !slices.Contains(values, s) {
		return "", BadRequest("Cannot deserialize value of type `%s` from String %q: not one of the values accepted for Enum class: [%s]", typeName, clip(s), strings.Join(values, ", "))
	}
	return s, nil
}

func list[T any](raw json.RawMessage, typeName string, item func(json.RawMessage) (T, error)) ([]T, error) {
	if isNull(raw) {
		return nil, nil
	}
	if raw[0] != '[' {
		return nil, mismatch(raw, typeName)
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(raw, &raws); err != nil {
		return nil, BadRequest("%v", err)
	}
	out := make([]T, 0, len(raws))
	for _, r := range raws {
		if isNull(r) {
			return nil, BadRequest("Null element in a list of `%s`", typeName)
		}
		v, err := item(r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func of[T any](typeName string, read func(object) (T, error)) func(json.RawMessage) (T, error) {
	return func(raw json.RawMessage) (T, error) {
		var zero T
		o, err := asObject(raw, typeName)
		if err != nil {
			return zero, err
		}
		return read(o)
	}
}

func optional[T any](raw json.RawMessage, typeName string, read func(object) (T, error)) (*T, error) {
	if isNull(raw) {
		return nil, nil
	}
	v, err := of(typeName, read)(raw)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

func stringList(raw json.RawMessage) ([]string, error) { return list(raw, "List<String>", asString) }

// stringSet reads a set of strings: sorted, without duplicates.
func stringSet(raw json.RawMessage) ([]string, error) {
	s, err := stringList(raw)
	slices.Sort(s)
	return slices.Compact(s), err
}

func stringMap[T any](raw json.RawMessage, value func(json.RawMessage) (T, error)) (map[string]T, error) {
	if isNull(raw) {
		return nil, nil
	}
	o, err := asObject(raw, "Map")
	if err != nil {
		return nil, err
	}
	m := make(map[string]T, len(o))
	for k, v := range o {
		if isNull(v) {
			return nil, &Error{Code: 422, Message: fmt.Sprintf("The value of %q must not be null", clip(k))}
		}
		if m[k], err = value(v); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// reader collects the first error of a row of reads.
type reader struct{ err error }

func take[T any](r *reader, dst *T) func(T, error) {
	return func(v T, err error) {
		if r.err == nil {
			*dst, r.err = v, err
		}
	}
}

func readReference(o object) (ref Reference, err error) {
	var r reader
	var version *int
	take(&r, &ref.Name)(o.string("name"))
	take(&r, &ref.Subject)(o.string("subject"))
	take(&r, &version)(o.int("version"))
	ref.unnamed = isNull(o["name"])
	if version != nil {
		ref.Version = *version
	}
	return ref, r.err
}

func readMetadata(o object) (m Metadata, err error) {
	var r reader
	take(&r, &m.Tags)(stringMap(o["tags"], stringSet))
	take(&r, &m.Properties)(stringMap(o["properties"], asString))
	take(&r, &m.Sensitive)(stringSet(o["sensitive"]))
	return m, r.err
}

func readRule(o object) (rule Rule, err error) {
	var r reader
	var disabled *bool
	take(&r, &rule.Name)(o.string("name"))
	take(&r, &rule.Doc)(o.string("doc"))
	take(&r, &rule.Kind)(o.enum("kind", "RuleKind", KindTransform, KindCondition))
	take(&r, &rule.Mode)(o.enum("mode", "RuleMode", ModeUpgrade, ModeDowngrade, ModeUpDown, ModeWrite, ModeRead, ModeWriteRead))
	take(&r, &rule.Type)(o.string("type"))
	take(&r, &rule.Tags)(stringSet(o["tags"]))
	take(&r, &rule.Params)(stringMap(o["params"], asString))
	take(&r, &rule.Expr)(o.string("expr"))
	take(&r, &rule.OnSuccess)(o.string("onSuccess"))
	take(&r, &rule.OnFailure)(o.string("onFailure"))
	take(&r, &disabled)(o.bool("disabled"))
	rule.unnamed = isNull(o["name"])
	rule.Disabled = disabled != nil && *disabled
	if rule.Kind == "" {
		rule.Kind = KindTransform
	}
	if rule.Mode == "" {
		rule.Mode = ModeWriteRead
	}
	return rule, r.err
}

func readRuleSet(o object) (s RuleSet, err error) {
	var r reader
	rules := func(name string) ([]Rule, error) { return list(o[name], "ArrayList<Rule>", of("Rule", readRule)) }
	take(&r, &s.MigrationRules)(rules("migrationRules"))
	take(&r, &s.DomainRules)(rules("domainRules"))
	take(&r, &s.EncodingRules)(rules("encodingRules"))
	take(&r, &s.EnableAt)(o.enum("enableAt", "ExecutionEnvironment", "ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"))
	return s, r.err
}

func readSchemaTags(o object) (t SchemaTags, err error) {
	var r reader
	var entity *SchemaEntity
	take(&r, &entity)(optional(o["schemaEntity"], "SchemaEntity", func(o object) (e SchemaEntity, err error) {
		var r reader
		take(&r, &e.EntityPath)(o.string("entityPath"))
		take(&r, &e.EntityType)(o.enum("entityType", "EntityType", EntityRecord, EntityField))
		return e, r.err
	}))
	take(&r, &t.Tags)(stringList(o["tags"]))
	if entity != nil {
		t.SchemaEntity = *entity
	}
	return t, r.err
}

// ReadRegisterRequest reads the body of a registration, lookup or compatibility call.
func ReadRegisterRequest(o object) (q RegisterRequest, err error) {
	var r reader
	var propagate *bool
	var schemaType *string
	take(&r, &q.Version)(o.int("version"))
	take(&r, &q.ID)(o.int("id"))
	take(&r, &schemaType)(o.stringPtr("schemaType"))
	take(&r, &q.References)(list(o["references"], "SchemaReference", of("SchemaReference", readReference)))
	take(&r, &q.Metadata)(optional(o["metadata"], "Metadata", readMetadata))
	take(&r, &q.RuleSet)(optional(o["ruleSet"], "RuleSet", readRuleSet))
	take(&r, &q.Schema)(o.string("schema"))
	take(&r, &q.SchemaTagsToAdd)(list(o["schemaTagsToAdd"], "SchemaTags", of("SchemaTags", readSchemaTags)))
	take(&r, &q.SchemaTagsToRemove)(list(o["schemaTagsToRemove"], "SchemaTags", of("SchemaTags", readSchemaTags)))
	take(&r, &propagate)(o.bool("propagateSchemaTags"))
	q.PropagateSchemaTags = propagate != nil && *propagate
	q.SchemaType = Avro
	if schemaType != nil {
		q.SchemaType = *schemaType
	}
	return q, r.err
}

// ReadTagsRequest reads the body of a tag edit.
func ReadTagsRequest(o object) (q TagsRequest, err error) {
	var r reader
	take(&r, &q.NewVersion)(o.int("newVersion"))
	take(&r, &q.TagsToAdd)(list(o["tagsToAdd"], "SchemaTags", of("SchemaTags", readSchemaTags)))
	take(&r, &q.TagsToRemove)(list(o["tagsToRemove"], "SchemaTags", of("SchemaTags", readSchemaTags)))
	take(&r, &q.Metadata)(optional(o["metadata"], "Metadata", readMetadata))
	take(&r, &q.RuleSet)(optional(o["ruleSet"], "RuleSet", readRuleSet))
	take(&r, &q.RulesToMerge)(optional(o["rulesToMerge"], "RuleSet", readRuleSet))
	take(&r, &q.RulesToRemove)(stringList(o["rulesToRemove"]))
	return q, r.err
}

// ConfigUpdate is the body of a configuration change. Of its values only those
// named in Set count; a nil (or empty) one among them clears the member.
type ConfigUpdate struct {
	Config
	Level *string // the level as written, in place of Config.CompatibilityLevel
	Set   map[string]bool
}

// ReadConfigUpdate reads the body of a configuration change. The level is the
// member "compatibility"; it is kept as written, for the registry to judge.
func ReadConfigUpdate(o object) (u ConfigUpdate, err error) {
	var r reader
	u.Set = make(map[string]bool, len(o))
	for name := range o {
		u.Set[name] = true
	}
	take(&r, &u.Alias)(o.stringPtr("alias"))
	take(&r, &u.AliasForDeks)(o.stringPtr("aliasForDeks"))
	take(&r, &u.Normalize)(o.bool("normalize"))
	take(&r, &u.ValidateFields)(o.bool("validateFields"))
	take(&r, &u.ValidateNewSchemas)(o.bool("validateNewSchemas"))
	take(&r, &u.ValidateRules)(o.bool("validateRules"))
	take(&r, &u.Level)(o.stringPtr("compatibility"))
	take(&r, &u.CompatibilityPolicy)(o.string("compatibilityPolicy"))
	take(&r, &u.CompatibilityGroup)(o.stringPtr("compatibilityGroup"))
	take(&r, &u.DefaultMetadata)(optional(o["defaultMetadata"], "Metadata", readMetadata))
	take(&r, &u.OverrideMetadata)(optional(o["overrideMetadata"], "Metadata", readMetadata))
	take(&r, &u.DefaultRuleSet)(optional(o["defaultRuleSet"], "RuleSet", readRuleSet))
	take(&r, &u.OverrideRuleSet)(optional(o["overrideRuleSet"], "RuleSet", readRuleSet))
	return u, r.err
}

// ModeUpdate is the body of a mode change. Present tells null, which clears
// the mode, from an absent member.
type ModeUpdate struct {
	Mode    *string
	Present bool
}

// ReadModeUpdate reads the body of a mode change.
func ReadModeUpdate(o object) (u ModeUpdate, err error) {
	_, u.Present = o["mode"]
	u.Mode, err = o.stringPtr("mode")
	return u, err
}

// ReadStringMap reads a body that is an object of strings.
func ReadStringMap(o object) (map[string]string, error) {
	m := make(map[string]string, len(o))
	for k, v := range o {
		if isNull(v) {
			continue
		}
		s, err := asString(v)
		if err != nil {
			return nil, err
		}
		m[k] = s
	}
	return m, nil
}
