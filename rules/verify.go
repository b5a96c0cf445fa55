package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

// Proof is a question: do the migrations between two versions hold what they promise?
type Proof struct {
	Subject string
	// Versions are two or more of a subject; the migrations between the lowest and the highest number are meant.
	Versions []Version
	Seed     uint64
	Cases    int      // records of each version
	Lossy    []string // places whose loss on a round trip is accepted: JSON pointers in which * is any index or name
	// Progress is told how many records are done, of how many; nil for nobody.
	Progress func(done, of int)
}

// Verdict answers a Proof.
type Verdict struct {
	Proved bool `json:"proved"`
	// Cases is how many records were tried, Refused how many others the conditions of their version did not admit.
	Cases   int `json:"cases"`
	Refused int `json:"refused"`
	// CounterExamples are the smallest that were found, one for each way of failing.
	CounterExamples []CounterExample `json:"counterExamples"`
	// Lost are the accepted losses that did occur.
	Lost []string `json:"lost,omitempty"`
}

// CounterExample shows a promise that is not held.
type CounterExample struct {
	Property string          `json:"property"` // a name of Properties
	Rule     string          `json:"rule,omitempty"`
	From     int             `json:"from"`
	To       int             `json:"to"`
	Path     string          `json:"path,omitempty"` // of what is lost or does not fit
	Record   json.RawMessage `json:"record,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"` // what came out
	Message  string          `json:"message"`

	code string // tells failures of one rule apart
}

// String explains the counter-example in three lines.
func (c *CounterExample) String() string {
	out := string(c.Result)
	if out == "" {
		out = "nothing"
	}
	rule := c.Rule
	if rule == "" {
		rule = "the migration"
	}
	if c.Record == nil {
		return fmt.Sprintf("%s (version %d to %d): %s\n", rule, c.From, c.To, c.Message)
	}
	return fmt.Sprintf("%s (version %d to %d): %s\n  record  %s\n  result  %s\n", rule, c.From, c.To, c.Message, c.Record, out)
}

// Properties are what is shown, by name.
var Properties = []struct{ Name, Meaning string }{
	{propertyRules, "the rules compile, and there is a way up and a way down"},
	{propertyFits, "a migrated record fits the schema it is to be read by"},
	{propertyConditions, "a migrated record meets the conditions of the version it is read by"},
	{propertyRoundTrip, "a record that is migrated and migrated back is what it was"},
}

const (
	propertyRules      = "RULES"
	propertyFits       = "FITS"
	propertyConditions = "CONDITIONS"
	propertyRoundTrip  = "ROUND_TRIP"
)

// maxSize is the size of the largest records that are made up.
const maxSize = 20

// maxCounterExamples bounds how many ways of failing are told.
const maxCounterExamples = 10

// Verify makes records of both versions up and migrates them, there and back. What
// fails is made smaller until it is the smallest record that shows it.
func (e *Engine) Verify(ctx context.Context, q *Proof) (*Verdict, error) {
	if len(q.Versions) < 2 {
		return nil, errors.New("a migration needs two versions")
	}
	versions := slices.Clone(q.Versions)
	slices.SortFunc(versions, func(a, b Version) int { return a.Number - b.Number })
	old, next := versions[0], versions[len(versions)-1]
	v := &verification{engine: e, proof: q, verdict: &Verdict{CounterExamples: []CounterExample{}}, seen: map[string]bool{}}
	var all []api.Rule
	for _, x := range versions {
		if x.RuleSet != nil {
			all = append(append(all, x.RuleSet.DomainRules...), x.RuleSet.MigrationRules...)
		}
	}
	v.hints = hintsOf(all)
	v.sides[0] = v.side(old, next, versions)
	v.sides[1] = v.side(next, old, versions)
	v.rules(versions)
	if v.sides[0].there == nil && v.sides[1].there == nil {
		v.fail(CounterExample{Property: propertyRules, From: old.Number, To: next.Number, Message: "no version on the way has a migration rule"})
		return v.verdict, nil
	}
	total := 2 * q.Cases
	for i := range q.Cases {
		for s := range v.sides {
			v.attempt(ctx, &v.sides[s], q.Seed+uint64(i), i%maxSize)
			if err := ctx.Err(); err != nil { // what failed may have failed for that
				return nil, err
			}
			if q.Progress != nil {
				q.Progress(2*i+s+1, total)
			}
		}
		if len(v.verdict.CounterExamples) >= maxCounterExamples {
			break
		}
	}
	if v.verdict.Cases == 0 && q.Cases > 0 && len(v.verdict.CounterExamples) == 0 {
		return nil, errors.New("nothing is shown: no record could be made up that the conditions admit")
	}
	slices.Sort(v.verdict.Lost)
	v.verdict.Proved = len(v.verdict.CounterExamples) == 0
	return v.verdict, nil
}

