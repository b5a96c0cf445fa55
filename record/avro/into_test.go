package avro_test

import (
	"reflect"
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
)

type intoInner struct {
	Text string `avro:"text"`
}

type intoStruct struct {
	Text   string               `avro:"text"`
	Long   int64                `avro:"long"`
	Int    int16                `avro:"int"`
	Float  float32              `avro:"float"`
	Double float64              `avro:"double"`
	Flag   bool                 `avro:"flag"`
	Bytes  []byte               `avro:"bytes"`
	Maybe  *string              `avro:"maybe"`
	Either any                  `avro:"either"`
	Texts  []string             `avro:"texts"`
	Labels map[string]string    `avro:"labels"`
	Counts map[string]int32     `avro:"counts"`
	Inner  intoInner            `avro:"inner"`
	Inners []*intoInner         `avro:"inners"`
	Named  map[string]intoInner `avro:"named"`
	Colour string               `avro:"colour"`
}

const intoText = `{"type":"record","name":"R","fields":[
	{"name":"text","type":"string"},{"name":"long","type":"long"},{"name":"int","type":"int"},{"name":"float","type":"float"},
	{"name":"double","type":"double"},{"name":"flag","type":"boolean"},{"name":"bytes","type":"bytes"},
	{"name":"maybe","type":["null","string"]},{"name":"either","type":["string","long"]},
	{"name":"texts","type":{"type":"array","items":"string"}},{"name":"labels","type":{"type":"map","values":"string"}},
	{"name":"counts","type":{"type":"map","values":"int"}},
	{"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"text","type":"string"}]}},
	{"name":"inners","type":{"type":"array","items":"I"}},{"name":"named","type":{"type":"map","values":"I"}},
	{"name":"colour","type":{"type":"enum","name":"C","symbols":["RED","BLUE"]}},{"name":"unknown","type":"int"}]}`

// What goes right into a struct is what goes there by way of a record and its bytes.
func TestFromJSONInto(t *testing.T) {
	f := format(t, intoText)
	for seed := range uint64(300) {
		rec := f.Generate(record.NewGenerator(seed, 4))
		j, err := f.ToJSON(rec)
		if err != nil {
			t.Fatal(err)
		}
		var got, want intoStruct
		gotErr := f.FromJSONInto(j, &got)
		again, err := f.FromJSON(j)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := f.Append(nil, again)
		if err != nil {
			t.Fatal(err)
		}
		wantErr := f.Reading(f, false).Into(payload, &want)
		if (gotErr == nil) != (wantErr == nil) { // an int beyond 16 bits
			t.Fatalf("seed %d: %v, want %v", seed, gotErr, wantErr)
		}
		if gotErr == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got %+v, want %+v", seed, got, want)
		}
	}
}

func TestFromJSONIntoRefuses(t *testing.T) {
	const text = `{"type":"record","name":"R","fields":[{"name":"text","type":"string"},{"name":"maybe","type":["null","string"]},{"name":"unknown","type":"int"},
		{"name":"texts","type":{"type":"array","items":"string"}},{"name":"labels","type":{"type":"map","values":"string"}}]}`
	f := format(t, text)
	right := func(change func(map[string]any)) map[string]any {
		m := map[string]any{"text": "a", "maybe": nil, "unknown": 1, "texts": []any{}, "labels": map[string]any{}}
		change(m)
		return m
	}
	for name, j := range map[string]any{
		"no object":       "text",
		"null":            nil,
		"missing":         right(func(m map[string]any) { delete(m, "text") }),
		"wrong":           right(func(m map[string]any) { m["text"] = 1 }),
		"untagged":        right(func(m map[string]any) { m["maybe"] = "a" }),
		"no branch":       right(func(m map[string]any) { m["maybe"] = map[string]any{"int": 1} }),
		"wrong in branch": right(func(m map[string]any) { m["maybe"] = map[string]any{"string": 1} }),
		"no room":         right(func(m map[string]any) { m["unknown"] = "a" }),
		"no array":        right(func(m map[string]any) { m["texts"] = "a" }),
		"wrong item":      right(func(m map[string]any) { m["texts"] = []any{1} }),
		"null array":      right(func(m map[string]any) { m["texts"] = nil }),
		"no map":          right(func(m map[string]any) { m["labels"] = "a" }),
		"wrong value":     right(func(m map[string]any) { m["labels"] = map[string]any{"a": 1} }),
	} {
		_, want := f.FromJSON(j)
		var s intoStruct
		got := f.FromJSONInto(j, &s)
		if got == nil || want == nil || got.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	var s intoStruct
	if err := f.FromJSONInto(right(func(map[string]any) {}), s); err == nil {
		t.Error("a struct that is no pointer was taken")
	}

}
