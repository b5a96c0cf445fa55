package rules_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
)

// The rules about the order of rules, said once more, plainly and slowly, and
// held against the engine. Messages are texts to which each transform adds its
// name, executors do what the expression says, and all write down what they are told.

// events are what executors, actions and formats were told in one run.
type events struct{ list []string }

type eventsKey struct{}

func note(ctx context.Context, format string, args ...any) {
	if e, ok := ctx.Value(eventsKey{}).(*events); ok {
		e.list = append(e.list, fmt.Sprintf(format, args...))
	}
}

// scribe carries out the rules of a type.
type scribe struct{ id, typ string }

func (x scribe) Type() string { return x.typ }

func (x scribe) Compile(rule *api.Rule, target *rules.Target) (rules.Program, error) {
	if rule.Expr == "broken" {
		return nil, &rules.CompileError{Message: "broken"}
	}
	return &script{x, rule, target}, nil
}

// fieldScribe is one whose rules work on fields.
type fieldScribe struct{ scribe }

func (fieldScribe) OnFields() bool { return true }

type script struct {
	by     scribe
	rule   *api.Rule
	target *rules.Target
}

func (p *script) Run(ctx context.Context, message any, _ *rules.Env) (any, error) {
	note(ctx, "%s runs %s in %s of %v on %v, JSON %v, metadata %v, params %v", p.by.id, p.rule.Name, p.target.Mode, p.target.Format, message,
		p.target.JSON, p.target.Metadata != nil, params(p.target.Config))
	return outcomes[p.rule.Expr](p.rule, message)
}

func params(m map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, key+"="+m[key])
	}
	return strings.Join(list, " ")
}

// outcomes are what expressions come to, beside "broken".
var outcomes = map[string]func(rule *api.Rule, message any) (any, error){
	"fine": func(rule *api.Rule, message any) (any, error) {
		if rule.Kind == api.KindCondition {
			return true, nil
		}
		return fmt.Sprint(message, " ", rule.Name), nil
	},
	"refuses": func(rule *api.Rule, message any) (any, error) { // a transform has nothing to refuse
		if rule.Kind == api.KindCondition {
			return false, nil
		}
		return fmt.Sprint(message, " ", rule.Name), nil
	},
	"text": func(rule *api.Rule, message any) (any, error) {
		if rule.Kind == api.KindCondition {
			return "false", nil
		}
		return fmt.Sprint(message, " ", rule.Name), nil
	},
	"nothing": func(*api.Rule, any) (any, error) { return nil, nil },
	"fails":   func(*api.Rule, any) (any, error) { return nil, errors.New("failed") },
}

// witness is an action.
type witness struct {
	name string
	err  error
}

func (a witness) Name() string { return a.name }

func (a witness) Run(ctx context.Context, e *rules.Event) error {
	note(ctx, "action %s for %s in %s, message %v, failed %v", a.name, e.Rule.Name, e.Mode, e.Message, e.Failed)
	return a.err
}

// stage is the format of a version: what passes it says so.
type stage struct {
	record.Format
	number int
}

func (f stage) String() string { return fmt.Sprint("version ", f.number) }

func (f stage) ToJSON(v any) (any, error) { return fmt.Sprint(v, " from", f.number), nil }

func (f stage) FromJSON(j any) (any, error) { return fmt.Sprint(j, " to", f.number), nil }

// world is an engine and what it was made of.
type world struct {
	config map[string]string
	engine *rules.Engine
}

// named are executors registered for rules by name, of all subjects or of one.
var named = map[string]string{"r1": "named", "orders:r2": "ours", "orders:r1": "ours", "bills:r3": "theirs"}

func drawWorld(t *rapid.T) *world {
	w := &world{config: map[string]string{}}
	set := func(key string, values ...string) {
		if rapid.IntRange(0, 7).Draw(t, key+" set") == 0 {
			w.config[key] = rapid.SampledFrom(values).Draw(t, key)
		}
	}
	set("execution.environment", "CLIENT", "SERVER", "GATEWAY", "")
	for _, name := range []string{"r0", "r1", "_A_", "_F_", "_default_"} {
		set("rule.executors."+name+".disabled", "true", "false", "TRUE", "what")
		set("rule.executors."+name+".onSuccess", actions...)
		set("rule.executors."+name+".onFailure", actions...)
		set("rule.executors."+name+".param.p", name)
		set("rule.executors."+name+".param.q", name)
	}
	opts := []rules.Option{
		rules.WithExecutors(scribe{"a", "A"}, fieldScribe{scribe{"f", "f"}}),
		rules.WithActions(witness{"LOG", nil}, witness{"BAD", errors.New("bad")}, witness{"STOP", &rules.StopError{Err: errors.New("stopped")}}),
		rules.WithConfig(w.config),
	}
	for name, id := range named {
		opts = append(opts, rules.WithNamedExecutor(name, scribe{id, "N"}))
	}
	w.engine = rules.New(opts...)
	return w
}

