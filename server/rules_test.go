package server_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	concordat "github.com/seed-9f7c7091/concordat"
	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/server/openapitest"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

// ruled is a server of an empty registry, and what it logs. Each exchange is
// held against the description of the API.
type ruled struct {
	t      *testing.T
	client *replaytest.Client
	check  *openapitest.Checker
	log    bytes.Buffer
}

func newRuled(t *testing.T, adapt func(*registry.Settings, *server.Settings)) *ruled {
	t.Helper()
	c := &ruled{t: t}
	store, err := bolt.Open(filepath.Join(t.TempDir(), "test.db"), bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	ofRegistry, ofServer := registry.DefaultSettings(), server.DefaultSettings()
	ofServer.Logger = slog.New(slog.NewTextHandler(&c.log, nil))
	if adapt != nil {
		adapt(&ofRegistry, &ofServer)
	}
	reg, err := registry.New(store, ofRegistry)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(reg, store, ofServer)
	if err != nil {
		t.Fatal(err)
	}
	if c.check, err = openapitest.New(concordat.OpenAPI); err != nil {
		t.Fatal(err)
	}
	c.client = replaytest.NewClient(serve(t, srv))
	t.Cleanup(c.client.Close)
	return c
}

// send sends a body, which is encoded unless it is text already.
func (c *ruled) send(method, path string, body any) *replaytest.Answer {
	c.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(b)
	}
	a := send(c.t, c.client, method, path, text)
	if err := c.check.Check(method, path, nil, a.Status, a.Header, a.Body); err != nil {
		c.t.Error(err)
	}
	return a
}

// ask is send, for answers that are no error. Its requests are as they are described.
func (c *ruled) ask(method, path string, body, answer any) *replaytest.Answer {
	c.t.Helper()
	a := c.send(method, path, body)
	if a.Status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	if sent, err := json.Marshal(body); err == nil && body != nil {
		if err := c.check.CheckRequest(method, path, nil, sent); err != nil {
			c.t.Error(err)
		}
	}
	if answer != nil {
		if err := json.Unmarshal(a.Body, answer); err != nil {
			c.t.Fatal(err)
		}
	}
	return a
}

// object is JSON to send.
type object = map[string]any

func (c *ruled) run(q object) *rules.Trace {
	c.t.Helper()
	var trace rules.Trace
	c.ask("POST", "/concordat/v1/rules/run", q, &trace)
	return &trace
}

// told is a trace in lines: each step with its input, output, action and error, and
// then the record and the bytes or why there are none.
func told(t *testing.T, trace *rules.Trace) string {
	t.Helper()
	var b strings.Builder
	for _, s := range trace.Steps {
		if s.Nanos <= 0 {
			t.Errorf("rule %s took %d ns", s.Rule, s.Nanos)
		}
		fmt.Fprintf(&b, "%s %s %s %s %s → %s %s", s.Rule, s.Type, s.Kind, s.Mode, s.Input, s.Output, s.Action)
		if s.Error != "" {
			fmt.Fprintf(&b, ", %s", s.Error)
		}
		b.WriteString("\n")
	}
	switch {
	case trace.Error != nil:
		fmt.Fprintf(&b, "refused by %q: %s", trace.Error.Rule, trace.Error.Message)
	case trace.Payload != nil:
		fmt.Fprintf(&b, "%s %x", trace.Record, trace.Payload)
	default:
		fmt.Fprintf(&b, "%s", trace.Record)
	}
	return b.String()
}

// person is a contract of one language whose field ssn becomes another one. What the
// expected texts write as ID is the name of that field in JSON.
type person struct {
	schemaType, v1, v2 string
	id                 string
	payload1, payload2 string // of Ada, in hexadecimal digits
}

var persons = []person{
	{api.Avro,
		`{"type":"record","name":"Person","namespace":"com.example","fields":[{"name":"name","type":"string"},{"name":"ssn","type":"string"}]}`,
		`{"type":"record","name":"Person","namespace":"com.example","fields":[{"name":"name","type":"string"},{"name":"national_id","type":"string"}]}`,
		"national_id", "06416461163037382d30352d31313230", "06416461163037382d30352d31313230"},
	{api.JSON,
		`{"type":"object","properties":{"name":{"type":"string"},"ssn":{"type":"string"}},"required":["name","ssn"],"additionalProperties":false}`,
		`{"type":"object","properties":{"name":{"type":"string"},"national_id":{"type":"string"}},"required":["name","national_id"],"additionalProperties":false}`,
		"national_id", hex.EncodeToString([]byte(`{"name":"Ada","ssn":"078-05-1120"}`)), hex.EncodeToString([]byte(`{"name":"Ada","national_id":"078-05-1120"}`))},
	{api.Protobuf,
		`syntax = "proto3"; package com.example; message Person { string name = 1; string ssn = 2; }`,
		`syntax = "proto3"; package com.example; message Person { string name = 1; string national_id = 3; }`,
		"nationalId", "0a03416461120b3037382d30352d31313230", "0a034164611a0b3037382d30352d31313230"},
}

