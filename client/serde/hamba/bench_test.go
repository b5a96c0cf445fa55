package hamba_test

import (
	"testing"

	"github.com/hamba/avro/v2"

	"github.com/seed-9f7c7091/concordat/client/serde/hamba"
)

const orderSchema = `{"type":"record","name":"Order","namespace":"com.example","fields":[
	{"name":"id","type":"string"},{"name":"customer","type":"string"},{"name":"at","type":"long"},{"name":"total","type":"double"},
	{"name":"currency","type":"string"},{"name":"paid","type":"boolean"},{"name":"items","type":"int"},{"name":"note","type":["null","string"]},
	{"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID","SENT"]}},{"name":"codes","type":{"type":"array","items":"string"}},
	{"name":"address","type":{"type":"record","name":"Address","fields":[{"name":"street","type":"string"},{"name":"city","type":"string"}]}},
	{"name":"counts","type":{"type":"map","values":"long"}}]}`

type order struct {
	ID       string   `avro:"id"`
	Customer string   `avro:"customer"`
	At       int64    `avro:"at"`
	Total    float64  `avro:"total"`
	Currency string   `avro:"currency"`
	Paid     bool     `avro:"paid"`
	Items    int      `avro:"items"`
	Note     *string  `avro:"note"`
	State    string   `avro:"state"`
	Codes    []string `avro:"codes"`
	Address  struct {
		Street string `avro:"street"`
		City   string `avro:"city"`
	} `avro:"address"`
	Counts map[string]int64 `avro:"counts"`
}

func anOrder() *order {
	o := &order{ID: "8c6f1f1e-7a52", Customer: "Ada Lovelace", At: 1_600_000_000_000, Total: 12.5, Currency: "EUR", Paid: true, Items: 3,
		Note: ptr("by the back door"), State: "PAID", Codes: []string{"a1", "b2", "c3"}, Counts: map[string]int64{"red": 1, "blue": 2}}
	o.Address.Street, o.Address.City = "12 St James's Square", "London"
	return o
}

const flatSchema = `{"type":"record","name":"Flat","namespace":"com.example","fields":[
	{"name":"id","type":"string"},{"name":"customer","type":"string"},{"name":"at","type":"long"},{"name":"total","type":"double"},
	{"name":"currency","type":"string"},{"name":"paid","type":"boolean"},{"name":"items","type":"int"},{"name":"note","type":["null","string"]},
	{"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID","SENT"]}},{"name":"street","type":"string"},{"name":"city","type":"string"},
	{"name":"weight","type":"float"}]}`

type flat struct {
	ID       string  `avro:"id"`
	Customer string  `avro:"customer"`
	At       int64   `avro:"at"`
	Total    float64 `avro:"total"`
	Currency string  `avro:"currency"`
	Paid     bool    `avro:"paid"`
	Items    int     `avro:"items"`
	Note     *string `avro:"note"`
	State    string  `avro:"state"`
	Street   string  `avro:"street"`
	City     string  `avro:"city"`
	Weight   float32 `avro:"weight"`
}

func aFlat() *flat {
	return &flat{"8c6f1f1e-7a52", "Ada Lovelace", 1_600_000_000_000, 12.5, "EUR", true, 3, ptr("by the back door"), "PAID", "12 St James's Square", "London", 2.5}
}

// BenchmarkDecode is the codec beside the library alone, by a schema of 12 fields with an array and a map, whose payloads are gone through
// first, and by one without.
func BenchmarkDecode(b *testing.B) {
	decodes[order](b, "blocks", orderSchema, anOrder())
	decodes[flat](b, "flat", flatSchema, aFlat())
}

func decodes[T any](b *testing.B, name, schema string, v *T) {
	s, decode := avro.MustParse(schema), decoder(b, hamba.Codec(), schema, schema)
	payload, err := avro.Marshal(s, v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/codec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decode(payload, new(T)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := avro.Unmarshal(s, payload, new(T)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEncode is the codec beside the library alone.
func BenchmarkEncode(b *testing.B) {
	s, encode := avro.MustParse(orderSchema), encoder(b, hamba.Codec(), orderSchema)
	o := anOrder()
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			var err error
			if dst, err = encode(dst[:0], o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := avro.Marshal(s, o); err != nil {
				b.Fatal(err)
			}
		}
	})
}
