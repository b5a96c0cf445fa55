package avro_test

import (
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
	twmb "github.com/twmb/avro"
)

// The records of these benchmarks have the 12 fields of twelve. The bare ones
// are twmb/avro alone, to compare with.

func BenchmarkDecode(b *testing.B) {
	f := format(b, twelve)
	payload, err := f.Append(nil, twelveRecord())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("concordat", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.Decode(payload); err != nil {
				b.Fatal(err)
			}
		}
	})
	codec := twmb.MustParse(twelve)
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if _, err := codec.Decode(payload, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	f := format(b, twelve)
	r := any(twelveRecord())
	var buf []byte
	b.Run("concordat", func(b *testing.B) {
		b.ReportAllocs()
		var err error
		for b.Loop() {
			if buf, err = f.Append(buf[:0], r); err != nil {
				b.Fatal(err)
			}
		}
	})
	codec := twmb.MustParse(twelve)
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		var err error
		for b.Loop() {
			if buf, err = codec.AppendEncode(buf[:0], r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	w := format(b, twelve).Fields(nil, []string{"PII"})
	r := any(twelveRecord())
	visit := func(_ *record.Field, _ any, v any) (any, error) { return v, nil }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Visit(r, visit); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJSON reads a record by way of its JSON, as a migration does.
func BenchmarkJSON(b *testing.B) {
	f := format(b, twelve)
	r := any(twelveRecord())
	b.ReportAllocs()
	for b.Loop() {
		j, err := f.ToJSON(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.FromJSON(j); err != nil {
			b.Fatal(err)
		}
	}
}
