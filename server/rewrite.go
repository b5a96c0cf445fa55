package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
)

// Requests are routed on the path as it was sent, still escaped, and each
// segment is decoded once: a subject may contain "/", sent as %2F.

// segments takes an escaped path apart. A trailing slash is tolerated, and what
// follows a semicolon in a segment is no part of it, as in the reference.
func segments(escaped string) []string {
	path := strings.Split(strings.Trim(escaped, "/"), "/")
	for i := range path {
		path[i], _, _ = strings.Cut(path[i], ";")
	}
	return path
}

// refuse tells why a URI is refused before it is routed, or "".
func refuse(escaped string) string {
	if strings.Contains(escaped, "//") {
		return "Ambiguous URI empty segment"
	}
	if strings.Contains(escaped, "%2") && slices.ContainsFunc(strings.Split(escaped, "/"), ambiguous) {
		return "Ambiguous URI path segment"
	}
	for i := 0; i+2 < len(escaped); i++ {
		if escaped[i] != '%' {
			continue
		}
		hi, lo := escaped[i+1], escaped[i+2]|0x20
		switch {
		case hi == '0' || hi == '1' || hi == '7' && lo == 'f':
			return "Illegal Path Character"
		case hi == '5' && lo == 'c':
			return "Suspicious Path Character"
		}
	}
	return ""
}

// ambiguous reports whether a segment is an escaped "." or "..".
func ambiguous(segment string) bool {
	plain := strings.ReplaceAll(strings.ReplaceAll(segment, "%2E", "."), "%2e", ".")
	return plain != segment && (plain == "." || plain == "..")
}

// rewrite gives the path and query that a request is routed by: the prefix
// /contexts/{context} becomes part of the subjects it applies to, and aliases
// are replaced by what they stand for.
func (s *Server) rewrite(escaped, rawQuery string, method string) (path []string, query url.Values, err error) {
	path = segments(escaped)
	query = parseQuery(rawQuery)
	if path[0] == "contexts" && len(path) > 1 && !(len(path) == 2 && method == http.MethodDelete) {
		context, cerr := contextName(path[1])
		if cerr != nil {
			return nil, nil, cerr
		}
		if len(path) == 2 {
			return []string{"contexts", url.PathEscape(":" + context + ":")}, query, nil
		}
		path = path[2:]
		switch {
		case context != registry.DefaultContext:
			path = inContext(path, query, ":"+context+":", method)
		case len(path) == 1 && (path[0] == "subjects" || path[0] == "schemas") && !query.Has("subjectPrefix"):
			query.Set("subjectPrefix", "")
		}
	}
	return path, query, s.resolveAliases(path, query)
}

// contextName reads a context as written in a path: name, .name, :.name: or :name:.
func contextName(segment string) (string, error) {
	name, err := url.PathUnescape(segment)
	if err != nil {
		return "", api.BadRequest("Malformed context name %q", segment)
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, ":"), ":")
	if !strings.HasPrefix(name, ".") {
		name = "." + name
	}
	if strings.Contains(name, ":") {
		return "", api.BadRequest("Context name '%s' cannot contain a colon", name)
	}
	return name, nil
}

// inContext puts the subjects of a path and its query into a context. prefix is
// :.context:.
func inContext(path []string, query url.Values, prefix, method string) []string {
	path = append([]string(nil), path...)
	escapedPrefix := strings.ReplaceAll(url.PathEscape(prefix), "%3A", ":")
	qualify := func(i int) {
		if i < len(path) && !qualified(path[i]) {
			path[i] = escapedPrefix + path[i]
		}
	}
	switch first := path[0]; {
	case first == "config" || first == "mode":
		if len(path) == 1 {
			return append(path, escapedPrefix)
		}
		qualify(1)
	case first == "schemas" && len(path) > 1 && path[1] == "ids":
		if subject := query.Get("subject"); !qualified(subject) {
			query.Set("subject", prefix+subject)
		}
	case len(path) == 1 && (first == "schemas" || first == "subjects"), first == "keks":
		given := query["subjectPrefix"]
		if len(given) == 0 {
			given = []string{""}
		}
		for i, p := range given {
			if !qualified(p) {
				given[i] = prefix + p
			}
		}
		query["subjectPrefix"] = given
	case strings.HasPrefix(first, "associations") && (method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch):
		query.Set("context", prefix)
	default:
		for i := range path {
			if path[i] == "subjects" || path[i] == "deks" {
				qualify(i + 1)
				break
			}
		}
	}
	return path
}

// qualified reports whether a name, escaped or not, says its context.
func qualified(name string) bool {
	if strings.Contains(name, "%") {
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
	}
	return strings.HasPrefix(name, ":.") || strings.HasPrefix(name, registry.AllContexts)
}

// resolveAliases replaces the subject of a path, or of the query of /schemas/ids, by what
// it is an alias of.
func (s *Server) resolveAliases(path []string, query url.Values) error {
	if path[0] == "schemas" && len(path) > 1 && path[1] == "ids" {
		if subject := query.Get("subject"); subject != "" {
			target, err := s.registry.AliasAsWritten(subject)
			if err != nil {
				return err
			}
			query.Set("subject", target)
		}
		return nil
	}
	for i := 0; i+1 < len(path); i++ {
		if path[i] != "subjects" {
			continue
		}
		subject, err := url.PathUnescape(path[i+1])
		if err != nil {
			return api.NotFound()
		}
		target, err := s.registry.Alias(subject)
		if err != nil {
			return err
		}
		if target != subject {
			path[i+1] = url.PathEscape(target)
		}
		return nil
	}
	return nil
}

// parseQuery reads a query string, passing over what is malformed.
func parseQuery(raw string) url.Values {
	if raw == "" {
		return url.Values{}
	}
	q, _ := url.ParseQuery(raw)
	return q
}
