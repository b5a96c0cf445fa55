package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
)

// The commands on rules take contracts from files that hold what is posted to
// register them, or from a server.
var contractOptions = []option{
	{"--contract", "FILE", "the contract: what is posted to register it"},
	{"--references", "DIR", "the folder of the schemas that contracts refer to"},
	{"--subject", "NAME", "a subject of the server at --url, instead of files"},
	{"-o", "FORMAT", "text or json"},
}

var rulesRunCommand = command{
	name:     "rules run",
	args:     []string{"RECORD"},
	optional: true,
	summary:  "run the rules of a contract on a record, and tell each step",
	details: `RECORD is a file with a record as JSON; without it, or with "-", the record is read
from standard input. The exit code is 0 if the record comes through, 100 if a rule refuses it.`,
	options: append([]option{
		{"--direction", "WORD", "write (default), read, upgrade or downgrade"},
		{"--old", "FILE", "the older contract, for upgrade and downgrade"},
		{"--version", "N", "the version whose rules are run, with --subject; the latest if nothing is said"},
		{"--from", "N", "the version of the record, for upgrade and downgrade with --subject"},
		{"--hex", "BYTES", "the record as bytes without framing, in hexadecimal digits"},
	}, contractOptions...),
	settings: true,
	run:      runRulesRun,
}

var rulesCheckCommand = command{
	name:    "rules check",
	summary: "tell what is wrong with the rules of a contract",
	details: `The same is told when the contract is registered. The exit code is 0 if nothing is wrong,
100 if something is.`,
	options:  append([]option{{"--version", "N", "the version, with --subject; the latest if nothing is said"}}, contractOptions...),
	settings: true,
	run:      runRulesCheck,
}

var rulesVerifyCommand = command{
	name:    "rules verify",
	summary: "prove a migration on records that are made up, or show a record that it breaks",
	details: `Records of both versions are made up, migrated there and back, and held against the
schemas and conditions. What fails is made as small as possible. The same seed gives the same records.

  concordat rules verify --old OLD.json --new NEW.json
  concordat rules verify --subject orders-value --from 1 --to 2

The exit code is 0 if the migration is proved, 100 if there is a counter-example.`,
	options: append([]option{
		{"--old", "FILE", "the older contract: what is posted to register it"},
		{"--new", "FILE", "the newer contract, with the migration rules"},
		{"--from", "N", "the older version, with --subject"},
		{"--to", "N", "the newer version, with --subject"},
		{"--seed", "N", "where the records begin, 1 if nothing is said"},
		{"--cases", "N", fmt.Sprintf("records of each version, %d if nothing is said", api.DefaultRuleCases)},
		{"--lossy", "PATH", "a place that may be lost on the way there and back, as /address/zip; * is any index. May be given several times"},
	}, contractOptions[1:]...),
	settings: true,
	run:      runRulesVerify,
}

var rulesSampleCommand = command{
	name:    "rules sample",
	summary: "make records up that a contract admits, and some that it refuses",
	options: append([]option{
		{"--version", "N", "the version, with --subject; the latest if nothing is said"},
		{"--seed", "N", "where the records begin, 1 if nothing is said"},
		{"--count", "N", fmt.Sprintf("how many, %d if nothing is said", api.DefaultRuleSamples)},
	}, contractOptions...),
	settings: true,
	run:      runRulesSample,
}

// contractOf reads a contract from a file, as a version of the number.
func (c *call) contractOf(file string, number int) (v rules.Version, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return v, err
	}
	q, err := api.ReadBody(text, "contract", "RegisterSchemaRequest", api.ReadRegisterRequest)
	if err != nil {
		return v, fmt.Errorf("%s: %w", file, plainError(err))
	}
	lang, ok := languages.ByType[q.SchemaType]
	if !ok {
		return v, fmt.Errorf("%s: %q is no schema type; allowed are AVRO, JSON and PROTOBUF", file, q.SchemaType)
	}
	lib, err := openLibrary(c.options["--references"], q.SchemaType, nil)
	if err != nil {
		return v, err
	}
	deps, err := lib.dependencies(q.Schema)
	if err != nil {
		return v, err
	}
	parsed, err := lang.Parse(schema.Source{Text: q.Schema, Dependencies: deps, New: true})
	if err == nil {
		err = parsed.Validate(false)
	}
	if err != nil {
		return v, fmt.Errorf("%s: the schema: %w", file, reason(err))
	}
	v = rules.Version{Number: number, RuleSet: q.RuleSet, Metadata: q.Metadata}
	if v.Format, err = formats.Of(parsed); err != nil {
		return v, fmt.Errorf("%s: %w", file, err)
	}
	return v, nil
}

