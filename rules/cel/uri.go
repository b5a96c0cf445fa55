package cel

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The characters that the parts of a URI are made of, beside letters, digits,
// escapes and characters that are not ASCII (RFC 2396, as java.net.URI has it).
const (
	uriMarks     = "-_.!~*'()"
	uriPath      = uriMarks + ":@&=+$,;/"
	uriAny       = uriMarks + ";/?:@&=+$,[]"
	uriUser      = uriMarks + ";:&=+$,"
	uriAuthority = uriMarks + "$,;:@&=+"
)

// parseURI reads a URI or a reference to one; absolute if it has a scheme.
func parseURI(s string) (absolute, ok bool) {
	if i := strings.IndexAny(s, ":/?#"); i >= 0 && s[i] == ':' {
		if !isScheme(s[:i]) {
			return false, false
		}
		if absolute, s = true, s[i+1:]; !strings.HasPrefix(s, "/") {
			part, fragment, _ := strings.Cut(s, "#")
			return true, part != "" && madeOf(part, uriAny) && madeOf(fragment, uriAny)
		}
	}
	s, fragment, hasFragment := strings.Cut(s, "#")
	path, query, hasQuery := strings.Cut(s, "?")
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		authority, after, slash := strings.Cut(rest, "/")
		if authority == "" && !slash && !hasQuery && !hasFragment {
			return absolute, false
		}
		if authority != "" && !isAuthority(authority) {
			return absolute, false
		}
		path = after
	}
	return absolute, madeOf(path, uriPath) && madeOf(query, uriAny) && madeOf(fragment, uriAny)
}

func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !letter(c) && (i == 0 || !digit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// isAuthority takes any name, and with brackets an IPv6 address with or without user and port.
func isAuthority(s string) bool {
	if !strings.ContainsAny(s, "[]") {
		return madeOf(s, uriAuthority)
	}
	if user, host, found := strings.Cut(s, "@"); found {
		if !madeOf(user, uriUser) {
			return false
		}
		s = host
	}
	host, port, closed := strings.Cut(s, "]")
	host, opened := strings.CutPrefix(host, "[")
	host, scope, scoped := strings.Cut(host, "%")
	if !opened || !closed || scoped && scope == "" || strings.ContainsFunc(scope, func(r rune) bool {
		return r >= utf8.RuneSelf || !alphanumeric(byte(r)) && r != '_' && r != '.'
	}) {
		return false
	}
	if a, err := netip.ParseAddr(host); err != nil || !a.Is6() {
		return false
	}
	if port == "" || port == ":" {
		return true
	}
	_, err := strconv.ParseInt(port[1:], 10, 32)
	return port[0] == ':' && err == nil && digit(port[1])
}

// madeOf reports whether a part of a URI holds only what it may.
func madeOf(s, marks string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '%':
			if i+2 >= len(s) || !hex(s[i+1]) || !hex(s[i+2]) {
				return false
			}
			i += 3
		case c < utf8.RuneSelf:
			if !alphanumeric(c) && strings.IndexByte(marks, c) < 0 {
				return false
			}
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if unicode.Is(unicode.Z, r) || unicode.IsControl(r) {
				return false
			}
			i += n
		}
	}
	return true
}
