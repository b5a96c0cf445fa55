package rules_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// subjects are two versions of the same thing in each language: the field a of
// version 1 is called b in version 2.
var subjects = []struct {
	typ, old, next string
	record         string // of version 1
	payload        string // the same as it is sent, in hexadecimal digits
	view, viewed   string // the same as migrations see it, before and after
	migrated       string
}{
	{
		api.Avro,
		`{"type":"record","name":"R","fields":[{"name":"a","type":["null","string"],"confluent:tags":["PII"]},{"name":"n","type":"int"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"b","type":["null","string"],"confluent:tags":["PII"]},{"name":"n","type":"int"}]}`,
		`{"a":"x","n":1}`, "02027802",
		`{"a":{"string":"x"},"n":1}`, `{"b":{"string":"x"},"n":1}`, `{"b":"x","n":1}`,
	},
	{
		api.JSON,
		`{"type":"object","properties":{"a":{"type":"string","confluent:tags":["PII"]},"n":{"type":"integer","minimum":0}},"additionalProperties":false}`,
		`{"type":"object","properties":{"b":{"type":"string","confluent:tags":["PII"]},"n":{"type":"integer","minimum":0}},"additionalProperties":false}`,
		`{"a":"x","n":1}`, hex.EncodeToString([]byte(`{"a":"x","n":1}`)),
		`{"a":"x","n":1}`, `{"b":"x","n":1}`, `{"b":"x","n":1}`,
	},
	{
		api.Protobuf,
		`syntax = "proto3"; import "confluent/meta.proto"; message R { string a = 1 [(confluent.field_meta) = {tags: "PII"}]; int32 n = 2; }`,
		`syntax = "proto3"; import "confluent/meta.proto"; message R { string b = 1 [(confluent.field_meta) = {tags: "PII"}]; int32 n = 2; }`,
		`{"a":"x","n":1}`, "0a01781001",
		`{"a":"x","n":1}`, `{"b":"x","n":1}`, `{"b":"x","n":1}`,
	},
}

func TestTry(t *testing.T) {
	for _, c := range subjects {
		upper := api.Rule{Name: "upper", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: "value + '!'"}
		positive := condition("positive", "message.n > 0")
		lost := condition("lost", "message.n > 5")
		lost.OnFailure = "NONE"
		versions := []rules.Version{
			{Number: 1, Format: formatOf(t, c.typ, c.old), RuleSet: &api.RuleSet{DomainRules: []api.Rule{positive, upper, lost}}},
			{Number: 2, Format: formatOf(t, c.typ, c.next), RuleSet: &api.RuleSet{DomainRules: []api.Rule{upper}, MigrationRules: []api.Rule{
				migration(api.ModeUpgrade, `{"b": a, "n": n}`), migration(api.ModeDowngrade, `{"a": b, "n": n}`)}}},
		}
		payload, _ := hex.DecodeString(c.payload)
		marked := strings.ReplaceAll(c.record, `"x"`, `"x!"`)
		for _, q := range []struct {
			name  string
			trial rules.Trial
			steps []string
			want  string
			sent  string
		}{
			{"write", rules.Trial{Direction: rules.Write, To: 1, Record: []byte(c.record)}, []string{
				"positive WRITE " + c.record + " → true NONE",
				"upper WRITE " + c.record + " → " + marked + " NONE",
				"lost WRITE " + marked + " → false NONE Expr failed: 'message.n > 5'",
			}, marked, strings.ReplaceAll(strings.ReplaceAll(c.payload, "0278", "047821"), "0178", "027821")},
			{"read", rules.Trial{Direction: rules.Read, To: 1, Payload: payload}, []string{
				"lost READ " + c.record + " → false NONE Expr failed: 'message.n > 5'",
				"upper READ " + c.record + " → " + marked + " NONE",
				"positive READ " + marked + " → true NONE",
			}, marked, ""},
			{"upgrade", rules.Trial{Direction: rules.Upgrade, From: 1, To: 2, Payload: payload}, []string{
				"upgrade UPGRADE " + c.view + " → " + c.viewed + " NONE",
				"upper READ " + c.migrated + " → " + strings.ReplaceAll(c.migrated, `"x"`, `"x!"`) + " NONE",
			}, strings.ReplaceAll(c.migrated, `"x"`, `"x!"`), ""},
			{"downgrade", rules.Trial{Direction: rules.Downgrade, From: 2, To: 1, Record: []byte(c.migrated)}, []string{
				"downgrade DOWNGRADE " + c.viewed + " → " + c.view + " NONE",
				"lost READ " + c.record + " → false NONE Expr failed: 'message.n > 5'",
				"upper READ " + c.record + " → " + marked + " NONE",
				"positive READ " + marked + " → true NONE",
			}, marked, ""},
			{"refused", rules.Trial{Direction: rules.Write, To: 1, Record: []byte(`{"a":"x","n":0}`)}, []string{
				"positive WRITE " + refused(c.typ) + " → false ERROR Expr failed: 'message.n > 0'",
			}, "", ""},
		} {
			q.trial.Versions = versions
			trace, err := full().Try(context.Background(), &q.trial)
			if err != nil {
				t.Errorf("%s %s: %v", c.typ, q.name, err)
				continue
			}
			var steps []string
			for _, s := range trace.Steps {
				steps = append(steps, strings.TrimSpace(fmt.Sprintf("%s %s %s → %s %s %s", s.Rule, s.Mode, s.Input, s.Output, s.Action, s.Error)))
			}
			name := c.typ + " " + q.name
			sameText(t, name+", steps", []byte(strings.Join(steps, "\n")), strings.Join(q.steps, "\n"))
			sameText(t, name, trace.Record, q.want)
			if q.sent != "" && c.typ != api.JSON {
				sameText(t, name+", payload", []byte(hex.EncodeToString(trace.Payload)), q.sent)
			}
			if q.want == "" && (trace.Error == nil || trace.Error.Rule != "positive" || trace.Error.Message != "Expr failed: 'message.n > 0'") {
				t.Errorf("%s: the trace ends with %+v", name, trace.Error)
			}
		}
	}
}

