package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Param is an optional query parameter of a call. Which ones a call takes stands with the call; others are sent and have no effect.
type Param struct{ name, value string }

// The parameters that switch something on.
var (
	Deleted           = Param{"deleted", "true"}              // what was soft-deleted counts, too
	DeletedOnly       = Param{"deletedOnly", "true"}          // only what was soft-deleted counts
	DeletedAsNegative = Param{"deletedAsNegative", "true"}    // soft-deleted versions are listed as negative numbers
	Permanent         = Param{"permanent", "true"}            // deletes for good what was soft-deleted before
	Normalize         = Param{"normalize", "true"}            // takes the schema in its normal form
	Verbose           = Param{"verbose", "true"}              // asks why schemas are incompatible
	Suggestions       = Param{"suggestions", "true"}          // asks what would make them compatible; registries other than Concordat know none
	Force             = Param{"force", "true"}                // registers without a check of compatibility, or sets a mode in spite of what is there
	DefaultToGlobal   = Param{"defaultToGlobal", "true"}      // what is not set for a subject is answered from above it
	Recursive         = Param{"recursive", "true"}            // deletes the modes of a context's subjects, too
	LatestOnly        = Param{"latestOnly", "true"}           // lists the latest version of each subject
	Aliases           = Param{"aliases", "true"}              // lists what aliases stand for, too
	FetchMaxID        = Param{"fetchMaxId", "true"}           // answers with the greatest id of the context
	DryRun            = Param{"dryRun", "true"}               // checks, and changes nothing
	CascadeLifecycle  = Param{"cascadeLifecycle", "true"}     // deletes frozen associations, and the subjects of strong ones
	IncludeSchemas    = Param{"includeSchemas", "true"}       // answers associations with their schemas
	QualifyReferences = Param{"referenceFormat", "qualified"} // writes the context with the subjects of references
)

// Format asks for a schema in a format of its language: "resolved" (Avro), "serialized" or "ignore_extensions" (Protobuf), "logical".
func Format(name string) Param { return Param{"format", name} }

// InSubject picks, for calls by id, the context and the version by a subject; and of uses those of a subject.
func InSubject(subject string) Param { return Param{"subject", subject} }

// FindTags asks for the entities of a schema with an inline tag, "*" for those with any. It may be given several times.
func FindTags(tag string) Param { return Param{"findTags", tag} }

// SubjectPrefix restricts a list to subjects that begin so, with their context; ":*:" stands for all contexts, "" for the default one.
func SubjectPrefix(prefix string) Param { return Param{"subjectPrefix", prefix} }

// ContextPrefix restricts a list to contexts whose names, which begin with a dot, begin so.
func ContextPrefix(prefix string) Param { return Param{"contextPrefix", prefix} }

// RuleType restricts a list to schemas with a rule of a type.
func RuleType(name string) Param { return Param{"ruleType", name} }

// ResourceType restricts associations to a type of resource; "topic" is the only one there is.
func ResourceType(name string) Param { return Param{"resourceType", name} }

// AssociationType restricts associations to those of keys ("key") or of values ("value"). It may be given several times.
func AssociationType(name string) Param { return Param{"associationType", name} }

// Lifecycle restricts associations to STRONG or WEAK ones; a list of schemas also to those with NONE.
func Lifecycle(name string) Param { return Param{"lifecycle", name} }

// InContext has the subjects of associations that name no context be in this one, as ":.name:".
func InContext(context string) Param { return Param{"context", context} }

// OfVersion restricts uses to those of a version of a subject, -1 for the latest.
func OfVersion(version int) Param { return Param{"version", versionText(version)} }

// Role restricts uses to those of api.Producer or api.Consumer.
func Role(name string) Param { return Param{"role", name} }

// Principal restricts uses to those that a user reported; "" is nobody in particular.
func Principal(name string) Param { return Param{"principal", name} }

// Offset leaves out so many from the beginning of a list.
func Offset(n int) Param { return Param{"offset", strconv.Itoa(n)} }

// Limit ends a list after so many. The registry's own limit, 1000 for schemas and associations, holds where this is 0, negative or greater.
func Limit(n int) Param { return Param{"limit", strconv.Itoa(n)} }

// Query is a parameter by its name on the wire.
func Query(name, value string) Param { return Param{name, value} }

// request is a call to be made.
type request struct {
	method string
	path   string // escaped, from the base URL on
	query  url.Values
	body   any // to be sent as JSON; nil for none
	repeat repeat
	accept string // media type; empty for the registry's
	stream bool   // the body of the answer is for the caller to read
	err    error  // why the call cannot be made
}

// newRequest makes a request of a path of segments, each as it is meant, not escaped.
func newRequest(method string, segments ...string) *request {
	q := &request{method: method}
	var b strings.Builder
	for _, s := range segments {
		if err := checkSegment(s); err != nil && q.err == nil {
			q.err = err
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	q.path = b.String()
	return q
}

// checkSegment refuses what no path can say.
func checkSegment(s string) error {
	switch s {
	case "":
		return fmt.Errorf("a name in the path is empty; the subject without a name is written %q", ":.:")
	case ".", "..":
		return fmt.Errorf("the name %q cannot be sent in a path", s)
	}
	return nil
}

func (q *request) with(params []Param) *request {
	if len(params) > 0 && q.query == nil {
		q.query = url.Values{}
	}
	for _, p := range params {
		q.query.Add(p.name, p.value)
	}
	return q
}

func (q *request) sending(body any) *request {
	q.body = body
	return q
}

// ifUndone marks a request that must not be carried out twice.
func (q *request) ifUndone() *request {
	q.repeat = ifUndone
	return q
}

// target is what a request asks for, below the base URL.
func (q *request) target() string {
	if len(q.query) == 0 {
		return q.path
	}
	return q.path + "?" + q.query.Encode()
}

// payload is the body, nil for none.
func (q *request) payload() ([]byte, error) {
	if q.body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(q.body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

type requestIDKey struct{}

// WithRequestID has calls made with the context carry an X-Request-ID, by which they are found in the registry's log. Without
// one each call makes up its own; all attempts of a call carry the same.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// requestID is the id of a call: the context's, or a random UUID of version 4.
func requestID(ctx context.Context) string {
	if id, _ := ctx.Value(requestIDKey{}).(string); id != "" {
		return id
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
