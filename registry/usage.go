package registry

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/usage"
)

// Uses are no part of what the log says: they are told and asked on any node, whoever
// may write, and each node knows those that it was told of.

// ReportUsage takes note that a user uses versions now, deleted ones too. It answers
// those that there are not, each once; nothing is noted of them. Subjects are resolved as in paths:
// what is told of an alias is told of what it names.
func (r *Registry) ReportUsage(principal string, uses []api.Usage) ([]api.SubjectVersion, error) {
	if len(principal) > api.MaxUsagePrincipal || !utf8.ValidString(principal) || strings.ContainsFunc(principal, unicode.IsControl) {
		return nil, api.InvalidUsage("the user's name is longer than %d bytes or has characters that cannot be kept", api.MaxUsagePrincipal)
	}
	unknown := []api.SubjectVersion{}
	known := make([]api.Usage, 0, len(uses))
	told := map[api.SubjectVersion]bool{}
	_, err := view(r, func(s state) (struct{}, error) {
		for _, u := range uses {
			named := api.SubjectVersion{Subject: u.Subject, Version: u.Version}
			u.Subject, u.Principal = s.resolve(u.Subject), principal
			if _, ok := s.entry(u.Subject, u.Version); ok {
				known = append(known, u)
			} else if !told[named] {
				told[named] = true
				unknown = append(unknown, named)
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		return nil, err
	}
	r.uses.Seen(known)
	return unknown, nil
}

// resolve gives the stored name of what a written subject stands for.
func (s state) resolve(subject string) string { return NormalizeSubject(s.alias(subject)) }

// UsageQuery says which uses are asked for. What is empty, 0 or nil does not matter.
type UsageQuery struct {
	Subject   string
	Version   int // -1 for the latest of the subject
	Role      string
	Principal *string // "" is who did not log in
	Page      Page    // by the limit on schemas
}

// Usage lists uses by subject, version, role, topic, application and principal.
func (r *Registry) Usage(q UsageQuery) ([]api.Usage, error) {
	f := usage.Filter{Subject: q.Subject, Version: q.Version, Role: strings.ToUpper(q.Role), Principal: q.Principal}
	switch {
	case f.Role != "" && f.Role != api.Producer && f.Role != api.Consumer:
		return nil, api.InvalidUsage("role must be %s or %s", api.Producer, api.Consumer)
	case f.Version != 0 && f.Subject == "":
		return nil, api.InvalidUsage("version goes with a subject")
	}
	there, err := view(r, func(s state) (bool, error) {
		f.Subject = s.resolve(f.Subject)
		if f.Version != latest {
			return true, nil
		}
		e, ok := s.latest(f.Subject)
		f.Version = e.Version
		return ok, nil
	})
	if err != nil || !there {
		return []api.Usage{}, err
	}
	return r.uses.List(f, max(q.Page.Offset, 0), r.settings.Schemas.Limit(q.Page.Limit))
}

// Close writes down what is still in memory of the uses told. It is called before
// the store is closed. A registry that is not closed loses the last seconds of them, and nothing else.
func (r *Registry) Close() error { return r.uses.Close() }
