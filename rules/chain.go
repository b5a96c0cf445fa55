package rules

import (
	"context"
	"errors"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
)

// step is a rule of a chain.
type step struct {
	rule             *api.Rule
	mode             string
	target           *Target
	program          Program
	broken           error // why there is no program
	success, failure chosen
}

// chosen is an action as a rule names it; nil if nobody carries it out.
type chosen struct {
	name   string
	action Action
}

// Run runs the rules on a message and returns the message to go on with, which
// may be the one given, changed. An error is *Error, or *NoActionError. A message that is nil passes all rules.
func (c *Chain) Run(ctx context.Context, message any, env *Env) (any, error) {
	if c == nil || message == nil {
		return message, nil
	}
	for _, s := range c.steps {
		var err error
		if message, err = s.run(ctx, message, env); err != nil {
			return nil, err
		}
	}
	return message, nil
}

func (s *step) run(ctx context.Context, message any, env *Env) (any, error) {
	if env.Skip != "" && env.Skip == s.rule.Name {
		if env.Observe != nil {
			env.Observe(&Step{Rule: s.rule, Mode: s.mode, Input: message, Output: message, Skipped: "the record is a dead letter of this rule"})
		}
		return message, nil
	}
	var began time.Time
	if env.Observe != nil {
		began = time.Now()
	}
	next, out, failed := s.try(ctx, message, env)
	taken := s.success
	if failed != nil {
		taken = s.failure
	}
	err := s.act(ctx, taken, message, failed, env)
	if env.Observe != nil {
		env.Observe(&Step{Rule: s.rule, Mode: s.mode, Input: message, Output: out, Action: taken.name, Err: failed, Took: time.Since(began)})
	}
	if err != nil {
		return nil, err
	}
	return next, nil
}

// try runs the program. next is the message to go on with, whatever happened.
func (s *step) try(ctx context.Context, message any, env *Env) (next, out any, failed error) {
	if s.broken != nil {
		return message, nil, s.broken
	}
	out, err := s.program.Run(ctx, message, env)
	if err != nil {
		return message, nil, err
	}
	if s.rule.Kind == api.KindCondition {
		// Only false itself fails: what gives no verdict refuses nothing.
		if holds, ok := out.(bool); ok && !holds {
			return message, out, &ConditionError{s.rule}
		}
		return message, out, nil
	}
	if out == nil {
		return message, nil, errNoResult
	}
	return out, out, nil
}

var errNoResult = errors.New("the transform gives no result")

// act takes the action for what a rule did.
func (s *step) act(ctx context.Context, a chosen, message any, failed error, env *Env) error {
	if a.action == nil {
		return &NoActionError{a.name}
	}
	if a.name == actionNone {
		return nil
	}
	err := a.action.Run(ctx, &Event{Rule: s.rule, Mode: s.mode, Message: message, Failed: failed, Target: s.target, Env: env})
	var stop *StopError
	if errors.As(err, &stop) {
		return &Error{s.rule, s.mode, stop.Err}
	}
	// What else goes wrong with an action is no reason to lose the record.
	return nil
}
