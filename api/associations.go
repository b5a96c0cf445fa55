package api

import (
	"slices"
	"strings"
)

// Operations of a batch of changes to associations.
const (
	OpCreate = "CREATE"
	OpUpsert = "UPSERT"
	OpDelete = "DELETE"
)

// AssociationSpec asks for one association of a resource. What is empty or nil
// was left out, and is for the registry to fill in; null counts as left out.
type AssociationSpec struct {
	Subject         *string          `json:"subject,omitempty"`
	AssociationType string           `json:"associationType,omitempty"`
	Lifecycle       string           `json:"lifecycle,omitempty"`
	Frozen          *bool            `json:"frozen,omitempty"`
	Schema          *RegisterRequest `json:"schema,omitempty"`
	Normalize       bool             `json:"normalize,omitempty"`
}

// AssociationRequest is the body that creates or updates the associations of
// one resource.
type AssociationRequest struct {
	ResourceName      string            `json:"resourceName,omitempty"`
	ResourceNamespace string            `json:"resourceNamespace,omitempty"`
	ResourceID        string            `json:"resourceId,omitempty"`
	ResourceType      string            `json:"resourceType,omitempty"`
	Associations      []AssociationSpec `json:"associations,omitempty"`
}

// AssociationResponse answers what was written for one resource, or what it has.
type AssociationResponse struct {
	ResourceName      string             `json:"resourceName,omitempty"`
	ResourceNamespace string             `json:"resourceNamespace,omitempty"`
	ResourceID        string             `json:"resourceId,omitempty"`
	ResourceType      string             `json:"resourceType,omitempty"`
	Associations      []AssociationEntry `json:"associations,omitempty"`
}

// AssociationEntry is an association within the answer about its resource.
// Frozen is nil where it is what the lifecycle implies.
type AssociationEntry struct {
	Subject         string  `json:"subject,omitempty"`
	AssociationType string  `json:"associationType,omitempty"`
	Lifecycle       string  `json:"lifecycle,omitempty"`
	Frozen          *bool   `json:"frozen,omitempty"`
	Schema          *Schema `json:"schema,omitempty"`
}

// AssociationOp is one operation of a batch. A deletion needs of the
// AssociationSpec its type alone; CascadeLifecycle is for deletions.
type AssociationOp struct {
	OpType string `json:"opType"`
	AssociationSpec
	CascadeLifecycle bool `json:"cascadeLifecycle,omitempty"`
}

// AssociationOpRequest are the operations of a batch on one resource, in order.
type AssociationOpRequest struct {
	ResourceName      string          `json:"resourceName,omitempty"`
	ResourceNamespace string          `json:"resourceNamespace,omitempty"`
	ResourceID        string          `json:"resourceId,omitempty"`
	ResourceType      string          `json:"resourceType,omitempty"`
	Associations      []AssociationOp `json:"associations,omitempty"`
}

// AssociationQuery asks for the associations of one resource, by its id or by its
// name and namespace. Empty members let all pass.
type AssociationQuery struct {
	ResourceName      string   `json:"resourceName,omitempty"`
	ResourceNamespace string   `json:"resourceNamespace,omitempty"`
	ResourceID        string   `json:"resourceId,omitempty"`
	ResourceType      string   `json:"resourceType,omitempty"`
	AssociationTypes  []string `json:"associationTypes,omitempty"`
	Lifecycle         string   `json:"lifecycle,omitempty"`
}

// AssociationBatch is the body of a batch call: one request per resource.
type AssociationBatch[T any] struct {
	Requests []T `json:"requests,omitempty"`
}

// AssociationResult is what one request of a batch came to: Result or Error.
type AssociationResult struct {
	Result *AssociationResponse `json:"result,omitempty"`
	Error  *Error               `json:"error,omitempty"`
}

// AssociationResults answers a batch, in the order of its requests.
type AssociationResults struct {
	Results []AssociationResult `json:"results"`
}

