package rules_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// twoVersions are an old and a new version with the migrations between them; "" for none.
func twoVersions(t testing.TB, typ, old, next, up, down string) []rules.Version {
	t.Helper()
	rs := &api.RuleSet{}
	if up != "" {
		rs.MigrationRules = append(rs.MigrationRules, migration(api.ModeUpgrade, up))
	}
	if down != "" {
		rs.MigrationRules = append(rs.MigrationRules, migration(api.ModeDowngrade, down))
	}
	return []rules.Version{{Number: 1, Format: formatOf(t, typ, old)}, {Number: 2, Format: formatOf(t, typ, next), RuleSet: rs}}
}

func avroRecord(fields ...string) string {
	return `{"type":"record","name":"R","namespace":"n","fields":[` + strings.Join(fields, ",") + `]}`
}

func field(name, typ string) string { return fmt.Sprintf(`{"name":%q,"type":%s}`, name, typ) }

func object(properties string) string {
	return `{"type":"object","properties":{` + properties + `},"additionalProperties":false}`
}

func proto(fields string) string { return `syntax = "proto3"; message R { ` + fields + ` }` }

// unsound are migrations that do not hold what they promise.
var unsound = []struct {
	name, typ, old, next string
	up, down             string
	lossy                []string
	want                 []string // property, rule and path; the message of the rules' own faults
}{
	{
		name: "a field is dropped", typ: api.Avro,
		old: avroRecord(field("a", `"string"`), field("b", `"int"`)), next: avroRecord(field("a", `"string"`)),
		up: `{"a": a}`, down: `{"a": a, "b": 0}`,
		want: []string{"ROUND_TRIP upgrade /b: /b is lost on the way there: it was -1 and comes back as 0"},
	},
	{
		name: "a field is dropped", typ: api.JSON,
		old: object(`"a":{"type":"string"},"b":{"type":"integer"}`), next: object(`"a":{"type":"string"}`),
		up: `{"a": a}`, down: `{"a": a}`,
		want: []string{"ROUND_TRIP upgrade /b: /b is lost on the way there: it was 0 and comes back as absent"},
	},
	{
		name: "a field is dropped", typ: api.Protobuf,
		old: proto(`string a = 1; int64 a_number = 2;`), next: proto(`string a = 1;`),
		up: `{"a": a}`, down: `{"a": a}`,
		want: []string{`ROUND_TRIP upgrade /aNumber: /aNumber is lost on the way there: it was "1" and comes back as absent`},
	},
	{
		name: "what is dropped was accepted", typ: api.Avro,
		old: avroRecord(field("a", `"string"`), field("b", `"int"`)), next: avroRecord(field("a", `"string"`)),
		up: `{"a": a}`, down: `{"a": a, "b": 0}`, lossy: []string{"/b"},
	},
	{
		name: "two fields become one", typ: api.Avro,
		old: avroRecord(field("first", `"string"`), field("last", `"string"`)), next: avroRecord(field("name", `"string"`)),
		up: `{"name": first & " " & last}`, down: `($n := $split(name, " "); {"first": $n[0], "last": $count($n) > 1 ? $n[1] : ""})`,
		want: []string{"ROUND_TRIP upgrade /first", "ROUND_TRIP upgrade /last", "ROUND_TRIP upgrade /name"},
	},
	{
		name: "a number is narrowed", typ: api.Avro,
		old: avroRecord(field("n", `"long"`)), next: avroRecord(field("n", `"int"`)),
		up: `$`, down: `$`,
		want: []string{"FITS upgrade /n"},
	},
	{
		name: "a number is calculated with", typ: api.Avro,
		old: avroRecord(field("cents", `"long"`)), next: avroRecord(field("amount", `"long"`)),
		up: `{"amount": cents * 1}`, down: `{"cents": amount}`,
		want: []string{"ROUND_TRIP upgrade /cents", "ROUND_TRIP upgrade /amount", "FITS upgrade /amount"},
	},
	{
		name: "a number is rounded", typ: api.JSON,
		old: object(`"n":{"type":"number"}`), next: object(`"n":{"type":"integer"}`),
		up: `{"n": $round(n)}`, down: `$`,
		want: []string{"ROUND_TRIP upgrade /n", "ROUND_TRIP upgrade /n"}, // and of integers those that a double does not tell
	},
	{
		name: "letters change", typ: api.JSON,
		old: object(`"a":{"type":"string"}`), next: object(`"a":{"type":"string"}`),
		up: `{"a": $uppercase(a)}`, down: `{"a": $lowercase(a)}`,
		want: []string{"ROUND_TRIP upgrade /a", "ROUND_TRIP downgrade /a"},
	},
	{
		name: "one value is lost", typ: api.Protobuf,
		old: proto(`string status = 1;`), next: proto(`string status = 1;`),
		up: `{"status": status = "legacy" ? "old" : status}`, down: `$`,
		want: []string{`ROUND_TRIP upgrade /status: /status is lost on the way there: it was "legacy" and comes back as "old"`, "ROUND_TRIP upgrade /status"},
	},
	{
		name: "values of a map are lost", typ: api.Avro,
		old: avroRecord(field("m", `{"type":"map","values":"int"}`)), next: avroRecord(field("m", `{"type":"map","values":"int"}`)),
		up: `{"m": $merge([{}, $sift(m, function($v) {$v != 77})])}`, down: `$`,
		want: []string{"ROUND_TRIP upgrade /m/*", "ROUND_TRIP upgrade /m/*"},
	},
	{
		name: "which values of a map are lost was accepted", typ: api.Avro,
		old: avroRecord(field("m", `{"type":"map","values":"int"}`)), next: avroRecord(field("m", `{"type":"map","values":"int"}`)),
		up: `{"m": $merge([{}, $sift(m, function($v) {$v != 77})])}`, down: `$`, lossy: []string{"/m/*"},
	},
	{
		name: "items lose a field", typ: api.JSON,
		old:  object(`"l":{"type":"array","items":` + object(`"x":{"type":"integer"},"y":{"type":"integer"}`) + `}`),
		next: object(`"l":{"type":"array","items":` + object(`"x":{"type":"integer"}`) + `}`),
		up:   `{"l": [l.{"x": x}]}`, down: `$`,
		want: []string{"ROUND_TRIP upgrade /l/*/y", "ROUND_TRIP upgrade /l", "ROUND_TRIP downgrade /l"},
	},
	{
		name: "the branch of a union changes", typ: api.Avro,
		old: avroRecord(field("u", `["null","int","long"]`)), next: avroRecord(field("u", `["null","int","long"]`)),
		up: `{"u": u.int ? {"long": u.int} : u}`, down: `$`,
		want: []string{"ROUND_TRIP downgrade /u", "ROUND_TRIP upgrade /u"},
	},
	{
		name: "a field is missing", typ: api.Avro,
		old: avroRecord(field("a", `"int"`)), next: avroRecord(field("a", `"int"`), `{"name":"b","type":"int","default":1}`),
		up: `$`, down: `{"a": a}`,
		want: []string{"FITS upgrade /b"},
	},
	{
		name: "a field is unknown", typ: api.Protobuf,
		old: proto(`string national_id = 1;`), next: proto(`string ssn = 1;`),
		up: `{"ssn": nationalId}`, down: `$merge([$, {"national_id": ssn}])`,
		want: []string{"FITS downgrade"},
	},
	{
		name: "there is no way down", typ: api.JSON,
		old: object(`"a":{"type":"string"}`), next: object(`"b":{"type":"string"}`),
		up:   `{"b": a}`,
		want: []string{"RULES upgrade: there is an UPGRADE and no DOWNGRADE: readers of the old version cannot read new records"},
	},
	{
		name: "there is no way at all", typ: api.JSON,
		old: object(``), next: object(``),
		want: []string{"RULES: no version on the way has a migration rule"},
	},
	{
		name: "an expression that is none", typ: api.JSON,
		old: object(`"a":{"type":"string"}`), next: object(`"b":{"type":"string"}`),
		up: `{"b": a`, down: `{"a": b}`,
		want: []string{"RULES upgrade: 1:8: S0203"},
	},
	{
		name: "an expression that fails for some", typ: api.Avro,
		old: avroRecord(field("a", `"string"`)), next: avroRecord(field("a", `"double"`)),
		up: `{"a": $number(a)}`, down: `{"a": $string(a)}`,
		want: []string{`RULES upgrade: D3030`, "ROUND_TRIP downgrade /a", "ROUND_TRIP upgrade /a"},
	},
	{
		name: "a condition of the new version", typ: api.Avro,
		old: avroRecord(field("n", `"int"`)), next: avroRecord(field("n", `"int"`)),
		up: `$`, down: `$`,
		want: []string{"CONDITIONS upgrade written: what came out does not meet the condition written", "CONDITIONS upgrade read"},
	},
}

