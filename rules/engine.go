package rules

import (
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
)

// The directions in which rules run.
const (
	Write     = api.ModeWrite
	Read      = api.ModeRead
	Upgrade   = api.ModeUpgrade
	Downgrade = api.ModeDowngrade
)

// Phase is a list of a rule set.
type Phase string

// The phases: on records, from version to version, and on encoded bytes.
const (
	Domain    Phase = "DOMAIN"
	Migration Phase = "MIGRATION"
	Encoding  Phase = "ENCODING"
)

// Engine compiles rule sets. It is immutable and safe for concurrent use.
type Engine struct {
	executors   map[string]Executor // by type, and by name for those registered so
	named       map[string]Executor
	actions     map[string]Action
	environment string
	config      map[string]string
}

// Option is a choice about an engine.
type Option func(*Engine)

// WithExecutors registers executors by their types, over those registered before.
func WithExecutors(list ...Executor) Option {
	return func(e *Engine) {
		for _, x := range list {
			e.executors[strings.ToUpper(x.Type())] = x
		}
	}
}

// WithNamedExecutor registers an executor for the rule of a name, or with
// "subject:name" for that rule of one subject.
func WithNamedExecutor(name string, x Executor) Option {
	return func(e *Engine) { e.named[name] = x }
}

// WithActions registers actions by their names, which rules name in onSuccess and onFailure.
func WithActions(list ...Action) Option {
	return func(e *Engine) {
		for _, a := range list {
			e.actions[a.Name()] = a
		}
	}
}

// WithConfig sets properties by the reference's names:
// rule.executors.NAME.onSuccess, .onFailure, .disabled and .param.KEY, where NAME is
// that of a rule, _TYPE_ for all of a type or _default_ for all; the first of these
// that is set wins. execution.environment is where the engine says it runs.
func WithConfig(config map[string]string) Option {
	return func(e *Engine) {
		e.config = config
		if env := config["execution.environment"]; env != "" {
			e.environment = env
		}
	}
}

// New makes an engine. It knows the actions NONE and ERROR, and carries out
// JSONATA rules; executors of other types are options. It says that it runs at a CLIENT.
func New(opts ...Option) *Engine {
	e := &Engine{executors: map[string]Executor{}, named: map[string]Executor{}, actions: map[string]Action{}, environment: "CLIENT"}
	WithExecutors(JSONata())(e)
	WithActions(noAction{}, errorAction{})(e)
	for _, opt := range opts {
		opt(e)
	}
	return e
}

// Chain is the rules of a rule set that run in one direction, compiled. It is
// immutable and safe for concurrent use. A nil Chain has no rules.
type Chain struct {
	steps []*step
	phase Phase
	mode  string
}

// Rules lists the rules in the order in which they run.
func (c *Chain) Rules() []*api.Rule {
	if c == nil {
		return nil
	}
	rules := make([]*api.Rule, len(c.steps))
	for i, s := range c.steps {
		rules[i] = s.rule
	}
	return rules
}

// Scope is what the rules of a chain have in common.
type Scope struct {
	Subject  string
	Format   record.Format
	Metadata *api.Metadata
	JSON     bool // as in Target
}

// Compile makes the chain of one phase and direction; nil if no rule would
// run. An expression that cannot be compiled is no error here: the rule fails when it runs.
func (e *Engine) Compile(rs *api.RuleSet, phase Phase, mode string, scope Scope) *Chain {
	if rs == nil || !e.enabled(rs) {
		return nil
	}
	list := rs.DomainRules
	switch phase {
	case Migration:
		list = rs.MigrationRules
	case Encoding:
		list = rs.EncodingRules
	}
	c := &Chain{phase: phase, mode: mode}
	for i := range list {
		rule := &list[i]
		if !Runs(rule, mode) || e.disabled(rule) || e.yields(rule, list[:i], scope.Subject) {
			continue
		}
		c.steps = append(c.steps, e.step(rule, mode, scope))
	}
	if len(c.steps) == 0 {
		return nil
	}
	if mode == Read || mode == Downgrade {
		slices.Reverse(c.steps)
	}
	return c
}

// enabled reports whether a rule set is to be carried out here.
func (e *Engine) enabled(rs *api.RuleSet) bool {
	return rs.EnableAt == "" || rs.EnableAt == "ALL" || rs.EnableAt == e.environment
}

