package avro_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
)

// Bounds on what a comparison may cost, whatever is compared. Time is bounded
// only so that what never ends is told from what does.
const (
	maxAllocated = 2 << 30
	maxTold      = 64 << 20 // bytes of the places and words in the differences
	deadline     = 30 * time.Second
)

// repeat joins n items, with the number of each for # in them and the next number for ##.
func repeat(n int, item string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.NewReplacer("##", strconv.Itoa(i+1), "#", strconv.Itoa(i)).Replace(item)
	}
	return strings.Join(items, ",")
}

// doubling has 2^200 ways to its leaf.
func doubling(leaf string) string {
	return `[{"type":"record","name":"R0","fields":[{"name":"x","type":"` + leaf + `"}]},` +
		repeat(200, `{"type":"record","name":"R##","fields":[{"name":"a","type":"R#"},{"name":"b","type":["R#","null"]}]}`) + `]`
}

// chain is longer than any nesting of brackets.
func chain(leaf string) string {
	return record(`{"name":"u","type":[{"type":"record","name":"C0","fields":[{"name":"x","type":"` + leaf + `"}]},` +
		repeat(20_000, `{"type":"record","name":"C##","fields":[{"name":"a","type":"C#"}]}`) + `]},{"name":"t","type":"C20000"}`)
}

// nested has unions of records around its leaf, as deep as texts go.
func nested(leaf string) string {
	const depth = 190
	var b strings.Builder
	for i := range depth {
		b.WriteString(`{"type":"record","name":"N` + strconv.Itoa(i) + `","fields":[{"name":"f","type":["null",`)
	}
	return b.String() + leaf + strings.Repeat("]}]}", depth)
}

// tangled has records that all refer to each other.
func tangled(leaf string) string {
	var fields []string
	for i := range 200 {
		fields = append(fields, strings.ReplaceAll(`{"name":"r#","type":{"type":"record","name":"T#","fields":[{"name":"x","type":"`+leaf+`"},`, "#", strconv.Itoa(i))+
			repeat(i, `{"name":"f#","type":["null","T#"]}`)+strings.Repeat(",", min(i, 1))+`{"name":"self","type":["null","T`+strconv.Itoa(i)+`"]}]}}`)
	}
	return record(strings.Join(fields, ","))
}

// beyondBounds are the schemas that cannot even be compared with themselves.
var beyondBounds = map[string]bool{"chain": true, "union of 10,000 records": true, "union of 10,000 fixed types": true}

// TestHostile compares schemas made to cost time or memory, in both
// directions, and each with itself.
func TestHostile(t *testing.T) {
	for _, c := range []struct{ name, a, b string }{
		{"100,000 fields", record(repeat(100_000, `{"name":"f#","type":"int"}`)), record(repeat(100_000, `{"name":"f#","type":"string"}`))},
		{"100,000 fields of other names", record(repeat(100_000, `{"name":"f#","type":"int"}`)), record(repeat(100_000, `{"name":"g#","type":"int"}`))},
		{"100,000 fields and one more", record(repeat(100_000, `{"name":"f#","type":"int"}`)), record(repeat(100_001, `{"name":"f#","type":"int"}`))},
		{"100,000 symbols", `{"type":"enum","name":"E","symbols":[` + repeat(100_000, `"S#"`) + `]}`, `{"type":"enum","name":"E","symbols":[` + repeat(99_999, `"S#"`) + `]}`},
		{"100,000 aliases", record(repeat(1_000, `{"name":"f#","type":"int","aliases":[`+repeat(100, `"a"`)+`]}`)), record(repeat(1_000, `{"name":"g#","type":"int"}`))},
		{"union of 10,000 records", `[` + repeat(10_000, `{"type":"record","name":"A#","fields":[]}`) + `]`, `[` + repeat(10_000, `{"type":"record","name":"B#","fields":[]}`) + `]`},
		{"union of 10,000 fixed types", `[` + repeat(10_000, `{"type":"fixed","name":"F#","size":1}`) + `]`, `[` + repeat(10_000, `{"type":"fixed","name":"F#","size":2}`) + `]`},
		{"union of 1,000 with all that they hold", `[` + repeat(1_000, `{"type":"record","name":"A#","fields":[{"name":"f","type":{"type":"map","values":"A#"}}]}`) + `]`,
			`[` + repeat(1_000, `{"type":"record","name":"B#","fields":[{"name":"f","type":{"type":"map","values":"B#"}}]}`) + `]`},
		{"doubling", doubling("int"), doubling("string")},
		{"chain", chain("int"), chain("string")},
		{"nested", nested(`"int"`), nested(`"string"`)},
		{"tangled", tangled("int"), tangled("string")},
		{"enum at many places", record(`{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},` + repeat(30_000, `{"name":"f#","type":"E"}`)),
			record(`{"name":"e","type":{"type":"enum","name":"E","symbols":["B"]}},` + repeat(30_000, `{"name":"f#","type":"E"}`))},
		{"recursion", record(`{"name":"a","type":["null","R"]},{"name":"b","type":{"type":"map","values":"R"}}`), record(`{"name":"a","type":["null","R","int"]}`)},
	} {
		a, b, again := parse(t, c.a), parse(t, c.b), parse(t, c.a)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		forward, backward := compatavro.Differ.Diff(a, b, ""), compatavro.Differ.Diff(b, a, "")
		self := compatavro.Differ.Diff(again, a, "")
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > maxAllocated || took > deadline {
			t.Errorf("%s: %d MB allocated in %v", c.name, allocated>>20, took)
		}
		told := 0
		for _, d := range append(forward, backward...) {
			told += len(d.Path) + len(d.Reader) + len(d.Writer)
		}
		if told > maxTold {
			t.Errorf("%s: differences of %d MB", c.name, told>>20)
		}
		if len(forward)+len(backward) == 0 {
			t.Errorf("%s: no differences", c.name)
		}
		if len(self) > 0 && !beyondBounds[c.name] {
			t.Errorf("%s: differs from itself: %s", c.name, self[0].Text("new", "old"))
		}
	}
}
