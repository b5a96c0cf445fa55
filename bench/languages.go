package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
	hamba "github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	twmb "github.com/twmb/avro"

	"github.com/seed-9f7c7091/concordat/compat"
	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	jsonlanguage "github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// usage is what one call of a function takes.
type usage struct {
	micros        float64 // of CPU, garbage collection and other threads included
	allocs, bytes float64 // negative where they are not known
}

func (u usage) String() string {
	took := us(u.micros)
	if u.micros < 10 {
		took = fmt.Sprintf("%.0f ns", u.micros*1000)
	}
	if u.allocs < 0 {
		return took
	}
	return fmt.Sprintf("%s, %.0f allocs, %.1f KiB", took, u.allocs, u.bytes/1024)
}

// calls runs f n times.
func calls(f func(), n int) usage {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := ownCPU()
	for range n {
		f()
	}
	spent := ownCPU() - began
	runtime.ReadMemStats(&after)
	return usage{
		micros(spent) / float64(n),
		float64(after.Mallocs-before.Mallocs) / float64(n),
		float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}
}

// ownCPU is the user and system time that this process has used.
func ownCPU() time.Duration {
	var r syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// A side of a comparison runs something n times and tells what one of them took.
type side func(n int) usage

// within is a side that runs in this process.
func within(f func()) side { return func(n int) usage { return calls(f, n) } }

// callsIn is how often a side runs in about a time of CPU.
func callsIn(s side, d time.Duration) int {
	for n := 1; ; n *= 2 {
		if took := s(n).micros * float64(n); took > micros(d)/4 {
			return int(math.Ceil(float64(n) * micros(d) / took))
		}
	}
}

// slices of a round in which the two sides of a comparison take turns.
const turnsPerRound = 5

// beside compares a function with its floor.
func (b *bench) beside(call string, ours, floor func(), goal string) {
	b.compare(call, within(ours), within(floor), goal)
}

// compare tells the ratio of two sides: the median of those of all turns.
func (b *bench) compare(call string, ours, floor side, goal string) {
	mine, theirs := b.turns(ours, floor)
	var ratios []float64
	for i := range mine {
		ratios = append(ratios, mine[i].micros/theirs[i].micros)
	}
	b.add(call, typical(mine).String(), typical(theirs).String(), ratio(median(ratios)), goal)
}

// turns has two sides take turns, in each of which one runs right after the other.
func (b *bench) turns(ours, floor side) (mine, theirs []usage) {
	length := b.seconds / (2 * turnsPerRound)
	many, few := callsIn(ours, length), callsIn(floor, length)
	for range b.rounds * turnsPerRound {
		mine, theirs = append(mine, ours(many)), append(theirs, floor(few))
	}
	return mine, theirs
}

// typical is the median of each part.
func typical(list []usage) usage {
	of := func(part func(usage) float64) float64 {
		var values []float64
		for _, u := range list {
			values = append(values, part(u))
		}
		return median(values)
	}
	return usage{
		of(func(u usage) float64 { return u.micros }),
		of(func(u usage) float64 { return u.allocs }),
		of(func(u usage) float64 { return u.bytes }),
	}
}

// schemas compares what the schema languages do with libraries that do the
// same, or only a part of it.
func (b *bench) schemas() {
	b.avroHistory()
	b.beside(fmt.Sprintf("Avro: parse, canonical text and GUID of %d bytes; beside twmb's parse", len(paymentText)), func() {
		s := parsed(avro.Language, paymentText)
		schema.Identify(s.Canonical(), nil, nil, nil)
	}, func() {
		_, err := twmb.Parse(paymentText)
		check(err)
	}, "≤ 1×")

	proto := protoText(100)
	canonical := func() { parsed(protobuf.Language{}, proto).Canonical() }
	b.beside("Protobuf: parse and canonical text of 100 messages; beside protocompile", canonical, func() {
		c := protocompile.Compiler{Resolver: &protocompile.SourceResolver{
			Accessor: protocompile.SourceAccessorFromMap(map[string]string{"a.proto": proto}),
		}}
		_, err := c.Compile(context.Background(), "a.proto")
		check(err)
	}, "≤ 0.8×")
	b.beside("the same; beside protocompile's parser alone", canonical, func() {
		_, err := parser.Parse("a.proto", strings.NewReader(proto), reporter.NewHandler(nil))
		check(err)
	}, "reported")

	text := jsonText(100)
	b.beside("JSON Schema: parse, model and canonical text of 100 properties; beside santhosh's compile", func() {
		s, err := jsonlanguage.Parse(schema.Source{Text: text, New: true})
		check(err)
		_, err = s.Model()
		check(err)
		s.Canonical()
	}, func() {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		check(err)
		c := jsonschema.NewCompiler()
		check(c.AddResource("a.json", doc))
		_, err = c.Compile("a.json")
		check(err)
	}, "reported")
}

func parsed(l schema.Language, text string) schema.Schema {
	s, err := l.Parse(schema.Source{Text: text, New: true})
	check(err)
	return s
}

// avroHistory checks a new version of a record against its twenty versions,
// which are kept parsed. The floor's checker keeps verdicts by fingerprint, so
// each call begins with an empty one; its fingerprints stay with the schemas.
func (b *bench) avroHistory() {
	text := orderText(orderVersions)
	var versions []schema.Schema
	var written []hamba.Schema
	readable := func(text string) hamba.Schema {
		s, err := hamba.ParseWithCache(text, "", &hamba.SchemaCache{})
		check(err)
		return s
	}
	for v := 1; v < orderVersions; v++ {
		versions = append(versions, parsed(avro.Language, orderText(v)))
		written = append(written, readable(orderText(v)))
	}
	reader := readable(text)
	b.beside(fmt.Sprintf("Avro: a record of %d fields against %d versions; beside twmb's parse and hamba's check", len(orderFields), len(versions)), func() {
		s := parsed(avro.Language, text)
		for _, v := range versions {
			if found := compatavro.Differ.Diff(s, v, compat.Strict); len(found) > 0 {
				check(fmt.Errorf("not compatible: %v", found))
			}
		}
	}, func() {
		_, err := twmb.Parse(text)
		check(err)
		c := hamba.NewSchemaCompatibility()
		for _, v := range written {
			check(c.Compatible(reader, v))
		}
	}, "≤ 0.6×")
}