// modeOf is the mode of a rule, which is WRITEREAD where it says none.
func modeOf(rule *api.Rule) string {
	if rule.Mode == "" {
		return api.ModeWriteRead
	}
	return rule.Mode
}

// Runs reports whether a rule runs in a direction.
func Runs(rule *api.Rule, mode string) bool {
	switch modeOf(rule) {
	case mode:
		return true
	case api.ModeWriteRead:
		return mode == Write || mode == Read
	case api.ModeUpDown:
		return mode == Upgrade || mode == Downgrade
	}
	return false
}

func (e *Engine) disabled(rule *api.Rule) bool {
	if v, ok := e.override(rule, "disabled"); ok {
		return strings.EqualFold(v, "true")
	}
	return rule.Disabled
}

// yields reports whether a transform of tagged fields leaves them to an earlier
// rule in the list that does the same to the same tags. A disabled rule takes nothing over.
func (e *Engine) yields(rule *api.Rule, earlier []api.Rule, subject string) bool {
	if rule.Kind == api.KindCondition || len(rule.Tags) == 0 {
		return false
	}
	if f, ok := e.executor(rule, subject).(FieldExecutor); !ok || !f.OnFields() {
		return false
	}
	return slices.ContainsFunc(earlier, func(r api.Rule) bool {
		return r.Kind != api.KindCondition && modeOf(&r) == modeOf(rule) && r.Type == rule.Type && sameTags(r.Tags, rule.Tags) && !e.disabled(&r)
	})
}

// sameTags compares sets: those of rules that no registry has stored may be in any order.
func sameTags(a, b []string) bool {
	return slices.Equal(tagSet(a), tagSet(b))
}

func tagSet(tags []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(tags)))
}

// FieldExecutor is an executor whose rules work on fields by their tags: of
// two of the same kind, mode, type and tags only the first listed runs.
type FieldExecutor interface {
	Executor
	OnFields() bool
}

// override is a property of the configuration for a rule.
func (e *Engine) override(rule *api.Rule, property string) (string, bool) {
	if e.config == nil {
		return "", false
	}
	for _, name := range [...]string{rule.Name, "_" + strings.ToUpper(rule.Type) + "_", "_default_"} {
		if v, ok := e.config["rule.executors."+name+"."+property]; ok {
			return v, true
		}
	}
	return "", false
}

// params are the parameters that the configuration has for a rule.
func (e *Engine) params(rule *api.Rule) map[string]string {
	var params map[string]string
	for _, name := range [...]string{"_default_", "_" + strings.ToUpper(rule.Type) + "_", rule.Name} {
		prefix := "rule.executors." + name + ".param."
		for key, v := range e.config {
			if param, ok := strings.CutPrefix(key, prefix); ok {
				if params == nil {
					params = map[string]string{}
				}
				params[param] = v
			}
		}
	}
	return params
}

func (e *Engine) executor(rule *api.Rule, subject string) Executor {
	if x := e.named[subject+":"+rule.Name]; x != nil {
		return x
	}
	if x := e.named[rule.Name]; x != nil {
		return x
	}
	return e.executors[strings.ToUpper(rule.Type)]
}

// step compiles a rule.
func (e *Engine) step(rule *api.Rule, mode string, scope Scope) *step {
	s := &step{rule: rule, mode: mode, target: &Target{Format: scope.Format, Metadata: scope.Metadata, Mode: mode, JSON: scope.JSON, Config: e.params(rule)}}
	if x := e.executor(rule, scope.Subject); x != nil {
		s.program, s.broken = x.Compile(rule, s.target)
	} else {
		s.broken = &NoExecutorError{rule.Type}
	}
	s.success = e.action(rule, mode, "onSuccess", rule.OnSuccess, actionNone)
	s.failure = e.action(rule, mode, "onFailure", rule.OnFailure, actionError)
	return s
}

// action finds the action for a direction: of a pair "a,b" the first is for
// WRITE and UPGRADE, the second for READ and DOWNGRADE.
func (e *Engine) action(rule *api.Rule, mode, property, name, otherwise string) chosen {
	if v, ok := e.override(rule, property); ok {
		name = v
	}
	if m := modeOf(rule); m == api.ModeWriteRead || m == api.ModeUpDown {
		if first, second, pair := strings.Cut(name, ","); pair {
			name = first
			if mode == Read || mode == Downgrade {
				name = second
			}
		}
	}
	if name == "" {
		name = otherwise
	}
	return chosen{name, e.actions[name]}
}