// verification is a Proof on its way.
type verification struct {
	engine  *Engine
	proof   *Proof
	verdict *Verdict
	sides   [2]side
	hints   *record.Hints
	seen    map[string]bool // ways of failing that were told
}

// side is the records of one version, the way to the other one and the way back.
type side struct {
	from, to    Version
	source      *source
	conditions  *Chain // of the other version, of READ and WRITE
	there, back *Path
}

func (v *verification) side(from, to Version, versions []Version) side {
	s := side{from: from, to: to, source: v.engine.source(from, v.proof.Subject)}
	s.source.hints = v.hints
	s.there = v.engine.Migrate(v.proof.Subject, from.Number, to.Number, versions)
	s.back = v.engine.Migrate(v.proof.Subject, to.Number, from.Number, versions)
	s.conditions = v.engine.conditions(to, v.proof.Subject, Write, Read)
	return s
}

// rules checks what can be seen without records.
func (v *verification) rules(versions []Version) {
	for i, to := range versions[1:] {
		if to.RuleSet == nil {
			continue
		}
		migrations := &api.RuleSet{MigrationRules: to.RuleSet.MigrationRules, EnableAt: to.RuleSet.EnableAt}
		for _, p := range v.engine.Check(migrations, Scope{Subject: v.proof.Subject, Format: to.Format, Metadata: to.Metadata}) {
			v.fail(CounterExample{Property: propertyRules, Rule: p.Rule, From: versions[i].Number, To: to.Number, Message: strings.TrimPrefix(p.String(), "rule "+p.Rule+": "), code: p.Kind + p.Message})
		}
	}
}

// way is the way of failing that a counter-example shows: each is told once. What is
// lost is told once for each place, for which rule loses it cannot always be seen.
func (c *CounterExample) way() string {
	rule := c.Rule
	if c.Property == propertyRoundTrip {
		rule = ""
	}
	return fmt.Sprint(c.Property, rule, c.From, c.To, c.Path, c.code)
}

// known reports whether the rules themselves were already told to be broken in this way.
func (v *verification) known(c *CounterExample) bool {
	return slices.ContainsFunc(v.verdict.CounterExamples, func(x CounterExample) bool {
		return x.Property == propertyRules && x.Rule == c.Rule && x.Record == nil && x.Message == c.Message
	})
}

// fail tells a counter-example, once for each way of failing.
func (v *verification) fail(c CounterExample) {
	if !v.seen[c.way()] && len(v.verdict.CounterExamples) < maxCounterExamples {
		v.seen[c.way()] = true
		v.verdict.CounterExamples = append(v.verdict.CounterExamples, c)
	}
}

