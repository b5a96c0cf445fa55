package javaregexp

import (
	"strings"
	"testing"
	"time"
)

func TestValid(t *testing.T) {
	for _, p := range []string{
		"", "a", "^a$", "[a-z]+", "[]a]", "[^]]", "(?=a)b", "(?<!a)b", "(?<n>a)\\k<n>", "(a)\\1", "\\1", "a*+", "(?>a)", "[a-z&&[^b]]",
		"\\p{L}", "\\p{IsLatin}", "\\p{InGreek}", "\\p{javaLowerCase}", "\\pL", "\\P{Lu}", "\\Q[\\E", "(?i)a", "(?i:a)b", "\\x41", "\\x{1F600}",
		"\\u00e9", "\\0101", "\\cA", "a{2}", "a{2,}", "a{2,3}?", "a{2}{3}", "}", "]", "\\-", "\\é", "[\\d-z]", "[a-]", "[-a]", "\\R", "\\h\\v", "(?x) a # b",
		"[a&&b]", "[\\w.-]+@[\\w-]+", "(?<=a{1,3})b", "[[:alpha:]]",
	} {
		if _, err := Compile(p); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestInvalid(t *testing.T) {
	for _, p := range []string{
		"[", "(", ")", "*", "+a", "a**", "a{", "a{x}", "a{2", "a{3,2}", "{", "\\", "[a", "[b-a]", "\\y", "\\p{Nope}", "\\p{", "(?<n>a)(?<n>b)",
		"(?<1>a)", "\\k<n>", "(?z)", "(?<=a*)b", "[]", "[^]", "\\x4", "\\u12", "\\08", "(?", "[z-\\d]", "a{2147483648}",
	} {
		if _, err := Compile(p); err == nil {
			t.Errorf("%q: should be refused", p)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"^a", "ab", true}, {"^a", "ba", false}, {"a$", "ba\n", true}, {"b", "abc", true}, {".*", "", true}, {"^.$", "é", true},
		{"^(?!x-)", "x-a", false}, {"^(?!x-)", "y-a", true}, {"(?<=a)b", "ab", true}, {"(?<=a)b", "cb", false}, {"(?<!a)b", "cb", true},
		{"^(a|b)\\1$", "aa", true}, {"^(a|b)\\1$", "ab", false}, {"^(?<q>['\"]).*\\k<q>$", "'x'", true},
		{"^a*+a$", "aaa", false}, {"^a*a$", "aaa", true}, {"^(?>a|ab)c$", "abc", false}, {"^(?:a|ab)c$", "abc", true},
		{"^[a-z&&[^b]]$", "b", false}, {"^[a-z&&[^b]]$", "c", true}, {"^[^a-c]$", "b", false}, {"^\\p{Lu}$", "É", true}, {"^\\w$", "é", false},
		{"(?i)^ab$", "AB", true}, {"(?i)^é$", "É", false}, {"(?iu)^é$", "É", true}, {"^(?i:a)b$", "AB", false},
		{"\\Qa.b\\E+", "a.bb", true}, {"\\Qa.b\\E", "axb", false}, {"^a{2,3}$", "aaaa", false}, {"^a{2,3}$", "aaa", true}, {"^(?:){5}a$", "a", true},
		{"\\bfoo\\b", "a foo b", true}, {"\\bfoo\\b", "afoo", false}, {"^\\x{1F600}$", "😀", true}, {"^\\d+$", "٣", false},
		{"(?m)^b", "a\nb", true}, {"(?s)a.b", "a\nb", true}, {"a.b", "a\nb", false}, {"(?x) a b # c", "ab", true}, {"[[:alpha:]]", "a", true},
	} {
		r, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
		} else if got := r.Find(c.text); got != c.want {
			t.Errorf("%q in %q: %t, want %t", c.pattern, c.text, got, c.want)
		}
	}
}

func TestBoundedWork(t *testing.T) {
	long := strings.Repeat("a", 2000) + "b"
	for _, p := range []string{"^(a+)+$", "^(a|a)*$", "^(a*)*\\1c$", "(x{1000}){1000}{1000}", "^(?=(a+)+$)", "(?:){2147483647}c", "((a{0,2147483647}){5,})*c", strings.Repeat("(?:a?){20}", 20) + "c"} {
		start := time.Now()
		r, err := Compile(p)
		if err != nil {
			t.Errorf("%.40q: %v", p, err)
			continue
		}
		r.Find(long)
		if spent := time.Since(start); spent > 3*time.Second {
			t.Errorf("%.40q took %v", p, spent)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, p := range []string{"^a[b-d&&[^c]]{2,3}?$", "(?<n>a|b)\\k<n>(?=c)(?<!d)", "\\Q.\\E\\p{L}\\x{41}(?i:x)"} {
		f.Add(p, "aabb")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if r, err := Compile(pattern); err == nil {
			r.Find(text)
		}
	})
}
