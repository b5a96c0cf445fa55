package avro_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/avro"
)

func longs(n ...int64) (b []byte) {
	for _, n := range n {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// hostile are payloads made to cost memory or time, or to lead astray.
var hostile = []struct {
	name, schema string
	payload      []byte
	says         string
}{
	{"nothing", `"int"`, nil, "ends with the payload"},
	{"a number without end", `"long"`, []byte(strings.Repeat("\xff", 20)), "more than 64 bits"},
	{"a number too large", `"int"`, longs(1 << 31), "more than 32 bits"},
	{"a length beyond the payload", `"string"`, longs(1 << 40), "string needs"},
	{"a negative length", `"string"`, longs(-1), "of length -1"},
	{"the least length", `"string"`, longs(-1 << 63), "of length"},
	{"a short fixed", fixed2, []byte{1}, "F2 needs 2 bytes, there are 1"},
	{"a large fixed", one(`{"type":"fixed","name":"X","size":2147483639}`), []byte{1}, "X needs 2147483639 bytes"},
	{"a short double", `"double"`, []byte{1}, "a double needs 8"},
	{"a branch beyond the union", `["null","int"]`, longs(2), "2 branches, none with number 2"},
	{"a branch below the union", `["null","int"]`, longs(-1), "none with number -1"},
	{"a symbol beyond the enum", enumE, longs(7), "2 symbols"},
	{"a huge block", `{"type":"array","items":"int"}`, longs(1 << 40), "a block of"},
	{"a huge block in bytes", `{"type":"array","items":"int"}`, longs(-1<<40, 5), "a block of"},
	{"the least block", `{"type":"array","items":"int"}`, longs(-1<<63, 5), "a block of"},
	{"a huge block of nulls", `{"type":"array","items":"null"}`, longs(1 << 40), "more than 262144 values"},
	{"blocks of nulls without end", `{"type":"array","items":"null"}`, []byte(strings.Repeat(string(longs(200_000)), 1000)), "more than 262144 values"},
	{"a huge block of empty records", `{"type":"array","items":` + rec(``) + `}`, longs(1 << 40), "more than 262144 values"},
	{"empty records with many fields", `{"type":"array","items":` + rec(manyNulls(1000)) + `}`, longs(260_000), "more than 262144 values"},
	{"a huge map", `{"type":"map","values":"null"}`, longs(1 << 40), "a block of"},
	{"a list without end", list, []byte(strings.Repeat("\x02\x02", 1_000_000)), "more than 1000 deep"},
	{"arrays in arrays", `{"type":"record","name":"A","fields":[{"name":"a","type":{"type":"array","items":"A"}}]}`, []byte(strings.Repeat("\x02", 1_000_000)), "more than 1000 deep"},
}

func manyNulls(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = `{"name":"f` + hex.EncodeToString([]byte{byte(i >> 8), byte(i)}) + `","type":"null"}`
	}
	return strings.Join(fields, ",")
}

func TestHostile(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			f := format(t, c.schema)
			// A reader without the field skips what it holds.
			skips := format(t, rec(``)).Reader(format(t, one(strings.ReplaceAll(c.schema, `"R"`, `"Q"`))))
			size := func(payload []byte) (any, error) { return f.Size(payload) }
			for i, decode := range []func([]byte) (any, error){f.Decode, size, skips} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				v, err := decode(c.payload)
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				var broken *avro.PayloadError
				if i < 2 && (!errors.As(err, &broken) || !strings.Contains(err.Error(), c.says)) || err == nil {
					t.Errorf("%v, %v; want an error with %s", v, err, c.says)
				}
				if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
					t.Errorf("%d bytes are allocated for a payload of %d", allocated, len(c.payload))
				}
				if took > 5*time.Second {
					t.Errorf("it takes %s", took)
				}
			}
		})
	}
}