func (p *person) old() object {
	return object{"schemaType": p.schemaType, "schema": p.v1, "metadata": object{"properties": object{"major_version": "1"}}}
}

func (p *person) new() object {
	return object{"schemaType": p.schemaType, "schema": p.v2, "metadata": object{"properties": object{"major_version": "2"}}, "ruleSet": object{
		"migrationRules": []object{
			{"name": "up", "type": "JSONATA", "mode": "UPGRADE", "expr": `$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'` + p.id + `': ssn}])`},
			{"name": "down", "type": "JSONATA", "mode": "DOWNGRADE", "expr": `$merge([$sift($, function($v, $k) {$k != '` + p.id + `'}), {'ssn': ` + p.id + `}])`},
		},
		"domainRules": []object{
			{"name": "trimmed", "type": "CEL_FIELD", "mode": "WRITE", "expr": "name == 'name' ; value.trim()"},
			{"name": "named", "type": "CEL", "kind": "CONDITION", "mode": "WRITEREAD", "expr": "message.name != '-'", "doc": "a person has a name"},
		},
	}}
}

// register makes versions 1 and 2 of a subject.
func (c *ruled) register(subject string, p *person) {
	c.t.Helper()
	c.ask("PUT", "/config/"+subject, object{"compatibility": "BACKWARD", "compatibilityGroup": "major_version"}, nil)
	for _, q := range []object{p.old(), p.new()} {
		if a := c.ask("POST", "/subjects/"+subject+"/versions", q, nil); a.Header.Get("X-Concordat-Rule-Problems") != "" {
			c.t.Errorf("problems: %s", a.Header.Get("X-Concordat-Rule-Problems"))
		}
	}
}

// Every way of naming a contract and of giving a record comes to the same steps.
func TestRunRules(t *testing.T) {
	for _, p := range persons {
		t.Run(p.schemaType, func(t *testing.T) {
			c := newRuled(t, nil)
			c.register("people-value", &p)
			ada := func(name string) json.RawMessage {
				return json.RawMessage(`{"name":"Ada","` + name + `":"078-05-1120"}`)
			}
			spaced := json.RawMessage(`{"name":" Ada ","` + p.id + `":"078-05-1120"}`)
			nobody := json.RawMessage(`{"name":" - ","` + p.id + `":"0"}`)
			payload := func(digits string) []byte { b, _ := hex.DecodeString(digits); return b }
			stored := object{"subject": "people-value"}
			inline := object{"contract": p.new()}
			both := object{"contract": p.new(), "old": p.old()}
			for _, test := range []struct {
				name string
				q    []object
				want string
			}{
				{"write", []object{{"record": spaced}, stored}, `trimmed CEL_FIELD TRANSFORM WRITE {"name":" Ada ","ID":"078-05-1120"} → {"name":"Ada","ID":"078-05-1120"} NONE
named CEL CONDITION WRITE {"name":"Ada","ID":"078-05-1120"} → true NONE
{"name":"Ada","ID":"078-05-1120"} ` + p.payload2},
				{"write, version 1", []object{{"record": ada("ssn"), "version": 1}, stored}, `{"name":"Ada","ssn":"078-05-1120"} ` + p.payload1},
				{"write, refused", []object{{"record": nobody}, stored}, `trimmed CEL_FIELD TRANSFORM WRITE {"name":" - ","ID":"0"} → {"name":"-","ID":"0"} NONE
named CEL CONDITION WRITE {"name":"-","ID":"0"} → false ERROR, a person has a name
refused by "named": a person has a name`},
				{"read, digits", []object{{"payloadHex": p.payload2, "direction": "read"}, stored}, `named CEL CONDITION READ {"name":"Ada","ID":"078-05-1120"} → true NONE
{"name":"Ada","ID":"078-05-1120"}`},
				{"upgrade, bytes", []object{{"payload": payload(p.payload1), "direction": "UPGRADE", "from": 1}, stored}, `up JSONATA TRANSFORM UPGRADE {"name":"Ada","ssn":"078-05-1120"} → {"name":"Ada","ID":"078-05-1120"} NONE
named CEL CONDITION READ {"name":"Ada","ID":"078-05-1120"} → true NONE
{"name":"Ada","ID":"078-05-1120"}`},
				{"downgrade", []object{{"record": ada(p.id), "direction": "DOWNGRADE", "from": 2, "version": 1}, stored}, `down JSONATA TRANSFORM DOWNGRADE {"name":"Ada","ID":"078-05-1120"} → {"name":"Ada","ssn":"078-05-1120"} NONE
{"name":"Ada","ssn":"078-05-1120"}`},
				{"inline write", []object{{"record": spaced}, inline}, `trimmed CEL_FIELD TRANSFORM WRITE {"name":" Ada ","ID":"078-05-1120"} → {"name":"Ada","ID":"078-05-1120"} NONE
named CEL CONDITION WRITE {"name":"Ada","ID":"078-05-1120"} → true NONE
{"name":"Ada","ID":"078-05-1120"} ` + p.payload2},
				{"inline upgrade", []object{{"payloadHex": p.payload1, "direction": "UPGRADE"}, both}, `up JSONATA TRANSFORM UPGRADE {"name":"Ada","ssn":"078-05-1120"} → {"name":"Ada","ID":"078-05-1120"} NONE
named CEL CONDITION READ {"name":"Ada","ID":"078-05-1120"} → true NONE
{"name":"Ada","ID":"078-05-1120"}`},
				{"inline downgrade", []object{{"record": ada(p.id), "direction": "DOWNGRADE"}, both}, `down JSONATA TRANSFORM DOWNGRADE {"name":"Ada","ID":"078-05-1120"} → {"name":"Ada","ssn":"078-05-1120"} NONE
{"name":"Ada","ssn":"078-05-1120"}`},
			} {
				q := object{}
				for _, part := range test.q {
					for k, v := range part {
						q[k] = v
					}
				}
				want := strings.ReplaceAll(test.want, `"ID"`, `"`+p.id+`"`)
				if got := told(t, c.run(q)); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, want)
				}
			}
		})
	}
}

