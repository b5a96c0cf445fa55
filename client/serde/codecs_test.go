package serde_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	hambaavro "github.com/hamba/avro/v2"
	"github.com/twmb/avro"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/client/serde/hamba"
	"github.com/seed-9f7c7091/concordat/concordattest"
	"github.com/seed-9f7c7091/concordat/rules"
)

// The codecs that programs may have. One table of cases is run with each of them; where they differ, in the Go
// types that dynamic values and unions have, a case names the codec that it is for.
const (
	byDefault = "default"
	byHamba   = "hamba"
)

// codecOptions are the codecs by name.
func codecOptions(name string) []serde.Option {
	if name == byDefault {
		return nil
	}
	api := hambaavro.Config{DisableBlockSizeHeader: true}.Freeze() // blocks as the default codec writes them
	api.Register("com.example.Card", &codecCard{})
	api.Register("com.example.Cash", codecCash{})
	return []serde.Option{serde.WithAvroCodec(hamba.New(api))}
}

// codecCase is a value, its bytes by a schema, and what they are read as.
type codecCase struct {
	name   string
	only   string // a codec; "" for all
	writer string
	hex    string // behind the frame
	reader string // "" for the writer
	opts   []serde.Option
	trip   codecTrip
}

type codecTrip func(t *testing.T, reg *concordattest.Registry, c *codecCase, opts []serde.Option)

// codecSame is a value that is read as what was written.
func codecSame[T any](v T) codecTrip { return codecRead(v, v) }

// codecRead is a value that is read as another.
func codecRead[W, R any](v W, want R) codecTrip {
	return func(t *testing.T, reg *concordattest.Registry, c *codecCase, opts []serde.Option) {
		topic := codecTopic(c.name)
		written := reg.Register(topic+"-value", c.writer)
		ser, err := serde.NewSerializer[W](reg.Client(), serde.Avro, append([]serde.Option{serde.UseLatestVersion()}, opts...)...)
		if err != nil {
			t.Fatal(err)
		}
		data, err := ser.Serialize(t.Context(), topic, v)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := hex.EncodeToString(data), fmt.Sprintf("00%08x", written.ID)+strings.ReplaceAll(c.hex, " ", ""); got != want {
			t.Errorf("written\n%s, want\n%s", got, want)
		}
		opts = append(opts, c.opts...)
		if c.reader != "" {
			opts = append(opts, serde.WithSchema(api.Schema{Schema: c.reader}))
		}
		des, err := serde.NewDeserializer[R](reg.Client(), serde.Avro, opts...)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second by the plan of the first
			got, err := des.Deserialize(t.Context(), topic, data)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("read as %#v, want %#v", got, want)
			}
		}
	}
}

func codecTopic(name string) string {
	return strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)
}

func codecRecord(fields ...string) string {
	return `{"type":"record","name":"R","namespace":"com.example","fields":[` + strings.Join(fields, ",") + `]}`
}

func codecField(name, typ string) string { return `{"name":"` + name + `","type":` + typ + `}` }

type codecAll struct {
	Bool   bool    `avro:"bool"`
	Int    int32   `avro:"int"`
	Long   int64   `avro:"long"`
	Float  float32 `avro:"float"`
	Double float64 `avro:"double"`
	Bytes  []byte  `avro:"bytes"`
	Text   string  `avro:"text"`
	Enum   string  `avro:"enum"`
	Fixed  [3]byte `avro:"fixed"`
}

var codecAllSchema = codecRecord(codecField("bool", `"boolean"`), codecField("int", `"int"`), codecField("long", `"long"`),
	codecField("float", `"float"`), codecField("double", `"double"`), codecField("bytes", `"bytes"`), codecField("text", `"string"`),
	codecField("enum", `{"type":"enum","name":"E","symbols":["A","B"]}`), codecField("fixed", `{"type":"fixed","name":"F","size":3}`))

const codecAllHex = "01 03 808080808040 0000c03f 00000000000004c0 04ff02 04c3a9 02 010203"

var codecAllValue = codecAll{true, -2, 1 << 40, 1.5, -2.5, []byte{255, 2}, "é", "B", [3]byte{1, 2, 3}}

type codecInner struct {
	N int32 `avro:"n"`
}

var codecInnerSchema = `{"type":"record","name":"Inner","fields":[{"name":"n","type":"int"}]}`

type codecNullable struct {
	Text *string     `avro:"text"`
	Long *int64      `avro:"long"`
	In   *codecInner `avro:"in"`
	Last *string     `avro:"last"`
	Raw  []byte      `avro:"raw"`
}