// TestPayloadErrors checks that errors say where reading stopped, and in what.
func TestPayloadErrors(t *testing.T) {
	f := format(t, rec(`{"name":"a","type":{"type":"array","items":{"type":"map","values":"string"}}}`))
	payload, _ := hex.DecodeString("02" + "02" + "026b" + "7f")
	_, err := f.Decode(payload)
	const want = "the payload is no record of the schema: at byte 5, in /a/0/k: string of length -64"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestHostileValues gives records that have no end, or take long to be told.
func TestHostileValues(t *testing.T) {
	f := format(t, list)
	endless := m{"v": int32(1)}
	endless["next"] = endless
	type L struct {
		V    int32 `avro:"v"`
		Next *L    `avro:"next"`
	}
	loop := &L{V: 1}
	loop.Next = loop
	for _, v := range []any{endless, loop} {
		var mismatch *record.MismatchError
		if _, err := f.Append(nil, v); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "deep") {
			t.Errorf("Append: %v", err)
		}
		if _, err := f.Print(v); !errors.As(err, &mismatch) {
			t.Errorf("Print: %v", err)
		}
		if _, err := f.Fields(nil, nil).Visit(v, func(_ *record.Field, _ any, v any) (any, error) { return v, nil }); !errors.As(err, &mismatch) {
			t.Errorf("Visit: %v", err)
		}
	}
	if j, err := f.ToJSON(endless); err != nil {
		t.Error(err)
	} else if _, err := f.FromJSON(j); err == nil {
		t.Error("FromJSON of a record without end")
	}
	// Each level can be one of two records, of which the innermost tells.
	doubtful := format(t, `[{"type":"record","name":"P","fields":[{"name":"u","type":["null","P",{"type":"record","name":"Q","fields":[{"name":"u","type":["null","P","Q"]}]}]}]},"Q"]`)
	start := time.Now()
	_, err := doubtful.Read([]byte(strings.Repeat(`{"u":`, 200) + `"x"` + strings.Repeat(`}`, 200)))
	if err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func FuzzDecode(f *testing.F) {
	for i, text := range schemas {
		of := format(f, text)
		for seed := range uint64(5) {
			if b, err := of.Append(nil, of.Generate(record.NewGenerator(seed, 6))); err == nil {
				f.Add(i, b)
			}
		}
	}
	for _, c := range hostile {
		if len(c.payload) < 1000 {
			f.Add(0, c.payload)
		}
	}
	formats := make([]*avro.Format, len(schemas))
	for i, text := range schemas {
		formats[i] = format(f, text)
	}
	f.Fuzz(func(t *testing.T, i int, payload []byte) {
		of := formats[uint(i)%uint(len(formats))]
		v, err := of.Decode(payload)
		if err != nil {
			if n, err := of.Size(payload); err == nil && !of.RawBytes() {
				t.Fatalf("%x has a size, %d, but is refused: %v", payload, n, err)
			}
			if _, inJSON := of.DecodeJSON(payload, false); fmt.Sprint(inJSON) != fmt.Sprint(err) {
				t.Fatalf("%x is refused as a record: %v; as JSON: %v", payload, err, inJSON)
			}
			return
		}
		if n, err := of.Size(payload); err == nil && !of.RawBytes() {
			if _, err := of.DecodeJSON(payload[:n], true); err != nil {
				t.Fatalf("the size of %x is %d, but %v", payload, n, err)
			}
		}
		b, err := of.Append(nil, v)
		if err != nil {
			t.Fatalf("%#v cannot be encoded again: %v", v, err)
		}
		if n, err := of.Size(b); !of.RawBytes() && (err != nil || n != len(b)) {
			t.Fatalf("the size of %x is %d, %v", b, n, err)
		}
		again, err := of.Decode(b)
		if err != nil {
			t.Fatalf("%x cannot be decoded again: %v", b, err)
		}
		// NaN is not equal to itself, but its bytes are.
		if c, err := of.Append(nil, again); err != nil || string(c) != string(b) {
			t.Fatalf("%x becomes %x, %v", b, c, err)
		}
		j, err := of.ToJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		decodesAs(t, of, payload, j)
		if _, err := of.FromJSON(j); err != nil {
			t.Fatalf("%#v has JSON that is none of its own: %v", v, err)
		}
	})
}

func TestSize(t *testing.T) {
	ints := `{"type":"array","items":"int"}`
	for _, c := range []struct {
		schema, payload, rest, says string
	}{
		{`"int"`, "02", "0304", ""},
		{`"bytes"`, "0401ff", "03", ""},
		{rec(``), "", "03", ""},
		{list, "02020400", "02", ""},
		{ints, "04020600", "03", ""},
		{ints, "030402060102" + "0200", "03", ""}, // two blocks that tell their sizes
		{ints, "030602060102" + "0200", "", "a block of 3 bytes takes 2"},
		{ints, "030202060102" + "0200", "", "a block of 1 bytes takes 2"},
		{one(ints), "0302", "", "/f: a block of"},
	} {
		payload, err := hex.DecodeString(c.payload + c.rest)
		if err != nil {
			t.Fatal(err)
		}
		n, err := format(t, c.schema).Size(payload)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %d, %v, want %q", c.payload, n, err, c.says)
			}
			continue
		}
		if err != nil || n != len(c.payload)/2 {
			t.Errorf("%s: %d, %v", c.payload, n, err)
		}
	}
	payload, f := []byte{4, 2, 6, 0}, format(t, ints)
	if n := testing.AllocsPerRun(100, func() { _, _ = f.Size(payload) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
