package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
)

// Problem is something about a rule set that cannot work, or hardly does what was meant.
type Problem struct {
	Rule         string `json:"rule"`
	Kind         string `json:"kind"` // a name of ProblemKinds
	Line, Column int    `json:"-"`
	Place        string `json:"place,omitempty"` // in the expression, as "line:column"
	Message      string `json:"message"`
	Suggestion   string `json:"suggestion,omitempty"`
}

func (p Problem) String() string {
	s := "rule " + p.Rule + ": "
	if p.Place != "" {
		s += p.Place + ": "
	}
	s += p.Message
	if p.Suggestion != "" {
		s += fmt.Sprintf(" (did you mean %s?)", p.Suggestion)
	}
	return s
}

// ProblemKinds are the kinds of problems, each with what it means.
var ProblemKinds = []struct{ Name, Meaning string }{
	{problemExpression, "the expression cannot be compiled for the schema"},
	{problemType, "nobody carries out rules of the type"},
	{problemAction, "onSuccess or onFailure names an action that is not known"},
	{problemTag, "no field of the schema has the tag"},
	{problemMode, "a rule of the kind and type does nothing in the mode"},
	{problemOneWay, "an UPGRADE has no DOWNGRADE beside it, or the other way round"},
}

const (
	problemExpression = "EXPRESSION"
	problemType       = "TYPE"
	problemAction     = "ACTION"
	problemTag        = "TAG"
	problemMode       = "MODE"
	problemOneWay     = "ONE_WAY"
)

// Checker is an executor that can say more about a rule than whether it runs:
// what its expression means for the schema.
type Checker interface {
	Executor
	Check(rule *api.Rule, target *Target) error
}

// external are the types that are carried out elsewhere: by clients that have the keys.
var external = []string{"ENCRYPT", "ENCRYPT_PAYLOAD"}

// Check looks for problems in a rule set for a schema. They are in the order of the rules.
func (e *Engine) Check(rs *api.RuleSet, scope Scope) []Problem {
	if rs == nil {
		return nil
	}
	var all []Problem
	for _, phase := range []Phase{Migration, Domain, Encoding} {
		list := map[Phase][]api.Rule{Migration: rs.MigrationRules, Domain: rs.DomainRules, Encoding: rs.EncodingRules}[phase]
		for i := range list {
			if !e.disabled(&list[i]) {
				all = append(all, e.checkRule(&list[i], phase, scope)...)
			}
		}
	}
	return append(all, e.oneWay(rs.MigrationRules)...)
}

func (e *Engine) checkRule(rule *api.Rule, phase Phase, scope Scope) []Problem {
	var all []Problem
	say := func(kind, format string, args ...any) {
		all = append(all, Problem{Rule: rule.Name, Kind: kind, Message: fmt.Sprintf(format, args...)})
	}
	scope.JSON = phase == Migration
	x := e.executor(rule, scope.Subject)
	switch typ := strings.ToUpper(rule.Type); {
	case x == nil && slices.Contains(external, typ):
		if rule.Kind == api.KindCondition {
			say(problemMode, "%s transforms; as a condition it does nothing", typ)
		}
	case x == nil:
		all = append(all, Problem{Rule: rule.Name, Kind: problemType, Message: "nobody carries out rules of the type " + rule.Type, Suggestion: nearest(rule.Type, e.types())})
	default:
		if err := e.checkExpression(x, rule, phase, scope); err != nil {
			all = append(all, expressionProblem(rule, err))
		}
		if f, ok := x.(FieldExecutor); ok && f.OnFields() && phase == Migration {
			say(problemMode, "%s works on fields of records, and migrations on JSON", typ)
		}
	}
	for _, a := range [...]struct{ property, value string }{{"onSuccess", rule.OnSuccess}, {"onFailure", rule.OnFailure}} {
		for name := range strings.SplitSeq(a.value, ",") {
			if name != "" && name != actionDLQ && e.actions[name] == nil {
				all = append(all, Problem{Rule: rule.Name, Kind: problemAction, Message: fmt.Sprintf("%s names the action %q, which is not known here", a.property, name),
					Suggestion: nearest(name, []string{actionNone, actionError, actionDLQ})})
			}
		}
	}
	if len(rule.Tags) > 0 && phase == Domain && scope.Format != nil {
		all = append(all, e.checkTags(rule, scope)...)
	}
	return all
}

func (e *Engine) checkExpression(x Executor, rule *api.Rule, phase Phase, scope Scope) error {
	if phase == Encoding {
		return nil
	}
	target := &Target{Format: scope.Format, Metadata: scope.Metadata, Mode: rule.Mode, JSON: scope.JSON, Config: e.params(rule)}
	if c, ok := x.(Checker); ok {
		return c.Check(rule, target)
	}
	_, err := x.Compile(rule, target)
	return err
}

func expressionProblem(rule *api.Rule, err error) Problem {
	p := Problem{Rule: rule.Name, Kind: problemExpression, Message: err.Error()}
	var c *CompileError
	if errors.As(err, &c) {
		p.Message, p.Suggestion, p.Line, p.Column = c.Message, c.Suggestion, c.Line, c.Column
		if c.Line > 0 {
			p.Place = fmt.Sprintf("%d:%d", c.Line, c.Column)
		}
	}
	return p
}

// checkTags looks for tags that no field has.
func (e *Engine) checkTags(rule *api.Rule, scope Scope) []Problem {
	var known []string
	target := Target{Metadata: scope.Metadata}
	for _, f := range scope.Format.Fields(target.Tags(), nil).All() {
		known = append(known, f.Tags...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	var all []Problem
	for _, tag := range rule.Tags {
		if !slices.Contains(known, tag) {
			all = append(all, Problem{Rule: rule.Name, Kind: problemTag, Message: fmt.Sprintf("no field has the tag %q", tag), Suggestion: nearest(tag, known)})
		}
	}
	return all
}

// oneWay looks for migrations that have no way back.
func (e *Engine) oneWay(list []api.Rule) []Problem {
	has := map[string]*api.Rule{}
	for i := range list {
		if !e.disabled(&list[i]) {
			has[list[i].Mode] = &list[i]
		}
	}
	say := func(r *api.Rule, missing string) []Problem {
		return []Problem{{Rule: r.Name, Kind: problemOneWay, Message: fmt.Sprintf("there is %s and no %s: %s", map[string]string{api.ModeUpgrade: "an UPGRADE", api.ModeDowngrade: "a DOWNGRADE"}[r.Mode], missing, map[string]string{
			api.ModeDowngrade: "readers of the old version cannot read new records",
			api.ModeUpgrade:   "readers of the new version cannot read old records",
		}[missing])}}
	}
	up, down := has[api.ModeUpgrade], has[api.ModeDowngrade]
	switch {
	case has[api.ModeUpDown] != nil || (up == nil) == (down == nil):
		return nil
	case up != nil:
		return say(up, api.ModeDowngrade)
	}
	return say(down, api.ModeUpgrade)
}

func (e *Engine) types() []string {
	list := slices.Clone(external)
	for t := range e.executors {
		list = append(list, t)
	}
	slices.Sort(list)
	return list
}

// nearest is the name that is most like another one, "" if none is near.
func nearest(name string, names []string) string {
	best, distance := "", len(name)/2+1
	for _, n := range names {
		if d := edits(strings.ToLower(name), strings.ToLower(n)); d < distance {
			best, distance = n, d
		}
	}
	return best
}

// edits counts the letters to change, add or remove to make one word of another.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
