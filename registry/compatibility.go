package registry

import (
	"errors"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
)

// CompatibilityOptions say what a schema is checked against.
type CompatibilityOptions struct {
	Version   int // latest or a number: against that version alone; 0: against all
	Normalize bool
	Verbose   bool // with messages; a schema that is not valid is then incompatible
	Suggest   bool // with suggestions
}

// Compatibility answers whether a schema may follow versions of a subject.
func (r *Registry) Compatibility(subject string, q *api.RegisterRequest, o CompatibilityOptions) (*api.CompatibilityResult, error) {
	verdict, err := view(r, func(s state) (*compat.Result, error) {
		name := NormalizeSubject(subject)
		var history []*stored
		if o.Version != 0 {
			e, ok := s.find(name, o.Version, false)
			if !ok && o.Version != latest {
				return nil, api.VersionNotFound(o.Version)
			}
			if ok {
				st, err := s.load(name, e)
				if err != nil {
					return nil, err
				}
				history = append(history, st)
			}
		} else {
			for _, e := range s.versions(name) {
				if e.Deleted {
					continue
				}
				st, err := s.load(name, e)
				if err != nil {
					return nil, err
				}
				history = append(history, st)
			}
		}
		cfg := r.effective(s, name)
		next, err := r.canonicalize(s, name, contentOf(q), purpose{
			asNew: cfg.validateNewSchemas, validate: true, fields: cfg.validateFields, normalize: o.Normalize || cfg.normalize,
		})
		if err != nil {
			return nil, err
		}
		return r.verdict(s, next, history, cfg), nil
	})
	var invalid *api.Error
	if errors.As(err, &invalid) && invalid.Code == api.CodeInvalidSchema && o.Verbose {
		verdict, err = &compat.Result{Messages: []string{invalid.Message}}, nil
	}
	if err != nil {
		return nil, err
	}
	result := &api.CompatibilityResult{IsCompatible: verdict.Compatible()}
	if o.Verbose {
		msgs := append([]string{}, verdict.Messages...)
		result.Messages = &msgs
	}
	if o.Suggest {
		list := verdict.Suggestions()
		result.Suggestions = &list
	}
	return result, nil
}