var (
	actions  = []string{"", "NONE", "ERROR", "LOG", "BAD", "STOP", "UNKNOWN", "LOG,NONE", "ERROR,LOG", "NONE,ERROR", ",STOP", "NONE,"}
	onRecord = []string{"", api.ModeWrite, api.ModeRead, api.ModeWriteRead}
	onPath   = []string{api.ModeUpgrade, api.ModeDowngrade, api.ModeUpDown}
)

func drawRules(t *rapid.T, prefix string, modes []string) []api.Rule {
	list := make([]api.Rule, rapid.IntRange(0, 6).Draw(t, prefix+"rules"))
	for i := range list {
		list[i] = api.Rule{
			Name:      fmt.Sprint(prefix, i),
			Kind:      rapid.SampledFrom([]string{"", api.KindTransform, api.KindTransform, api.KindCondition}).Draw(t, "kind"),
			Mode:      rapid.SampledFrom(modes).Draw(t, "mode"),
			Type:      rapid.SampledFrom([]string{"A", "a", "F", "F", "MISSING"}).Draw(t, "type"),
			Tags:      rapid.SampledFrom([][]string{nil, {"P"}, {"P", "Q"}, {"Q", "P"}}).Draw(t, "tags"),
			Expr:      rapid.SampledFrom([]string{"fine", "fine", "fine", "refuses", "text", "nothing", "fails", "broken"}).Draw(t, "expr"),
			OnSuccess: rapid.SampledFrom(append(make([]string, 12), actions...)).Draw(t, "onSuccess"),
			OnFailure: rapid.SampledFrom(append([]string{"NONE", "NONE", "NONE", "NONE"}, actions...)).Draw(t, "onFailure"),
			Disabled:  rapid.IntRange(0, 5).Draw(t, "disabled") == 0,
		}
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "like another") == 0 {
			like := list[rapid.IntRange(0, i-1).Draw(t, "like")]
			list[i].Kind, list[i].Mode, list[i].Type, list[i].Tags = like.Kind, like.Mode, like.Type, like.Tags
		}
	}
	return list
}

func drawEnabled(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", "ALL", "CLIENT", "SERVER", "NONE"}).Draw(t, "enableAt")
}

// run is what the model expects of one run.
type run struct {
	w       *world
	subject string
	skip    string
	events  []string
	steps   []string
	message any
	err     string
}

func (m *run) say(format string, args ...any) {
	m.events = append(m.events, fmt.Sprintf(format, args...))
}

// setting is what the configuration says of a rule, by name, by type, or by default.
func (w *world) setting(r api.Rule, property string) (string, bool) {
	for _, name := range []string{r.Name, "_" + strings.ToUpper(r.Type) + "_", "_default_"} {
		if v, ok := w.config["rule.executors."+name+"."+property]; ok {
			return v, true
		}
	}
	return "", false
}

func (w *world) disabled(r api.Rule) bool {
	if v, ok := w.setting(r, "disabled"); ok {
		return strings.ToLower(v) == "true"
	}
	return r.Disabled
}

func modeOf(r api.Rule) string {
	if r.Mode == "" {
		return api.ModeWriteRead
	}
	return r.Mode
}

// executor is who carries out a rule; "" for nobody.
func (m *run) executor(r api.Rule) string {
	for _, name := range []string{m.subject + ":" + r.Name, r.Name} {
		if id := named[name]; id != "" {
			return id
		}
	}
	return map[string]string{"A": "a", "F": "f"}[strings.ToUpper(r.Type)]
}

// enabled reports whether a rule set is carried out in the engine's environment.
func (w *world) enabled(at string) bool {
	here := w.config["execution.environment"]
	if here == "" {
		here = "CLIENT"
	}
	return at == "" || at == "ALL" || at == here
}