// plainError is an error of the API without its code.
func plainError(err error) error {
	var e *api.Error
	if errors.As(err, &e) {
		return errors.New(e.Message)
	}
	return err
}

// number reads an option that is a number, 0 where it is not given.
func (c *call) number(name string, most int) (int, error) {
	text, ok := c.options[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || most > 0 && n > most {
		return 0, usagef("%s: flag %s: %q is no number from 1%s", c.command.name, name, text, upTo(most))
	}
	return n, nil
}

func upTo(most int) string {
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(" to %d", most)
}

// source says where the contract of a command is: in files, or on a server.
func (c *call) onServer(files ...string) (bool, error) {
	given := 0
	for _, f := range files {
		if c.options[f] != "" {
			given++
		}
	}
	switch {
	case c.options["--subject"] != "" && given > 0:
		return false, usagef("%s: name files or a subject, not both", c.command.name)
	case c.options["--subject"] != "":
		return true, nil
	case given == 0:
		return false, usagef("%s: name %s, or --subject; usage: %s", c.command.name, strings.Join(files, " and "), c.command.usage())
	}
	return false, nil
}

func runRulesRun(ctx context.Context, c *call) error {
	direction := strings.ToUpper(c.options["--direction"])
	switch direction {
	case "":
		direction = api.ModeWrite
	case api.ModeWrite, api.ModeRead, api.ModeUpgrade, api.ModeDowngrade:
	default:
		return usagef("rules run: flag --direction: %q is none; allowed are write, read, upgrade and downgrade", c.options["--direction"])
	}
	migrates := direction == api.ModeUpgrade || direction == api.ModeDowngrade
	remote, err := c.onServer("--contract")
	if err != nil {
		return err
	}
	asJSON, err := c.wantsJSON()
	if err != nil {
		return err
	}
	t := &rules.Trial{Subject: c.options["--subject"], Direction: direction}
	if t.Record, t.Payload, err = c.record(); err != nil {
		return err
	}
	var trace *rules.Trace
	if remote {
		q := map[string]any{"subject": t.Subject, "direction": direction}
		if t.Payload != nil {
			q["payload"] = t.Payload
		} else {
			q["record"] = json.RawMessage(t.Record)
		}
		for option, member := range map[string]string{"--version": "version", "--from": "from"} {
			n, err := c.number(option, 0)
			if err != nil {
				return err
			}
			if n > 0 {
				q[member] = n
			}
		}
		trace = &rules.Trace{}
		if err := c.post(ctx, "run", q, trace); err != nil {
			return err
		}
	} else {
		v, err := c.contractOf(c.options["--contract"], 2)
		if err != nil {
			return err
		}
		t.Versions, t.To = []rules.Version{v}, 2
		if migrates {
			if c.options["--old"] == "" {
				return usagef("rules run: %s needs --old, the older contract", strings.ToLower(direction))
			}
			old, err := c.contractOf(c.options["--old"], 1)
			if err != nil {
				return err
			}
			t.Versions, t.From = append(t.Versions, old), 1
			if direction == api.ModeDowngrade {
				t.From, t.To = 2, 1
			}
		}
		if trace, err = registry.RuleEngine().Try(ctx, t); err != nil {
			return err
		}
	}
	if asJSON {
		err = c.encode(trace)
	} else {
		writeTrace(c.stdout, trace)
	}
	if err == nil && trace.Error != nil {
		return errNo
	}
	return err
}

// record reads the record to be tried.
func (c *call) record() (text, payload []byte, err error) {
	if digits, ok := c.options["--hex"]; ok {
		payload, err = hex.DecodeString(digits)
		if err != nil {
			return nil, nil, usagef("rules run: flag --hex: %v", err)
		}
		return nil, payload, nil
	}
	if len(c.args) > 0 && c.args[0] != "-" {
		text, err = os.ReadFile(c.args[0])
	} else if c.stdin != nil {
		text, err = io.ReadAll(c.stdin)
	}
	if err == nil && len(text) == 0 {
		err = usagef("rules run: there is no record; name a file or send one to standard input")
	}
	return text, nil, err
}

func writeTrace(w io.Writer, t *rules.Trace) {
	for i, s := range t.Steps {
		fmt.Fprintf(w, "%d. %s (%s %s, %s): ", i+1, s.Rule, s.Type, strings.ToLower(s.Kind), s.Mode)
		switch {
		case s.Skipped != "":
			fmt.Fprintf(w, "skipped, %s\n", s.Skipped)
		case s.Error != "":
			fmt.Fprintf(w, "failed: %s → %s\n", s.Error, s.Action)
		case s.Kind == api.KindCondition:
			fmt.Fprintf(w, "holds\n")
		default:
			fmt.Fprintf(w, "%s\n", s.Output)
		}
	}
	switch {
	case t.Error != nil && t.Error.Rule != "":
		fmt.Fprintf(w, "refused by %s: %s\n", t.Error.Rule, t.Error.Message)
	case t.Error != nil:
		fmt.Fprintf(w, "refused: %s\n", t.Error.Message)
	default:
		fmt.Fprintf(w, "%s\n", t.Record)
		if t.Payload != nil {
			fmt.Fprintf(w, "bytes %x\n", t.Payload)
		}
	}
}

func (c *call) encode(v any) error {
	e := json.NewEncoder(c.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func runRulesCheck(ctx context.Context, c *call) error {
	remote, err := c.onServer("--contract")
	if err != nil {
		return err
	}
	asJSON, err := c.wantsJSON()
	if err != nil {
		return err
	}
	answer := struct {
		Problems []rules.Problem `json:"problems"`
	}{[]rules.Problem{}}
	if remote {
		version, err := c.number("--version", 0)
		if err != nil {
			return err
		}
		if err := c.post(ctx, "check", map[string]any{"subject": c.options["--subject"], "version": version}, &answer); err != nil {
			return err
		}
	} else {
		v, err := c.contractOf(c.options["--contract"], 1)
		if err != nil {
			return err
		}
		answer.Problems = append(answer.Problems, registry.RuleEngine().Check(v.RuleSet, rules.Scope{Format: v.Format, Metadata: v.Metadata})...)
	}
	switch {
	case asJSON:
		err = c.encode(answer)
	case len(answer.Problems) == 0:
		_, err = fmt.Fprintln(c.stdout, "nothing is wrong")
	default:
		for _, p := range answer.Problems {
			fmt.Fprintf(c.stdout, "%s\n", p)
		}
	}
	if err == nil && len(answer.Problems) > 0 {
		return errNo
	}
	return err
}

func runRulesVerify(ctx context.Context, c *call) error {
	remote, err := c.onServer("--old", "--new")
	if err != nil {
		return err
	}
	asJSON, err := c.wantsJSON()
	if err != nil {
		return err
	}
	seed, err := c.number("--seed", 0)
	if err != nil {
		return err
	}
	cases, err := c.number("--cases", 0)
	if err != nil {
		return err
	}
	p := &rules.Proof{Subject: c.options["--subject"], Seed: uint64(max(seed, 1)), Cases: cases, Lossy: c.repeated["--lossy"]}
	if p.Cases == 0 {
		p.Cases = api.DefaultRuleCases
	}
	var verdict *rules.Verdict
	if remote {
		from, err := c.number("--from", 0)
		if err != nil {
			return err
		}
		to, err := c.number("--to", 0)
		if err != nil {
			return err
		}
		if from == 0 || to == 0 {
			return usagef("rules verify: --subject needs --from and --to")
		}
		verdict = &rules.Verdict{}
		q := map[string]any{"subject": p.Subject, "from": from, "to": to, "seed": p.Seed, "cases": p.Cases, "lossy": p.Lossy}
		if err := c.post(ctx, "verify", q, verdict); err != nil {
			return err
		}
	} else {
		for i, option := range []string{"--old", "--new"} {
			if c.options[option] == "" {
				return usagef("rules verify: %s is missing; usage: %s", option, c.command.usage())
			}
			v, err := c.contractOf(c.options[option], i+1)
			if err != nil {
				return err
			}
			p.Versions = append(p.Versions, v)
		}
		p.Progress = c.progress()
		if verdict, err = registry.RuleEngine().Verify(ctx, p); err != nil {
			return err
		}
	}
	if asJSON {
		err = c.encode(verdict)
	} else {
		writeVerdict(c.stdout, verdict, p)
	}
	if err == nil && !verdict.Proved {
		return errNo
	}
	return err
}

// progress draws a bar on a terminal; nil elsewhere.
func (c *call) progress() func(done, of int) {
	f, ok := c.stderr.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return nil
	}
	const width = 40
	last := -1
	return func(done, of int) {
		part := width * done / max(of, 1)
		if part == last {
			return
		}
		last = part
		fmt.Fprintf(f, "\r[%s%s] %d of %d records", strings.Repeat("=", part), strings.Repeat(" ", width-part), done, of)
		if done == of {
			fmt.Fprintf(f, "\r%s\r", strings.Repeat(" ", width+40))
		}
	}
}

func writeVerdict(w io.Writer, v *rules.Verdict, p *rules.Proof) {
	if v.Proved {
		fmt.Fprintf(w, "proved on %d records (seed %d)", v.Cases, p.Seed)
	} else {
		fmt.Fprintf(w, "not proved: %s after %d records (seed %d)", plural(len(v.CounterExamples), "counter-example"), v.Cases, p.Seed)
	}
	if v.Refused > 0 {
		fmt.Fprintf(w, "; %d more are refused by conditions", v.Refused)
	}
	if len(v.Lost) > 0 {
		fmt.Fprintf(w, "; lost, as accepted: %s", strings.Join(v.Lost, ", "))
	}
	fmt.Fprintln(w)
	for i := range v.CounterExamples {
		fmt.Fprintf(w, "\n%s", v.CounterExamples[i].String())
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func runRulesSample(ctx context.Context, c *call) error {
	remote, err := c.onServer("--contract")
	if err != nil {
		return err
	}
	asJSON, err := c.wantsJSON()
	if err != nil {
		return err
	}
	seed, err := c.number("--seed", 0)
	if err != nil {
		return err
	}
	count, err := c.number("--count", api.MaxRuleSamples)
	if err != nil {
		return err
	}
	if count == 0 {
		count = api.DefaultRuleSamples
	}
	var samples *rules.Samples
	if remote {
		version, err := c.number("--version", 0)
		if err != nil {
			return err
		}
		samples = &rules.Samples{}
		if err := c.post(ctx, "sample", map[string]any{"subject": c.options["--subject"], "version": version, "seed": max(seed, 1), "count": count}, samples); err != nil {
			return err
		}
	} else {
		v, err := c.contractOf(c.options["--contract"], 1)
		if err != nil {
			return err
		}
		if samples, err = registry.RuleEngine().Sample(ctx, v, "", uint64(max(seed, 1)), count); err != nil {
			return err
		}
	}
	if asJSON {
		return c.encode(samples)
	}
	for _, r := range samples.Admitted {
		fmt.Fprintf(c.stdout, "admitted %s\n", r)
	}
	for _, r := range samples.Refused {
		fmt.Fprintf(c.stdout, "refused by %s %s\n", r.Rule, r.Record)
	}
	return nil
}

// post asks the server about rules.
func (c *call) post(ctx context.Context, what string, q, answer any) error {
	return c.askServer(ctx, http.MethodPost, "/concordat/v1/rules/"+what, q, answer)
}

// askServer asks the server that the settings name. A nil q is no body.
func (c *call) askServer(ctx context.Context, method, path string, q, answer any) error {
	conf := &c.load.config
	base := cmp.Or(conf.URL, baseURL(conf.Server.Listen, conf.Server))
	client, err := newHTTPClient(conf)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	var body []byte
	if q != nil {
		if body, err = json.Marshal(q); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if name, password, ok := strings.Cut(conf.User, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	got, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("no server at %s: %w", base, errors.Unwrap(err))
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s answered %w", base, refusal(got))
	}
	return json.NewDecoder(got.Body).Decode(answer)
}
