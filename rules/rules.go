// Package rules carries out the rules of data contracts: conditions that a
// record must meet, transforms on the way in and out, and migrations between
// versions. One engine serves the client on messages, the registry on records
// that are tried, and the command line.
//
// An [Engine] holds executors by type and actions by name. A rule set is
// compiled once for a schema and a direction into a [Chain], which then runs any number of times
// from any number of goroutines without looking anything up; a rule set that
// asks for nothing compiles to nil.
//
// The order, the modes and what counts as success are those of the Java
// clients; where these are alone against the others, or unsafe, the reason for doing otherwise stands beside the code.
package rules

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
)

// Executor carries out rules of one type.
type Executor interface {
	// Type is the type of rules, in upper case: "CEL".
	Type() string
	// Compile prepares a rule for records of a target. An error is a *CompileError. It is
	// a failure of the rule each time the rule would run.
	Compile(rule *api.Rule, target *Target) (Program, error)
}

// Program is a rule ready to run. It is safe for concurrent use.
type Program interface {
	// Run runs the rule on a message: a record of the target's format, or where Target.JSON is
	// set the JSON of one (what record.Format.ToJSON gives, or what the rule before gave). A
	// condition gives whether it holds: it fails only with false itself. A transform gives the message to go on with,
	// which may be the one it was given, changed.
	Run(ctx context.Context, message any, env *Env) (any, error)
}

// Target is what a rule is compiled for.
type Target struct {
	Format   record.Format
	Metadata *api.Metadata // of the schema whose rule it is; may be nil
	Mode     string        // WRITE, READ, UPGRADE or DOWNGRADE
	JSON     bool          // messages are JSON, on the way from one version to the next
	Config   map[string]string
}

// Tags are the tags that the metadata gives to fields, nil if none.
func (t *Target) Tags() *record.Tags {
	if t.Metadata == nil {
		return nil
	}
	return record.NewTags(t.Metadata.Tags)
}

// Param is a parameter of a rule: the rule's own, else the property of the schema's metadata,
// else that of the configuration.
func (t *Target) Param(rule *api.Rule, name string) (string, bool) {
	if v, ok := rule.Params[name]; ok {
		return v, true
	}
	if t.Metadata != nil {
		if v, ok := t.Metadata.Properties[name]; ok {
			return v, true
		}
	}
	v, ok := t.Config[name]
	return v, ok
}

// Env is what a message brings along. It must not be changed while rules run.
type Env struct {
	Subject string
	Topic   string
	IsKey   bool
	Now     time.Time // of the rules; the zero Time is the time at which each runs
	// Original is the message as it was given to the serializer or
	// deserializer, for actions that pass it on: any form the caller's own actions know.
	Original any
	Observe  func(*Step) // told of each rule that ran, nil for nobody
	// Skip is the name of a rule that is not to run: the one that a dead letter, now
	// read again, failed by. "" for none.
	Skip string
}

// Step is one rule that ran, for those who watch.
type Step struct {
	Rule    *api.Rule
	Mode    string
	Input   any    // the message before; a transform may have changed it since
	Output  any    // the message after, or what a condition gave
	Skipped string // why the rule did not run, "" if it did
	Action  string // that was taken
	Err     error  // why it failed
	Took    time.Duration
}

// CompileError reports an expression that cannot be carried out.
type CompileError struct {
	Line, Column int // in the expression, from 1; 0 if not known
	Message      string
	Suggestion   string // the nearest name that would be right, "" if none is near
	Err          error
}

func (e *CompileError) Error() string {
	s := e.Message
	if e.Line > 0 {
		s = fmt.Sprintf("%d:%d: %s", e.Line, e.Column, s)
	}
	if e.Suggestion != "" {
		s += fmt.Sprintf(" (did you mean %s?)", e.Suggestion)
	}
	return s
}

func (e *CompileError) Unwrap() error { return e.Err }

// Error reports a rule that failed, or whose action ends the message.
type Error struct {
	Rule *api.Rule
	Mode string
	Err  error // *ConditionError, *CompileError, ErrNoExecutor, what the executor says, or what the action says
}

func (e *Error) Error() string { return fmt.Sprintf("Rule failed: %s: %v", e.Rule.Name, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// ConditionError reports a condition that does not hold.
type ConditionError struct{ Rule *api.Rule }

// Error is the rule's own documentation where it has one.
func (e *ConditionError) Error() string {
	switch {
	case e.Rule.Doc != "":
		return e.Rule.Doc
	case e.Rule.Expr != "":
		return "Expr failed: '" + e.Rule.Expr + "'"
	}
	return "Condition failed: '" + e.Rule.Name + "'"
}

// NoExecutorError reports a rule of a type that nobody carries out.
type NoExecutorError struct{ Type string }

func (e *NoExecutorError) Error() string { return "could not find rule executor of type " + e.Type }

// NoActionError reports an action that nobody carries out.
type NoActionError struct{ Name string }

func (e *NoActionError) Error() string { return "could not find rule action of type " + e.Name }
