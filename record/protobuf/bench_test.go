package protobuf

import (
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
	"github.com/seed-9f7c7091/concordat/schema"

	source "github.com/seed-9f7c7091/concordat/schema/protobuf"
)

const order = `syntax = "proto3"; package shop; import "google/protobuf/timestamp.proto"; import "confluent/meta.proto";
message Order {
	int64 id = 1; string note = 2 [(confluent.field_meta).tags = "PII"]; google.protobuf.Timestamp placed = 3; repeated Line lines = 4; map<string, State> states = 5;
	oneof payment { string card = 6 [(confluent.field_meta).tags = "PII"]; bool cash = 7; }
	message Line { string sku = 1; optional int32 count = 2; double price = 3; }
	enum State { UNKNOWN = 0; SHIPPED = 1; }
}`

const bought = `{"id":"123456789","note":"leave it at the door","placed":"2024-01-02T03:04:05Z","lines":[{"sku":"abc","count":2,"price":9.99},{"sku":"def","count":1,"price":100}],"states":{"abc":"SHIPPED"},"card":"4111111111111111"}`

func benchmark(b *testing.B, run func(f *Format, v any, payload []byte)) {
	f := format(b, order)
	v, err := f.Read([]byte(bought))
	if err != nil {
		b.Fatal(err)
	}
	payload, err := f.Append(nil, v)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		run(f, v, payload)
	}
}

func BenchmarkNew(b *testing.B) {
	s, err := source.Language{}.Parse(schema.Source{Text: order})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = New(s.(*source.Schema))
	}
}

func BenchmarkDecode(b *testing.B) {
	benchmark(b, func(f *Format, _ any, payload []byte) { _, _ = f.Decode(payload) })
}

func BenchmarkAppend(b *testing.B) {
	var buf []byte
	benchmark(b, func(f *Format, v any, _ []byte) { buf, _ = f.Append(buf[:0], v) })
}

func BenchmarkToJSON(b *testing.B) {
	benchmark(b, func(f *Format, v any, _ []byte) { _, _ = f.ToJSON(v) })
}

func BenchmarkPrint(b *testing.B) {
	benchmark(b, func(f *Format, v any, _ []byte) { _, _ = f.Print(v) })
}

func BenchmarkRead(b *testing.B) {
	benchmark(b, func(f *Format, _ any, _ []byte) { _, _ = f.Read([]byte(bought)) })
}

// BenchmarkMigrate is the way of a record through a migration: to JSON, a rule, and back.
func BenchmarkMigrate(b *testing.B) {
	e, err := jsonata.Compile(`$merge([$sift($, function($v, $k) {$k != 'note'}), {'note': id & '!'}])`)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, func(f *Format, v any, _ []byte) {
		j, _ := f.ToJSON(v)
		if j, err = e.Eval(b.Context(), j); err == nil {
			_, err = f.FromJSON(j)
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkVisit(b *testing.B) {
	var walk record.Walk
	benchmark(b, func(f *Format, v any, _ []byte) {
		if walk == nil {
			walk = f.Fields(nil, []string{"PII"})
		}
		_, _ = walk.Visit(v, func(_ *record.Field, _, value any) (any, error) { return value, nil })
	})
}
