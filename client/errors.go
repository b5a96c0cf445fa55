package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
)

// Error is what became of a call that failed. Err is why: an *api.Error where the registry refused, a *GarbageError where
// something that is no registry answered, ErrUnavailable or ErrTimeout where nobody did, or the error of the caller's context.
type Error struct {
	Method string
	// URL is that of the last attempt, or of the first to be made, without user and password.
	URL string
	// Status is that of the last answer, 0 where there was none.
	Status int
	// Attempts is how often the call was sent, to all URLs together.
	Attempts int
	// RequestID is the X-Request-ID that went with every attempt, as the registry's log has it.
	RequestID string
	Err       error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.URL)
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s: ", e.Status, http.StatusText(e.Status))
	}
	fmt.Fprint(&b, e.Err)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Is matches ErrUnauthorized and ErrForbidden by the status: registries disagree about the code.
func (e *Error) Is(target error) bool {
	s, ok := target.(*statusError)
	return ok && e.Status == s.status
}

// statusError stands for all answers of a status.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// What the registry refuses for, to be matched by errors.Is. Other codes are matched by an *api.Error that has nothing but the code.
var (
	ErrSubjectNotFound       error = &api.Error{Code: api.CodeSubjectNotFound, Message: "Subject not found"}
	ErrVersionNotFound       error = &api.Error{Code: api.CodeVersionNotFound, Message: "Version not found"}
	ErrSchemaNotFound        error = &api.Error{Code: api.CodeSchemaNotFound, Message: "Schema not found"}
	ErrSubjectSoftDeleted    error = &api.Error{Code: api.CodeSubjectSoftDeleted, Message: "Subject was soft deleted"}
	ErrSubjectNotSoftDeleted error = &api.Error{Code: api.CodeSubjectNotSoftDeleted, Message: "Subject was not soft deleted"}
	ErrVersionSoftDeleted    error = &api.Error{Code: api.CodeVersionSoftDeleted, Message: "Version was soft deleted"}
	ErrVersionNotSoftDeleted error = &api.Error{Code: api.CodeVersionNotSoftDeleted, Message: "Version was not soft deleted"}
	ErrConfigNotFound        error = &api.Error{Code: api.CodeSubjectLevelNotConfigured, Message: "Subject has no configuration of its own"}
	ErrModeNotFound          error = &api.Error{Code: api.CodeSubjectModeNotConfigured, Message: "Subject has no mode of its own"}
	ErrAssociationNotFound   error = &api.Error{Code: api.CodeAssociationNotFound, Message: "Association not found"}
	ErrIncompatibleSchema    error = &api.Error{Code: api.CodeIncompatibleSchema, Message: "Schema is incompatible"}
	ErrInvalidSchema         error = &api.Error{Code: api.CodeInvalidSchema, Message: "Schema is invalid"}
	ErrInvalidRuleSet        error = &api.Error{Code: api.CodeInvalidRuleSet, Message: "Rule set is invalid"}
	ErrNotPermitted          error = &api.Error{Code: api.CodeOperationNotPermitted, Message: "Operation not permitted"}
	ErrReferenceExists       error = &api.Error{Code: api.CodeReferenceExists, Message: "Schema is referred to"}
	ErrUnauthorized          error = &statusError{http.StatusUnauthorized, "not authenticated"}
	ErrForbidden             error = &statusError{http.StatusForbidden, "not allowed"}
)

// Why no answer came. ErrUnavailable matches whenever a failure that another attempt might have mended was the last one of
// every URL: a refused or broken connection, no answer in time, or a status such as 503. What the last attempt met
// is in the chain as well.
var (
	ErrUnavailable = errors.New("the registry is unavailable")
	// ErrTimeout is an attempt that took longer than the client's timeout. A deadline of the caller's context is not
	// this but context.DeadlineExceeded.
	ErrTimeout = errors.New("no answer in time")
	ErrClosed  = errors.New("the client is closed")
)

// GarbageError is an answer that no registry gives: something else listens at the URL, or stands before it.
type GarbageError struct {
	ContentType string
	Excerpt     string // how the body begins, at most 200 bytes, in printable form
	Reason      string // what is wrong with it
}

func (e *GarbageError) Error() string {
	text := "the answer is none of a schema registry: " + e.Reason
	if e.ContentType != "" {
		text += "; Content-Type " + e.ContentType
	}
	if e.Excerpt != "" {
		text += "; it begins " + e.Excerpt
	}
	return text
}

// AmbiguousError is a topic whose keys or values are associated with several subjects.
type AmbiguousError struct {
	Namespace, Topic, Type string
	Subjects               []string // sorted
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("the %s of topic %q has %d associated subjects, one is needed: %s", e.Type, e.Topic, len(e.Subjects), strings.Join(e.Subjects, ", "))
}