type codecMany struct {
	Texts []string              `avro:"texts"`
	Longs map[string]int64      `avro:"longs"`
	In    codecInner            `avro:"in"`
	Ins   []codecInner          `avro:"ins"`
	Ptrs  []*codecInner         `avro:"ptrs"`
	By    map[string]codecInner `avro:"by"`
	Deep  [][]map[string]bool   `avro:"deep"`
}

type codecLogical struct {
	Day   time.Time     `avro:"day"`
	Clock time.Duration `avro:"clock"`
	Fine  time.Duration `avro:"fine"`
	At    time.Time     `avro:"at"`
	Exact time.Time     `avro:"exact"`
	Price *big.Rat      `avro:"price"`
	Debt  *big.Rat      `avro:"debt"`
	ID    string        `avro:"id"`
}

var codecLogicalSchema = codecRecord(
	codecField("day", `{"type":"int","logicalType":"date"}`),
	codecField("clock", `{"type":"int","logicalType":"time-millis"}`),
	codecField("fine", `{"type":"long","logicalType":"time-micros"}`),
	codecField("at", `{"type":"long","logicalType":"timestamp-millis"}`),
	codecField("exact", `{"type":"long","logicalType":"timestamp-micros"}`),
	codecField("price", `{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}`),
	codecField("debt", `{"type":"fixed","name":"Debt","size":4,"logicalType":"decimal","precision":6,"scale":2}`),
	codecField("id", `{"type":"string","logicalType":"uuid"}`),
)

const codecLogicalHex = "d00f 8e10 d00f f681f4f6905d 8089affaa0ccd705 04 04d2 ffffffe7 4866383164346661652d376465632d313164302d613736352d303061306339316536626636"

type codecList struct {
	V    int32      `avro:"v"`
	Next *codecList `avro:"next"`
}

type codecTree struct {
	V     int32       `avro:"v"`
	Below []codecTree `avro:"below"`
}

type codecCard struct {
	Number string `avro:"number"`
}

type codecCash struct {
	Sum int64 `avro:"sum"`
}

type codecPaid struct {
	By any `avro:"by"`
}

var codecPaidSchema = codecRecord(codecField("by", `["null","string",
	{"type":"record","name":"Card","fields":[{"name":"number","type":"string"}]},
	{"type":"record","name":"Cash","fields":[{"name":"sum","type":"long"}]}]`))

type codecEmbedding struct {
	codecInner
	Text string `avro:"text"`
}

type codecText string

