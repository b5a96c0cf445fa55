package avro

import "strings"

// blankComments replaces the comments of a text by spaces, since Avro's
// library accepts them as white space. Offsets stay as they are. Comments after
// the schema are left to be refused, as that library does.
func blankComments(text string) string {
	if !strings.Contains(text, "//") && !strings.Contains(text, "/*") {
		return text
	}
	b := []byte(text)
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return string(b)
			}
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return string(b)
			}
		case '/':
			end := commentEnd(text, i)
			for ; i < end; i++ {
				if b[i] != '\n' {
					b[i] = ' '
				}
			}
			i--
			if end < 0 {
				return string(b)
			}
		}
	}
	return string(b)
}

// commentEnd returns where the comment that begins at the given place ends, -1
// if there is none or it has no end.
func commentEnd(text string, at int) int {
	rest := text[at:]
	switch {
	case strings.HasPrefix(rest, "//"):
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return at + n
		}
		return len(text)
	case strings.HasPrefix(rest, "/*"):
		if n := strings.Index(rest[2:], "*/"); n >= 0 {
			return at + 2 + n + 2
		}
	}
	return -1
}
