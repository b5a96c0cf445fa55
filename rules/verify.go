package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
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
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			v.attempt(ctx, &v.sides[s], q.Seed+uint64(i), i%maxSize)
			if q.Progress != nil {
				q.Progress(2*i+s+1, total)
			}
		}
		if len(v.verdict.CounterExamples) >= maxCounterExamples {
			break
		}
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
	s.there = v.engine.Migrate(v.proof.Subject, from.Number, to.Number, versions)
	s.back = v.engine.Migrate(v.proof.Subject, to.Number, from.Number, versions)
	s.conditions = v.engine.source(to, v.proof.Subject).conditions
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
			v.fail(CounterExample{Property: propertyRules, Rule: p.Rule, From: versions[i].Number, To: to.Number, Message: strings.TrimPrefix(p.String(), "rule "+p.Rule+": ")})
		}
	}
}

// fail tells a counter-example, once for each way of failing.
func (v *verification) fail(c CounterExample) {
	key := fmt.Sprint(c.Property, c.Rule, c.From, c.To, c.Path)
	if c.Path == "" {
		key += c.Message
	}
	if !v.seen[key] && len(v.verdict.CounterExamples) < maxCounterExamples {
		v.seen[key] = true
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
		key := fmt.Sprint(c.Property, c.Rule, c.From, c.To, c.Path)
		if c.Path == "" {
			key += c.Message
		}
		if v.seen[key] {
			continue
		}
		same := func(x CounterExample) bool {
			return x.Property == c.Property && x.Rule == c.Rule && x.Path == c.Path
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
				if same(x) {
					smallest = x
					return true
				}
			}
			return false
		})
		v.fail(smallest)
		v.seen[key] = true
	}
}

// examine holds the promises against a record of a side.
func (v *verification) examine(ctx context.Context, s *side, rec any) []CounterExample {
	before, err := s.from.Format.Print(rec)
	if err != nil {
		return nil
	}
	example := CounterExample{From: s.from.Number, To: s.to.Number, Record: before}
	steps := &lastSteps{}
	there, err := s.there.Run(ctx, rec, &Env{Subject: v.proof.Subject, Observe: steps.observe})
	if err == nil {
		err = fits(s.to.Format, there)
	}
	if err != nil {
		return []CounterExample{misfit(example, steps, err)}
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
	backSteps := &lastSteps{}
	back, err := s.back.Run(ctx, there, &Env{Subject: v.proof.Subject, Observe: backSteps.observe})
	if err == nil {
		err = fits(s.from.Format, back)
	}
	if err != nil {
		c := misfit(example, backSteps, err)
		c.From, c.To, c.Record = s.to.Number, s.from.Number, middle
		return append(all, c)
	}
	after, err := s.from.Format.Print(back)
	if err != nil {
		return all
	}
	for _, d := range differences(before, after) {
		if v.accepted(d.path) {
			continue
		}
		c := example
		c.Property, c.Path, c.Result = propertyRoundTrip, d.path, after
		c.Rule = backSteps.rule()
		where := "on the way back"
		if !holdsValue(decoded(middle), decoded(d.was)) {
			c.Rule, where = steps.rule(), "on the way there"
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

func misfit(c CounterExample, steps *lastSteps, err error) CounterExample {
	c.Property, c.Rule, c.Message = propertyFits, steps.rule(), err.Error()
	c.Result = steps.output()
	var failed *Error
	var mismatch *record.MismatchError
	switch {
	case errors.As(err, &failed):
		c.Rule, c.Message, c.Property = failed.Rule.Name, failed.Err.Error(), propertyRules
		c.Result = nil
	case errors.As(err, &mismatch):
		c.Path = general(mismatch.Path)
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

// lastSteps remembers the rule that ran last, and what it gave.
type lastSteps struct{ last *Step }

func (l *lastSteps) observe(s *Step) { l.last = s }

func (l *lastSteps) rule() string {
	if l.last == nil {
		return ""
	}
	return l.last.Rule.Name
}

func (l *lastSteps) output() json.RawMessage {
	if l.last == nil || l.last.Output == nil {
		return nil
	}
	b, err := json.Marshal(l.last.Output)
	if err != nil {
		return nil
	}
	return b
}

// accepted reports whether the loss of a place was accepted, and notes that it occurred.
func (v *verification) accepted(path string) bool {
	for _, p := range v.proof.Lossy {
		if matches(p, path) {
			if !slices.Contains(v.verdict.Lost, path) {
				v.verdict.Lost = append(v.verdict.Lost, path)
			}
			return true
		}
	}
	return false
}

// matches reports whether a pointer with stars covers a place or what is around it.
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
			at := path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
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

// general is a pointer without the indices of arrays.
func general(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err == nil {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}
