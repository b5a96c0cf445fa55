package serde

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema"
)

// WithProperties sets what Confluent's Java client calls by these names. Names that
// are nothing to a serde (those of the REST client, of Kafka) are passed over; a value that
// cannot be read is an error of the constructor. Options go before properties. As in the Java client, auto.register.schemas is true unless it is said to be
// false, and then goes before use.schema.id, use.latest.with.metadata and use.latest.version.
//
// Properties of rules are as rules.WithConfig has them.
func WithProperties(properties map[string]string) Option {
	properties = maps.Clone(properties)
	return func(c *config) {
		if c.properties == nil {
			c.properties = map[string]string{}
		}
		maps.Copy(c.properties, properties)
	}
}

// applyProperties sets what the properties say.
func (c *config) applyProperties() {
	part := "value."
	if c.isKey {
		part = "key."
	}
	apply := func(name string, set func(*config, string) error) {
		if v := c.properties[name]; v != "" {
			if err := set(c, v); err != nil {
				c.fail(fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		apply(name, settings[name])
	}
	for _, name := range slices.Sorted(maps.Keys(partSettings)) { // which go before those for both parts
		apply(part+name, partSettings[name])
	}
}

// settings are the properties, without those of rules.
var settings = map[string]func(*config, string) error{
	"auto.register.schemas":             boolean(func(c *config, b bool) { c.autoRegister = &b }),
	"normalize.schemas":                 boolean(func(c *config, b bool) { c.normalize = b }),
	"propagate.schema.tags":             boolean(func(c *config, b bool) { c.propagate = b }),
	"use.latest.version":                boolean(func(c *config, b bool) { c.latest = b }),
	"latest.compatibility.strict":       boolean(func(c *config, b bool) { c.latestStrict = &b }),
	"id.compatibility.strict":           boolean(func(c *config, b bool) { c.idStrict = &b }),
	"json.fail.invalid.schema":          boolean(func(c *config, b bool) { c.validate = b }),
	"json.validate.before.domain.rules": boolean(func(c *config, b bool) { c.validateFirst = b }),
	"json.fail.unknown.properties":      boolean(func(c *config, b bool) { c.unknown = b }),
	"avro.fail.on.trailing.data":        boolean(func(c *config, b bool) { c.whole = b }),
	"avro.use.logical.type.converters":  boolean(func(c *config, b bool) { c.view.Logical = b }),
	"reference.lookup.only":             boolean(func(c *config, b bool) { c.lookUpOnly = b }),
	"skip.known.types":                  boolean(func(c *config, b bool) { c.skipKnown = b }),
	"use.schema.id":                     schemaID,
	"use.schema.guid":                   schemaGUID,
	"use.message.indexes":               messageIndexes,
	"use.latest.with.metadata":          metadata,
	"subject.name.strategy":             strategy,
	"subject.name.strategy.type":        strategy,
	"reference.subject.name.strategy":   referenceStrategy,
	"schema.id.serializer":              writerFrame,
	"schema.id.deserializer":            readerFrame,
	"subject.name.strategy.fallback.type": func(c *config, v string) error {
		s, err := strategyNamed(v)
		c.fallback = &s
		return err
	},
	"subject.name.strategy.kafka.cluster.id": text(func(c *config, s string) { c.clusterID = s }),
}

// partSettings are the properties that begin with "key." or "value.".
var partSettings = map[string]func(*config, string) error{
	"subject.name.strategy":  strategy,
	"schema.id.serializer":   writerFrame,
	"schema.id.deserializer": readerFrame,
}

func text(set func(*config, string)) func(*config, string) error {
	return func(c *config, v string) error {
		set(c, v)
		return nil
	}
}

func boolean(set func(*config, bool)) func(*config, string) error {
	return func(c *config, v string) error {
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			set(c, true)
		case "false":
			set(c, false)
		default:
			return fmt.Errorf("%q is neither true nor false", v)
		}
		return nil
	}
}

func schemaID(c *config, v string) error {
	id, err := strconv.ParseInt(strings.TrimSpace(v), 10, 32)
	if err != nil {
		return fmt.Errorf("%q is no schema id", v)
	}
	c.id = max(int(id), -1)
	return nil
}

func schemaGUID(c *config, v string) error {
	v = strings.TrimSpace(v)
	if _, ok := schema.ParseGUID(v); !ok {
		return fmt.Errorf("%q is no GUID", v)
	}
	c.guid = v
	return nil
}

func messageIndexes(c *config, v string) error {
	c.indexes = nil
	for part := range strings.SplitSeq(v, ",") {
		i, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil {
			return fmt.Errorf("%q is no list of message indexes", v)
		}
		c.indexes = append(c.indexes, int(i))
	}
	return nil
}

// metadata reads k=v,k2=v2. Quotes 'so' keep commas and equals signs, and stand for one of themselves when doubled.
func metadata(c *config, v string) error {
	pairs := map[string]string{}
	var key, token strings.Builder
	inValue, quoted := false, false
	add := func() error {
		k := strings.TrimSpace(key.String())
		if !inValue || k == "" {
			return fmt.Errorf("%q is no list of the form name=value,name=value", v)
		}
		pairs[k] = strings.TrimSpace(token.String())
		key.Reset()
		token.Reset()
		inValue = false
		return nil
	}
	for i := 0; i < len(v); i++ {
		ch := v[i]
		switch {
		case ch == '\'' && quoted && i+1 < len(v) && v[i+1] == '\'':
			token.WriteByte(ch)
			i++
		case ch == '\'':
			quoted = !quoted
		case ch == '=' && !quoted && !inValue:
			key.WriteString(token.String())
			token.Reset()
			inValue = true
		case ch == ',' && !quoted:
			if err := add(); err != nil {
				return err
			}
		default:
			token.WriteByte(ch)
		}
	}
	if quoted {
		return fmt.Errorf("%q has a quote without an end", v)
	}
	if err := add(); err != nil {
		return err
	}
	c.metadata = pairs
	return nil
}

func strategy(c *config, v string) error {
	if simple(v) == "AssociatedNameStrategy" || v == "ASSOCIATED" {
		c.strategy = SubjectNameStrategy{} // which is the default
		return nil
	}
	s, err := strategyNamed(v)
	c.strategy = s
	return err
}

func strategyNamed(v string) (SubjectNameStrategy, error) {
	switch simple(v) {
	case "TopicNameStrategy", "TOPIC":
		return TopicNameStrategy, nil
	case "RecordNameStrategy", "RECORD":
		return RecordNameStrategy, nil
	case "TopicRecordNameStrategy", "TOPIC_RECORD":
		return TopicRecordNameStrategy, nil
	case "NONE":
		return NoSubjectName, nil
	}
	return SubjectNameStrategy{}, fmt.Errorf("no subject name strategy is called %q: there are TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy and AssociatedNameStrategy", v)
}

func referenceStrategy(c *config, v string) error {
	switch simple(v) {
	case "DefaultReferenceSubjectNameStrategy":
		c.imports = DefaultReferenceSubjectNameStrategy
	case "QualifiedReferenceSubjectNameStrategy":
		c.imports = QualifiedReferenceSubjectNameStrategy
	default:
		return fmt.Errorf("no reference subject name strategy is called %q", v)
	}
	return nil
}

func writerFrame(c *config, v string) error {
	switch simple(v) {
	case "HeaderSchemaIdSerializer":
		c.headers = true
	case "PrefixSchemaIdSerializer":
		c.headers = false
	default:
		return fmt.Errorf("no schema id serializer is called %q: there are PrefixSchemaIdSerializer and HeaderSchemaIdSerializer", v)
	}
	return nil
}

func readerFrame(c *config, v string) error {
	switch simple(v) {
	case "DualSchemaIdDeserializer":
		c.noHeaders, c.unframed = false, false
	case "PrefixSchemaIdDeserializer":
		c.noHeaders, c.unframed = true, false
	case "ConfigSchemaIdDeserializer":
		c.unframed = true
	default:
		return fmt.Errorf("no schema id deserializer is called %q: there are DualSchemaIdDeserializer, PrefixSchemaIdDeserializer and ConfigSchemaIdDeserializer", v)
	}
	return nil
}

// simple is the name of a Java class without its package.
func simple(class string) string {
	class = strings.TrimSpace(class)
	return class[strings.LastIndexByte(class, '.')+1:]
}

// qualified is a path as QualifiedReferenceSubjectNameStrategy writes it.
func qualified(path string) string {
	return strings.ReplaceAll(strings.TrimSuffix(path, ".proto"), "/", ".")
}
