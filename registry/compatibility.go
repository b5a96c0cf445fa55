package registry

import (
	"errors"

	"github.com/seed-9f7c7091/concordat/api"
)

// CompatibilityOptions say what a schema is checked against.
type CompatibilityOptions struct {
	Version   int // latest or a number: against that version alone; 0: against all
	Normalize bool
	Verbose   bool
}

// Compatibility answers whether a schema may follow versions of a subject. Messages are answered when verbose.
func (r *Registry) Compatibility(subject string, q *api.RegisterRequest, o CompatibilityOptions) (*api.CompatibilityResult, error) {
	msgs, err := view(r, func(s state) ([]string, error) {
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
		return r.messages(s, next, history, cfg)
	})
	var invalid *api.Error
	if errors.As(err, &invalid) && invalid.Code == api.CodeInvalidSchema && o.Verbose {
		msgs, err = []string{invalid.Message}, nil
	}
	if err != nil {
		return nil, err
	}
	result := &api.CompatibilityResult{IsCompatible: len(msgs) == 0}
	if o.Verbose {
		if msgs == nil {
			msgs = []string{}
		}
		result.Messages = &msgs
	}
	return result, nil
}
