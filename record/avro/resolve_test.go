package avro_test

import (
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
)

// enum is the text of an enum E.
func enum(symbols, more string) string {
	return `{"type":"enum","name":"E","symbols":[` + symbols + `]` + more + `}`
}

func TestResolution(t *testing.T) {
	for _, c := range []struct {
		name           string
		writer, reader string
		hex            string
		want           any
		refused        string // part of the error
	}{
		{"a field more in the writer", rec(`{"name":"a","type":` + list + `},{"name":"b","type":"int"}`), rec(`{"name":"b","type":"int"}`), "0202040006", m{"b": int32(3)}, ""},
		{"a field more in the reader", rec(`{"name":"b","type":"int"}`), rec(`{"name":"a","type":["null","string"],"default":null},{"name":"b","type":"long"},{"name":"c","type":{"type":"array","items":"int"},"default":[1]}`), "06", m{"a": nil, "b": int64(3), "c": []any{int32(1)}}, ""},
		{"a field more without default", one(`"int"`), rec(`{"name":"g","type":"int"}`), "02", nil, "no field g"},
		{"a field that moved", rec(`{"name":"a","type":"int"},{"name":"b","type":"int"}`), rec(`{"name":"b","type":"int"},{"name":"a","type":"int"}`), "0204", m{"a": int32(1), "b": int32(2)}, ""},
		{"a field renamed", one(`"int"`), rec(`{"name":"g","type":"int","aliases":["f"]}`), "02", m{"g": int32(1)}, ""},
		{"a record renamed", recA, recB, "02", m{"x": int32(1)}, ""},
		{"a default of a union's second branch", rec(``), rec(`{"name":"f","type":["null","string"],"default":"s"}`), "", m{"f": "s"}, ""},
		{"a default of bytes", rec(``), rec(`{"name":"f","type":"bytes","default":"\u00ff"}`), "", m{"f": []byte{255}}, ""},
		{"a default that is not one", rec(``), rec(`{"name":"f","type":"int","default":"x"}`), "", nil, "its default is none"},
		{"int as long", `"int"`, `"long"`, "02", int64(1), ""},
		{"int as float", `"int"`, `"float"`, "02", float32(1), ""},
		{"long as double", `"long"`, `"double"`, "02", 1.0, ""},
		{"float as double", `"float"`, `"double"`, "0000c03f", 1.5, ""},
		{"string as bytes", one(`"string"`), one(`"bytes"`), "0261", m{"f": []byte("a")}, ""},
		{"bytes as string", one(`"bytes"`), one(`"string"`), "0261", m{"f": "a"}, ""},
		{"long as int", `"long"`, `"int"`, "02", nil, "a value of type long"},
		{"a date as a timestamp", `{"type":"int","logicalType":"date"}`, `{"type":"long","logicalType":"timestamp-millis"}`, "02", int64(1), ""},
		{"a symbol known", enum(`"A","B"`, ""), enum(`"B"`, ""), "02", "B", ""},
		{"a symbol unknown", enum(`"A","B"`, ""), enum(`"B"`, ""), "00", nil, "the symbol A"},
		{"a symbol unknown, with a default", enum(`"A","B"`, ""), enum(`"C","B"`, `,"default":"C"`), "00", "C", ""},
		{"an enum of another namespace", enum(`"A"`, ""), enum(`"A"`, `,"namespace":"n"`), "00", "A", ""},
		{"an enum of another name", enum(`"A"`, ""), `{"type":"enum","name":"D","symbols":["A"]}`, "00", nil, "enum E"},
		{"an enum of another name, with an alias", enum(`"A"`, ""), `{"type":"enum","name":"D","aliases":["E"],"symbols":["A"]}`, "00", "A", ""},
		{"fixed of another size", fixed2, `{"type":"fixed","name":"F2","size":3}`, "0102", nil, "of 2 bytes"},
		{"items", `{"type":"array","items":"int"}`, `{"type":"array","items":"double"}`, "020200", []any{1.0}, ""},
		{"values", `{"type":"map","values":"int"}`, `{"type":"map","values":["null","long"]}`, "0202610200", m{"a": int64(1)}, ""},
		{"a value becomes optional", one(`"string"`), one(`["null","string"]`), "0261", m{"f": "a"}, ""},
		{"a value is optional no more", one(`["null","string"]`), one(`"string"`), "020261", m{"f": "a"}, ""},
		{"a value is optional no more, and null", one(`["null","string"]`), one(`"string"`), "00", nil, "it is null"},
		{"a union in another order", `["null","string"]`, `["string","null"]`, "020261", "a", ""},
		{"a union with a branch less", `["int","string"]`, `["string"]`, "020261", "a", ""},
		{"a branch that is gone", `["int","string"]`, `["string"]`, "0002", nil, "none of the branches"},
		{"a branch of the same kind goes before one promoted to", `"int"`, `["double","int"]`, "02", int32(1), ""},
		{"a branch promoted to", `"int"`, `["null","double"]`, "02", 1.0, ""},
		{"a branch by full name", `[` + recA + `,` + recB + `]`, `[` + recB + `,` + recA + `]`, "0202", &record.Branch{Name: "n.B", Value: m{"x": int32(1)}}, ""},
		{"a branch by structure", recA, `["null",` + recC + `,` + recB + `]`, "02", m{"x": int32(1)}, ""},
		{"a branch of the same name in another namespace", recA, `[` + recB + `,` + strings.ReplaceAll(recA, "n.A", "o.A") + `]`, "02", &record.Branch{Name: "o.A", Value: m{"x": int32(1)}}, ""},
		{"a recursive record", list, strings.ReplaceAll(list, `"int"`, `"long"`), "02020400", m{"v": int64(1), "next": m{"v": int64(2), "next": nil}}, ""},
		{"bytes alone", `"bytes"`, `"bytes"`, "0261", []byte{2, 'a'}, ""},
		{"blocks told in bytes are skipped", rec(`{"name":"a","type":{"type":"array","items":"string"}},{"name":"f","type":"int"}`), one(`"int"`), "03080261026200" + "06", m{"f": int32(3)}, ""},
		{"what follows", `"int"`, `"int"`, "02ffff", int32(1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload, err := hex.DecodeString(c.hex)
			if err != nil {
				t.Fatal(err)
			}
			v, err := format(t, c.reader).Reader(format(t, c.writer))(payload)
			var mismatch *record.MismatchError
			switch {
			case c.refused != "" && (!errors.As(err, &mismatch) || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("%v, %v; want an error with %s", v, err, c.refused)
			case c.refused == "" && (err != nil || !reflect.DeepEqual(v, c.want)):
				t.Errorf("%#v, %v; want %#v", v, err, c.want)
			}
		})
	}
}

// TestOwnReader checks that reading by resolution with the schema itself changes nothing.
func TestOwnReader(t *testing.T) {
	for _, text := range schemas {
		f, again := format(t, text), format(t, text)
		for seed := range uint64(30) {
			v := f.Generate(record.NewGenerator(seed, 8))
			payload, err := f.Append(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.Reader(again)(payload); err != nil || !equal(got, v) {
				t.Fatalf("%s: %#v is read as %#v, %v", text, v, got, err)
			}
		}
	}
}
