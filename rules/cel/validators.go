package cel

import (
	"net/netip"
	"strings"
	"unicode"
)

// validators are members of strings that tell whether a text is of a format.
// None of them takes the empty string. Where the clients differ they do what Java's does.
var validators = [...]struct {
	name  string
	valid func(string) bool
}{
	{"isEmail", isEmail},
	{"isHostname", isHostname},
	{"isIpv4", func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() }},
	{"isIpv6", func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() }},
	{"isUri", func(s string) bool { absolute, ok := parseURI(s); return ok && absolute }},
	{"isUriRef", func(s string) bool { _, ok := parseURI(s); return ok && s != "" }},
	{"isUuid", isUUID},
}

// isHostname takes names of labels of ASCII letters, digits and hyphens. The
// last label is no number, or else it were an address.
func isHostname(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	var last string
	for last = range strings.SplitSeq(s, ".") {
		if last == "" || len(last) > 63 || last[0] == '-' || last[len(last)-1] == '-' {
			return false
		}
		for i := range len(last) {
			if c := last[i]; !alphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return strings.Trim(last, "0123456789") != ""
}

// isEmail takes an address without a display name. The domain has a dot, or is an address in brackets.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || !isLocalPart(s[:at]) {
		return false
	}
	domain := s[at+1:]
	if inner, ok := strings.CutPrefix(domain, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(strings.TrimPrefix(inner, "IPv6:"))
		return ok && err == nil && a.Zone() == ""
	}
	return strings.Contains(domain, ".") && !strings.HasSuffix(domain, ".") && isHostname(domain)
}

func isLocalPart(s string) bool {
	if inner, ok := strings.CutPrefix(s, `"`); ok {
		inner, ok = strings.CutSuffix(inner, `"`)
		for i := 0; i < len(inner) && ok; i++ {
			switch inner[i] {
			case '"':
				return false
			case '\\':
				i++
				ok = i < len(inner)
			}
		}
		return ok
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`()<>@,;:\"[]`, r)
		}) {
			return false
		}
	}
	return true
}

// isUUID takes five groups of hexadecimal digits with hyphens between them,
// however long each is, of 36 characters at most together.
func isUUID(s string) bool {
	if len(s) > 36 || strings.Count(s, "-") != 4 {
		return false
	}
	for group := range strings.SplitSeq(s, "-") {
		digits := strings.TrimPrefix(group, "+")
		if digits == "" || strings.Trim(digits, "0123456789abcdefABCDEF") != "" || len(strings.TrimLeft(digits, "0")) > 16 {
			return false
		}
		if d := strings.TrimLeft(digits, "0"); len(d) == 16 && d[0] > '7' {
			return false // beyond the range of a signed number
		}
	}
	return true
}

func letter(c byte) bool       { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool        { return c >= '0' && c <= '9' }
func alphanumeric(c byte) bool { return letter(c) || digit(c) }
func hex(c byte) bool          { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
