package registry

import (
	"context"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
)

// Mode says what may be written.
type Mode string

// The modes. ReadOnlyOverride is an old name that means ReadOnly.
const (
	ReadWrite        Mode = "READWRITE"
	ReadOnly         Mode = "READONLY"
	ReadOnlyOverride Mode = "READONLY_OVERRIDE"
	Import           Mode = "IMPORT"
	Forward          Mode = "FORWARD"
)

func (m Mode) known() bool {
	switch m {
	case ReadWrite, ReadOnly, ReadOnlyOverride, Import, Forward:
		return true
	}
	return false
}

func (m Mode) readOnly() bool { return m == ReadOnly || m == ReadOnlyOverride }

// imports reports whether schemas come with their ids and are taken as they are.
func (m Mode) imports() bool { return m == Import || m == Forward }

// effectiveMode is the mode that holds for a subject: its own, its context's, the one of all contexts.
func (s state) effectiveMode(subject string) Mode {
	if m, ok := s.mode(subject); ok {
		return m
	}
	for _, k := range scope(subject) {
		if m, ok := s.mode(k); ok {
			return m
		}
	}
	return ReadWrite
}

// in says where a subject is, as the texts about modes do.
func in(subject string) string {
	name := subject
	if name == "" {
		name = "null" // the registry itself, in the reference's words
	}
	return "Subject " + name + " in context " + contextPrefix(ParseSubject(subject).Context)
}

// writable refuses changes in a read-only scope.
func (s state) writable(subject string) error {
	if s.effectiveMode(subject).readOnly() {
		return api.NotPermitted("%s is in read-only mode", in(subject))
	}
	return nil
}

// Mode answers the mode of a subject, a context or, for "", the registry.
// Without inherited only the subject's own counts.
func (r *Registry) Mode(subject string, inherited bool) (Mode, error) {
	subject = NormalizeSubject(subject)
	return view(r, func(s state) (Mode, error) {
		if inherited {
			return s.effectiveMode(subject), nil
		}
		m, ok := s.mode(subject)
		if !ok {
			if subject != "" && subject != globalSubject {
				return "", api.SubjectModeNotConfigured(subject)
			}
			m = ReadWrite
		}
		return m, nil
	})
}

// SetMode sets the mode of a subject, a context or, for "", the registry; a nil mode removes it.
// IMPORT needs a scope without live versions, and removes what is left of deleted
// ones, unless forced.
func (r *Registry) SetMode(ctx context.Context, subject string, mode *string, force bool) error {
	var m Mode
	if mode != nil {
		m = Mode(strings.ToUpper(*mode))
		if !m.known() {
			return api.InvalidMode()
		}
		// The word is compared as written, as the reference does.
		if *mode == string(Forward) && NormalizeSubject(subject) != globalSubject {
			return api.ForwardOnlyGlobal()
		}
	}
	if subject != "" && !r.validSubject(subject, true) {
		return api.InvalidSubject(subject)
	}
	if !r.settings.ModeMutability {
		return api.NotPermitted("Mode changes are not allowed")
	}
	subject = NormalizeSubject(subject)
	_, err := command(ctx, r, func(t *turn) (struct{}, error) {
		if mode == nil {
			return struct{}{}, t.tombstone(subjectRecordKey(keyMode, subject))
		}
		if m == Import && t.effectiveMode(subject) != Import && !force {
			if err := t.clearForImport(subject); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, t.append(subjectRecordKey(keyMode, subject), modeValue{subject, string(m)})
	})
	return err
}

// within lists what a mode set under a key reaches: that subject, or every subject of the
// context, or of all contexts.
func (s state) within(subject string) map[string][]entry {
	scope := ParseSubject(subject)
	found := map[string][]entry{}
	if scope.Name != "" {
		if list := s.versions(subject); len(list) > 0 {
			found[subject] = list
		}
		return found
	}
	s.eachVersion("", func(sub string, e entry) bool {
		if scope.Context == globalContext || ParseSubject(sub).Context == scope.Context {
			found[sub] = append(found[sub], e)
		}
		return true
	})
	return found
}

func (t *turn) clearForImport(subject string) error {
	found := t.within(subject)
	for _, list := range found {
		for _, e := range list {
			if !e.Deleted {
				return api.NotPermitted("Cannot import since found existing subjects")
			}
		}
	}
	for _, sub := range sortedNames(found) {
		for _, e := range descending(found[sub]) {
			if err := t.unreferenced(sub, e, true, false); err != nil {
				return err
			}
			if err := t.tombstone(schemaKey(sub, e.Version)); err != nil {
				return err
			}
		}
	}
	return t.append(subjectRecordKey(keyClearSubject, subject), clearSubjectValue{subject})
}

// DeleteMode removes the mode of a subject, a context or, for "", the registry, and returns what it was; nil when
// there was none. recursive also removes the modes of all subjects of a context.
func (r *Registry) DeleteMode(ctx context.Context, subject string, recursive bool) (*Mode, error) {
	subject = NormalizeSubject(subject)
	return command(ctx, r, func(t *turn) (*Mode, error) {
		m, ok := t.mode(subject)
		if !ok && subject != "" && !recursive {
			return nil, api.SubjectNotFound(subject)
		}
		if !r.settings.ModeMutability {
			return nil, api.NotPermitted("Mode changes are not allowed")
		}
		if ok || subject == "" {
			if err := t.tombstone(subjectRecordKey(keyMode, subject)); err != nil {
				return nil, err
			}
		}
		if scope := ParseSubject(subject); recursive && scope.Name == "" {
			for _, sub := range t.subjectsWithMode(scope.Context) {
				if err := t.tombstone(subjectRecordKey(keyMode, sub)); err != nil {
					return nil, err
				}
			}
		}
		switch {
		case ok:
			return &m, nil
		case subject == "":
			m = ReadWrite
			return &m, nil
		}
		return nil, nil
	})
}

func (s state) subjectsWithMode(context string) []string {
	var list []string
	s.Ascend(modes, nil, nil, func(k, _ []byte) bool {
		sub := string(k[:len(k)-1])
		if q := ParseSubject(sub); q.Context == context && q.Name != "" {
			list = append(list, sub)
		}
		return true
	})
	return list
}