// The migration is proved, and one that cuts long numbers off is not.
func TestVerifyRules(t *testing.T) {
	for _, p := range persons {
		t.Run(p.schemaType, func(t *testing.T) {
			c := newRuled(t, nil)
			c.register("people-value", &p)
			var stored, swapped, inline rules.Verdict
			c.ask("POST", "/concordat/v1/rules/verify", object{"subject": "people-value", "from": 1, "to": 2, "cases": 100}, &stored)
			c.ask("POST", "/concordat/v1/rules/verify", object{"subject": "people-value", "from": 2, "to": 1, "cases": 100}, &swapped)
			c.ask("POST", "/concordat/v1/rules/verify", object{"old": p.old(), "new": p.new(), "cases": 100}, &inline)
			// Version 1 has no condition, so that a record of it may have no name.
			for _, v := range []rules.Verdict{stored, swapped, inline} {
				if v.Proved || len(v.CounterExamples) != 1 || v.CounterExamples[0].Property != "CONDITIONS" || v.Refused == 0 || v.Cases+v.Refused != 200 {
					t.Errorf("got %+v", v)
				}
			}
			proper := p.new()
			delete(proper["ruleSet"].(object), "domainRules")
			var verdict rules.Verdict
			c.ask("POST", "/concordat/v1/rules/verify", object{"old": p.old(), "new": proper, "cases": 100}, &verdict)
			if !verdict.Proved || verdict.Cases != 200 || verdict.Refused != 0 {
				t.Errorf("got %+v, want it proved", verdict)
			}
			cut := proper["ruleSet"].(object)["migrationRules"].([]object)[1]
			cut["expr"] = strings.Replace(cut["expr"].(string), "{'ssn': "+p.id+"}", "{'ssn': $substring("+p.id+", 0, 5)}", 1)
			question := object{"old": p.old(), "new": proper, "seed": 7}
			first := c.ask("POST", "/concordat/v1/rules/verify", question, &verdict)
			if verdict.Proved || len(verdict.CounterExamples) == 0 {
				t.Fatalf("got %+v, want counter-examples", verdict)
			}
			var before, after struct{ SSN string }
			e := verdict.CounterExamples[0]
			if json.Unmarshal(e.Record, &before) != nil || json.Unmarshal(e.Result, &after) != nil ||
				e.Property != "ROUND_TRIP" || e.Rule != "down" || e.Path != "/ssn" || len(before.SSN) <= 5 || len(after.SSN) != 5 {
				t.Errorf("got %s", e.String())
			}
			if again := c.ask("POST", "/concordat/v1/rules/verify", question, nil); !bytes.Equal(again.Body, first.Body) {
				t.Errorf("the same seed gives\n%s\nand then\n%s", first.Body, again.Body)
			}
			question["lossy"] = []string{"/ssn", "/" + p.id}
			c.ask("POST", "/concordat/v1/rules/verify", question, &verdict)
			if !verdict.Proved || strings.Join(verdict.Lost, " ") != "/"+p.id+" /ssn" {
				t.Errorf("got %+v, want the losses accepted", verdict)
			}
		})
	}
}

