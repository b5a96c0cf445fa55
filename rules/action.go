package rules

import (
	"context"
	"errors"

	"github.com/seed-9f7c7091/concordat/api"
)

// Action is what is done when a rule has succeeded or failed. It is safe for
// concurrent use.
type Action interface {
	// Name is how rules name it.
	Name() string
	// Run takes the action. A *StopError ends the message; other errors are passed over.
	Run(ctx context.Context, e *Event) error
}

// Event is what an action is told.
type Event struct {
	Rule    *api.Rule
	Mode    string
	Message any   // before the rule
	Failed  error // nil for a rule that succeeded
	Target  *Target
	Env     *Env
}

// StopError makes an action end the message: the serializer or deserializer fails.
type StopError struct{ Err error }

func (e *StopError) Error() string { return e.Err.Error() }

func (e *StopError) Unwrap() error { return e.Err }

// The names of the actions that every engine has, and of the one for dead letters.
const (
	actionNone  = "NONE"
	actionError = "ERROR"
	actionDLQ   = "DLQ"
)

type noAction struct{}

func (noAction) Name() string { return actionNone }

func (noAction) Run(context.Context, *Event) error { return nil }

type errorAction struct{}

func (errorAction) Name() string { return actionError }

var errOnSuccess = errors.New("the rule asks for an error when it succeeds")

func (errorAction) Run(_ context.Context, e *Event) error {
	if e.Failed == nil {
		return &StopError{errOnSuccess}
	}
	return &StopError{e.Failed}
}
