package record

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Tags are the tags that the metadata of a schema gives to fields, by patterns
// of their full names. They are safe for concurrent use.
type Tags struct {
	patterns []tagPattern
	known    sync.Map // []string by full name
}

type tagPattern struct {
	re   *regexp.Regexp
	tags []string
}

// NewTags reads the member tags of metadata. In a pattern ** stands for any
// text, * for any without a dot, ? for one character but a dot, and \ takes the
// meaning from the character behind it; [ ] are classes of characters. What is no pattern matches nothing. The result is nil if there are none.
func NewTags(patterns map[string][]string) *Tags {
	if len(patterns) == 0 {
		return nil
	}
	t := &Tags{}
	for glob, tags := range patterns {
		if re, err := regexp.Compile(`^(?s:` + globExpression(glob) + `)$`); err == nil {
			t.patterns = append(t.patterns, tagPattern{re, tags})
		}
	}
	return t
}

// globExpression writes a pattern as the reference writes it as a regular expression.
func globExpression(glob string) string {
	for strings.Contains(glob, "**.*") {
		glob = strings.ReplaceAll(glob, "**.*", "**")
	}
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			if strings.HasPrefix(glob[i:], "**") {
				b.WriteString(".*")
				i++
			} else {
				b.WriteString("[^.]*")
			}
		case '?':
			b.WriteString("[^.]")
		case '.', '+', '{', '}', '(', ')', '|', '^', '$':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\\':
			if i+1 < len(glob) {
				i++
				b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Of returns the tags of the field of a full name together with those given,
// sorted, each once. The caller must not change the slice.
func (t *Tags) Of(fullName string, inline []string) []string {
	if t == nil {
		return sorted(inline)
	}
	found, ok := t.known.Load(fullName)
	if !ok {
		var tags []string
		for i := range t.patterns {
			if t.patterns[i].re.MatchString(fullName) {
				tags = append(tags, t.patterns[i].tags...)
			}
		}
		found = sorted(tags)
		if !strings.Contains(fullName, "[") { // names with indices have no end
			t.known.Store(fullName, found)
		}
	}
	tags := found.([]string)
	if len(inline) == 0 {
		return tags
	}
	return sorted(append(slices.Clone(tags), inline...))
}

// Match reports whether the pattern of tags matches a full name.
func Match(glob, fullName string) bool {
	re, err := regexp.Compile(`^(?s:` + globExpression(glob) + `)$`)
	return err == nil && re.MatchString(fullName)
}

func sorted(tags []string) []string {
	if slices.IsSorted(tags) && len(slices.Compact(slices.Clone(tags))) == len(tags) {
		return tags
	}
	tags = slices.Clone(tags)
	slices.Sort(tags)
	return slices.Compact(tags)
}

// Share reports whether a field with these tags is one that is wanted: it has
// one of the tags, or none are asked for.
func Share(tags, wanted []string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(tags, w) })
}
