package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/schema"
)

// RuleChecks says what becomes of rules that cannot work when they are registered.
type RuleChecks string

// The values of RuleChecks.
const (
	RulesOff     RuleChecks = "off"
	RulesWarn    RuleChecks = "warn"    // registered, and told
	RulesEnforce RuleChecks = "enforce" // refused
)

// RuleEngine makes an engine that knows all types of rules that need no keys.
func RuleEngine() *rules.Engine {
	onMessages, onFields := cel.New()
	return rules.New(rules.WithExecutors(onMessages, onFields))
}

// contract is a content as rules see it. Errors are the client's.
func contract(parsed schema.Schema, number int, c *content) (rules.Version, error) {
	v := rules.Version{Number: number, RuleSet: c.RuleSet, Metadata: c.Metadata}
	if parsed == nil {
		return v, api.InvalidSchema("Empty schema")
	}
	f, err := formats.Of(parsed)
	if err != nil {
		return v, api.InvalidSchema("The schema has no records: %v", err)
	}
	v.Format = f
	return v, nil
}

// inline makes a version of a request, as if it were registered after prev, which is nil
// for the first version. Without a subject nothing is filled in: the contract is what it says.
func (r *Registry) inline(s state, subject string, q *api.RegisterRequest, number int, prev *stored) (rules.Version, *stored, error) {
	if err := checkRuleSet(q.RuleSet); err != nil {
		return rules.Version{}, nil, err
	}
	c := contentOf(q)
	if subject != "" {
		if err := r.fillIn(s, subject, &c, q, r.effective(s, subject), prev, 0, 0); err != nil {
			return rules.Version{}, nil, err
		}
	}
	now, err := r.canonicalize(s, subject, c, purpose{asNew: true, validate: true})
	if err != nil {
		return rules.Version{}, nil, err
	}
	v, err := contract(now.parsed, number, &now.content)
	return v, &stored{schemaValue: schemaValue{Subject: subject, Version: number, SchemaType: now.Type, References: now.References,
		Metadata: now.Metadata, RuleSet: now.RuleSet, Schema: now.Text}}, err
}

// inlineNext makes a version of a request as if it were registered now.
func (r *Registry) inlineNext(s state, subject string, q *api.RegisterRequest) (rules.Version, error) {
	var prev *stored
	if e, ok := s.latest(subject); ok && subject != "" {
		var err error
		if prev, err = s.load(subject, e); err != nil {
			return rules.Version{}, err
		}
	}
	v, _, err := r.inline(s, subject, q, 1, prev)
	return v, err
}

// storedContract makes a version of one that is stored; number is -1 or 0 for the latest.
func (r *Registry) storedContract(s state, subject string, number int) (rules.Version, error) {
	if number == 0 {
		number = latest
	}
	if !s.known(subject) {
		return rules.Version{}, api.SubjectNotFound(subject)
	}
	e, ok := s.find(subject, number, true)
	if !ok {
		return rules.Version{}, api.VersionNotFound(number)
	}
	st, err := s.load(subject, e)
	if err != nil {
		return rules.Version{}, err
	}
	parsed, _, err := r.reparse(s, st)
	if err != nil {
		return rules.Version{}, err
	}
	c := st.content()
	return contract(parsed, st.Version, &c)
}

// known reports whether a subject has versions, deleted ones included.
func (s state) known(subject string) bool { return len(s.versions(subject)) > 0 }

