package serde

import (
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Option is a choice about a serializer or a deserializer.
type Option func(*config)

type config struct {
	format Format
	isKey  bool
	goType reflect.Type           // T
	derive func() (string, error) // the Avro schema of T

	strategy  SubjectNameStrategy
	fallback  *SubjectNameStrategy // of the default strategy, as properties name it
	clusterID string
	imports   ReferenceNameStrategy

	schema       *api.Schema
	autoRegister *bool
	pinned       bool // an option asked for a certain schema, so that none is registered unless that is asked for too
	id           int  // -1 for none
	guid         string
	metadata     map[string]string
	latest       bool
	normalize    bool
	propagate    bool
	latestStrict *bool
	idStrict     *bool
	lookUpOnly   bool // imports are looked up, never registered
	skipKnown    bool // imports that everybody has are not registered

	headers   bool // the writer puts the frame into a header
	noHeaders bool // the reader looks at no header
	unframed  bool // the data is not framed: id or guid say what it is
	indexes   []int

	validate      bool
	validateFirst bool
	unknown       bool // JSON members that a struct has no field for are an error
	whole         bool // Avro: nothing may follow the record
	view          recordavro.View
	codec         AvroCodec

	rules      []rules.Option
	properties map[string]string
	observers  observers
	usage      *client.UsageReporter
	dead       DeadLetterSender

	err error
}

func configured(format Format, of reflect.Type, opts []Option) (*config, error) {
	given := &config{}
	for _, opt := range opts {
		opt(given)
	}
	c := &config{
		format: format, goType: of, isKey: given.isKey, id: -1,
		imports: DefaultReferenceSubjectNameStrategy, skipKnown: true,
		properties: given.properties,
	}
	c.applyProperties()
	for _, opt := range opts { // which go before properties
		opt(c)
	}
	if c.strategy.name == nil {
		otherwise := TopicNameStrategy
		if c.fallback != nil {
			otherwise = *c.fallback
		}
		c.strategy = AssociatedNameStrategy(c.clusterID, otherwise)
	}
	if c.schema != nil {
		if c.schema.SchemaType == "" {
			c.schema.SchemaType = string(c.format)
		}
		if c.format == Any {
			c.format = Format(c.schema.SchemaType)
		}
		if c.schema.SchemaType != string(c.format) {
			c.fail(&FormatError{Want: c.format, Got: Format(c.schema.SchemaType)})
		}
	}
	if c.guid != "" {
		if _, ok := schema.ParseGUID(c.guid); !ok {
			c.fail(fmt.Errorf("%q is no GUID", c.guid))
		}
	}
	if c.codec != nil && c.view != (recordavro.View{}) {
		c.fail(errors.New("how unions and logical types are shown is for the Avro codec of one's own to say"))
	}
	return c, c.err
}

func (c *config) fail(err error) { c.err = errors.Join(c.err, err) }

// registers reports whether schemas are registered as needed.
func (c *config) registers() bool {
	if c.autoRegister != nil {
		return *c.autoRegister
	}
	return !c.pinned
}

// ForKeys makes it a serde of keys; values are the default.
func ForKeys() Option { return func(c *config) { c.isKey = true } }

// WithSchema gives the schema of the records, which for a serializer is registered or looked up, and by which
// a deserializer reads: then without migrations. By default a serializer derives it from T. The type may be left out.
func WithSchema(s api.Schema) Option {
	return func(c *config) {
		own := s // an option may be given to several
		c.schema = &own
	}
}

// AutoRegister says whether a serializer registers its schema. It does by default, unless another option says which schema it
// is to write by. If it does, those options have no effect, as in the Java client.
func AutoRegister(yes bool) Option { return func(c *config) { c.autoRegister = &yes } }

// UseSchemaID writes by the schema of an id. A deserializer with Unframed reads by it.
func UseSchemaID(id int) Option { return func(c *config) { c.id, c.pinned = id, true } }

// UseSchemaGUID is UseSchemaID by the GUID.
func UseSchemaGUID(guid string) Option { return func(c *config) { c.guid, c.pinned = guid, true } }

// UseLatestVersion writes, or reads, by the latest version of the subject.
func UseLatestVersion() Option { return func(c *config) { c.latest, c.pinned = true, true } }

// UseLatestWithMetadata writes, or reads, by the newest version whose metadata has all the properties,
// such as major_version = 1.
func UseLatestWithMetadata(properties map[string]string) Option {
	return func(c *config) { c.metadata, c.pinned = maps.Clone(properties), true }
}

// Normalize has schemas registered and looked up in their normal form.
func Normalize() Option { return func(c *config) { c.normalize = true } }

// PropagateSchemaTags has the tags within the latest version, such as those that mark personal data, carried over to the schema that is registered.
func PropagateSchemaTags() Option { return func(c *config) { c.propagate = true } }

// LatestCompatibilityStrict says whether the latest version must be able to read what the record's own schema
// writes. By default it must where that schema was given, or is that of a generated message, and need not where it was derived from a Go struct:
// its names are only those of Go.
func LatestCompatibilityStrict(yes bool) Option { return func(c *config) { c.latestStrict = &yes } }

// IDCompatibilityStrict is LatestCompatibilityStrict for UseSchemaID and UseSchemaGUID.
func IDCompatibilityStrict(yes bool) Option { return func(c *config) { c.idStrict = &yes } }

// WithSubjectNameStrategy chooses how subjects are named.
func WithSubjectNameStrategy(s SubjectNameStrategy) Option {
	return func(c *config) { c.strategy = s }
}

// WithReferenceSubjectNameStrategy chooses how the subjects of imported Protobuf files are named.
func WithReferenceSubjectNameStrategy(s ReferenceNameStrategy) Option {
	return func(c *config) { c.imports = s }
}

// HeaderFraming has a serializer put the schema's GUID into a header of the record, and nothing before the data.
// Such records are made by SerializeRecord.
func HeaderFraming() Option { return func(c *config) { c.headers = true } }

// PrefixOnly has a deserializer look at no headers: data begins with its frame. By default it reads either.
func PrefixOnly() Option { return func(c *config) { c.noHeaders = true } }

// Unframed has a deserializer read data without any frame, by the schema that UseSchemaID or UseSchemaGUID names. indexes
// are those of the Protobuf message; none for the first.
func Unframed(indexes ...int) Option {
	return func(c *config) { c.unframed, c.indexes = true, indexes }
}

// ValidateJSON holds JSON records against their schema, after the rules have run, or with beforeRules before.
func ValidateJSON(beforeRules bool) Option {
	return func(c *config) { c.validate, c.validateFirst = true, beforeRules }
}

// DisallowUnknownFields makes members of JSON objects that a struct has no field for an error.
func DisallowUnknownFields() Option { return func(c *config) { c.unknown = true } }

// FailOnTrailingData makes bytes behind an Avro record an error.
func FailOnTrailingData() Option { return func(c *config) { c.whole = true } }

// TaggedUnions has a dynamic deserializer show values of Avro unions with the name of their branch:
// {"com.example.A": {…}}. A serializer takes them with it and without.
func TaggedUnions() Option { return func(c *config) { c.view.Tagged = true } }

// LogicalTypes has a dynamic deserializer show values of Avro's logical types as the Go values they mean, as
// recordavro.View says. A serializer, and structs, take either.
func LogicalTypes() Option { return func(c *config) { c.view.Logical = true } }

// WithAvroCodec codes Avro values by another library.
func WithAvroCodec(codec AvroCodec) Option { return func(c *config) { c.codec = codec } }

// WithRules adds to the rule engine: executors and actions of one's own. Env.Original is an *Original.
// The engine carries out CEL, CEL_FIELD and JSONATA.
func WithRules(opts ...rules.Option) Option {
	return func(c *config) { c.rules = append(c.rules, opts...) }
}

// WithObserver has an observer told what happens; several are told one after the other.
func WithObserver(o Observer) Option {
	return func(c *config) { c.observers = append(c.observers, o) }
}

// WithUsageReports has the registry told which versions are in use. By default it is not.
func WithUsageReports(r *client.UsageReporter) Option { return func(c *config) { c.usage = r } }

// WithDeadLetters carries out the action DLQ: records that a rule refuses are sent.
func WithDeadLetters(to DeadLetterSender) Option { return func(c *config) { c.dead = to } }
