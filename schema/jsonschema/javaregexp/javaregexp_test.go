package javaregexp

import (
	"regexp"
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

// TestRepetitions asks what counts mean at their borders, greedy, lazy and nested.
func TestRepetitions(t *testing.T) {
	for _, pattern := range []string{"a{2,}", "a+", "(?:a+)+", "a{3,5}", "a{2,}?", "(?:a{2}){1,2}", "(?:a{1,2}){2,}", "(?:a?){3,}", "(?:aa|a)+?"} {
		twin := regexp.MustCompile("^(?:" + pattern + ")$") // alike in both languages
		r, err := Compile("^(?:" + pattern + ")$")
		if err != nil {
			t.Fatal(err)
		}
		for n := range 9 {
			text := strings.Repeat("a", n)
			if got, want := r.Find(text), twin.MatchString(text); got != want {
				t.Errorf("%s in %q: %t", pattern, text, got)
			}
		}
	}
}

// hostile are patterns made to cost time or memory, by name.
var hostile = map[string]string{
	"backtracking":           "^(a+)+$",
	"alternatives":           "^(a|a)*$",
	"back reference":         "^(a*)*\\1c$",
	"back references":        "(.*)(.*)(.*)(.*)(.*)\\1\\2\\3\\4\\5x",
	"counts of counts":       "(x{1000}){1000}{1000}",
	"look-ahead":             "^(?=(a+)+$)",
	"look-behind":            "(?<=" + strings.Repeat("(?<=", 200) + "a{1,1000}" + strings.Repeat(")", 200) + ")c",
	"nothing, often":         "(?:){2147483647}c",
	"nested counts":          "((a{0,2147483647}){5,})*c",
	"many optional":          strings.Repeat("(?:a?){20}", 20) + "c",
	"plus of plus":           strings.Repeat("(", 240) + "a" + strings.Repeat(")+", 240),
	"least of least":         strings.Repeat("(", 240) + "a" + strings.Repeat("){2,}", 240),
	"most of most":           strings.Repeat("(", 240) + "a" + strings.Repeat("){1,2}", 240),
	"possessive":             strings.Repeat("(", 240) + "a" + strings.Repeat(")++", 240),
	"lazy":                   strings.Repeat("(", 240) + "a" + strings.Repeat("){2,3}?", 240),
	"a long class":           "[" + strings.Repeat("bc", 1<<19) + "]*c$",
	"a class of many ranges": "[" + strings.Repeat("b-c&&", 1<<18) + "b]*c$",
	"many groups":            strings.Repeat("()", 1<<19) + "\\1c",
	"many alternatives":      "(" + strings.Repeat("b|", 1<<19) + "c)$",
	"a long text":            strings.Repeat("a", 1<<20),
}

// TestBoundedWork counts the steps and the instructions that hostile patterns take.
func TestBoundedWork(t *testing.T) {
	long := strings.Repeat("a", 20000) + "b"
	for name, pattern := range hostile {
		start := time.Now()
		r, err := Compile(pattern)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p, _ := r.program(); len(p.prog) > 4*maxProgram+4*len(pattern) {
			t.Errorf("%s: %d instructions", name, len(p.prog))
		}
		if p := r.kept.Load(); p != nil && len(p.prog) > 2*len(pattern)+8 {
			t.Errorf("%s: %d instructions are kept", name, len(p.prog))
		}
		if _, steps := r.Search(long); steps > 4*maxSteps+4*len(pattern) {
			t.Errorf("%s: %d steps", name, steps)
		}
		if spent := time.Since(start); spent > 10*time.Second {
			t.Errorf("%s took %v", name, spent)
		}
	}
	for name, pattern := range map[string]string{"groups": strings.Repeat("(", 1<<20), "classes": strings.Repeat("[", 1<<20)} {
		if _, err := Compile(pattern); err == nil {
			t.Errorf("%s nested without end are accepted", name)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, p := range []string{"^a[b-d&&[^c]]{2,3}?$", "(?<n>a|b)\\k<n>(?=c)(?<!d)", "\\Q.\\E\\p{L}\\x{41}(?i:x)", "((a+)+)+$", "(a{1,9}){2,}+\\1"} {
		f.Add(p, "aabb")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		r, err := Compile(pattern)
		if err != nil {
			return
		}
		if _, steps := r.Search(text); steps > 4*maxSteps+4*(len(pattern)+len(text)) {
			t.Errorf("%q in %q: %d steps", pattern, text, steps)
		}
	})
}