// between makes all versions of a subject from one number to another, deleted ones included.
func (r *Registry) between(s state, subject string, from, to int) ([]rules.Version, error) {
	if !s.known(subject) {
		return nil, api.SubjectNotFound(subject)
	}
	var list []rules.Version
	for _, e := range s.versions(subject) {
		if e.Version < min(from, to) || e.Version > max(from, to) {
			continue
		}
		v, err := r.storedContract(s, subject, e.Version)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	for _, n := range []int{from, to} {
		if !slices.ContainsFunc(list, func(v rules.Version) bool { return v.Number == n }) {
			return nil, api.VersionNotFound(n)
		}
	}
	return list, nil
}

// TryRules runs the rules of a contract on a record. Nothing is stored.
func (r *Registry) TryRules(ctx context.Context, q *api.RuleTrial) (*rules.Trace, error) {
	t := &rules.Trial{Subject: NormalizeSubject(q.Subject), Direction: q.Direction, Record: q.Record, Payload: q.Payload}
	_, err := view(r, func(s state) (struct{}, error) {
		return struct{}{}, r.trial(s, q, t)
	})
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithTimeout(ctx, maxTrial)
	defer done()
	trace, err := r.engine.Try(ctx, t)
	return trace, asRequest(err)
}

// trial finds the versions that a trial is about.
func (r *Registry) trial(s state, q *api.RuleTrial, t *rules.Trial) (err error) {
	migrates := q.Direction == api.ModeUpgrade || q.Direction == api.ModeDowngrade
	var v rules.Version
	switch {
	case q.Contract != nil && migrates:
		if q.Old == nil {
			return api.BadRequest("a migration needs old, the older version, beside contract")
		}
		t.From, t.To = 1, 2
		if q.Direction == api.ModeDowngrade {
			t.From, t.To = 2, 1
		}
		t.Versions, err = r.pair(s, t.Subject, q.Old, q.Contract)
		return err
	case q.Contract != nil:
		v, err = r.inlineNext(s, t.Subject, q.Contract)
	case q.Old != nil:
		return api.BadRequest("old is given with contract, for UPGRADE and DOWNGRADE")
	case migrates:
		if q.From < 1 {
			return api.BadRequest("a migration needs from, the version of the record")
		}
		target, err := r.storedContract(s, t.Subject, q.Version)
		if err != nil {
			return err
		}
		t.From, t.To = q.From, target.Number
		if (q.Direction == api.ModeUpgrade) != (t.From < t.To) {
			return api.BadRequest("UPGRADE goes to a newer version and DOWNGRADE to an older one: from is %d, version %d", t.From, t.To)
		}
		t.Versions, err = r.between(s, t.Subject, t.From, t.To)
		return err
	default:
		v, err = r.storedContract(s, t.Subject, q.Version)
	}
	t.To, t.Versions = v.Number, []rules.Version{v}
	return err
}

// pair makes versions 1 and 2 of two requests.
func (r *Registry) pair(s state, subject string, old, next *api.RegisterRequest) ([]rules.Version, error) {
	a, prev, err := r.inline(s, subject, old, 1, nil)
	if err != nil {
		return nil, err
	}
	b, _, err := r.inline(s, subject, next, 2, prev)
	return []rules.Version{a, b}, err
}

// maxTrial bounds the time that a call spends on running rules. A rule has limits
// of its own, but a contract may have many, and a proof runs them on thousands of records.
const maxTrial = 30 * time.Second

// asRequest blames the request for what the engine says about it, but not for the time it takes.
func asRequest(err error) error {
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	return api.BadRequest("%v", err)
}

// VerifyRules shows that migrations hold what they promise, or how they do not.
func (r *Registry) VerifyRules(ctx context.Context, q *api.RuleProof) (*rules.Verdict, error) {
	p := &rules.Proof{Subject: NormalizeSubject(q.Subject), Seed: q.Seed, Cases: q.Cases, Lossy: q.Lossy}
	var err error
	p.Versions, err = view(r, func(s state) ([]rules.Version, error) {
		if q.Old != nil && q.New != nil {
			return r.pair(s, p.Subject, q.Old, q.New)
		}
		if q.Old != nil || q.New != nil {
			return nil, api.BadRequest("old and new are given together")
		}
		if q.From < 1 || q.To < 1 {
			return nil, api.BadRequest("a proof needs from and to, two versions of the subject, or old and new")
		}
		return r.between(s, p.Subject, q.From, q.To)
	})
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithTimeout(ctx, maxTrial)
	defer done()
	verdict, err := r.engine.Verify(ctx, p)
	return verdict, asRequest(err)
}

// one makes the version that a request is about: inline, or stored.
func (r *Registry) one(subject string, version int, q *api.RegisterRequest) (rules.Version, error) {
	return view(r, func(s state) (rules.Version, error) {
		if q != nil {
			return r.inlineNext(s, subject, q)
		}
		return r.storedContract(s, subject, version)
	})
}

// SampleRules makes records that a contract admits and refuses.
func (r *Registry) SampleRules(ctx context.Context, q *api.RuleSamples) (*rules.Samples, error) {
	subject := NormalizeSubject(q.Subject)
	v, err := r.one(subject, q.Version, q.Contract)
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithTimeout(ctx, maxTrial)
	defer done()
	samples, err := r.engine.Sample(ctx, v, subject, q.Seed, q.Count)
	return samples, asRequest(err)
}

// CheckRules tells what registering a contract would say of its rules.
func (r *Registry) CheckRules(q *api.RuleCheck) ([]rules.Problem, error) {
	subject := NormalizeSubject(q.Subject)
	v, err := r.one(subject, q.Version, q.Contract)
	if err != nil {
		return nil, err
	}
	return r.problems(subject, v), nil
}

func (r *Registry) problems(subject string, v rules.Version) []rules.Problem {
	return append([]rules.Problem{}, r.engine.Check(v.RuleSet, rules.Scope{Subject: subject, Format: v.Format, Metadata: v.Metadata})...)
}

// checkedKey identifies a content whose rules were checked.
type checkedKey struct {
	guid       schema.GUID
	schemaType string
	subject    string
}

// checkRules looks for problems in the rules of a content about to be registered.
func (r *Registry) checkRules(subject string, c *canonical) []rules.Problem {
	if r.settings.RuleChecks == RulesOff || c.RuleSet == nil || c.parsed == nil ||
		len(c.RuleSet.DomainRules)+len(c.RuleSet.MigrationRules)+len(c.RuleSet.EncodingRules) == 0 {
		return nil
	}
	k := checkedKey{c.guid, c.Type, subject}
	if known, ok := r.checked.get(k); ok {
		return known
	}
	v, err := contract(c.parsed, 0, &c.content)
	if err != nil {
		return nil // a schema without records is no fault of its rules
	}
	problems := r.problems(subject, v)
	size := 0
	for _, p := range problems {
		size += len(p.Message) + 100
	}
	r.checked.put(k, problems, size)
	return problems
}

// refuse is the answer to rules that cannot work, where these are refused.
func refuse(problems []rules.Problem) error {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.String()
	}
	return api.InvalidRuleSet("The rule set cannot work: %s", strings.Join(texts, "; "))
}
