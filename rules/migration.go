package rules

import (
	"context"
	"slices"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
)

// Version is a version of a subject on the way of a migration.
type Version struct {
	Number   int
	RuleSet  *api.RuleSet
	Metadata *api.Metadata
	Format   record.Format
}

// Path is the way of records from one version to another, compiled. It is
// immutable and safe for concurrent use.
type Path struct {
	mode     string
	from, to record.Format
	chains   []*Chain
}

// Migrate makes the path between the versions of two numbers. versions are all of
// the subject between the two, in any order, both ends among them. The path is nil
// if no version on the way has a rule for the direction: then the record is read by ordinary schema resolution.
//
// The rules of a step are those of the newer version: upwards in the order of the list, with the
// newer version as their target; downwards in reverse order, with the older one. Versions without
// rules are passed over.
func (e *Engine) Migrate(subject string, from, to int, versions []Version) *Path {
	if from == to {
		return nil
	}
	sorted := slices.Clone(versions)
	slices.SortFunc(sorted, func(a, b Version) int { return a.Number - b.Number })
	mode := Upgrade
	if from > to {
		mode = Downgrade
	}
	p := &Path{mode: mode}
	found := false
	for i, v := range sorted {
		if v.Number == from {
			p.from = v.Format
		}
		if v.Number == to {
			p.to = v.Format
		}
		if i == 0 || sorted[i-1].Number < min(from, to) || v.Number > max(from, to) {
			continue
		}
		older, newer := sorted[i-1], v
		if !hasRule(newer.RuleSet, mode) {
			continue
		}
		found = true
		scope := Scope{Subject: subject, Format: newer.Format, Metadata: newer.Metadata, JSON: true}
		if mode == Downgrade {
			scope.Format, scope.Metadata = older.Format, older.Metadata
		}
		if c := e.Compile(newer.RuleSet, Migration, mode, scope); c != nil {
			p.chains = append(p.chains, c)
		}
	}
	if !found || p.from == nil || p.to == nil {
		return nil
	}
	if mode == Downgrade {
		slices.Reverse(p.chains)
	}
	return p
}

func hasRule(rs *api.RuleSet, mode string) bool {
	return rs != nil && slices.ContainsFunc(rs.MigrationRules, func(r api.Rule) bool { return Runs(&r, mode) })
}

// Mode is UPGRADE or DOWNGRADE.
func (p *Path) Mode() string { return p.mode }

// Chains are the rules of each step, in the order in which they run.
func (p *Path) Chains() []*Chain { return p.chains }

// Run takes a record of the one version to the other. Errors are those of
// Chain.Run, and *record.MismatchError where what came out does not fit the schema it is to be read by.
func (p *Path) Run(ctx context.Context, rec any, env *Env) (any, error) {
	if rec == nil {
		return nil, nil
	}
	message, err := p.from.ToJSON(rec)
	if err != nil {
		return nil, err
	}
	if message, err = p.RunJSON(ctx, message, env); err != nil {
		return nil, err
	}
	return p.to.FromJSON(message)
}

// RunJSON is the part of Run between the records: from the JSON of the one version's to that of the other's. Null stays null.
func (p *Path) RunJSON(ctx context.Context, message any, env *Env) (any, error) {
	if message == nil {
		return nil, nil
	}
	var err error
	for _, c := range p.chains {
		if message, err = c.Run(ctx, message, env); err != nil {
			return nil, err
		}
	}
	if _, null := message.(jsonNull); null {
		message = nil
	}
	return message, nil
}
