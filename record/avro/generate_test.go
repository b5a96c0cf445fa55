package avro_test

import (
	"encoding/json"
	"math/big"
	"reflect"
	"regexp"
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
)

// schemas are what the laws are tried on.
var schemas = []string{
	wide, list, recA, enumE, fixed2, `"bytes"`, `"double"`,
	`["null","int","long","float","double","string","bytes",` + enumE + `,` + fixed2 + `,{"type":"fixed","name":"F3","size":3},{"type":"enum","name":"G","symbols":["B","C"]}]`,
	one(`["null","boolean",` + recA + `,` + recB + `,` + recC + `,{"type":"map","values":"int"},{"type":"array","items":"R"}]`),
	one(`{"type":"map","values":["null","R",{"type":"record","name":"S","fields":[{"name":"f","type":["int","R"]}]}]}`),
	rec(`{"name":"a","type":["null",{"type":"record","name":"O","fields":[{"name":"string","type":["null","string"]}]},"string"]},{"name":"b","type":["bytes",{"type":"map","values":"string"}]}`),
	rec(`{"name":"date","type":{"type":"int","logicalType":"date"}},{"name":"tm","type":{"type":"int","logicalType":"time-millis"}},{"name":"tu","type":{"type":"long","logicalType":"time-micros"}},
		{"name":"ts","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},{"name":"id","type":{"type":"string","logicalType":"uuid"}},
		{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}},{"name":"df","type":{"type":"fixed","name":"D","size":4,"logicalType":"decimal","precision":9}},
		{"name":"du","type":{"type":"fixed","name":"U","size":12,"logicalType":"duration"}},{"name":"bd","type":{"type":"bytes","logicalType":"big-decimal"}},{"name":"e","type":"null"}`),
}

// TestLaws checks on made-up records that encoding, JSON and print lead back to the record.
func TestLaws(t *testing.T) {
	for _, text := range schemas {
		f := format(t, text)
		for seed := range uint64(200) {
			size := int(seed % 12)
			v := f.Generate(record.NewGenerator(seed, size))
			if again := f.Generate(record.NewGenerator(seed, size)); !reflect.DeepEqual(v, again) {
				t.Fatalf("%s: seed %d makes two records", text, seed)
			}
			payload, err := f.Append(nil, v)
			if err != nil {
				t.Fatalf("%s: Append(%#v): %v", text, v, err)
			}
			if back, err := f.Decode(payload); err != nil || !equal(back, v) {
				t.Fatalf("%s: %#v is decoded as %#v, %v", text, v, back, err)
			}
			j, err := f.ToJSON(v)
			if err != nil {
				t.Fatalf("%s: ToJSON(%#v): %v", text, v, err)
			}
			decodesAs(t, f, payload, j)
			if back, err := f.FromJSON(j); err != nil || !equal(back, v) {
				t.Fatalf("%s: %#v comes back from JSON as %#v, %v", text, v, back, err)
			}
			written, err := json.Marshal(j)
			if err != nil {
				t.Fatal(err)
			}
			for _, people := range []func(any) ([]byte, error){f.Print, func(any) ([]byte, error) { return written, nil }} {
				printed, err := people(v)
				if err != nil || !json.Valid(printed) {
					t.Fatalf("%s: Print(%#v) = %s, %v", text, v, printed, err)
				}
				if back, err := f.Read(printed); err != nil || !equal(back, v) {
					t.Fatalf("%s: %#v is read from %s as %#v, %v", text, v, printed, back, err)
				}
			}
			w := f.Fields(nil, nil)
			walked, err := w.Visit(v, func(_ *record.Field, _ any, v any) (any, error) { return v, nil })
			if err != nil || !equal(walked, v) {
				t.Fatalf("%s: %#v is walked to %#v, %v", text, v, walked, err)
			}
		}
	}
}

// TestVariety checks that records are made with every branch, and boundaries.
func TestVariety(t *testing.T) {
	f := format(t, schemas[7])
	seen := make(map[string]bool)
	for seed := range uint64(500) {
		v := f.Generate(record.NewGenerator(seed, 5))
		name := reflect.TypeOf(v)
		switch b := v.(type) {
		case nil:
			seen["null"] = true
		case *record.Branch:
			seen[b.Name] = true
		default:
			seen[name.String()] = true
		}
	}
	for _, want := range []string{"null", "int32", "int64", "float32", "float64", "string", "[]uint8", "E", "F2", "F3", "G"} {
		if !seen[want] {
			t.Errorf("no %s is made", want)
		}
	}
}

func TestLogicalTypes(t *testing.T) {
	f := format(t, schemas[len(schemas)-1])
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for seed := range uint64(300) {
		r := f.Generate(record.NewGenerator(seed, 10)).(m)
		switch {
		case r["tm"].(int32) < 0 || r["tm"].(int32) >= 24*60*60*1000,
			r["tu"].(int64) < 0 || r["tu"].(int64) >= 24*60*60*1000*1000,
			r["date"].(int32) < -719162 || r["date"].(int32) > 2932896,
			!uuid.MatchString(r["id"].(string)),
			len(r["df"].([]byte)) != 4 || len(r["du"].([]byte)) != 12,
			unscaled(r["d"].([]byte)).CmpAbs(big.NewInt(99999)) > 0,
			unscaled(r["df"].([]byte)).CmpAbs(big.NewInt(999999999)) > 0:
			t.Fatalf("%v", r)
		}
	}
}

func unscaled(b []byte) *big.Int {
	i := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		i.Sub(i, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return i
}

// TestSimplest checks that the simplest choices make the simplest record, and that large sizes end.
func TestSimplest(t *testing.T) {
	f := format(t, one(`["int","null"]`))
	if v := f.Generate(record.Replay(nil, 5)); !reflect.DeepEqual(v, m{"f": nil}) {
		t.Errorf("%v", v)
	}
	tree := format(t, `{"type":"record","name":"T","fields":[{"name":"a","type":{"type":"array","items":"T"}},{"name":"b","type":{"type":"map","values":"T"}}]}`)
	for seed := range uint64(20) {
		tree.Generate(record.NewGenerator(seed, 200))
	}
}
