package rules

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
)

// Samples are records that a contract admits and records that it refuses.
type Samples struct {
	Admitted []json.RawMessage `json:"admitted"`
	Refused  []RefusedSample   `json:"refused"`
}

// RefusedSample is a record and the condition that refuses it.
type RefusedSample struct {
	Record json.RawMessage `json:"record"`
	Rule   string          `json:"rule"`
	Reason string          `json:"reason"`
}

// Sample makes records up until there are n that the schema and the conditions of
// WRITE admit, and up to n that each condition refuses. The same seed gives the same records.
func (e *Engine) Sample(ctx context.Context, v Version, subject string, seed uint64, n int) (*Samples, error) {
	s := e.source(v, subject)
	out := &Samples{Admitted: []json.RawMessage{}, Refused: []RefusedSample{}}
	refused := map[string]int{}
	seen := map[string]bool{}
	const triesPerRecord = 200
	for i := range n * triesPerRecord {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(out.Admitted) >= n && (s.conditions == nil || i > n*triesPerRecord/4) {
			break
		}
		g := s.generator(seed+uint64(i), i%maxSize)
		rec := v.Format.Generate(g)
		text, err := v.Format.Print(rec)
		if err != nil || seen[string(text)] {
			continue
		}
		seen[string(text)] = true
		switch rule, err := s.refuses(ctx, rec); {
		case rule == nil:
			if len(out.Admitted) < n {
				out.Admitted = append(out.Admitted, text)
			}
		case refused[rule.Name] < n:
			refused[rule.Name]++
			out.Refused = append(out.Refused, RefusedSample{text, rule.Name, err.Error()})
		}
	}
	return out, nil
}

// source makes records of a version that its conditions admit.
type source struct {
	version    Version
	conditions *Chain // of WRITE; nil for none
	hints      *record.Hints
}

func (e *Engine) source(v Version, subject string) *source {
	s := &source{version: v}
	if v.RuleSet != nil {
		s.conditions = e.conditions(v, subject, Write)
		var list []api.Rule
		for _, r := range s.conditions.Rules() {
			list = append(list, *r)
		}
		s.hints = hintsOf(list)
	}
	return s
}

// conditions is the chain of the conditions of a version that run in one of the
// modes; nil for none. Whatever a rule does when it fails, here it refuses.
func (e *Engine) conditions(v Version, subject string, modes ...string) *Chain {
	if v.RuleSet == nil {
		return nil
	}
	list := api.RuleSet{EnableAt: v.RuleSet.EnableAt}
	for _, r := range v.RuleSet.DomainRules {
		if r.Kind == api.KindCondition && slices.ContainsFunc(modes, func(mode string) bool { return Runs(&r, mode) }) {
			r.Mode = Write
			list.DomainRules = append(list.DomainRules, r)
		}
	}
	c := e.Compile(&list, Domain, Write, Scope{Subject: subject, Format: v.Format, Metadata: v.Metadata})
	if c != nil {
		for _, s := range c.steps {
			s.success, s.failure = chosen{actionNone, noAction{}}, chosen{actionError, errorAction{}}
		}
	}
	return c
}

func (s *source) generator(seed uint64, size int) *record.Generator {
	g := record.NewGenerator(seed, size)
	g.Hint(s.hints)
	return g
}

// refuses tells which condition refuses a record, nil for none. The record is not changed.
func (s *source) refuses(ctx context.Context, rec any) (*api.Rule, error) {
	_, err := s.conditions.Run(ctx, rec, &Env{})
	var e *Error
	if errors.As(err, &e) {
		return e.Rule, e.Err
	}
	return nil, nil
}

var (
	textLiteral   = regexp.MustCompile(`'([^'\\]*)'|"([^"\\]*)"`)
	numberLiteral = regexp.MustCompile(`-?\b\d+(\.\d+)?\b`)
)

// hintsOf collects the literals of expressions: values that a condition
// compares with are seldom met by chance.
func hintsOf(rules []api.Rule) *record.Hints {
	h := &record.Hints{}
	for _, r := range rules {
		for _, m := range textLiteral.FindAllStringSubmatch(r.Expr, -1) {
			h.Texts = append(h.Texts, m[1]+m[2])
		}
		for _, m := range numberLiteral.FindAllString(textLiteral.ReplaceAllString(r.Expr, ""), -1) {
			if f, err := strconv.ParseFloat(m, 64); err == nil {
				h.Numbers = append(h.Numbers, f-1, f, f+1)
			}
		}
	}
	if len(h.Texts)+len(h.Numbers) == 0 {
		return nil
	}
	return h
}