func TestVerifyUnsound(t *testing.T) {
	for _, c := range unsound {
		t.Run(c.typ+"/"+c.name, func(t *testing.T) {
			versions := twoVersions(t, c.typ, c.old, c.next, c.up, c.down)
			if strings.HasPrefix(c.name, "a condition") {
				written, read := condition("written", "message.n > -3"), condition("read", "message.n < 50")
				written.Mode, read.Mode = api.ModeWrite, api.ModeRead
				written.OnFailure = "NONE"
				versions[1].RuleSet.DomainRules = []api.Rule{written, read}
			}
			verdict := verdictOf(t, &rules.Proof{Subject: "s", Versions: versions, Seed: 1, Cases: 300, Lossy: c.lossy})
			var got []string
			for _, x := range verdict.CounterExamples {
				got = append(got, strings.TrimSpace(x.Property+" "+x.Rule+" "+x.Path)+": "+x.Message)
			}
			if verdict.Proved != (len(c.want) == 0) || (len(c.lossy) > 0) != (len(verdict.Lost) > 0) {
				t.Errorf("proved %v, lost %v: %q", verdict.Proved, verdict.Lost, got)
			}
			for i, want := range c.want {
				if i >= len(got) || !strings.HasPrefix(got[i], want) {
					t.Errorf("want %s", want)
				}
			}
			if len(got) > len(c.want) || t.Failed() {
				for _, x := range verdict.CounterExamples {
					t.Error(x.Property, x.Path, x.String())
				}
			}
		})
	}
}

