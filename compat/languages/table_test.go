package languages_test

import (
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/compat/languages"
)

// TestTable holds every row of the table to what the documentation and the
// suggestions need of it.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range languages.Table() {
		if id := k.Type + " " + k.Name; seen[id] {
			t.Errorf("%s stands in the table twice", id)
		} else {
			seen[id] = true
		}
		sides := []compat.Side{k.New}
		if !k.Symmetric() {
			sides = append(sides, k.Old)
		}
		if !strings.HasSuffix(k.Why, ".") {
			t.Errorf("%s: why is no sentence: %q", k.Name, k.Why)
		}
		for _, s := range sides {
			if s.Change == "" || strings.HasSuffix(s.Change, ".") {
				t.Errorf("%s: no change, or a sentence: %q", k.Name, s.Change)
			}
			if k.Breaks(compat.Strict) != strings.HasSuffix(s.Edit, ".") {
				t.Errorf("%s: what breaks needs an edit, and nothing else: %q", k.Name, s.Edit)
			}
		}
		if k.Breaks(compat.Strict) == (k.Text == "") {
			t.Errorf("%s: what breaks needs a message, and nothing else: %q", k.Name, k.Text)
		}
		if k.Breaks(compat.Lenient) && !k.Breaks(compat.Strict) {
			t.Errorf("%s: the lenient policy is the stricter one", k.Name)
		}
		if n := strings.Count(k.Text, "%s"); n%2 != 0 {
			t.Errorf("%s: %d words for two schemas", k.Name, n)
		}
	}
}

func TestBreaksAt(t *testing.T) {
	all := func(levels []compat.Level) string {
		var b strings.Builder
		for _, l := range levels {
			b.WriteString(string(l) + " ")
		}
		return strings.TrimSpace(b.String())
	}
	optional := compat.FindKind(languages.ByType["JSON"].Kinds(), "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL")
	for _, c := range []struct {
		newReads bool
		policy   compat.Policy
		want     string
	}{
		{true, compat.Strict, "BACKWARD BACKWARD_TRANSITIVE FULL FULL_TRANSITIVE"},
		{false, compat.Strict, "FORWARD FORWARD_TRANSITIVE FULL FULL_TRANSITIVE"},
		{true, compat.Lenient, ""},
	} {
		if got := all(optional.BreaksAt(c.newReads, c.policy)); got != c.want {
			t.Errorf("new reads %t, %s: got %q, want %q", c.newReads, c.policy, got, c.want)
		}
	}
	if f := compat.FindKind(compat.Kinds, "NO_SUCH_KIND"); f != nil {
		t.Errorf("found %v", f)
	}
}

// TestWordsOfValues shows that values are told as they are.
func TestWordsOfValues(t *testing.T) {
	k := compat.Kind{Text: "{path} %s {reader} %s {writer} {x} 5%"}
	d := compat.Difference{Kind: &k, Path: "/a%s{reader}", Reader: "{writer}", Writer: "%s"}
	if got, want := d.Text("new", "old"), "/a%s{reader} new {writer} old %s {x} 5%"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
