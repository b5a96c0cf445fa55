// Package api is the vocabulary of the registry on the wire: the JSON types of
// requests and answers, the error codes and the media types. Every other
// package may import it; it imports none of them.
//
// Member names, their order and the rules for leaving members out are those of
// Confluent Schema Registry, so that an encoded answer reads the same.
package api

// Schema types, spelt as in the member "schemaType". An absent type means Avro.
const (
	Avro     = "AVRO"
	JSON     = "JSON"
	Protobuf = "PROTOBUF"
)

// Reference names a schema that another one uses. Name is what the referring
// text calls it: an Avro full name, a Protobuf import path or a JSON Schema
// "$ref". Subject and Version say where it is registered; Version -1 asks for
// the latest live version and is replaced by its number when stored.
type Reference struct {
	Name    string `json:"name,omitempty"`
	Subject string `json:"subject,omitempty"`
	Version int    `json:"version"`

	unnamed bool // the request had no name, not even an empty one
}

// Incomplete reports whether a part that every reference needs was left out.
func (r Reference) Incomplete() bool { return r.unnamed || r.Subject == "" || r.Version == 0 }

// Metadata is the free part of a data contract.
//
// A nil *Metadata and an empty one differ: the empty one is stored, served as
// {} and changes the GUID. Value sets in Tags and Sensitive are sorted and
// free of duplicates once decoded.
type Metadata struct {
	Tags       map[string][]string `json:"tags,omitempty"`
	Properties map[string]string   `json:"properties,omitempty"`
	Sensitive  []string            `json:"sensitive,omitempty"`
}

// PropertyVersion is the metadata property in which the registry stamps the
// version a schema was registered as.
const PropertyVersion = "confluent:version"

// PropertyReserved is the metadata property that lists reserved field names,
// separated by commas.
const PropertyReserved = "confluent:reserved"

// RuleSet holds the rules of a data contract, in the order they are run.
type RuleSet struct {
	MigrationRules []Rule `json:"migrationRules,omitempty"`
	DomainRules    []Rule `json:"domainRules,omitempty"`
	EncodingRules  []Rule `json:"encodingRules,omitempty"`
	EnableAt       string `json:"enableAt,omitempty"`
}

