package registry

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/seed-9f7c7091/concordat/api"
)

// The records of the log, in the format of the reference's _schemas topic. Keys
// are compared byte by byte when a topic is compacted, so the order of members
// and what is left out matter.

// Key types.
const (
	keySchema        = "SCHEMA"
	keyConfig        = "CONFIG"
	keyMode          = "MODE"
	keyContext       = "CONTEXT"
	keyDeleteSubject = "DELETE_SUBJECT"
	keyClearSubject  = "CLEAR_SUBJECT"
	keyNoop          = "NOOP"
	keyAssociation   = "ASSOC"
)

// tenant is the only tenant there is.
const tenant = "default"

// recordKey holds the members of every key type, in an order that suits all.
type recordKey struct {
	KeyType           string `json:"keytype"`
	Tenant            string `json:"tenant,omitempty"`
	Context           string `json:"context,omitempty"`
	ResourceName      string `json:"resourceName,omitempty"`
	ResourceNamespace string `json:"resourceNamespace,omitempty"`
	ResourceType      string `json:"resourceType,omitempty"`
	AssociationType   string `json:"associationType,omitempty"`
	Subject           string `json:"subject,omitempty"`
	Version           *int   `json:"version,omitempty"`
	Magic             int    `json:"magic"`
}

func schemaKey(subject string, version int) recordKey {
	return recordKey{KeyType: keySchema, Subject: subject, Version: &version, Magic: 1}
}

func subjectRecordKey(keyType, subject string) recordKey {
	return recordKey{KeyType: keyType, Subject: subject}
}

func contextKey(context string) recordKey {
	return recordKey{KeyType: keyContext, Tenant: tenant, Context: context}
}

func associationKey(a *associationValue) recordKey {
	return recordKey{KeyType: keyAssociation, Tenant: tenant, ResourceName: a.ResourceName, ResourceNamespace: a.ResourceNamespace,
		ResourceType: a.ResourceType, AssociationType: a.AssociationType, Subject: a.Subject}
}

// schemaValue is the value of a SCHEMA record: one version of a subject.
type schemaValue struct {
	Subject    string          `json:"subject"`
	Version    int             `json:"version"`
	ID         int             `json:"id"`
	MD5        string          `json:"md5,omitempty"`
	SchemaType string          `json:"schemaType"`
	References []api.Reference `json:"references,omitempty"`
	Metadata   *api.Metadata   `json:"metadata,omitempty"`
	RuleSet    *api.RuleSet    `json:"ruleSet,omitempty"`
	Schema     string          `json:"schema,omitempty"`
	Deleted    bool            `json:"deleted"`
}

// configValue is the value of a CONFIG record.
type configValue struct {
	Subject string `json:"subject,omitempty"`
	api.Config
}

type modeValue struct {
	Subject string `json:"subject,omitempty"`
	Mode    string `json:"mode"`
}

type contextValue struct {
	Tenant  string `json:"tenant"`
	Context string `json:"context"`
}

type deleteSubjectValue struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

type clearSubjectValue struct {
	Subject string `json:"subject,omitempty"`
}

// associationValue is the value of an ASSOC record.
type associationValue struct {
	GUID              string `json:"guid"`
	Tenant            string `json:"tenant"`
	ResourceName      string `json:"resourceName"`
	ResourceNamespace string `json:"resourceNamespace"`
	ResourceID        string `json:"resourceId"`
	ResourceType      string `json:"resourceType"`
	AssociationType   string `json:"associationType"`
	Subject           string `json:"subject"`
	Lifecycle         string `json:"lifecycle"`
	Frozen            bool   `json:"frozen"`
	CreateTS          int64  `json:"createTs,omitempty"`
}

// encode writes compact JSON without escaping what HTML would need escaped.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("registry: encoding %T: %v", v, err)) // only plain data types are encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