// list runs the rules of a list in one direction.
func (m *run) list(rs *api.RuleSet, list []api.Rule, mode string, f string, json, metadata bool) {
	backwards := mode == rules.Read || mode == rules.Downgrade
	modes := map[string][]string{
		rules.Write: {api.ModeWrite, api.ModeWriteRead}, rules.Read: {api.ModeRead, api.ModeWriteRead},
		rules.Upgrade: {api.ModeUpgrade, api.ModeUpDown}, rules.Downgrade: {api.ModeDowngrade, api.ModeUpDown},
	}[mode]
	order := slices.Clone(list)
	if backwards {
		slices.Reverse(order)
	}
	for i, r := range order {
		if m.err != "" {
			return
		}
		if !m.w.enabled(rs.EnableAt) || m.w.disabled(r) || !slices.Contains(modes, modeOf(r)) {
			continue
		}
		listedBefore := order[:i]
		if backwards {
			listedBefore = order[i+1:]
		}
		if m.executor(r) == "f" && r.Kind != api.KindCondition && len(r.Tags) > 0 && slices.ContainsFunc(listedBefore, func(o api.Rule) bool {
			return o.Kind != api.KindCondition && modeOf(o) == modeOf(r) && o.Type == r.Type && len(o.Tags) == len(r.Tags) &&
				slices.Contains(o.Tags, r.Tags[0]) && slices.Contains(o.Tags, r.Tags[len(r.Tags)-1]) && !m.w.disabled(o)
		}) {
			continue
		}
		m.rule(r, mode, f, json, metadata)
	}
}

func (m *run) rule(r api.Rule, mode, f string, json, metadata bool) {
	if r.Name == m.skip {
		m.steps = append(m.steps, r.Name+" skipped")
		return
	}
	before := m.message
	failed := ""
	var out any
	switch by := m.executor(r); {
	case by == "":
		failed = "could not find rule executor of type " + r.Type
	case r.Expr == "broken":
		failed = "broken"
	default:
		given := map[string]string{}
		for _, name := range []string{"_default_", "_" + strings.ToUpper(r.Type) + "_", r.Name} {
			for _, key := range []string{"p", "q"} {
				if v, ok := m.w.config["rule.executors."+name+".param."+key]; ok {
					given[key] = v
				}
			}
		}
		m.say("%s runs %s in %s of %s on %v, JSON %v, metadata %v, params %v", by, r.Name, mode, f, before, json, metadata, params(given))
		var err error
		out, err = outcomes[r.Expr](&r, before)
		switch {
		case err != nil:
			failed = err.Error()
		case r.Kind == api.KindCondition && out == false:
			failed = "Expr failed: '" + r.Expr + "'"
		case r.Kind != api.KindCondition && out == nil:
			failed = "the transform gives no result"
		case r.Kind != api.KindCondition:
			m.message = out
		}
	}
	property, action, otherwise := "onSuccess", r.OnSuccess, "NONE"
	if failed != "" {
		property, action, otherwise = "onFailure", r.OnFailure, "ERROR"
	}
	if v, ok := m.w.setting(r, property); ok {
		action = v
	}
	if pair := strings.Split(action, ","); len(pair) == 2 && (modeOf(r) == api.ModeWriteRead || modeOf(r) == api.ModeUpDown) {
		action = pair[0]
		if mode == rules.Read || mode == rules.Downgrade {
			action = pair[1]
		}
	}
	if action == "" {
		action = otherwise
	}
	cause := failed
	if failed == "" {
		cause = "<nil>"
	}
	m.steps = append(m.steps, fmt.Sprintf("%s in %s: %s, error %s", r.Name, mode, action, cause))
	switch action {
	case "NONE":
	case "ERROR":
		m.err = "Rule failed: " + r.Name + ": " + failed
		if failed == "" {
			m.err += "the rule asks for an error when it succeeds"
		}
	case "LOG", "BAD", "STOP":
		m.say("action %s for %s in %s, message %v, failed %v", action, r.Name, mode, before, cause)
		if action == "STOP" {
			m.err = "Rule failed: " + r.Name + ": stopped"
		}
	default:
		m.err = "could not find rule action of type " + action
	}
	if m.err != "" {
		m.message = nil
	}
}