func (r *reader) associationSpec(o object, s *AssociationSpec) {
	var normalize *bool
	take(r, &s.Subject)(o.stringPtr("subject"))
	take(r, &s.AssociationType)(o.string("associationType"))
	take(r, &s.Lifecycle)(o.lifecycle())
	take(r, &s.Frozen)(o.bool("frozen"))
	take(r, &s.Schema)(optional(o["schema"], "RegisterSchemaRequest", ReadRegisterRequest))
	take(r, &normalize)(o.bool("normalize"))
	s.Normalize = normalize != nil && *normalize
}

func (o object) lifecycle() (string, error) {
	return o.enum("lifecycle", "LifecyclePolicy", "STRONG", "WEAK")
}

func (r *reader) resource(o object, name, namespace, id, resourceType *string) {
	take(r, name)(o.string("resourceName"))
	take(r, namespace)(o.string("resourceNamespace"))
	take(r, id)(o.string("resourceId"))
	take(r, resourceType)(o.string("resourceType"))
}

// ReadAssociationRequest reads the body of a creation or an update.
func ReadAssociationRequest(o object) (q AssociationRequest, err error) {
	var r reader
	r.resource(o, &q.ResourceName, &q.ResourceNamespace, &q.ResourceID, &q.ResourceType)
	take(&r, &q.Associations)(list(o["associations"], "AssociationCreateOrUpdateInfo", of("AssociationCreateOrUpdateInfo", func(o object) (s AssociationSpec, err error) {
		var r reader
		r.associationSpec(o, &s)
		return s, r.err
	})))
	return q, r.err
}

// readAssociationOp tells of an operation's type in the words of the reference's JSON mapper.
func readAssociationOp(o object) (op AssociationOp, err error) {
	if isNull(o["opType"]) {
		return op, BadRequest("Could not resolve subtype of [simple type, class io.confluent.kafka.schemaregistry.client.rest.entities.requests.AssociationOp]: missing type id property 'opType' (for POJO property 'associations')")
	}
	if op.OpType, err = o.string("opType"); err != nil {
		return op, err
	}
	if known := []string{OpCreate, OpDelete, OpUpsert}; !slices.Contains(known, op.OpType) {
		return op, BadRequest("Could not resolve type id '%s' as a subtype of `AssociationOp`: known type ids = [%s] (for POJO property 'associations')",
			clip(op.OpType), strings.Join(known, ", "))
	}
	var r reader
	var cascade *bool
	r.associationSpec(o, &op.AssociationSpec)
	take(&r, &cascade)(o.bool("cascadeLifecycle"))
	op.CascadeLifecycle = cascade != nil && *cascade
	return op, r.err
}

// ReadAssociationOps reads the body of a batch of changes.
func ReadAssociationOps(o object) (b AssociationBatch[AssociationOpRequest], err error) {
	b.Requests, err = list(o["requests"], "ArrayList<AssociationOpRequest>", of("AssociationOpRequest", func(o object) (q AssociationOpRequest, err error) {
		var r reader
		r.resource(o, &q.ResourceName, &q.ResourceNamespace, &q.ResourceID, &q.ResourceType)
		take(&r, &q.Associations)(list(o["associations"], "ArrayList<AssociationOp>", of("AssociationOp", readAssociationOp)))
		return q, r.err
	}))
	return b, err
}

// ReadAssociationQueries reads the body of a batch of queries.
func ReadAssociationQueries(o object) (b AssociationBatch[AssociationQuery], err error) {
	b.Requests, err = list(o["requests"], "ArrayList<AssociationGetRequest>", of("AssociationGetRequest", func(o object) (q AssociationQuery, err error) {
		var r reader
		r.resource(o, &q.ResourceName, &q.ResourceNamespace, &q.ResourceID, &q.ResourceType)
		take(&r, &q.AssociationTypes)(stringList(o["associationTypes"]))
		take(&r, &q.Lifecycle)(o.lifecycle())
		return q, r.err
	}))
	return b, err
}