// refused is the record without a positive n, as people read it.
func refused(typ string) string {
	if typ == api.Protobuf {
		return `{"a":"x"}` // n has its default
	}
	return `{"a":"x","n":0}`
}

// What the caller got wrong is an error, what is wrong with the record is in the trace.
func TestTryErrors(t *testing.T) {
	c := subjects[1]
	versions := []rules.Version{
		{Number: 1, Format: formatOf(t, c.typ, c.old)},
		{Number: 2, Format: formatOf(t, c.typ, c.next), RuleSet: &api.RuleSet{MigrationRules: []api.Rule{migration(api.ModeUpgrade, `{"b": 7}`)}}},
	}
	for _, q := range []struct {
		trial          rules.Trial
		asked, refused string
	}{
		{trial: rules.Trial{Direction: rules.Write, To: 3}, asked: "there is no version 3"},
		{trial: rules.Trial{Direction: rules.Upgrade, From: 7, To: 2}, asked: "there is no version 7"},
		{trial: rules.Trial{Direction: rules.Write, To: 1}, asked: "there is no record"},
		{trial: rules.Trial{Direction: rules.Write, To: 1, Record: []byte(`{}`), Payload: []byte(`{}`)}, asked: "either as JSON or as bytes"},
		{trial: rules.Trial{Direction: rules.Write, To: 1, Record: []byte(`{`)}, asked: ""},
		{trial: rules.Trial{Direction: rules.Downgrade, From: 2, To: 1, Record: []byte(`{}`)}, asked: "no version from 2 to 1 has a rule for DOWNGRADE"},
		{trial: rules.Trial{Direction: rules.Write, To: 1, Record: []byte(`{"n":-1}`)}, refused: "/n"},
		{trial: rules.Trial{Direction: rules.Upgrade, From: 1, To: 2, Record: []byte(`{}`)}, refused: "/b"},
	} {
		q.trial.Versions = versions
		trace, err := full().Try(context.Background(), &q.trial)
		switch {
		case q.refused == "" && (err == nil || !strings.Contains(err.Error(), q.asked)):
			t.Errorf("%+v: got %+v, %v, want %s", q.trial, trace, err, q.asked)
		case q.refused != "" && (err != nil || trace.Error == nil || !strings.Contains(trace.Error.Message, q.refused)):
			t.Errorf("%+v: got %+v, %v, want %s", q.trial, trace, err, q.refused)
		}
	}
}