// attempt makes one record and holds the promises against it.
func (v *verification) attempt(ctx context.Context, s *side, seed uint64, size int) {
	if s.there == nil {
		return
	}
	g := s.source.generator(seed, size)
	rec := s.from.Format.Generate(g)
	if rule, _ := s.source.refuses(ctx, rec); rule != nil {
		v.verdict.Refused++
		return
	}
	v.verdict.Cases++
	for _, c := range v.examine(ctx, s, rec) {
		if v.seen[c.way()] || v.known(&c) {
			continue
		}
		smallest := c
		record.Shrink(g.Choices(), size, func(g *record.Generator) bool {
			if ctx.Err() != nil {
				return false
			}
			g.Hint(s.source.hints)
			smaller := s.from.Format.Generate(g)
			if rule, _ := s.source.refuses(ctx, smaller); rule != nil {
				return false
			}
			for _, x := range v.examine(ctx, s, smaller) {
				if x.way() == c.way() {
					smallest = x
					return true
				}
			}
			return false
		})
		v.fail(smallest)
	}
}

// examine holds the promises against a record of a side.
func (v *verification) examine(ctx context.Context, s *side, rec any) []CounterExample {
	before, err := s.from.Format.Print(rec)
	if err != nil {
		return nil
	}
	example := CounterExample{From: s.from.Number, To: s.to.Number, Record: before}
	steps := &taken{}
	there, err := s.there.Run(ctx, rec, &Env{Subject: v.proof.Subject, Observe: steps.observe})
	if err == nil {
		err = fits(s.to.Format, there)
	}
	if err != nil {
		return []CounterExample{misfit(example, s.to.Format, steps, err)}
	}
	var all []CounterExample
	middle, _ := s.to.Format.Print(there)
	if _, err := s.conditions.Run(ctx, there, &Env{Subject: v.proof.Subject}); err != nil {
		c := example
		c.Property, c.Result, c.Rule = propertyConditions, middle, steps.rule()
		c.Message = "what came out does not meet the condition " + conditionOf(err)
		c.Path = conditionOf(err)
		all = append(all, c)
	}
	if s.back == nil {
		return all
	}
	backSteps := &taken{}
	back, err := s.back.Run(ctx, there, &Env{Subject: v.proof.Subject, Observe: backSteps.observe})
	if err == nil {
		err = fits(s.from.Format, back)
	}
	if err != nil {
		c := misfit(example, s.from.Format, backSteps, err)
		c.From, c.To, c.Record = s.to.Number, s.from.Number, middle
		return append(all, c)
	}
	after, err := s.from.Format.Print(back)
	if err != nil {
		return all
	}
	for _, d := range differences(before, after) {
		place := general(s.from.Format, d.path)
		if v.accepted(d.path, place) {
			continue
		}
		c := example
		c.Property, c.Path, c.Result = propertyRoundTrip, place, after
		where := "on the way back"
		if was := decoded(d.was); holdsValue(decoded(middle), was) {
			c.Rule = backSteps.loser(was)
		} else {
			c.Rule, where = steps.loser(was), "on the way there"
		}
		c.Message = fmt.Sprintf("%s is lost %s: it was %s and comes back as %s", d.path, where, d.was, d.is)
		all = append(all, c)
	}
	return all
}

// fits holds a record against its schema by encoding it and, for schemas that say more than that, by validation.
func fits(f record.Format, rec any) error {
	if _, err := f.Append(nil, rec); err != nil {
		return err
	}
	if v, ok := f.(Validating); ok {
		return v.Validate(rec)
	}
	return nil
}

func misfit(c CounterExample, into record.Format, steps *taken, err error) CounterExample {
	c.Property, c.Rule, c.Message = propertyFits, steps.rule(), err.Error()
	c.Result = steps.output()
	var failed *Error
	var mismatch *record.MismatchError
	var evaluation *jsonata.Error
	if errors.As(err, &evaluation) {
		c.code = evaluation.Code
	}
	switch {
	case errors.As(err, &failed):
		c.Rule, c.Message, c.Property = failed.Rule.Name, failed.Err.Error(), propertyRules
		c.Result = nil
	case errors.As(err, &mismatch):
		c.Path = general(into, mismatch.Path)
	}
	return c
}

func conditionOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Rule.Name
	}
	return err.Error()
}

// taken remembers the rules that ran, and what they gave.
type taken struct{ steps []*Step }

