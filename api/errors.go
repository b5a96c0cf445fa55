package api

import "fmt"

// Error is an error as the registry answers it. Codes of five digits are the
// registry's own; their first three digits are the HTTP status. Codes of three
// digits are the status itself.
type Error struct {
	Code    int    `json:"error_code"`
	Message string `json:"message"`
	// Suggestions come with CodeIncompatibleSchema, where they were asked for.
	Suggestions []Suggestion `json:"suggestions,omitempty"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s; error code: %d", e.Message, e.Code) }

// Status is the HTTP status the error is answered with.
func (e *Error) Status() int {
	if e.Code >= 10000 {
		return e.Code / 100
	}
	return e.Code
}

// Is reports whether target is an *Error of the same code, so that
// errors.Is(err, &Error{Code: CodeSubjectNotFound}) matches whatever the message says.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// The error codes.
const (
	CodeSubjectNotFound             = 40401
	CodeVersionNotFound             = 40402
	CodeSchemaNotFound              = 40403
	CodeSubjectSoftDeleted          = 40404
	CodeSubjectNotSoftDeleted       = 40405
	CodeVersionSoftDeleted          = 40406
	CodeVersionNotSoftDeleted       = 40407
	CodeSubjectLevelNotConfigured   = 40408
	CodeSubjectModeNotConfigured    = 40409
	CodeAssociationNotFound         = 40410
	CodeIncompatibleSchema          = 40901
	CodeTooManyAssociations         = 40902
	CodeAssociationForResource      = 40903
	CodeAssociationForSubject       = 40904
	CodeStrongAssociationForSubject = 40905
	CodeNoActiveSubjectVersion      = 40907
	CodeAssociationFrozen           = 40908
	CodeInvalidSchema               = 42201
	CodeInvalidVersion              = 42202
	CodeInvalidCompatibilityLevel   = 42203
	CodeInvalidMode                 = 42204
	CodeOperationNotPermitted       = 42205
	CodeReferenceExists             = 42206
	CodeIDDoesNotMatch              = 42207
	CodeInvalidSubject              = 42208
	CodeSchemaTooLarge              = 42209
	CodeInvalidRuleSet              = 42210
	CodeContextNotEmpty             = 42211
	CodeInvalidAssociation          = 42212
	CodeStoreError                  = 50001
	CodeTimeout                     = 50002
	CodeForwardingFailed            = 50003
	CodeUnknownLeader               = 50004
)

// errorf makes an error of the given code.
func errorf(code int, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// The errors of the registry, in the reference's words.

func SubjectNotFound(subject string) *Error {
	return errorf(CodeSubjectNotFound, "Subject '%s' not found.", subject)
}

// VersionNotFound takes -1 for the latest version.
func VersionNotFound(version int) *Error {
	return errorf(CodeVersionNotFound, "Version %d not found.", version)
}

func SchemaNotFound() *Error { return errorf(CodeSchemaNotFound, "Schema not found") }

// SchemaNotFoundAs names the id or GUID that was asked for.
func SchemaNotFoundAs(id any) *Error { return errorf(CodeSchemaNotFound, "Schema %v not found", id) }

func SubjectSoftDeleted(subject string) *Error {
	return errorf(CodeSubjectSoftDeleted, "Subject '%s' was soft deleted.Set permanent=true to delete permanently", subject)
}

func SubjectNotSoftDeleted(subject string) *Error {
	return errorf(CodeSubjectNotSoftDeleted, "Subject '%s' was not deleted first before being permanently deleted", subject)
}

func VersionSoftDeleted(subject string, version int) *Error {
	return errorf(CodeVersionSoftDeleted, "Subject '%s' Version %d was soft deleted.Set permanent=true to delete permanently", subject, version)
}

func VersionNotSoftDeleted(subject string, version int) *Error {
	return errorf(CodeVersionNotSoftDeleted, "Subject '%s' Version %d was not deleted first before being permanently deleted", subject, version)
}

func SubjectLevelNotConfigured(subject string) *Error {
	return errorf(CodeSubjectLevelNotConfigured, "Subject '%s' does not have subject-level compatibility configured", subject)
}

func SubjectModeNotConfigured(subject string) *Error {
	return errorf(CodeSubjectModeNotConfigured, "Subject '%s' does not have subject-level mode configured", subject)
}

func AssociationNotFound(resource string) *Error {
	return errorf(CodeAssociationNotFound, "Association for '%s' not found.", resource)
}

// IncompatibleSchema takes the list of differences, already joined.
func IncompatibleSchema(subject, details string) *Error {
	return errorf(CodeIncompatibleSchema, "Schema being registered is incompatible with an earlier schema for subject \"%s\", details: [%s]", subject, details)
}

func AssociationForResource(kind, resource string) *Error {
	return errorf(CodeAssociationForResource, "An association of type '%s' already exists for resource '%s'", kind, resource)
}

func AssociationForSubject(subject string) *Error {
	return errorf(CodeAssociationForSubject, "An association already exists for subject '%s'", subject)
}

func StrongAssociationForSubject(subject string) *Error {
	return errorf(CodeStrongAssociationForSubject, "A strong association already exists for subject '%s'", subject)
}

func NoActiveSubjectVersion(subject string) *Error {
	return errorf(CodeNoActiveSubjectVersion, "No active (non-deleted) version exists for subject '%s'", subject)
}

func AssociationFrozen(kind, subject string) *Error {
	return errorf(CodeAssociationFrozen, "The association of type  '%s' is frozen for subject '%s'", kind, subject)
}

func InvalidSchema(format string, args ...any) *Error {
	return errorf(CodeInvalidSchema, format, args...)
}

func InvalidVersion(version string) *Error {
	return errorf(CodeInvalidVersion, "The specified version '%s' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"", version)
}

func InvalidCompatibilityLevel() *Error {
	return errorf(CodeInvalidCompatibilityLevel, "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive")
}

func InvalidMode() *Error {
	return errorf(CodeInvalidMode, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")
}

func ForwardOnlyGlobal() *Error {
	return errorf(CodeInvalidMode, "Forward mode only supported on global level")
}

func NotPermitted(format string, args ...any) *Error {
	return errorf(CodeOperationNotPermitted, format, args...)
}

// ReferenceExists takes a description of what is referred to.
func ReferenceExists(what string) *Error {
	return errorf(CodeReferenceExists, "One or more references exist to the schema %s.", what)
}

func InvalidSubject(subject string) *Error {
	return errorf(CodeInvalidSubject, "The specified subject '%s' is not a valid.", subject)
}

func SchemaTooLarge() *Error {
	return errorf(CodeSchemaTooLarge, "Register operation failed because schema is too large")
}

func InvalidRuleSet(format string, args ...any) *Error {
	return errorf(CodeInvalidRuleSet, format, args...)
}

func ContextNotEmpty(context string) *Error {
	return errorf(CodeContextNotEmpty, "The specified context '%s' is not empty.", context)
}

func InvalidAssociation(property, detail string) *Error {
	return errorf(CodeInvalidAssociation, "The association specified an invalid value for property: '%s', detail: %s", property, detail)
}

// InvalidUsage reports uses, or a question for them, that cannot be.
func InvalidUsage(format string, args ...any) *Error { return errorf(422, format, args...) }

// BadRequest reports a body that cannot be read.
func BadRequest(format string, args ...any) *Error { return errorf(400, format, args...) }

// NullRequest reports a body that is missing; call is the reference's name of the endpoint.
func NullRequest(call string) *Error {
	return errorf(422, "%s.request must not be null (was null)", call)
}

// NotFound reports a path, or a parameter, that names nothing.
func NotFound() *Error { return errorf(404, "HTTP 404 Not Found") }
