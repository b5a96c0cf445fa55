package protobuf_test

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/schema"
)

// Bounds on what a comparison may cost, whatever is compared. Time is bounded
// only so that what never ends is told from what does.
const (
	maxAllocated = 2 << 30
	maxTold      = 64 << 20 // bytes of the places and words in the differences
	deadline     = 30 * time.Second
)

// repeat joins n declarations, with the number of each for # in them and the next number for ##.
func repeat(n int, declaration string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.NewReplacer("##", strconv.Itoa(i+1), "#", strconv.Itoa(i)).Replace(declaration)
	}
	return strings.Join(all, "\n")
}

func nested(n int, open, inner, closing string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

const three = `syntax = "proto3"; `

// TestHostile compares schemas made to cost time or memory, in both
// directions, and each with itself.
func TestHostile(t *testing.T) {
	long := strings.Repeat("n", 1000)
	within := "package " + strings.Repeat("a.", 90) + "a; "
	for _, c := range []struct{ name, a, b string }{
		{"100,000 fields", three + "message M {" + repeat(100_000, "int32 f# = ##;") + "}", three + "message M {" + repeat(100_000, "string f# = ##;") + "}"},
		{"100,000 fields and one less", "message M {" + repeat(100_000, "required int32 f# = ##;") + "}", "message M {" + repeat(99_999, "required int32 f# = ##;") + "}"},
		{"100,000 messages", three + repeat(100_000, "message M# {}"), three + repeat(100_000, "message N# {}")},
		{"100,000 maps", three + "message M {" + repeat(100_000, "map<string, M> f# = ##;") + "}", three + "message M {" + repeat(100_000, "map<int32, M> f# = ##;") + "}"},
		{"100,000 constants", three + "enum E {" + repeat(100_000, "A# = #;") + "} message M {}", three + "enum E {" + repeat(100_000, "B# = #;") + "} message N {}"},
		{"10,000 oneofs", three + "message M {" + repeat(10_000, "oneof o# { int32 f# = ##; string g# = 5##; }") + "}", three + "message M { oneof o {" + repeat(10_000, "int32 f# = ##;") + "} }"},
		{"10,000 messages in one of a long name", three + "message " + long + " {" + repeat(10_000, "message M# {}") + "}", three + "message " + long + " {}"},
		{"fields in a deep message", three + nested(90, "message A {", repeat(10_000, "X f# = ##;"), "}") + "message X {}", three + nested(90, "message A {", repeat(10_000, "Y f# = ##;"), "}") + "message Y {}"},
		{"long names sought in a long package", three + within + "message M {" + repeat(5_000, strings.Repeat("a.", 90)+"a.X f# = ##;") + "} message X {}",
			three + within + "message M {" + repeat(5_000, strings.Repeat("a.", 90)+"a.Y f# = ##;") + "} message Y {}"},
		{"chain of messages", three + repeat(10_000, "message M# { M## f = 1; }") + "message M10000 {}", three + repeat(10_000, "message M# { M## f = 1; }") + "message M10000 {} package p;"},
		{"recursion", three + "message M { M a = 1; N b = 2; } message N { M a = 1; }", three + "message M { N a = 1; M b = 2; } message N { M a = 1; }"},
	} {
		a, b, again := mustParse(t, c.a), mustParse(t, c.b), mustParse(t, c.a)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		found := append(diff(a, b), diff(b, a)...)
		self := diff(again, a)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > maxAllocated || took > deadline {
			t.Errorf("%s: %d MB allocated in %v", c.name, allocated>>20, took)
		}
		told := 0
		for _, d := range found {
			told += len(d.Path) + len(d.Reader) + len(d.Writer)
		}
		if told > maxTold {
			t.Errorf("%s: differences of %d MB", c.name, told>>20)
		}
		if len(found) == 0 {
			t.Errorf("%s: no differences", c.name)
		}
		if len(self) > 0 {
			t.Errorf("%s: differs from itself: %s", c.name, kinds(self[:1]))
		}
	}
}

// chain makes a reference of n messages, each with several fields of the next.
func chain(n int, version int, last string) schema.Dependency {
	var b strings.Builder
	b.WriteString(`syntax = "proto3"; package d;`)
	for i := range n {
		fmt.Fprintf(&b, "message D%d { D%d a = 1; D%d b = 2; D0 c = 3; }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "message D%d { %s x = 1; }", n, last)
	return schema.Dependency{Name: "d.proto", Subject: "d", Version: version, Text: b.String()}
}

// TestHostileReferences compares types that use each other in exponentially
// many ways, or without end.
func TestHostileReferences(t *testing.T) {
	const text = `syntax = "proto3"; import "d.proto"; message M { d.D0 f = 1; }`
	for _, c := range []struct {
		n    int
		last string
	}{{60, "int32"}, {60, "string"}, {5000, "int32"}, {5000, "string"}} {
		start := time.Now()
		found := diff(mustParse(t, text, chain(c.n, 1, c.last)), mustParse(t, text, chain(c.n, 2, "int32")))
		if took := time.Since(start); took > deadline {
			t.Errorf("%d %s: %v", c.n, c.last, took)
		}
		if c.last == "string" && len(found) == 0 {
			t.Errorf("%d %s: no difference found", c.n, c.last)
		}
		if c.last == "int32" && c.n < schema.MaxDepth && len(found) > 0 {
			t.Errorf("%d %s: %s", c.n, c.last, kinds(found[:1]))
		}
	}
}