func (t *taken) observe(s *Step) { t.steps = append(t.steps, s) }

// rule is the name of the rule that ran last.
func (t *taken) rule() string {
	if len(t.steps) == 0 {
		return ""
	}
	return t.steps[len(t.steps)-1].Rule.Name
}

// output is what the last rule gave.
func (t *taken) output() json.RawMessage {
	if len(t.steps) == 0 {
		return nil
	}
	return t.steps[len(t.steps)-1].json()
}

// loser is the first rule that takes a value from a message that holds it; the last rule if that cannot be seen.
func (t *taken) loser(v any) string {
	held := false
	for _, s := range t.steps {
		if before, err := jsonata.AppendJSON(nil, s.Input); err == nil && holdsValue(decoded(before), v) {
			held = true
		}
		if held && !holdsValue(decoded(s.json()), v) {
			return s.Rule.Name
		}
	}
	return t.rule()
}

// json is what a step gave, nil if that is nothing.
func (s *Step) json() json.RawMessage {
	if s.Output == nil {
		return nil
	}
	b, err := jsonata.AppendJSON(nil, s.Output)
	if err != nil {
		return nil
	}
	return b
}

// accepted reports whether the loss of a value was accepted, by its path in the
// record or its place in the schema, and notes that it occurred.
func (v *verification) accepted(path, place string) bool {
	if !slices.ContainsFunc(v.proof.Lossy, func(p string) bool { return matches(p, path) || matches(p, place) }) {
		return false
	}
	if !slices.Contains(v.verdict.Lost, place) {
		v.verdict.Lost = append(v.verdict.Lost, place)
	}
	return true
}

// matches reports whether a pointer with stars is that of a place, or of what the place is in.
func matches(pattern, path string) bool {
	want := strings.Split(strings.Trim(pattern, "/"), "/")
	have := strings.Split(strings.Trim(path, "/"), "/")
	if len(want) > len(have) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != have[i] {
			return false
		}
	}
	return true
}

// lost is a place whose value is not what it was.
type lost struct {
	path    string
	was, is json.RawMessage
}

// differences compares two records as they are printed. Indices of arrays are told as *.
func differences(before, after json.RawMessage) []lost {
	var all []lost
	compareValues("", decoded(before), decoded(after), &all)
	return all
}

func decoded(b []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	_ = d.Decode(&v)
	return v
}

// holdsValue reports whether a value is somewhere in another one.
func holdsValue(in, v any) bool {
	var differ []lost
	if compareValues("", in, v, &differ); len(differ) == 0 {
		return true
	}
	switch x := in.(type) {
	case map[string]any:
		for _, inner := range x {
			if holdsValue(inner, v) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, func(inner any) bool { return holdsValue(inner, v) })
	}
	return false
}

func compareValues(path string, a, b any, all *[]lost) {
	tell := func() {
		was, _ := json.Marshal(a)
		is, _ := json.Marshal(b)
		if !slices.ContainsFunc(*all, func(l lost) bool { return l.path == path }) {
			*all = append(*all, lost{path, was, is})
		}
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			tell()
			return
		}
		var names []string
		for name := range x {
			names = append(names, name)
		}
		for name := range y {
			if _, ok := x[name]; !ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			v, inX := x[name]
			w, inY := y[name]
			at := path + "/" + pointerTokens.Replace(name)
			if inX != inY {
				was, _ := json.Marshal(v)
				is, _ := json.Marshal(w)
				if !inX {
					was = []byte("absent")
				} else {
					is = []byte("absent")
				}
				*all = append(*all, lost{at, was, is})
				continue
			}
			compareValues(at, v, w, all)
		}
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			tell()
			return
		}
		for i := range x {
			compareValues(path+"/*", x[i], y[i], all)
		}
	case json.Number:
		y, ok := b.(json.Number)
		if !ok || !sameNumber(string(x), string(y)) {
			tell()
		}
	default:
		if a != b {
			tell()
		}
	}
}

func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}