// Samples are what the contract says of them: what is admitted comes through, what is refused does not.
func TestSampleRules(t *testing.T) {
	for _, p := range persons {
		t.Run(p.schemaType, func(t *testing.T) {
			c := newRuled(t, nil)
			c.register("people-value", &p)
			question := object{"subject": "people-value", "version": 2, "seed": 3, "count": 4}
			var samples rules.Samples
			first := c.ask("POST", "/concordat/v1/rules/sample", question, &samples)
			again := c.ask("POST", "/concordat/v1/rules/sample", question, nil)
			inline := c.ask("POST", "/concordat/v1/rules/sample", object{"contract": p.new(), "seed": 3, "count": 4}, nil)
			if !bytes.Equal(first.Body, again.Body) || !bytes.Equal(first.Body, inline.Body) {
				t.Errorf("the same seed gives\n%s\n%s\n%s", first.Body, again.Body, inline.Body)
			}
			if len(samples.Admitted) != 4 || len(samples.Refused) == 0 {
				t.Errorf("%d are admitted and %d refused", len(samples.Admitted), len(samples.Refused))
			}
			plain := p.new()
			set := plain["ruleSet"].(object)
			set["domainRules"] = set["domainRules"].([]object)[1:] // samples are of the conditions alone
			for _, r := range samples.Admitted {
				if trace := c.run(object{"contract": plain, "record": r}); trace.Error != nil {
					t.Errorf("%s: %s", r, trace.Error.Message)
				}
			}
			for _, r := range samples.Refused {
				if trace := c.run(object{"contract": plain, "record": r.Record}); trace.Error == nil || trace.Error.Rule != r.Rule || trace.Error.Message != r.Reason {
					t.Errorf("%s: got %+v, want it refused by %s", r.Record, trace.Error, r.Rule)
				}
			}
		})
	}
}

// like reports whether a text is as wanted, where … stands for any text: how the
// engines put what they say.
func like(got, want string) bool {
	parts := strings.Split(want, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, ".*") + "$").MatchString(got)
}

// wrongRules have one problem of each kind that is known without a tag.
var wrongRules = object{
	"migrationRules": []object{{"name": "up", "type": "CEL_FIELD", "mode": "UPGRADE", "expr": "value"}},
	"domainRules": []object{
		{"name": "typo", "type": "CEL", "kind": "CONDITION", "expr": "message.nmae != ''"},
		{"name": "cut", "type": "JSONATA", "kind": "CONDITION", "expr": "$count(name"},
		{"name": "engine", "type": "JSONTA", "kind": "CONDITION", "expr": "true"},
		{"name": "act", "type": "CEL", "kind": "CONDITION", "expr": "true", "onFailure": "EROR"},
		{"name": "off", "type": "NONE_SUCH", "disabled": true},
		{"name": "tagged", "type": "CEL_FIELD", "expr": "value", "tags": []string{"PII"}},
	},
}

const wrongRulesTold = `rule up: CEL_FIELD works on fields of records, and migrations on JSON
rule typo: 1:8: …nmae… (did you mean name?)
rule cut: 1:12: S0203: ")" is expected before the end
rule engine: nobody carries out rules of the type JSONTA (did you mean JSONATA?)
rule act: onFailure names the action "EROR", which is not known here (did you mean ERROR?)
rule tagged: no field has the tag "PII"
rule up: there is an UPGRADE and no DOWNGRADE: readers of the old version cannot read new records`

func (p *person) wrong() object {
	return object{"schemaType": p.schemaType, "schema": p.v1, "ruleSet": wrongRules}
}

func TestCheckRules(t *testing.T) {
	for _, p := range persons {
		t.Run(p.schemaType, func(t *testing.T) {
			c := newRuled(t, nil)
			c.register("people-value", &p)
			check := func(q object) string {
				t.Helper()
				var answer struct{ Problems []rules.Problem }
				a := c.ask("POST", "/concordat/v1/rules/check", q, &answer)
				if answer.Problems == nil {
					t.Errorf("got %s, want a list", a.Body)
				}
				lines := make([]string, len(answer.Problems))
				for i, p := range answer.Problems {
					lines[i] = p.String()
				}
				return strings.Join(lines, "\n")
			}
			c.ask("POST", "/subjects/wrong-value/versions", p.wrong(), nil)
			for _, test := range []struct {
				name string
				q    object
				want string
			}{
				{"stored", object{"subject": "people-value", "version": 2}, ""},
				{"without rules", object{"subject": "people-value", "version": 1}, ""},
				{"stored, wrong", object{"subject": "wrong-value"}, wrongRulesTold},
				{"inline, wrong", object{"contract": p.wrong()}, wrongRulesTold},
				{"inline, of a subject", object{"subject": "people-value", "contract": p.new()}, ""},
				// The contract inherits rules that are about the other schema, and has none where no subject is named.
				{"inherited", object{"subject": "wrong-value", "contract": object{"schemaType": p.schemaType, "schema": strings.ReplaceAll(p.v1, "name", "name")}}, wrongRulesTold},
				{"not inherited", object{"contract": object{"schemaType": p.schemaType, "schema": p.v1}}, ""},
			} {
				if got := check(test.q); !like(got, test.want) {
					t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
				}
			}
		})
	}
}