func verdictOf(t testing.TB, q *rules.Proof) *rules.Verdict {
	t.Helper()
	verdict, err := full().Verify(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

// All versions between the two take part.
func TestVerifySeveralVersions(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	var versions []rules.Version
	for i, name := range names {
		v := rules.Version{Number: 2*i + 1, Format: formatOf(t, api.Avro, avroRecord(field(name, `["null","string"]`)))}
		if i > 0 {
			v.RuleSet = &api.RuleSet{MigrationRules: []api.Rule{
				migration(api.ModeUpgrade, fmt.Sprintf(`{"%s": %s}`, name, names[i-1])), migration(api.ModeDowngrade, fmt.Sprintf(`{"%s": %s}`, names[i-1], name))}}
		}
		versions = append(versions, v)
	}
	verdict := verdictOf(t, &rules.Proof{Versions: versions, Seed: 1, Cases: 100})
	if !verdict.Proved || verdict.Cases != 200 || verdict.Refused != 0 {
		t.Errorf("got %+v", verdict)
	}
	// A version without rules changes nothing, so that its neighbours must fit.
	versions[2].RuleSet = nil
	versions[2].Format = versions[1].Format
	versions[3].RuleSet.MigrationRules = []api.Rule{migration(api.ModeUpDown, `b ? {"d": b} : d ? {"b": d} : $exists(b) ? {"d": b} : {"b": d}`)}
	if verdict := verdictOf(t, &rules.Proof{Versions: versions, Seed: 1, Cases: 100}); !verdict.Proved {
		t.Errorf("got %+v", verdict)
	}
	// What one step loses is lost, whatever the others do.
	versions[1].RuleSet.MigrationRules[0] = migration(api.ModeUpgrade, `{"b": null}`)
	verdict = verdictOf(t, &rules.Proof{Versions: versions, Seed: 1, Cases: 100})
	var got []string
	for _, x := range verdict.CounterExamples {
		got = append(got, fmt.Sprint(x.Property, " ", x.Rule, " ", x.Path, " from ", x.From, " to ", x.To))
	}
	if want := []string{"ROUND_TRIP upgrade /a from 1 to 7", "ROUND_TRIP upgrade /d from 7 to 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Records that the conditions of their own version refuse are not held against the migration.
func TestVerifyRefused(t *testing.T) {
	versions := twoVersions(t, api.Avro, avroRecord(field("n", `"int"`)), avroRecord(field("n", `"int"`)),
		`n < 0 ? $error("negative") : $`, `$`)
	versions[0].RuleSet = &api.RuleSet{DomainRules: []api.Rule{condition("positive", "message.n >= 0")}}
	versions[1].RuleSet.DomainRules = versions[0].RuleSet.DomainRules
	verdict := verdictOf(t, &rules.Proof{Versions: versions, Seed: 1, Cases: 200})
	if !verdict.Proved || verdict.Refused == 0 || verdict.Cases+verdict.Refused != 400 {
		t.Errorf("got %+v", verdict)
	}
}

// The same seed gives the same counter-examples, and another one such as are as small.
func TestVerifyStable(t *testing.T) {
	old := avroRecord(field("tags", `{"type":"array","items":"string"}`), field("n", `"long"`), field("m", `{"type":"map","values":"string"}`))
	versions := twoVersions(t, api.Avro, old, old, `$merge([$, {"tags": [$filter(tags, function($t) {$length($t) < 2})]}])`, `$`)
	first := verdictOf(t, &rules.Proof{Versions: versions, Seed: 1, Cases: 100})
	if again := verdictOf(t, &rules.Proof{Versions: versions, Seed: 1, Cases: 100}); !reflect.DeepEqual(first, again) {
		t.Errorf("got %+v, then %+v", first, again)
	}
	for seed := range uint64(20) {
		verdict := verdictOf(t, &rules.Proof{Versions: versions, Seed: 1000 * seed, Cases: 100})
		if len(verdict.CounterExamples) != 2 {
			t.Fatalf("seed %d: %+v", seed, verdict.CounterExamples)
		}
		for _, x := range verdict.CounterExamples {
			smallest := []string{`{"tags":["tags"],"n":0,"m":{}}`, `{"tags":["aa"],"n":0,"m":{}}`} // literals of expressions are as simple as letters
			if !slices.Contains(smallest, string(x.Record)) || x.Path != "/tags" {
				t.Errorf("seed %d: %s", seed, x.String())
			}
		}
	}
}

// The context bounds the time; progress is told on the way.
func TestVerifyContext(t *testing.T) {
	f := object(`"a":{"type":"string"}`)
	endless := `($f := function($n) {$f($n + 1)}; $f(0))`
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	verdict, err := full().Verify(ctx, &rules.Proof{Versions: twoVersions(t, api.JSON, f, f, endless, endless), Seed: 1, Cases: 1})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("got %+v, %v after %v", verdict, err, time.Since(began))
	}
	var told []int
	_, err = full().Verify(context.Background(), &rules.Proof{Versions: twoVersions(t, api.JSON, f, f, `$`, `$`), Seed: 1, Cases: 3, Progress: func(done, of int) {
		told = append(told, done, of)
	}})
	if err != nil || !reflect.DeepEqual(told, []int{1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 6, 6}) {
		t.Errorf("got %v, %v", told, err)
	}
	if _, err := full().Verify(context.Background(), &rules.Proof{}); err == nil {
		t.Error("no version is enough")
	}
}
