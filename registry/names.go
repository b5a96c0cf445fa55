package registry

import (
	"strings"
	"unicode"

	"github.com/seed-9f7c7091/concordat/api"
)

// DefaultContext is the context of subjects that name none.
const DefaultContext = "."

// globalContext is the pseudo-context that holds nothing but configuration and
// mode, for all contexts.
const globalContext = ".__GLOBAL"

// globalSubject is the key of the configuration and mode of globalContext.
const globalSubject = ":" + globalContext + ":"

// AllContexts begins a name that stands for that name in every context.
const AllContexts = ":*:"

// Subject is a subject name taken apart. Names are written [:.context:]name;
// names without a context are in the default one.
type Subject struct {
	Context string // with its leading dot
	Name    string // "" for the context itself
}

// ParseSubject takes a written name apart. A context without the closing colon
// is the context alone.
func ParseSubject(s string) Subject {
	if strings.HasPrefix(s, ":.") {
		context, name, _ := strings.Cut(s[1:], ":")
		return Subject{context, name}
	}
	if name, ok := strings.CutPrefix(s, AllContexts); ok {
		return Subject{"*", name}
	}
	return Subject{DefaultContext, s}
}

// String is the name as stored: without a prefix in the default context.
func (s Subject) String() string { return contextPrefix(s.Context) + s.Name }

// contextPrefix is what qualified names of a context begin with; "" for the default one.
func contextPrefix(context string) string {
	if context == DefaultContext {
		return ""
	}
	return ":" + context + ":"
}

// NormalizeSubject gives the stored form of a written name.
func NormalizeSubject(s string) string { return ParseSubject(s).String() }

// validSubject reports whether records may be kept under a subject.
// pseudo allows the global pseudo-context, which only holds configuration.
func (r *Registry) validSubject(s string, pseudo bool) bool {
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.Is(unicode.Cc, c) }) {
		return false
	}
	q := ParseSubject(s)
	if q.Name == "__GLOBAL" || q.Name == "__EMPTY" || q.Context == globalContext && !pseudo {
		return false
	}
	// Registration alone is held to names that are not empty.
	if !pseudo && r.settings.RejectEmptySubject && (q.Name == "" || q.Name == "*") {
		return false
	}
	return true
}

// qualifyReference gives the full name of a subject that a schema of the given
// context refers to. Names of the default context, even when they say so, are taken
// as names within the referrer's context: that is what the reference does.
func qualifyReference(subject, context string) string {
	if context == DefaultContext || ParseSubject(subject).Context != DefaultContext {
		return subject
	}
	return contextPrefix(context) + subject
}

// ParseVersion reads a version as written in a path: a number from 1, or
// "latest" or -1, for which it returns -1.
func ParseVersion(s string) (int, error) {
	t := strings.TrimSpace(s)
	if strings.EqualFold(t, "latest") || t == "-1" {
		return latest, nil
	}
	n := 0
	for i, c := range []byte(t) {
		if c == '+' && i == 0 && len(t) > 1 {
			continue
		}
		if c < '0' || c > '9' || n > (1<<31-1-int(c-'0'))/10 {
			return 0, api.InvalidVersion(s)
		}
		n = n*10 + int(c-'0')
	}
	if n == 0 {
		return 0, api.InvalidVersion(s)
	}
	return n, nil
}

// latest stands for the highest live version.
const latest = -1