var codecCases = []codecCase{
	{name: "all types", writer: codecAllSchema, hex: codecAllHex, trip: codecSame(codecAllValue)},
	{name: "all types, by a pointer", writer: codecAllSchema, hex: codecAllHex, trip: codecSame(&codecAllValue)},
	{name: "all types, zero", writer: codecAllSchema, hex: "00 00 00 00000000 0000000000000000 00 00 00 000000",
		trip: codecRead(codecAll{Enum: "A"}, codecAll{Enum: "A", Bytes: []byte{}})},
	{name: "nullable, set", writer: codecNullableSchema, hex: "0202 78 02 0e 02 04 00 02 79 02 02 01", trip: codecSame(codecNullable{new("x"), new(int64(7)), &codecInner{2}, new("y"), []byte{1}})},
	{name: "nullable, null", writer: codecNullableSchema, hex: "00 00 00 02 00", trip: codecSame(codecNullable{})},
	{name: "many", writer: codecManySchema, hex: "04 0261 0262 00  02 026b 0e 00  02  04 02 04 00  02 06 00  02 0270 08 00  02 02 02 0274 01 00 00 00",
		trip: codecSame(codecMany{[]string{"a", "b"}, map[string]int64{"k": 7}, codecInner{1}, []codecInner{{1}, {2}}, []*codecInner{{3}}, map[string]codecInner{"p": {4}}, [][]map[string]bool{{{"t": true}}}})},
	{name: "many, none", writer: codecManySchema, hex: "00 00 00 00 00 00 00",
		trip: codecRead(codecMany{}, codecMany{[]string{}, map[string]int64{}, codecInner{}, []codecInner{}, []*codecInner{}, map[string]codecInner{}, [][]map[string]bool{}})},
	{name: "logical types", writer: codecLogicalSchema, hex: codecLogicalHex, trip: codecSame(codecLogical{
		time.Date(1972, 9, 27, 0, 0, 0, 0, time.UTC), 1031 * time.Millisecond, 1000 * time.Microsecond,
		time.UnixMilli(1_600_000_000_123).UTC(), time.UnixMicro(1_600_000_000_123_456).UTC(),
		big.NewRat(1234, 100), big.NewRat(-1, 4), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"})},
	{name: "numbers of logical types", writer: codecRecord(codecField("at", `{"type":"long","logicalType":"timestamp-millis"}`)), hex: "0e", trip: codecSame(struct {
		At int64 `avro:"at"`
	}{7})},
	{name: "a type that contains itself", writer: codecListSchema("int"), hex: "02 02 04 02 06 00", trip: codecSame(codecList{1, &codecList{2, &codecList{3, nil}}})},
	{name: "a type that contains itself in arrays", writer: codecTreeSchema, hex: "02 04 04 00 06 00 00", trip: codecSame(codecTree{1, []codecTree{{2, []codecTree{}}, {3, []codecTree{}}}})},
	{name: "an embedded struct", writer: codecRecord(codecField("n", `"int"`), codecField("text", `"string"`)), hex: "04 0278", trip: codecSame(codecEmbedding{codecInner{2}, "x"})},
	{name: "fields in another order", writer: codecRecord(codecField("b", `"string"`), codecField("a", `"int"`)), hex: "0278 04", trip: codecSame(struct {
		A int32  `avro:"a"`
		B string `avro:"b"`
	}{2, "x"})},
	{name: "a field of the struct alone", writer: codecRecord(codecField("a", `"int"`)), hex: "04", trip: codecRead(struct {
		A     int32  `avro:"a"`
		Other string `avro:"other"`
	}{2, "x"}, struct {
		A     int32  `avro:"a"`
		Other string `avro:"other"`
	}{A: 2})},
	{name: "a field that the struct does not have", writer: codecRecord(codecField("a", `"int"`), `{"name":"b","type":"string","default":"d"}`, codecField("c", `["null","int"]`)[:len(codecField("c", `["null","int"]`))-1]+`,"default":null}`), hex: "04 0264 00",
		trip: codecSame(codecA{2})},
	{name: "all types, passed over", writer: codecRecord(codecField("gone", strings.Replace(codecAllSchema, `"R"`, `"All"`, 1)), codecField("goneToo", codecNullableType), codecField("a", `"int"`)), hex: codecAllHex + " 0202 78 02 0e 02 04 00 02 79 02 02 01 04",
		trip: codecRead(struct {
			Gone    codecAll      `avro:"gone"`
			GoneToo codecNullable `avro:"goneToo"`
			A       int32         `avro:"a"`
		}{codecAllValue, codecNullable{new("x"), new(int64(7)), &codecInner{2}, new("y"), []byte{1}}, 2}, codecA{2})},

	// Unions of more than null and another.
	{name: "a union, null", writer: codecPaidSchema, hex: "00", trip: codecSame(codecPaid{nil})},
	{name: "a union, a string", writer: codecPaidSchema, hex: "02 0278", only: byDefault, trip: codecSame(codecPaid{"x"})},
	{name: "a union of registered types, one by a pointer", writer: codecPaidSchema, hex: "04 0431 32", only: byHamba, trip: codecSame(codecPaid{&codecCard{"12"}})},
	{name: "a union of registered types, one by its value", writer: codecPaidSchema, hex: "06 0a", only: byHamba, trip: codecSame(codecPaid{codecCash{5}})},
	{name: "a union of structs, read as maps", writer: codecPaidSchema, hex: "06 0a", only: byDefault, trip: codecRead(codecPaid{&codecCash{5}}, codecPaid{map[string]any{"sum": int64(5)}})},
	{name: "a union by the name of the branch", writer: codecPaidSchema, hex: "06 0a", only: byDefault, trip: codecRead(codecPaid{map[string]any{"com.example.Cash": map[string]any{"sum": 5}}}, codecPaid{map[string]any{"sum": int64(5)}})},
	{name: "a union by the name of its branch", writer: codecPaidSchema, hex: "06 0a", only: byHamba, trip: codecRead(codecPaid{map[string]any{"com.example.Cash": map[string]any{"sum": int64(5)}}}, codecPaid{codecCash{5}})},

	// A reader's schema of another form.
	{name: "an int as a long", writer: codecRecord(codecField("a", `"int"`)), reader: codecRecord(codecField("a", `"long"`)), hex: "04", trip: codecRead(codecA{2}, struct {
		A int64 `avro:"a"`
	}{2})},
	{name: "promotions", writer: codecRecord(codecField("a", `"int"`), codecField("b", `"long"`), codecField("c", `"float"`), codecField("d", `"string"`), codecField("e", `"bytes"`)),
		reader: codecRecord(codecField("a", `"float"`), codecField("b", `"double"`), codecField("c", `"double"`), codecField("d", `"bytes"`), codecField("e", `"string"`)), hex: "04 06 0000c03f 0278 0279",
		trip: codecRead(struct {
			A int32   `avro:"a"`
			B int64   `avro:"b"`
			C float32 `avro:"c"`
			D string  `avro:"d"`
			E []byte  `avro:"e"`
		}{2, 3, 1.5, "x", []byte("y")}, struct {
			A float32 `avro:"a"`
			B float64 `avro:"b"`
			C float64 `avro:"c"`
			D []byte  `avro:"d"`
			E string  `avro:"e"`
		}{2, 3, 1.5, []byte("x"), "y"})},
	{name: "defaults of the reader", writer: codecRecord(codecField("a", `"int"`)), hex: "04",
		reader: codecRecord(`{"name":"text","type":"string","default":"d"}`, codecField("a", `"int"`), `{"name":"none","type":["null","string"],"default":null}`, `{"name":"ints","type":{"type":"array","items":"int"},"default":[1,2]}`, `{"name":"in","type":`+codecInnerSchema+`,"default":{"n":5}}`),
		trip: codecRead(codecA{2}, struct {
			Text string     `avro:"text"`
			A    int32      `avro:"a"`
			None *string    `avro:"none"`
			Ints []int32    `avro:"ints"`
			In   codecInner `avro:"in"`
		}{"d", 2, nil, []int32{1, 2}, codecInner{5}})},
	{name: "a default of a record in a union", writer: codecRecord(codecField("a", `"int"`)), reader: codecRecord(codecField("a", `"int"`), `{"name":"in","type":[`+codecInnerSchema+`,"null"],"default":{"n":5}}`), hex: "04",
		trip: codecRead(codecA{2}, struct {
			A  int32       `avro:"a"`
			In *codecInner `avro:"in"`
		}{2, &codecInner{5}})},
	{name: "a field that the reader drops", writer: codecRecord(codecField("gone", codecInnerSchema), codecField("a", `"int"`)), reader: codecRecord(codecField("a", `"int"`)), hex: "02 04", trip: codecRead(struct {
		Gone codecInner `avro:"gone"`
		A    int32      `avro:"a"`
	}{codecInner{1}, 2}, codecA{2})},
	{name: "a field that the reader names otherwise", writer: codecRecord(codecField("old", `"int"`)), reader: codecRecord(`{"name":"a","type":"int","aliases":["old"]}`), hex: "04", trip: codecRead(struct {
		Old int32 `avro:"old"`
	}{2}, codecA{2})},
	{name: "a symbol that the reader lacks", writer: codecRecord(codecField("a", `{"type":"enum","name":"E","symbols":["X","Y"]}`)), reader: codecRecord(codecField("a", `{"type":"enum","name":"E","symbols":["Z","X"],"default":"Z"}`)), hex: "02", trip: codecRead(struct {
		A string `avro:"a"`
	}{"Y"}, struct {
		A string `avro:"a"`
	}{"Z"})},
	{name: "a union that was none", writer: codecRecord(codecField("a", `"int"`)), reader: codecRecord(codecField("a", `["null","int"]`)), hex: "04", trip: codecRead(codecA{2}, struct {
		A *int32 `avro:"a"`
	}{new(int32(2))})},
	{name: "no union that was one", writer: codecRecord(codecField("a", `["null","int"]`)), reader: codecRecord(codecField("a", `"int"`)), hex: "02 04", trip: codecRead(struct {
		A *int32 `avro:"a"`
	}{new(int32(2))}, codecA{2})},
	{name: "a type that contains itself, as another", writer: codecListSchema("int"), reader: codecListSchema("long"), hex: "02 02 04 00", trip: codecRead(codecList{1, &codecList{2, nil}}, codecLongList{1, &codecLongList{2, nil}})},

	// Roots that are no records.
	{name: "a string", writer: `"string"`, hex: "04c3a9", trip: codecSame("é")},
	{name: "a string of another type", writer: `"string"`, hex: "0278", trip: codecSame(codecText("x"))},
	{name: "bytes, without a length", writer: `"bytes"`, hex: "0102", trip: codecSame([]byte{1, 2})},
	{name: "no bytes", writer: `"bytes"`, hex: "", trip: codecSame([]byte{})},
	{name: "a long", writer: `"long"`, hex: "808080808040", trip: codecSame(int64(1 << 40))},
	{name: "a double", writer: `"double"`, hex: "00000000000004c0", trip: codecSame(-2.5)},
	{name: "a boolean", writer: `"boolean"`, hex: "01", trip: codecSame(true)},
	{name: "an array", writer: `{"type":"array","items":"string"}`, hex: "02 0278 00", trip: codecSame([]string{"x"})},
	{name: "a map", writer: `{"type":"map","values":"long"}`, hex: "02 0278 04 00", trip: codecSame(map[string]int64{"x": 2})},
	{name: "an int as a long, at the root", writer: `"int"`, reader: `"long"`, hex: "04", trip: codecRead(int32(2), int64(2))},
	{name: "a string as bytes, at the root", writer: `"string"`, reader: `"bytes"`, hex: "0278", trip: codecRead("x", []byte("x"))},

	// Values that no type of the program's stands for.
	{name: "dynamic", only: byDefault, writer: codecAllSchema, hex: codecAllHex, trip: codecSame[any](map[string]any{
		"bool": true, "int": int32(-2), "long": int64(1 << 40), "float": float32(1.5), "double": -2.5, "bytes": []byte{255, 2}, "text": "é", "enum": "B", "fixed": []byte{1, 2, 3}})},
	{name: "dynamic", only: byHamba, writer: codecAllSchema, hex: codecAllHex, trip: codecSame[any](map[string]any{
		"bool": true, "int": -2, "long": int64(1 << 40), "float": float32(1.5), "double": -2.5, "bytes": []byte{255, 2}, "text": "é", "enum": "B", "fixed": [3]byte{1, 2, 3}})},
	{name: "dynamic, a struct", writer: codecRecord(codecField("a", `"string"`)), hex: "0278", trip: codecRead[any, any](&struct {
		A string `avro:"a"`
	}{"x"}, map[string]any{"a": "x"})},
	{name: "dynamic, a map", writer: codecRecord(codecField("a", `"string"`)), hex: "0278", trip: codecSame(map[string]any{"a": "x"})},
	{name: "dynamic, a list", writer: `{"type":"array","items":"string"}`, hex: "02 0278 00", trip: codecSame([]any{"x"})},
	{name: "dynamic, a string", writer: `"string"`, hex: "0278", trip: codecSame[any]("x")},
	{name: "dynamic, bytes", writer: `"bytes"`, hex: "78", trip: codecSame[any]([]byte("x"))},
	{name: "dynamic, an int as a long", writer: `"int"`, reader: `"long"`, hex: "04", trip: codecRead[int32, any](2, int64(2))},
	{name: "dynamic, logical types", only: byHamba, writer: codecRecord(codecField("at", `{"type":"long","logicalType":"timestamp-millis"}`)), hex: "0e", trip: codecSame[any](map[string]any{"at": time.UnixMilli(7).UTC()})},
	{name: "dynamic, unions", only: byHamba, writer: codecPaidSchema, hex: "06 0a", trip: codecSame[any](map[string]any{"by": codecCash{5}})},
	{name: "dynamic, raw", only: byDefault, writer: codecViewSchema, hex: "0e 06 0a 0264", trip: codecSame[any](map[string]any{"at": int64(7), "by": map[string]any{"sum": int64(5)}, "price": []byte{100}})},
	{name: "dynamic, tagged", only: byDefault, writer: codecViewSchema, hex: "0e 06 0a 0264", opts: []serde.Option{serde.TaggedUnions()},
		trip: codecSame[any](map[string]any{"at": int64(7), "by": map[string]any{"com.example.Cash": map[string]any{"sum": int64(5)}}, "price": []byte{100}})},
	{name: "dynamic, logical", only: byDefault, writer: codecViewSchema, hex: "0e 06 0a 0264", opts: []serde.Option{serde.LogicalTypes()},
		trip: codecSame[any](map[string]any{"at": time.UnixMilli(7).UTC(), "by": map[string]any{"sum": int64(5)}, "price": big.NewRat(1, 1)})},
	{name: "dynamic, tagged and logical", only: byDefault, writer: codecViewSchema, hex: "0e 06 0a 0264", opts: []serde.Option{serde.TaggedUnions(), serde.LogicalTypes()},
		trip: codecSame[any](map[string]any{"at": time.UnixMilli(7).UTC(), "by": map[string]any{"com.example.Cash": map[string]any{"sum": int64(5)}}, "price": big.NewRat(1, 1)})},
	{name: "a duration", only: byDefault, writer: codecDurationSchema, hex: "010000000200000003000000", trip: codecSame(struct {
		D avro.Duration `avro:"d"`
	}{avro.Duration{Months: 1, Days: 2, Milliseconds: 3}})},
	{name: "a duration", only: byHamba, writer: codecDurationSchema, hex: "010000000200000003000000", trip: codecSame(struct {
		D hambaavro.LogicalDuration `avro:"d"`
	}{hambaavro.LogicalDuration{Months: 1, Days: 2, Milliseconds: 3}})},
}

type codecA struct {
	A int32 `avro:"a"`
}

type codecLongList struct {
	V    int64          `avro:"v"`
	Next *codecLongList `avro:"next"`
}

var (
	codecDurationSchema = codecRecord(codecField("d", `{"type":"fixed","name":"D","size":12,"logicalType":"duration"}`))
	codecViewSchema     = codecRecord(codecField("at", `{"type":"long","logicalType":"timestamp-millis"}`),
		codecPaidSchema[strings.Index(codecPaidSchema, `{"name":"by"`):strings.LastIndex(codecPaidSchema, "]}")],
		codecField("price", `{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}`))
	codecNullableType   = strings.Replace(codecNullableSchema, `"R"`, `"Nullable"`, 1)
	codecNullableSchema = codecRecord(codecField("text", `["null","string"]`), codecField("long", `["null","long"]`), codecField("in", `["null",`+codecInnerSchema+`]`),
		codecField("last", `["string","null"]`), codecField("raw", `["null","bytes"]`))
	codecManySchema = codecRecord(codecField("texts", `{"type":"array","items":"string"}`), codecField("longs", `{"type":"map","values":"long"}`),
		codecField("in", codecInnerSchema), codecField("ins", `{"type":"array","items":"Inner"}`), codecField("ptrs", `{"type":"array","items":"Inner"}`),
		codecField("by", `{"type":"map","values":"Inner"}`), codecField("deep", `{"type":"array","items":{"type":"array","items":{"type":"map","values":"boolean"}}}`))
	codecTreeSchema = codecRecord(codecField("v", `"int"`), codecField("below", `{"type":"array","items":"R"}`))
)

func codecListSchema(number string) string {
	return codecRecord(codecField("v", `"`+number+`"`), codecField("next", `["null","R"]`))
}

func TestCodecs(t *testing.T) {
	for _, name := range []string{byDefault, byHamba} {
		t.Run(name, func(t *testing.T) {
			reg := concordattest.Start(t)
			for _, c := range codecCases {
				if c.only == "" || c.only == name {
					t.Run(c.name, func(t *testing.T) { c.trip(t, reg, &c, codecOptions(name)) })
				}
			}
		})
	}
}

// TestCodecsRules has the rules of contracts run on structs, whatever their codec is.
func TestCodecsRules(t *testing.T) {
	for _, name := range []string{byDefault, byHamba} {
		t.Run(name, func(t *testing.T) {
			reg := concordattest.Start(t)
			opts := codecOptions(name)
			t.Run("CEL", func(t *testing.T) { codecCondition(t, reg, opts) })
			t.Run("CEL_FIELD", func(t *testing.T) { codecFieldTransform(t, reg, opts) })
			t.Run("CEL_FIELD, dynamic", func(t *testing.T) { codecDynamicTransform(t, reg, opts) })
			t.Run("CEL transform", func(t *testing.T) { codecShrinks(t, reg, opts) })
			t.Run("JSONATA", func(t *testing.T) { codecMigration(t, reg, opts) })
		})
	}
}

func codecCondition(t *testing.T, reg *concordattest.Registry, opts []serde.Option) {
	reg.Register("condition-value", codecRecord(codecField("a", `"int"`)), func(q *api.RegisterRequest) {
		q.RuleSet = &api.RuleSet{DomainRules: []api.Rule{{Name: "small", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "message.a < 10"}}}
	})
	ser, err := serde.NewSerializer[codecA](reg.Client(), serde.Avro, append([]serde.Option{serde.UseLatestVersion()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	des, err := serde.NewDeserializer[codecA](reg.Client(), serde.Avro, opts...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ser.Serialize(t.Context(), "condition", codecA{9})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := des.Deserialize(t.Context(), "condition", data); err != nil || got != (codecA{9}) {
		t.Errorf("%+v, %v", got, err)
	}
	var broken *rules.ConditionError
	if _, err := ser.Serialize(t.Context(), "condition", codecA{10}); !errors.As(err, &broken) {
		t.Errorf("written: %v", err)
	}
	data[5] = 20
	if _, err := des.Deserialize(t.Context(), "condition", data); !errors.As(err, &broken) {
		t.Errorf("read: %v", err)
	}
}

type codecPerson struct {
	Name  string            `avro:"name"`
	Nick  *string           `avro:"nick"`
	Mails []string          `avro:"mails"`
	Notes map[string]string `avro:"notes"`
	Next  *codecPerson      `avro:"next"`
}

var codecPersonSchema = codecRecord(
	`{"name":"name","type":"string","confluent:tags":["PII"]}`, `{"name":"nick","type":["null","string"],"confluent:tags":["PII"]}`,
	`{"name":"mails","type":{"type":"array","items":"string"},"confluent:tags":["PII"]}`, `{"name":"notes","type":{"type":"map","values":"string"}}`,
	`{"name":"next","type":["null","R"]}`)

func codecFieldTransform(t *testing.T, reg *concordattest.Registry, opts []serde.Option) {
	reg.Register("fields-value", codecPersonSchema, func(q *api.RegisterRequest) {
		q.RuleSet = &api.RuleSet{DomainRules: []api.Rule{
			{Name: "mark", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: "typeName == 'STRING' ; value + '!'"},
			{Name: "read", Kind: api.KindTransform, Mode: api.ModeRead, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: "typeName == 'STRING' ; value + '?'"},
		}}
	})
	ser, err := serde.NewSerializer[*codecPerson](reg.Client(), serde.Avro, append([]serde.Option{serde.UseLatestVersion()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	des, err := serde.NewDeserializer[*codecPerson](reg.Client(), serde.Avro, opts...)
	if err != nil {
		t.Fatal(err)
	}
	person := func(mark string) *codecPerson {
		return &codecPerson{"Ada" + mark, new("A" + mark), []string{"a@example.com" + mark}, map[string]string{"k": "v"}, &codecPerson{Name: "Bob" + mark, Mails: []string{}, Notes: map[string]string{}}}
	}
	given := person("")
	for range 2 {
		data, err := ser.Serialize(t.Context(), "fields", given)
		if err != nil {
			t.Fatal(err)
		}
		if want := person(""); !reflect.DeepEqual(given, want) {
			t.Errorf("the caller's value has become %+v", given)
		}
		if n := strings.Count(string(data), "!"); n != 4 {
			t.Errorf("%d fields of %q are marked, not 4", n, data)
		}
		got, err := des.Deserialize(t.Context(), "fields", data)
		if err != nil {
			t.Fatal(err)
		}
		if want := person("!?"); !reflect.DeepEqual(got, want) {
			t.Errorf("read as %+v, want %+v", got, want)
		}
	}
}

// codecDynamicTransform is the case of values that are no structs: rules see them as package record has them.
func codecDynamicTransform(t *testing.T, reg *concordattest.Registry, opts []serde.Option) {
	ser, err := serde.NewSerializer[map[string]any](reg.Client(), serde.Avro, append([]serde.Option{serde.UseLatestVersion()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	des, err := serde.NewDeserializer[map[string]any](reg.Client(), serde.Avro, opts...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ser.Serialize(t.Context(), "fields", map[string]any{"name": "Ada", "nick": nil, "mails": []any{"a"}, "notes": map[string]any{}, "next": nil})
	if err != nil {
		t.Fatal(err)
	}
	got, err := des.Deserialize(t.Context(), "fields", data)
	if want := (map[string]any{"name": "Ada!?", "nick": nil, "mails": []any{"a!?"}, "notes": map[string]any{}, "next": nil}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read as %#v, want %#v; %v", got, want, err)
	}
}

type codecLists struct {
	Texts []string         `avro:"texts"`
	Longs map[string]int64 `avro:"longs"`
	In    *codecInner      `avro:"in"`
}

// codecShrinks has a rule make less of a record than there was: nothing of what was read before must stay.
func codecShrinks(t *testing.T, reg *concordattest.Registry, opts []serde.Option) {
	reg.Register("shrinks-value", codecRecord(codecField("texts", `{"type":"array","items":"string"}`), codecField("longs", `{"type":"map","values":"long"}`), codecField("in", `["null",`+codecInnerSchema+`]`)), func(q *api.RegisterRequest) {
		q.RuleSet = &api.RuleSet{DomainRules: []api.Rule{
			{Name: "less", Kind: api.KindTransform, Mode: api.ModeRead, Type: "CEL", Expr: "{'texts': [message.texts[1]], 'longs': {'new': 1}, 'in': null}"},
		}}
	})
	ser, err := serde.NewSerializer[codecLists](reg.Client(), serde.Avro, append([]serde.Option{serde.UseLatestVersion()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	des, err := serde.NewDeserializer[codecLists](reg.Client(), serde.Avro, opts...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ser.Serialize(t.Context(), "shrinks", codecLists{[]string{"a", "b", "c"}, map[string]int64{"old": 1}, &codecInner{1}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := des.Deserialize(t.Context(), "shrinks", data)
	if want := (codecLists{[]string{"b"}, map[string]int64{"new": 1}, nil}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read as %+v, want %+v; %v", got, want, err)
	}
}

func codecMigration(t *testing.T, reg *concordattest.Registry, opts []serde.Option) {
	group := "major"
	if _, err := reg.Client().UpdateConfig(t.Context(), "migrates-value", &api.ConfigUpdate{Config: api.Config{CompatibilityGroup: &group}}); err != nil {
		t.Fatal(err)
	}
	major := func(v string) *api.Metadata { return &api.Metadata{Properties: map[string]string{"major": v}} }
	reg.Register("migrates-value", codecRecord(codecField("old", `"int"`), codecField("gone", `"string"`)), func(q *api.RegisterRequest) { q.Metadata = major("1") })
	reg.Register("migrates-value", codecRecord(codecField("new", `"long"`), codecField("texts", `{"type":"array","items":"string"}`)), func(q *api.RegisterRequest) {
		q.Metadata = major("2")
		q.RuleSet = &api.RuleSet{MigrationRules: []api.Rule{
			{Name: "up", Kind: api.KindTransform, Type: "JSONATA", Mode: api.ModeUpgrade, Expr: `{'new': old, 'texts': [gone]}`},
			{Name: "down", Kind: api.KindTransform, Type: "JSONATA", Mode: api.ModeDowngrade, Expr: `{'old': new, 'gone': texts[0]}`},
		}}
	})
	type v1 struct {
		Old  int32  `avro:"old"`
		Gone string `avro:"gone"`
	}
	type v2 struct {
		New   int64    `avro:"new"`
		Texts []string `avro:"texts"`
	}
	of := func(v string) []serde.Option {
		return append([]serde.Option{serde.UseLatestWithMetadata(map[string]string{"major": v})}, opts...)
	}
	older, newer := v1{7, "x"}, v2{7, []string{"x"}}
	codecMigrates(t, reg, of("1"), of("2"), older, newer)
	codecMigrates(t, reg, of("2"), of("1"), newer, older)
	codecMigrates(t, reg, of("1"), of("1"), older, older)
	codecMigrates(t, reg, of("1"), of("2"), &older, &newer)
}

func codecMigrates[W, R any](t *testing.T, reg *concordattest.Registry, writes, reads []serde.Option, v W, want R) {
	t.Helper()
	ser, err := serde.NewSerializer[W](reg.Client(), serde.Avro, writes...)
	if err != nil {
		t.Fatal(err)
	}
	des, err := serde.NewDeserializer[R](reg.Client(), serde.Avro, reads...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ser.Serialize(t.Context(), "migrates", v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := des.Deserialize(t.Context(), "migrates", data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v is read as %+v, want %+v; %v", v, got, want, err)
	}
}

// TestCodecsLacking has structs that lack a field without a default: they can be read into, but not written.
func TestCodecsLacking(t *testing.T) {
	for _, name := range []string{byDefault, byHamba} {
		t.Run(name, func(t *testing.T) {
			reg := concordattest.Start(t)
			reg.Register("lacking-value", codecRecord(codecField("a", `"int"`), codecField("b", `"int"`)))
			ser, err := serde.NewSerializer[codecA](reg.Client(), serde.Avro, append([]serde.Option{serde.UseLatestVersion()}, codecOptions(name)...)...)
			if err != nil {
				t.Fatal(err)
			}
			var failed *serde.Error
			if _, err := ser.Serialize(t.Context(), "lacking", codecA{1}); !errors.As(err, &failed) || failed.Stage != serde.StageCodec {
				t.Errorf("written: %v", err)
			}
			des, err := serde.NewDeserializer[codecA](reg.Client(), serde.Avro, append(codecOptions(name), serde.FailOnTrailingData())...)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := des.Deserialize(t.Context(), "lacking", []byte{0, 0, 0, 0, 1, 2, 4}); err != nil || got.A != 1 {
				t.Errorf("%+v, %v", got, err)
			}
			for _, data := range [][]byte{{0, 0, 0, 0, 1, 2}, {0, 0, 0, 0, 1, 2, 4, 6}} {
				if got, err := des.Deserialize(t.Context(), "lacking", data); !errors.As(err, &failed) || failed.Stage != serde.StageCodec {
					t.Errorf("%x is %+v, %v", data, got, err)
				}
			}
		})
	}
}