// compare holds what the engine did against the model.
func (m *run) compare(t *rapid.T, do func(ctx context.Context, env *rules.Env) (any, error)) {
	t.Helper()
	told := &events{}
	var steps []string
	got, err := do(context.WithValue(context.Background(), eventsKey{}, told), &rules.Env{Subject: m.subject, Skip: m.skip, Observe: func(s *rules.Step) {
		if s.Skipped != "" {
			steps = append(steps, s.Rule.Name+" skipped")
			return
		}
		cause := "<nil>"
		if s.Err != nil {
			cause = s.Err.Error()
		}
		steps = append(steps, fmt.Sprintf("%s in %s: %s, error %s", s.Rule.Name, s.Mode, s.Action, cause))
	}})
	text := ""
	if err != nil {
		text = err.Error()
	}
	if !slices.Equal(told.list, m.events) || !slices.Equal(steps, m.steps) || got != m.message || text != m.err {
		t.Fatalf("got  %v, %q\n%s\n%s\nwant %v, %q\n%s\n%s", got, text, strings.Join(told.list, "\n"), strings.Join(steps, "\n"),
			m.message, m.err, strings.Join(m.events, "\n"), strings.Join(m.steps, "\n"))
	}
}

// What a chain does is what the rules about the order say.
func TestChainModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		rs := &api.RuleSet{DomainRules: drawRules(t, "r", onRecord), EncodingRules: drawRules(t, "e", onRecord), EnableAt: drawEnabled(t)}
		subject := rapid.SampledFrom([]string{"orders", "bills"}).Draw(t, "subject")
		skip := rapid.SampledFrom([]string{"", "", "r1", "e0"}).Draw(t, "skip")
		for phase, list := range map[rules.Phase][]api.Rule{rules.Domain: rs.DomainRules, rules.Encoding: rs.EncodingRules} {
			for _, mode := range []string{rules.Write, rules.Read} {
				m := &run{w: w, subject: subject, skip: skip, message: "m"}
				m.list(rs, list, mode, "version 3", false, false)
				chain := w.engine.Compile(rs, phase, mode, rules.Scope{Subject: subject, Format: stage{number: 3}})
				m.compare(t, func(ctx context.Context, env *rules.Env) (any, error) { return chain.Run(ctx, "m", env) })
				none := &run{w: w, subject: subject}
				none.compare(t, func(ctx context.Context, env *rules.Env) (any, error) { return chain.Run(ctx, nil, env) })
			}
		}
	})
}

// What a path does is what the rules about migrations say.
func TestPathModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		var versions []rules.Version
		number := 0
		for range rapid.IntRange(2, 5).Draw(t, "versions") {
			number += rapid.IntRange(1, 2).Draw(t, "gap")
			v := rules.Version{Number: number, Format: stage{number: number}}
			if rapid.Bool().Draw(t, "metadata") {
				v.Metadata = &api.Metadata{}
			}
			if rapid.IntRange(0, 3).Draw(t, "ruled") > 0 {
				v.RuleSet = &api.RuleSet{MigrationRules: drawRules(t, fmt.Sprint("v", number, "r"), onPath), DomainRules: drawRules(t, "r", onRecord), EnableAt: drawEnabled(t)}
			}
			versions = append(versions, v)
		}
		from := rapid.IntRange(0, len(versions)-1).Draw(t, "from")
		to := rapid.IntRange(0, len(versions)-1).Draw(t, "to")
		path := w.engine.Migrate("orders", versions[from].Number, versions[to].Number, rapid.Permutation(versions).Draw(t, "order"))
		m := &run{w: w, subject: "orders", message: fmt.Sprint("m from", versions[from].Number)}
		m.migrate(versions, from, to)
		if m.steps == nil && m.message == nil {
			if path != nil {
				t.Fatalf("there is a path from %d to %d", versions[from].Number, versions[to].Number)
			}
			return
		}
		m.compare(t, func(ctx context.Context, env *rules.Env) (any, error) { return path.Run(ctx, "m", env) })
	})
}

// migrate runs the rules between two versions, by their places. The message is nil at the end where there is no rule on the way.
func (m *run) migrate(versions []rules.Version, from, to int) {
	mode, step := rules.Upgrade, 1
	if from > to {
		mode, step = rules.Downgrade, -1
	}
	found := false
	for at := from; at != to; at += step {
		newer, target := versions[max(at, at+step)], versions[at+step]
		if newer.RuleSet == nil || !slices.ContainsFunc(newer.RuleSet.MigrationRules, func(r api.Rule) bool { return r.Mode == mode || r.Mode == api.ModeUpDown }) {
			continue
		}
		found = true
		m.list(newer.RuleSet, newer.RuleSet.MigrationRules, mode, fmt.Sprint("version ", target.Number), true, target.Metadata != nil)
	}
	switch {
	case !found:
		m.message = nil
	case m.err == "":
		m.message = fmt.Sprint(m.message, " to", versions[to].Number)
	}
}
