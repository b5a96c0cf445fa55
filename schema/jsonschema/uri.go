package jsonschema

import (
	"fmt"
	"strings"
	"unicode"
)

// checkURI refuses what java.net.URI does not read: malformed escapes and
// characters that a URI cannot hold. Letters beyond ASCII are allowed.
func checkURI(s string) error {
	for i, r := range s {
		switch {
		case r == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return fmt.Errorf("Malformed escape pair at index %d: %s", i, s)
			}
		case r <= ' ' || r == 0x7F || strings.ContainsRune("\"<>\\^`{|}", r) || r > 0x7F && (unicode.IsControl(r) || unicode.IsSpace(r)):
			return fmt.Errorf("Illegal character in the URI at index %d: %s", i, s)
		}
	}
	return nil
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// cutFragment splits a URI at its first '#'.
func cutFragment(s string) (uri, fragment string) {
	uri, fragment, _ = strings.Cut(s, "#")
	return uri, fragment
}

// splitURI takes a URI apart. The scheme is with its colon and the authority
// with its slashes, so that joining the parts gives the URI back.
func splitURI(s string) (scheme, authority, path, query string) {
	if i := strings.IndexAny(s, ":/?"); i > 0 && s[i] == ':' {
		scheme, s = s[:i+1], s[i+1:]
	}
	if strings.HasPrefix(s, "//") {
		end := strings.IndexAny(s[2:], "/?")
		if end < 0 {
			return scheme, s, "", ""
		}
		authority, s = s[:end+2], s[end+2:]
	}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		return scheme, authority, s[:i], s[i:]
	}
	return scheme, authority, s, ""
}

// resolveURI resolves a reference against a base (RFC 3986, section 5.2). The
// base may itself be relative, such as the name of a file.
func resolveURI(base, ref string) string {
	uri, fragment := cutFragment(ref)
	suffix := ""
	if len(uri) < len(ref) {
		suffix = "#" + fragment
	}
	base, _ = cutFragment(base)
	if uri == "" {
		return base + suffix
	}
	scheme, authority, path, query := splitURI(uri)
	if scheme != "" || base == "" {
		return ref
	}
	baseScheme, baseAuthority, basePath, _ := splitURI(base)
	switch {
	case authority != "":
		return baseScheme + ref
	case path == "":
		return baseScheme + baseAuthority + basePath + query + suffix
	case path[0] != '/' && baseAuthority != "" && basePath == "":
		path = "/" + path
	case path[0] != '/':
		path = basePath[:strings.LastIndexByte(basePath, '/')+1] + path
	}
	return baseScheme + baseAuthority + removeDots(path) + query + suffix
}

func removeDots(path string) string {
	if !strings.Contains(path, ".") {
		return path
	}
	segments := strings.Split(path, "/")
	kept := make([]string, 0, len(segments))
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
			if last {
				kept = append(kept, "")
			}
		case "..":
			if len(kept) > 0 && kept[len(kept)-1] != ".." && !(len(kept) == 1 && kept[0] == "") {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "/")
}
