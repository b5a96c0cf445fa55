package jsonschema_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/compat"
	differ "github.com/seed-9f7c7091/concordat/compat/jsonschema"
)

// Bounds on what a comparison may cost, whatever is compared. Time is bounded
// only so that what never ends is told from what does.
const (
	maxAllocated = 16 << 30 // bytes, most of them programs of counted patterns, made anew and dropped
	maxTold      = 32 << 20 // bytes of the places and words in the differences
	deadline     = 30 * time.Second
)

// list joins n items.
func list(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, ",")
}

// members joins n members or items with the number of each in them.
func members(n int, format string) string {
	return list(n, func(i int) string { return fmt.Sprintf(format, i) })
}

func properties(n int, schema string) string {
	return `{"type":"object","properties":{` + list(n, func(i int) string { return fmt.Sprintf(`"p%d":%s`, i, schema) }) + `}}`
}

func combined(keyword string, n int, format string) string {
	return `{"` + keyword + `":[` + members(n, format) + `]}`
}

// doubling has 2^40 ways to its leaf.
func doubling(leaf string) string {
	return `{"$ref":"#/definitions/d0","definitions":{` + list(40, func(i int) string {
		return fmt.Sprintf(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/definitions/d%d"},"b":{"$ref":"#/definitions/d%d"}}}`, i, i+1, i+1)
	}) + `,"d40":` + leaf + `}}`
}

// sharing combines the next definition with itself, under each keyword that combines.
func sharing(keyword, leaf string) string {
	return `{"$ref":"#/definitions/d0","definitions":{` + list(200, func(i int) string {
		return fmt.Sprintf(`"d%d":{%q:[{"$ref":"#/definitions/d%d"},{"type":"array","items":{"$ref":"#/definitions/d%d"}}]}`, i, keyword, i+1, i+1)
	}) + `,"d200":` + leaf + `}}`
}

// tangled has unions that all refer to each other.
func tangled(leaf string) string {
	return `{"$ref":"#/definitions/d0","definitions":{` + list(60, func(i int) string {
		return fmt.Sprintf(`"d%d":{"oneOf":[%s,%s]}`, i, list(60, func(j int) string {
			return fmt.Sprintf(`{"type":"object","properties":{"p%d":{"$ref":"#/definitions/d%d"}}}`, j, (i*j+1)%60)
		}), leaf)
	}) + `}}`
}

// chain is longer than any nesting of brackets.
func chain(leaf string) string {
	return `{"$ref":"#/definitions/d0","definitions":{` + list(20000, func(i int) string {
		return fmt.Sprintf(`"d%d":{"items":{"$ref":"#/definitions/d%d"}}`, i, i+1)
	}) + `,"d20000":` + leaf + `}}`
}

func nested(leaf string) string {
	const depth = 200
	return strings.Repeat(`{"anyOf":[{"type":"null"},{"type":"object","properties":{"a":`, depth) + leaf + strings.Repeat(`}}]}`, depth)
}

// places has a schema at many of them.
func places(n int, schema string) string {
	return `{"properties":{` + members(n, `"p%d":{"$ref":"#/definitions/d"}`) + `},"definitions":{"d":` + schema + `}}`
}

func patterns(n int, pattern string) string {
	return `{"additionalProperties":false,"patternProperties":{` + list(n, func(i int) string { return fmt.Sprintf(`"%s%d":{}`, pattern, i) }) + `}}`
}

func enums(last string) string {
	return `{"oneOf":[` + list(400, func(i int) string {
		return `{"enum":[` + list(400, func(j int) string { return fmt.Sprint(1000*i + j) }) + `,"` + last + `"]}`
	}) + `]}`
}

func multiples(digit string) string {
	return `{"oneOf":[` + list(1000, func(i int) string { return fmt.Sprintf(`{"multipleOf":%s.%03d}`, strings.Repeat(digit, 900), i) }) + `]}`
}

// TestHostile compares schemas made to cost time or memory, in both
// directions, and each with itself.
func TestHostile(t *testing.T) {
	const text, number = `{"type":"string"}`, `{"type":"number"}`
	long := strings.Repeat("n", 1<<20)
	for _, c := range []struct{ name, a, b string }{
		{"100,000 properties", properties(100_000, text), properties(100_000, number)},
		{"100,000 properties and one more", properties(100_000, text), properties(100_001, text)},
		{"100,000 values", `{"enum":[` + members(100_000, "%d") + `]}`, `{"enum":[` + members(99_999, "%d") + `]}`},
		{"oneOf of 10,000 values", combined("oneOf", 10_000, `{"const":%d}`), combined("oneOf", 10_000, `{"const":"%d"}`)},
		{"oneOf of 10,000 objects", combined("oneOf", 10_000, `{"properties":{"a":{"const":%d}}}`), combined("oneOf", 10_000, `{"properties":{"a":{"const":"%d"}}}`)},
		{"allOf of 60,000 that all fit", combined("allOf", 60_000, `{"title":"%d"}`), combined("allOf", 30_000, `{"title":"%d"}`)},
		{"anyOf of 60,000 that all fit", combined("anyOf", 60_000, `{"title":"%d"}`), combined("anyOf", 30_000, `{"title":"%d"}`)},
		{"anyOf that differ in one", combined("anyOf", 1_500, `{"const":%d}`), `{"anyOf":[` + members(1_499, `{"const":%d}`) + `,{"const":"other"}]}`},
		{"oneOf of long enums", enums("a"), enums("b")},
		{"oneOf of long numbers", multiples("7"), multiples("9")},
		{"oneOf of long tuples", combined("oneOf", 1000, `{"items":[`+strings.Repeat("{},", 300)+`{"const":%d}]}`), combined("oneOf", 1000, `{"items":[`+strings.Repeat("{},", 300)+`{"const":"%d"}]}`)},
		{"oneOf of long dependencies", combined("oneOf", 1000, `{"dependencies":{"%d":[`+strings.Repeat(`"a",`, 100)+`"a"]}}`), combined("oneOf", 1000, `{"dependencies":{"x%d":["a"]}}`)},
		{"allOf of itself", sharing("allOf", text), sharing("allOf", number)},
		{"anyOf of itself", sharing("anyOf", text), sharing("anyOf", number)},
		{"oneOf of itself", sharing("oneOf", text), sharing("oneOf", number)},
		{"doubling", doubling(text), doubling(number)},
		{"tangled", tangled(text), tangled(number)},
		{"chain", chain(text), chain(number)},
		{"nested", nested(text), nested(number)},
		{"long union at many places", places(10_000, combined("oneOf", 1_000, `{"const":%d}`)), places(10_000, text)},
		{"long unions at many places", places(10_000, combined("oneOf", 1_000, `{"const":%d}`)), places(10_000, combined("oneOf", 1_000, `{"const":"%d"}`))},
		{"long pattern at many places", places(10_000, `{"pattern":"`+long+`"}`), places(10_000, `{"pattern":"`+long+`x"}`)},
		{"long name at many places", places(10_000, `{"properties":{"a":{},"`+long+`":`+text+`}}`), places(10_000, `{"properties":{"a":{},"`+long+`":`+number+`}}`)},
		{"changes below a long name", `{"properties":{"` + long + `":` + properties(20_000, text) + `}}`, `{"properties":{"` + long + `":` + properties(20_000, number) + `}}`},
		{"backtracking patterns", properties(3000, text), patterns(1000, `(p*)*\\1x`)},
		{"patterns of patterns", properties(3000, text), patterns(1000, strings.Repeat("(", 100)+"p"+strings.Repeat(")+", 100)+"x")},
		{"counted patterns", properties(3000, text), patterns(1000, "(p{1,9999}){1,99}x")},
		{"long class", properties(3000, text), patterns(1, "["+strings.Repeat("a", 1<<20)+"]*")},
		{"long name and patterns", `{"properties":{"` + long + `":{}}}`, patterns(1000, "(n|n)*x")},
		{"huge numbers", `{"multipleOf":1e999999999}`, `{"multipleOf":1e-300,"minimum":1e999999999,"maximum":-1e999999999}`},
		{"recursion", `{"properties":{"a":{"$ref":"#"}}}`, `{"properties":{"a":{"anyOf":[{"$ref":"#"},{"properties":{"a":{"$ref":"#"}}}]}}}`},
	} {
		a, b, again := parse(t, c.a), parse(t, c.b), parse(t, c.a)
		for _, s := range []interface{ Validate(bool) error }{a, b, again} {
			if err := s.Validate(false); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		var found [3][]compat.Difference
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		found[0] = differ.Differ.Diff(b, a, compat.Strict)
		found[1] = differ.Differ.Diff(a, b, compat.Lenient)
		found[2] = differ.Differ.Diff(again, a, compat.Strict)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > maxAllocated || took > deadline {
			t.Errorf("%s: %d MB allocated in %v", c.name, allocated>>20, took)
		}
		for _, diffs := range found {
			told := 0
			for _, d := range diffs {
				told += len(d.Path) + len(d.Reader) + len(d.Writer)
			}
			if told > maxTold {
				t.Errorf("%s: differences of %d MB", c.name, told>>20)
			}
		}
		if alike := c.name == "recursion"; len(found[0])+len(found[1]) == 0 && !alike {
			t.Errorf("%s: no differences", c.name)
		}
		if deep := c.name == "chain"; len(found[2]) > 0 && !deep {
			t.Errorf("%s: differs from itself in %s", c.name, found[2][0].Path)
		}
	}
}
