package rules_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

func codeOf(err error) string {
	var e *jsonata.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// noted is an action that remembers what it was told.
type noted struct {
	err    error
	events []*rules.Event
}

func (*noted) Name() string { return "NOTE" }

func (a *noted) Run(_ context.Context, e *rules.Event) error {
	a.events = append(a.events, e)
	return a.err
}

func TestActions(t *testing.T) {
	f := formatOf(t, api.Avro, personText)
	stop := &rules.StopError{Err: errors.New("enough")}
	for _, c := range []struct {
		expr                 string
		success, failure     string
		action               error // of NOTE
		want                 string
		refused, told, wrong bool // a *ConditionError, NOTE was told, and of a failure
	}{
		{expr: "true"},
		{expr: "true", success: "NONE"},
		{expr: "true", success: "ERROR", want: "Rule failed: r: the rule asks for an error when it succeeds"},
		{expr: "true", success: "NOTE", told: true},
		{expr: "true", success: "NOTE", action: errors.New("no"), told: true},
		{expr: "true", success: "NOTE", action: stop, told: true, want: "Rule failed: r: enough"},
		{expr: "true", success: "NOTE", action: fmt.Errorf("wrapped: %w", stop), told: true, want: "Rule failed: r: enough"},
		{expr: "true", success: "LOST", want: "could not find rule action of type LOST"},
		{expr: "true", success: "note", want: "could not find rule action of type note"},
		{expr: "true", success: "NONE,ERROR"},
		{expr: "true", failure: "LOST"},
		{expr: "false", refused: true, want: "Rule failed: r: Expr failed: 'false'"},
		{expr: "false", failure: "ERROR", refused: true, want: "Rule failed: r: Expr failed: 'false'"},
		{expr: "false", failure: "NONE"},
		{expr: "false", failure: "NONE,ERROR"},
		{expr: "false", failure: "ERROR,NONE", refused: true, want: "Rule failed: r: Expr failed: 'false'"},
		{expr: "false", failure: "NOTE", told: true, wrong: true},
		{expr: "false", failure: "NOTE", action: stop, told: true, wrong: true, want: "Rule failed: r: enough"},
		{expr: "false", failure: "LOST", want: "could not find rule action of type LOST"},
		{expr: "false", failure: "DLQ", want: "could not find rule action of type DLQ"},
		{expr: "1/0 == 1", failure: "NOTE", told: true, wrong: true},
		{expr: "'false'"},
		{expr: "null"},
	} {
		note := &noted{err: c.action}
		rule := condition("r", c.expr)
		rule.OnSuccess, rule.OnFailure = c.success, c.failure
		chain := full(rules.WithActions(note)).Compile(&api.RuleSet{DomainRules: []api.Rule{rule}}, rules.Domain, rules.Write, rules.Scope{Format: f})
		rec, env := person(), &rules.Env{Subject: "person-value"}
		got, err := chain.Run(context.Background(), rec, env)
		text := ""
		if err != nil {
			text = err.Error()
		} else if !reflect.DeepEqual(got, any(rec)) {
			t.Errorf("%+v: got %v", c, got)
		}
		var refused *rules.ConditionError
		if text != c.want || errors.As(err, &refused) != c.refused || len(note.events) > 0 != c.told {
			t.Errorf("%+v: got %v, told %v", c, err, note.events)
			continue
		}
		if !c.told {
			continue
		}
		e := note.events[0]
		if e.Rule.Name != "r" || e.Mode != rules.Write || e.Env != env || e.Target.Format != f || !reflect.DeepEqual(e.Message, any(rec)) || (e.Failed != nil) != c.wrong {
			t.Errorf("%+v: the action was told %+v", c, e)
		}
	}
}

// The text of a failed condition is its documentation, else its expression, else its name.
func TestConditionError(t *testing.T) {
	for want, rule := range map[string]api.Rule{
		"too old":               {Name: "n", Expr: "e", Doc: "too old"},
		"Expr failed: 'e'":      {Name: "n", Expr: "e"},
		"Condition failed: 'n'": {Name: "n"},
	} {
		if got := (&rules.ConditionError{Rule: &rule}).Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// After a failure that is passed over, the message is what it was before the rule.
func TestFailureKeepsMessage(t *testing.T) {
	f := formatOf(t, api.JSON, `{"type":"object"}`)
	transform := func(name, expr, failure string) api.Rule {
		return api.Rule{Name: name, Kind: api.KindTransform, Mode: api.ModeWrite, Type: "JSONATA", Expr: expr, OnFailure: failure}
	}
	rs := &api.RuleSet{DomainRules: []api.Rule{
		transform("first", `{"n": n + 1}`, ""),
		transform("wrong", `{"n": n + "x"}`, "NONE"),
		transform("null", `null`, "NONE"),
		transform("nothing", `nothing`, ""),
		{Name: "gone", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "SECRET", OnFailure: "NONE"},
		transform("last", `{"n": n * 10}`, ""),
	}}
	chain := full().Compile(rs, rules.Domain, rules.Write, rules.Scope{Format: f})
	var steps []string
	got, err := chain.Run(context.Background(), map[string]any{"n": int64(1)}, &rules.Env{Observe: func(s *rules.Step) {
		steps = append(steps, fmt.Sprint(s.Rule.Name, " ", s.Action, " ", s.Err != nil, " ", s.Mode, " ", s.Took > 0))
	}})
	if err != nil || !reflect.DeepEqual(got, map[string]any{"n": int64(20)}) && !reflect.DeepEqual(got, map[string]any{"n": 20.0}) {
		t.Errorf("got %#v, %v", got, err)
	}
	want := []string{"first NONE false WRITE true", "wrong NONE true WRITE true", "null NONE true WRITE true",
		"nothing NONE false WRITE true", "gone NONE true WRITE true", "last NONE false WRITE true"}
	if !slices.Equal(steps, want) {
		t.Errorf("got %q, want %q", steps, want)
	}
}

// outbox takes dead letters.
type outbox struct {
	err     error
	letters []*rules.DeadLetter
}

func (o *outbox) Send(_ context.Context, l *rules.DeadLetter) error {
	o.letters = append(o.letters, l)
	return o.err
}

func TestDeadLetters(t *testing.T) {
	f := formatOf(t, api.Avro, personText)
	pii := func(*rules.Event) ([]string, bool) { return []string{"PII"}, true }
	original := []byte("as it came")
	for _, c := range []struct {
		name, topic string
		rule        map[string]string
		properties  map[string]string
		config      map[string]string
		mode        string
		success     bool // the rule succeeds
		broken      bool // the record does not fit its schema
		redact      func(*rules.Event) ([]string, bool)
		sender      error
		wantTopic   string // "" if nothing is sent
		want        string // in the error
	}{
		{name: "topic of the action", topic: "mine", rule: map[string]string{"dlq.topic": "rule"}, wantTopic: "mine"},
		{name: "topic of the rule", rule: map[string]string{"dlq.topic": "rule"}, properties: map[string]string{"dlq.topic": "metadata"}, wantTopic: "rule"},
		{name: "topic of the metadata", properties: map[string]string{"dlq.topic": "metadata"}, config: map[string]string{"rule.executors.r.param.dlq.topic": "config"}, wantTopic: "metadata"},
		{name: "topic of the configuration", config: map[string]string{"rule.executors._CEL_.param.dlq.topic": "config"}, wantTopic: "config"},
		{name: "no topic", want: "there is no topic, set dlq.topic"},
		{name: "sender fails", topic: "t", sender: errors.New("no broker"), wantTopic: "t", want: "no broker"},
		{name: "reading", topic: "t", mode: rules.Read, redact: pii, wantTopic: "t"},
		{name: "success", topic: "t", success: true, wantTopic: "t"},
		{name: "redacted", topic: "t", redact: pii, wantTopic: "t"},
		{name: "nothing to redact", topic: "t", redact: func(*rules.Event) ([]string, bool) { return nil, false }, wantTopic: "t"},
		{name: "cannot be redacted", topic: "t", redact: pii, broken: true, want: "does not fit the schema"},
	} {
		box := &outbox{err: c.sender}
		rule := condition("r", fmt.Sprint(c.success))
		rule.Params, rule.OnFailure, rule.OnSuccess = c.rule, "DLQ", "NONE"
		if c.success {
			rule.OnSuccess = "DLQ"
		}
		mode := c.mode
		if mode == "" {
			mode = rules.Write
		}
		engine := full(rules.WithActions(rules.DLQ(box, c.topic, c.redact)), rules.WithConfig(c.config))
		chain := engine.Compile(&api.RuleSet{DomainRules: []api.Rule{rule}}, rules.Domain, mode, rules.Scope{
			Subject: "s", Format: f, Metadata: &api.Metadata{Properties: c.properties, Tags: map[string][]string{"com.acme.Person.name": {"PII"}}},
		})
		rec := person()
		if c.broken {
			rec["age"] = "old"
		}
		kept := maps.Clone(rec)
		_, err := chain.Run(context.Background(), rec, &rules.Env{Subject: "s", Topic: "people", Original: original})
		var failed *rules.Error
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var refused *rules.ConditionError
		if errors.As(err, &refused) == c.success {
			t.Errorf("%s: the error does not say what failed: %v", c.name, err)
		}
		if c.wantTopic == "" {
			if len(box.letters) > 0 {
				t.Errorf("%s: a letter was sent: %+v", c.name, box.letters[0])
			}
			continue
		}
		if len(box.letters) != 1 {
			t.Errorf("%s: %d letters were sent", c.name, len(box.letters))
			continue
		}
		letter := box.letters[0]
		headers := map[string]string{rules.HeaderRuleName: "r", rules.HeaderRuleMode: mode, rules.HeaderRuleSubject: "s", rules.HeaderRuleTopic: "people"}
		if !c.success {
			headers[rules.HeaderRuleException] = "Expr failed: 'false'"
		}
		if c.name == "redacted" { // and so are the words of the failure
			headers[rules.HeaderRuleException] = "the rule failed; what it says is left out, since the record has secrets"
		}
		if letter.Topic != c.wantTopic || !maps.Equal(letter.Headers, headers) {
			t.Errorf("%s: got %s %v, want %s %v", c.name, letter.Topic, letter.Headers, c.wantTopic, headers)
		}
		if !reflect.DeepEqual(rec, kept) {
			t.Errorf("%s: the record has changed: %v", c.name, rec)
		}
		if c.name != "redacted" {
			if !reflect.DeepEqual(letter.Record, any(original)) {
				t.Errorf("%s: got %v", c.name, letter.Record)
			}
			continue
		}
		text, err := letter.Format.Print(letter.Record)
		if err != nil {
			t.Fatal(err)
		}
		const hidden = `{"$bytes":"3c52454441435445443e"}`
		sameText(t, c.name, text, `{"name":"<REDACTED>","ssn":"<REDACTED>","photo":`+hidden+`,"age":31,"friends":[`+
			`{"name":"<REDACTED>","ssn":null,"photo":`+hidden+`,"age":4,"friends":[]}]}`)
	}
}

// A dead letter that is read again does not fail by the rule it failed by.
func TestSkip(t *testing.T) {
	f := formatOf(t, api.Avro, personText)
	rs := &api.RuleSet{DomainRules: []api.Rule{condition("a", "false"), condition("b", "message.age > 100")}}
	chain := full().Compile(rs, rules.Domain, rules.Read, rules.Scope{Format: f})
	for skip, want := range map[string]string{"": "Rule failed: b", "a": "Rule failed: b", "b": "Rule failed: a", "c": "Rule failed: b"} {
		var skipped []string
		_, err := chain.Run(context.Background(), person(), &rules.Env{Skip: skip, Observe: func(s *rules.Step) {
			if s.Skipped != "" {
				skipped = append(skipped, s.Rule.Name)
			}
		}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("skipping %q: got %v, want %s", skip, err, want)
		}
		if skip == "b" && !slices.Equal(skipped, []string{"b"}) {
			t.Errorf("skipping %q: %v were told as skipped", skip, skipped)
		}
	}
}