// References are resolved, in contracts that are stored and in those that are not.
func TestRulesAndReferences(t *testing.T) {
	for _, test := range []struct{ schemaType, address, text string }{
		{api.Avro, `{"type":"record","name":"Address","fields":[{"name":"city","type":"string"}]}`,
			`{"type":"record","name":"Person","fields":[{"name":"home","type":"Address"}]}`},
		{api.JSON, `{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`,
			`{"type":"object","properties":{"home":{"$ref":"Address"}},"required":["home"]}`},
		{api.Protobuf, `syntax = "proto3"; message Address { string city = 1; }`,
			`syntax = "proto3"; import "Address"; message Person { Address home = 1; }`},
	} {
		t.Run(test.schemaType, func(t *testing.T) {
			c := newRuled(t, nil)
			contract := object{"schemaType": test.schemaType, "schema": test.text,
				"references": []object{{"name": "Address", "subject": "address", "version": 1}},
				"ruleSet":    object{"domainRules": []object{{"name": "city", "type": "CEL", "kind": "CONDITION", "expr": "message.home.city != ''"}}}}
			const path = "/concordat/v1/rules/run"
			record := json.RawMessage(`{"home":{"city":"Ely"}}`)
			if a := c.send("POST", path, object{"contract": contract, "record": record}); a.Status != 422 || !strings.Contains(string(a.Body), `"error_code":42201`) {
				t.Errorf("without the reference: %d %s", a.Status, a.Body)
			}
			c.ask("POST", "/subjects/address/versions", object{"schemaType": test.schemaType, "schema": test.address}, nil)
			c.ask("POST", "/subjects/people/versions", contract, nil)
			for _, q := range []object{{"contract": contract}, {"subject": "people"}} {
				q["record"] = record
				if got, want := told(t, c.run(q)), "city CEL CONDITION WRITE "+string(record)+" → true NONE\n"+string(record); !strings.HasPrefix(got, want) {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				q["record"] = json.RawMessage(`{"home":{"city":""}}`)
				if trace := c.run(q); trace.Error == nil || trace.Error.Rule != "city" {
					t.Errorf("got %+v, want it refused", trace.Error)
				}
			}
		})
	}
}

func TestRuleErrors(t *testing.T) {
	c := newRuled(t, nil)
	p := &persons[0]
	c.register("people-value", p)
	ada := json.RawMessage(`{"name":"Ada","ssn":"1"}`)
	for _, test := range []struct {
		call string
		body any
		code int
		text string
	}{
		{"run", "", 422, ""},
		{"run", "null", 422, ""},
		{"run", "{", 400, "end-of-input"},
		{"run", "[]", 400, "RuleTrial"},
		{"run", `{"subject":"people-value","record":{"name":}}`, 400, ""},
		{"run", object{"subject": "people-value"}, 400, "one of record, payload and payloadHex"},
		{"run", object{"subject": "people-value", "record": ada, "payload": "AA=="}, 400, "one of record, payload and payloadHex"},
		{"run", object{"subject": "people-value", "payloadHex": "00", "payload": "AA=="}, 400, "one of record, payload and payloadHex"},
		{"run", object{"subject": "people-value", "payload": "%"}, 400, "not base64"},
		{"run", object{"subject": "people-value", "payloadHex": "0"}, 400, "not hexadecimal"},
		{"run", object{"subject": "people-value", "record": ada, "direction": "UP"}, 400, "WRITE, READ, UPGRADE or DOWNGRADE"},
		{"run", object{"subject": "people-value", "record": ada, "version": []int{1}}, 400, "Integer"},
		{"run", object{"subject": "people-value", "record": ada}, 400, "does not fit the schema"},
		{"run", object{"subject": "people-value", "payloadHex": "ff"}, 400, ""},
		{"run", object{"record": ada}, 40401, "''"},
		{"run", object{"subject": "none", "record": ada}, 40401, "'none'"},
		{"run", object{"subject": "people-value", "version": 3, "record": ada}, 40402, "3"},
		{"run", object{"subject": "people-value", "direction": "UPGRADE", "record": ada}, 400, "a migration needs from"},
		{"run", object{"subject": "people-value", "direction": "UPGRADE", "from": 2, "version": 1, "record": ada}, 400, "UPGRADE goes to a newer version and DOWNGRADE to an older one: from is 2, version 1"},
		{"run", object{"subject": "people-value", "direction": "DOWNGRADE", "from": 1, "version": 2, "record": ada}, 400, "from is 1, version 2"},
		{"run", object{"subject": "people-value", "direction": "DOWNGRADE", "from": 9, "record": ada}, 40402, "9"},
		{"run", object{"contract": p.new(), "direction": "UPGRADE", "record": ada}, 400, "a migration needs old"},
		{"run", object{"subject": "people-value", "old": p.old(), "record": ada}, 400, "old is given with contract"},
		{"run", object{"contract": p.old(), "old": p.old(), "direction": "UPGRADE", "record": ada}, 400, "schema resolution"},
		{"run", object{"contract": object{"schema": "{"}, "record": ada}, 42201, ""},
		{"run", object{"contract": object{"schema": p.v1, "schemaType": "XML"}, "record": ada}, 42201, "XML"},
		{"run", object{"contract": object{"schema": `syntax = "proto3"; enum E { A = 0; }`, "schemaType": "PROTOBUF"}, "record": ada}, 42201, "no records"},
		{"run", object{"contract": object{"schema": p.v1, "ruleSet": object{"domainRules": []object{{"name": "r", "type": "CEL", "mode": "UPGRADE"}}}}, "record": ada}, 42210, "WRITE, READ, WRITEREAD"},
		{"check", object{"subject": "none"}, 40401, "'none'"},
		{"check", object{"subject": "people-value", "version": 3}, 40402, "3"},
		{"check", object{"contract": object{"schema": ""}}, 42201, "Empty schema"},
		{"check", "null", 422, ""},
		{"verify", object{"subject": "none", "from": 1, "to": 2}, 40401, "'none'"},
		{"verify", object{"subject": "people-value", "from": 1, "to": 3}, 40402, "3"},
		{"verify", object{"subject": "people-value", "from": 1}, 400, "from and to"},
		{"verify", object{"subject": "people-value", "from": 1, "to": 1}, 400, "two versions"},
		{"verify", object{"old": p.old()}, 400, "together"},
		{"verify", object{"old": p.old(), "new": object{"schema": "{"}}, 42201, ""},
		{"verify", object{"subject": "people-value", "from": 1, "to": 2, "cases": api.MaxRuleCases + 1}, 400, "between 1 and 10000"},
		{"verify", object{"subject": "people-value", "from": 1, "to": 2, "cases": -1}, 400, "between 1 and 10000"},
		{"verify", object{"subject": "people-value", "from": 1, "to": 2, "lossy": "/ssn"}, 400, ""},
		{"verify", "null", 422, ""},
		{"sample", object{"subject": "none"}, 40401, "'none'"},
		{"sample", object{"subject": "people-value", "version": 3}, 40402, "3"},
		{"sample", object{"subject": "people-value", "count": api.MaxRuleSamples + 1}, 400, "between 1 and 100"},
		{"sample", "null", 422, ""},
	} {
		a := c.send("POST", "/concordat/v1/rules/"+test.call, test.body)
		if code := fmt.Sprintf(`{"error_code":%d,`, test.code); !strings.HasPrefix(string(a.Body), code) || !strings.Contains(string(a.Body), test.text) {
			t.Errorf("%s %v: got %d %s, want %d %s", test.call, test.body, a.Status, a.Body, test.code, test.text)
		}
	}
}

// Contracts in other contexts are named in full, and deleted versions are tried like others.
func TestRulesOfOtherVersions(t *testing.T) {
	c := newRuled(t, nil)
	p := &persons[0]
	c.register(":.ctx:people-value", p)
	for _, path := range []string{"/subjects/:.ctx:people-value/versions/1", "/subjects/:.ctx:people-value/versions/2"} {
		c.ask("DELETE", path, nil, nil)
	}
	for _, prefix := range []string{"", "/contexts/.ctx"} {
		q := object{"subject": ":.ctx:people-value", "direction": "UPGRADE", "from": 1, "version": 2, "payloadHex": p.payload1}
		var trace rules.Trace
		c.ask("POST", prefix+"/concordat/v1/rules/run", q, &trace)
		if len(trace.Steps) != 2 || trace.Error != nil {
			t.Errorf("got %+v", trace)
		}
	}
	// All are deleted, so that there is no latest.
	if a := c.send("POST", "/concordat/v1/rules/check", object{"subject": ":.ctx:people-value"}); a.Status != 404 || !strings.Contains(string(a.Body), "40402") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// What is tried is not stored: subjects, schemas and configuration are what they were.
func TestRulesStoreNothing(t *testing.T) {
	c := newRuled(t, nil)
	p := &persons[0]
	c.register("people-value", p)
	seen := func() string {
		var all strings.Builder
		for _, path := range []string{"/subjects?deleted=true", "/schemas?deleted=true", "/contexts", "/config", "/subjects/people-value/versions?deleted=true", "/schemas/ids/3"} {
			fmt.Fprintf(&all, "%s\n", c.send("GET", path, nil).Body)
		}
		return all.String()
	}
	before := seen()
	other := object{"schema": `"string"`}
	c.run(object{"subject": "new", "contract": other, "record": "text"})
	c.run(object{"subject": ":.new:people-value", "contract": p.new(), "old": p.old(), "direction": "UPGRADE", "payloadHex": p.payload1})
	c.ask("POST", "/concordat/v1/rules/check", object{"subject": "people-value", "contract": p.wrong()}, nil)
	c.ask("POST", "/concordat/v1/rules/verify", object{"subject": "people-value", "old": p.old(), "new": p.new(), "cases": 10}, nil)
	c.ask("POST", "/concordat/v1/rules/sample", object{"subject": "people-value", "contract": other}, nil)
	if after := seen(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// Nothing that a contract says makes a call run for long: each is over in a
// fraction of the time that it is given here.
func TestRulesAreBounded(t *testing.T) {
	ten := "[1,2,3,4,5,6,7,8,9,10]"
	loops := "true"
	for i := range 9 {
		loops = fmt.Sprintf("%s.all(v%d, %s)", ten, i, loops)
	}
	contract := func(rule object) object {
		return object{"schema": `{"type":"record","name":"R","fields":[{"name":"s","type":"string"}]}`, "ruleSet": object{"domainRules": []object{rule}}}
	}
	for _, test := range []struct {
		name string
		rule object
	}{
		{"a function that calls itself", object{"type": "JSONATA", "expr": `($f := function($x) {1 + $f($x)}; $f(1))`}},
		{"a tail call", object{"type": "JSONATA", "expr": `($f := function($x) {$f($x)}; $f(1))`}},
		{"a range", object{"type": "JSONATA", "expr": `$sum([1..9999999].($ * $))`}},
		{"a text that grows", object{"type": "JSONATA", "expr": `$reduce([1..60], function($a, $b) {$a & $a}, "0123456789")`}},
		{"ranges in ranges", object{"type": "JSONATA", "expr": `$count([1..100000].[1..100000])`}},
		{"loops in loops", object{"type": "CEL", "kind": "CONDITION", "expr": loops}},
		{"a text that doubles", object{"type": "CEL", "kind": "CONDITION", "expr": "size(" + strings.Repeat("(", 60) + "message.s" + strings.Repeat(" + message.s)", 60) + ") > 0"}},
		{"parentheses", object{"type": "CEL", "kind": "CONDITION", "expr": strings.Repeat("(", 100_000) + "true" + strings.Repeat(")", 100_000)}},
		{"a sum of 100,000", object{"type": "CEL", "kind": "CONDITION", "expr": "1" + strings.Repeat("+1", 100_000) + " > 0"}},
		{"a regular expression", object{"type": "CEL", "kind": "CONDITION", "expr": `message.s.matches('` + strings.Repeat("(x+x+)+", 500) + `y')`}},
		{"fields", object{"type": "CEL_FIELD", "expr": loops + " ? value : value"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newRuled(t, func(_ *registry.Settings, s *server.Settings) { s.RequestTimeout = time.Second })
			test.rule["name"] = "r"
			for call, q := range map[string]object{
				"run":    {"record": json.RawMessage(`{"s":"` + strings.Repeat("x", 10_000) + `"}`)},
				"check":  {},
				"sample": {"count": api.MaxRuleSamples},
			} {
				q["contract"] = contract(test.rule)
				began := time.Now()
				a := c.send("POST", "/concordat/v1/rules/"+call, q)
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("%s took %v", call, took)
				}
				if a.Status != http.StatusOK && a.Status != http.StatusGatewayTimeout {
					t.Errorf("%s: got %d %.300s", call, a.Status, a.Body)
				}
			}
		})
	}
}

// A proof ends with the time that a request has.
func TestProofIsBounded(t *testing.T) {
	c := newRuled(t, func(_ *registry.Settings, s *server.Settings) { s.RequestTimeout = time.Second })
	endless := persons[0].new()
	endless["ruleSet"] = object{"migrationRules": []object{{"name": "r", "type": "JSONATA", "mode": "UPDOWN", "expr": `($f := function($x) {$f($x)}; $f(1))`}}}
	began := time.Now()
	a := c.send("POST", "/concordat/v1/rules/verify", object{"old": persons[0].old(), "new": endless, "cases": api.MaxRuleCases})
	if took := time.Since(began); a.Status != http.StatusGatewayTimeout || took > 10*time.Second {
		t.Errorf("got %d %s after %v, want 504", a.Status, a.Body, took)
	}
}

// What becomes of rules that cannot work is a setting.
func TestRegistrationChecksRules(t *testing.T) {
	const header = "X-Concordat-Rule-Problems"
	for _, p := range persons {
		for _, test := range []struct {
			check  registry.RuleChecks
			status int
			header string
			text   string // of the answer
			logged int
		}{
			{registry.RulesOff, 200, "", `{"id":1,…`, 0},
			{registry.RulesWarn, 200, "7; rule up: CEL_FIELD works on fields of records, and migrations on JSON", `{"id":1,…`, 7},
			{registry.RulesEnforce, 422, "", `{"error_code":42210,"message":"The rule set cannot work: ` +
				strings.ReplaceAll(strings.ReplaceAll(wrongRulesTold, `"`, `\"`), "\n", "; ") + `"}`, 0},
		} {
			t.Run(p.schemaType+" "+string(test.check), func(t *testing.T) {
				c := newRuled(t, func(s *registry.Settings, _ *server.Settings) { s.RuleChecks = test.check })
				for range 2 { // what was found once is found again
					a := c.send("POST", "/subjects/people-value/versions", p.wrong())
					if a.Status != test.status || !like(string(a.Body), test.text) {
						t.Errorf("got %d %s, want %d %s", a.Status, a.Body, test.status, test.text)
					}
					if got := a.Header.Get(header); got != test.header && a.Status != 200 {
						t.Errorf("header: got %q, want %q", got, test.header)
					}
				}
				a := c.send("POST", "/subjects/other-value/versions", p.wrong())
				if got := a.Header.Get(header); got != test.header {
					t.Errorf("header: got %q, want %q", got, test.header)
				}
				if got := strings.Count(c.log.String(), "a rule was registered that cannot work"); got != 2*test.logged {
					t.Errorf("%d lines are logged, want %d for each subject:\n%s", got, test.logged, &c.log)
				}
				if test.logged > 0 && !like(c.log.String(), `…level=WARN msg="a rule was registered that cannot work" subject=people-value rule=typo kind=EXPRESSION problem="rule typo: 1:8: …nmae… (did you mean name?)"…`) {
					t.Errorf("the log is\n%s", &c.log)
				}
				if stored := c.send("GET", "/subjects", nil); strings.Contains(string(stored.Body), "people-value") != (test.status == 200) {
					t.Errorf("the subjects are %s", stored.Body)
				}
			})
		}
	}
}

// A version that says nothing of rules has those of the version before it, and they are checked for its own schema.
func TestRegistrationChecksInheritedRules(t *testing.T) {
	conditions := object{"domainRules": []object{{"name": "known", "type": "CEL", "kind": "CONDITION", "expr": "message.ssn != ''"}}}
	for _, p := range persons {
		t.Run(p.schemaType, func(t *testing.T) {
			c := newRuled(t, nil)
			c.ask("PUT", "/config", object{"compatibility": "NONE"}, nil)
			first := object{"schemaType": p.schemaType, "schema": p.v1, "ruleSet": conditions}
			second := object{"schemaType": p.schemaType, "schema": p.v2}
			if a := c.ask("POST", "/subjects/people-value/versions", first, nil); a.Header.Get("X-Concordat-Rule-Problems") != "" {
				t.Errorf("version 1: %s", a.Header.Get("X-Concordat-Rule-Problems"))
			}
			want := "1; rule known: 1:8: …ssn…"
			var answer struct{ Problems []rules.Problem }
			c.ask("POST", "/concordat/v1/rules/check", object{"subject": "people-value", "contract": second}, &answer)
			if len(answer.Problems) != 1 || !like("1; "+answer.Problems[0].String(), want) {
				t.Errorf("before it is registered: got %v, want %s", answer.Problems, want)
			}
			a := c.ask("POST", "/subjects/people-value/versions", second, nil)
			if got := a.Header.Get("X-Concordat-Rule-Problems"); !like(got, want) {
				t.Errorf("version 2: got %q, want %q", got, want)
			}
		})
	}
}

// A header holds no more than it may, whatever a rule says.
func TestRuleProblemsFitTheHeader(t *testing.T) {
	c := newRuled(t, nil)
	name := "é\n" + strings.Repeat("x", 10_000)
	a := c.ask("POST", "/subjects/s/versions", object{"schema": `"string"`, "ruleSet": object{"domainRules": []object{{"name": "r", "type": name, "expr": "true"}}}}, nil)
	if got := a.Header.Get("X-Concordat-Rule-Problems"); len(got) != 500 || !strings.HasPrefix(got, "1; rule r: nobody carries out rules of the type ???xxx") {
		t.Errorf("got %q", got)
	}
}