// Rule is one rule of a data contract. Kind (TRANSFORM, CONDITION) and Mode
// (UPGRADE, DOWNGRADE, UPDOWN, WRITE, READ, WRITEREAD) are never empty once
// decoded; Tags is sorted and free of duplicates.
type Rule struct {
	Name      string            `json:"name,omitempty"`
	Doc       string            `json:"doc,omitempty"`
	Kind      string            `json:"kind,omitempty"`
	Mode      string            `json:"mode,omitempty"`
	Type      string            `json:"type,omitempty"`
	Tags      []string          `json:"tags,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	Expr      string            `json:"expr,omitempty"`
	OnSuccess string            `json:"onSuccess,omitempty"`
	OnFailure string            `json:"onFailure,omitempty"`
	Disabled  bool              `json:"disabled"`

	unnamed bool // the request had no name, not even an empty one
}

// Unnamed reports whether the rule was sent without a name.
func (r *Rule) Unnamed() bool { return r.unnamed }

// Rule kinds and modes.
const (
	KindTransform = "TRANSFORM"
	KindCondition = "CONDITION"

	ModeUpgrade   = "UPGRADE"
	ModeDowngrade = "DOWNGRADE"
	ModeUpDown    = "UPDOWN"
	ModeWrite     = "WRITE"
	ModeRead      = "READ"
	ModeWriteRead = "WRITEREAD"
)

// Entity types of inline tags.
const (
	EntityField  = "sr_field"
	EntityRecord = "sr_record"
)

// SchemaEntity addresses a field or a record (message, object) inside a schema.
type SchemaEntity struct {
	EntityPath string `json:"entityPath,omitempty"`
	EntityType string `json:"entityType,omitempty"`
}

// SchemaTags are the inline tags of one entity of a schema.
type SchemaTags struct {
	SchemaEntity SchemaEntity `json:"schemaEntity"`
	Tags         []string     `json:"tags,omitempty"`
}

// Schema is a registered schema as served under its subject.
// TS is the time of the record in milliseconds since 1970; TS and Deleted are
// nil where the answer was made from the submitted text.
type Schema struct {
	Subject      string        `json:"subject,omitempty"`
	Version      int           `json:"version,omitempty"`
	ID           int           `json:"id"`
	GUID         string        `json:"guid,omitempty"`
	SchemaType   string        `json:"schemaType,omitempty"`
	References   []Reference   `json:"references,omitempty"`
	Metadata     *Metadata     `json:"metadata,omitempty"`
	RuleSet      *RuleSet      `json:"ruleSet,omitempty"`
	Schema       string        `json:"schema,omitempty"`
	SchemaTags   []SchemaTags  `json:"schemaTags,omitempty"`
	TS           *int64        `json:"ts,omitempty"`
	Deleted      *bool         `json:"deleted,omitempty"`
	Aliases      []string      `json:"aliases,omitempty"`
	Associations []Association `json:"associations,omitempty"`
}

// SchemaString is a schema as served by its id or GUID.
type SchemaString struct {
	Subject    string       `json:"subject,omitempty"`
	Version    int          `json:"version,omitempty"`
	GUID       string       `json:"guid,omitempty"`
	SchemaType string       `json:"schemaType,omitempty"`
	Schema     string       `json:"schema,omitempty"`
	References []Reference  `json:"references,omitempty"`
	Metadata   *Metadata    `json:"metadata,omitempty"`
	RuleSet    *RuleSet     `json:"ruleSet,omitempty"`
	SchemaTags []SchemaTags `json:"schemaTags,omitempty"`
	MaxID      *int         `json:"maxId,omitempty"`
	TS         *int64       `json:"ts,omitempty"`
	Deleted    *bool        `json:"deleted,omitempty"`
}

// RegisterRequest is the body of registration, lookup and compatibility calls.
// Version and ID are nil when absent; Version 0 counts as absent.
type RegisterRequest struct {
	Version             *int         `json:"version,omitempty"`
	ID                  *int         `json:"id,omitempty"`
	SchemaType          string       `json:"schemaType,omitempty"`
	References          []Reference  `json:"references,omitempty"`
	Metadata            *Metadata    `json:"metadata,omitempty"`
	RuleSet             *RuleSet     `json:"ruleSet,omitempty"`
	Schema              string       `json:"schema,omitempty"`
	SchemaTagsToAdd     []SchemaTags `json:"schemaTagsToAdd,omitempty"`
	SchemaTagsToRemove  []SchemaTags `json:"schemaTagsToRemove,omitempty"`
	PropagateSchemaTags bool         `json:"propagateSchemaTags,omitempty"`
}

// Request is the body that registers a schema, or looks it up: what counts of its content. It shares memory with the schema.
func (s *Schema) Request() *RegisterRequest {
	return &RegisterRequest{SchemaType: s.SchemaType, References: s.References, Metadata: s.Metadata, RuleSet: s.RuleSet, Schema: s.Schema}
}

// RegisterResponse answers a registration. TS and Deleted are set only when an
// existing record was returned.
type RegisterResponse struct {
	ID         int         `json:"id"`
	Version    int         `json:"version,omitempty"`
	GUID       string      `json:"guid,omitempty"`
	SchemaType string      `json:"schemaType,omitempty"`
	References []Reference `json:"references,omitempty"`
	Metadata   *Metadata   `json:"metadata,omitempty"`
	RuleSet    *RuleSet    `json:"ruleSet,omitempty"`
	Schema     string      `json:"schema,omitempty"`
	TS         *int64      `json:"ts,omitempty"`
	Deleted    *bool       `json:"deleted,omitempty"`
}

// TagsRequest edits the inline tags of a version and so makes a new one.
type TagsRequest struct {
	NewVersion    *int         `json:"newVersion,omitempty"`
	TagsToAdd     []SchemaTags `json:"tagsToAdd,omitempty"`
	TagsToRemove  []SchemaTags `json:"tagsToRemove,omitempty"`
	Metadata      *Metadata    `json:"metadata,omitempty"`
	RuleSet       *RuleSet     `json:"ruleSet,omitempty"`
	RulesToMerge  *RuleSet     `json:"rulesToMerge,omitempty"`
	RulesToRemove []string     `json:"rulesToRemove,omitempty"`
}

// Config is the configuration of a subject, a context or the whole registry.
// Unset members are nil.
type Config struct {
	Alias               *string   `json:"alias,omitempty"`
	AliasForDeks        *string   `json:"aliasForDeks,omitempty"`
	Normalize           *bool     `json:"normalize,omitempty"`
	ValidateFields      *bool     `json:"validateFields,omitempty"`
	ValidateNewSchemas  *bool     `json:"validateNewSchemas,omitempty"`
	ValidateRules       *bool     `json:"validateRules,omitempty"`
	CompatibilityLevel  string    `json:"compatibilityLevel,omitempty"`
	CompatibilityPolicy string    `json:"compatibilityPolicy,omitempty"`
	CompatibilityGroup  *string   `json:"compatibilityGroup,omitempty"`
	DefaultMetadata     *Metadata `json:"defaultMetadata,omitempty"`
	OverrideMetadata    *Metadata `json:"overrideMetadata,omitempty"`
	DefaultRuleSet      *RuleSet  `json:"defaultRuleSet,omitempty"`
	OverrideRuleSet     *RuleSet  `json:"overrideRuleSet,omitempty"`
}

// Association binds a resource (a topic) to the subject of its keys or values.
// Frozen is nil where it is what the lifecycle implies.
type Association struct {
	Subject           string `json:"subject,omitempty"`
	GUID              string `json:"guid,omitempty"`
	ResourceName      string `json:"resourceName,omitempty"`
	ResourceNamespace string `json:"resourceNamespace,omitempty"`
	ResourceID        string `json:"resourceId,omitempty"`
	ResourceType      string `json:"resourceType,omitempty"`
	AssociationType   string `json:"associationType,omitempty"`
	Lifecycle         string `json:"lifecycle,omitempty"`
	Frozen            *bool  `json:"frozen,omitempty"`
	CreateTS          int64  `json:"createTs,omitempty"`
	UpdateTS          int64  `json:"updateTs,omitempty"`
}

// SubjectVersion names a version of a subject.
type SubjectVersion struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

// ContextID is a schema id together with the context that gave it.
type ContextID struct {
	Context string `json:"context"`
	ID      int    `json:"id"`
}

// CompatibilityResult is a verdict; Messages and Suggestions are nil unless asked for.
type CompatibilityResult struct {
	IsCompatible bool          `json:"is_compatible"`
	Messages     *[]string     `json:"messages,omitempty"`
	Suggestions  *[]Suggestion `json:"suggestions,omitempty"`
}

// Suggestion explains one difference that makes a schema incompatible, and
// says what to do. The reference knows none, so answers carry them only on request.
type Suggestion struct {
	Kind string `json:"kind"`           // name in the table of kinds
	Path string `json:"path,omitempty"` // place in the schema, as the messages write it
	// Reader is the schema that would have to read the other's data: "new" or "old".
	Reader     string `json:"reader"`
	OldVersion int    `json:"oldSchemaVersion,omitempty"`
	// New and Old are what the schemas have at the path, where a few words say it.
	New    string `json:"new,omitempty"`
	Old    string `json:"old,omitempty"`
	Change string `json:"change"` // what the new schema does
	Why    string `json:"why"`
	Edit   string `json:"edit"` // of the new schema, by which it passes
}
