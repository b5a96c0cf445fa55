package hamba_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/hamba/avro/v2"

	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/client/serde/hamba"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
)

func encoder(t testing.TB, c serde.AvroCodec, schema string) func(dst []byte, v any) ([]byte, error) {
	t.Helper()
	encode, err := c.Encoder(schema)
	if err != nil {
		t.Fatal(err)
	}
	return encode
}

func decoder(t testing.TB, c serde.AvroCodec, writer, reader string) func(payload []byte, into any) ([]byte, error) {
	t.Helper()
	decode, err := c.Decoder(writer, reader)
	if err != nil {
		t.Fatal(err)
	}
	return decode
}

func longs(n ...int64) (b []byte) {
	for _, n := range n {
		b = binary.AppendVarint(b, n)
	}
	return b
}

const (
	pairSchema = `{"type":"record","name":"Pair","fields":[{"name":"a","type":"string"},{"name":"b","type":"long"}]}`
	listSchema = `{"type":"record","name":"List","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","List"]}]}`
	treeSchema = `{"type":"record","name":"Tree","fields":[{"name":"v","type":"int"},{"name":"below","type":{"type":"array","items":"Tree"}}]}`
	decimal    = `{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}`
)

type pair struct {
	A string `avro:"a"`
	B int64  `avro:"b"`
}

type listed struct {
	V    int     `avro:"v"`
	Next *listed `avro:"next"`
}

func TestAppends(t *testing.T) {
	c := hamba.Codec()
	encode, decode := encoder(t, c, pairSchema), decoder(t, c, pairSchema, pairSchema)
	b, err := encode([]byte("before"), &pair{"x", 3})
	if err != nil || string(b) != "before\x02x\x06" {
		t.Fatalf("%q, %v", b, err)
	}
	var got pair
	rest, err := decode([]byte("\x02x\x06after"), &got)
	if err != nil || string(rest) != "after" || got != (pair{"x", 3}) {
		t.Errorf("%v, %q, %v", got, rest, err)
	}
	// What is returned on an error is what was there before.
	b, err = encode([]byte("before"), &struct{}{})
	if err == nil || string(b) != "before" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err = encode(nil, &pair{"y", 4}); err != nil || string(b) != "\x02y\x08" {
		t.Errorf("after an error: %q, %v", b, err)
	}
}

func TestAllocs(t *testing.T) {
	c := hamba.Codec()
	encode, decode := encoder(t, c, pairSchema), decoder(t, c, pairSchema, pairSchema)
	s, v, dst := avro.MustParse(pairSchema), &pair{"some text", 3}, make([]byte, 0, 64)
	payload, err := encode(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	ours := testing.AllocsPerRun(1000, func() { _, _ = encode(dst, v) })
	theirs := testing.AllocsPerRun(1000, func() { _, _ = avro.Marshal(s, v) })
	if ours >= theirs {
		t.Errorf("encoding allocates %v times, Marshal %v", ours, theirs)
	}
	into := new(pair)
	ours = testing.AllocsPerRun(1000, func() { _, _ = decode(payload, into) })
	theirs = testing.AllocsPerRun(1000, func() { _ = avro.Unmarshal(s, payload, into) })
	if ours > theirs {
		t.Errorf("decoding allocates %v times, Unmarshal %v", ours, theirs)
	}
}

// TestHostile has payloads made to cost memory or time.
func TestHostile(t *testing.T) {
	for _, test := range []struct {
		name, schema string
		into         any
		payload      []byte
		says         string
	}{
		{"nothing", pairSchema, &pair{}, nil, "ends with the payload"},
		{"cut off", pairSchema, &pair{}, []byte("\x04x"), "needs 2 bytes"},
		{"a length beyond the payload", `"string"`, new(string), longs(math.MaxInt64), "needs"},
		{"a negative length", `"string"`, new(string), longs(-1), "of length -1"},
		{"a huge block", `{"type":"array","items":"int"}`, new([]int), longs(1 << 47), "a block of"},
		{"the least block", `{"type":"array","items":"int"}`, new([]int), longs(math.MinInt64, 5), "a block of"},
		{"a huge block of nulls", `{"type":"array","items":"null"}`, new([]any), longs(1 << 47), "more than"},
		{"a huge block to pass over", `{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"null"}}]}`, &struct{}{}, longs(1 << 62), "more than"},
		{"a huge map", `{"type":"map","values":"null"}`, new(map[string]any), longs(1 << 62), "a block of"},
		{"blocks whose size is not theirs", `{"type":"array","items":"int"}`, new([]int), longs(-1, 5, 1, 0, 0, 0, 0, 0), "a block of 5 bytes takes 1"},
		{"a branch beyond the union", `["null","int"]`, new(any), longs(2), "none with number 2"},
		{"a list without end", listSchema, new(listed), []byte(strings.Repeat("\x02\x02", 1_000_000)), "more than 1000 deep"},
		{"a fixed that is not there", `["null",{"type":"fixed","name":"F","size":2147483639}]`, new(*[2147483639]byte), longs(1), "needs 2147483639 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			decode := decoder(t, hamba.Codec(), test.schema, test.schema)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decode(test.payload, test.into)
			runtime.ReadMemStats(&after)
			var payload *recordavro.PayloadError
			if !errors.As(err, &payload) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
				t.Errorf("%d bytes allocated for a payload of %d", took, len(test.payload))
			}
		})
	}
}

type converted struct{ v any }

func (c *converted) FromAny(v any) error { c.v = v; return nil }
func (c *converted) ToAny() (any, error) { return c.v, nil }

type small struct {
	A int8 `avro:"a"`
}

// TestNoRoom has types that the library would spoil memory with.
func TestNoRoom(t *testing.T) {
	of := func(typ string) string {
		return `{"type":"record","name":"Outer","fields":[{"name":"f","type":` + typ + `}]}`
	}
	api := avro.Config{}.Freeze()
	api.Register("com.example.Small", &small{})
	for _, test := range []struct {
		name, schema string
		into         any
		says         string
	}{
		{"a struct for a union", of(`["null",` + pairSchema + `]`), new(struct {
			F pair `avro:"f"`
		}), "f: a union is read into a pointer or an interface"},
		{"a converter by its value", of(`["int","string"]`), new(struct {
			F converted `avro:"f"`
		}), "f: a union is read into a pointer or an interface"},
		{"a decimal by its value", of(decimal), new(struct {
			F big.Rat `avro:"f"`
		}), "f: a decimal is read into a *big.Rat"},
		{"a nullable decimal", of(`["null",` + decimal + `]`), new(struct {
			F *big.Rat `avro:"f"`
		}), "f: a decimal is read into a *big.Rat"},
		{"decimals in maps in arrays", of(`{"type":"array","items":{"type":"map","values":` + decimal + `}}`), new(struct {
			F []map[string]big.Rat `avro:"f"`
		}), "f: a decimal is read into a *big.Rat"},
		{"within an embedded struct", of(decimal), new(struct{ *withRat }), "f: a decimal is read into a *big.Rat"},
		{"a type that contains itself, passed over", treeSchema, new(struct {
			V int `avro:"v"`
		}), "no field for below of Tree"},
		{"a tiny type registered by a pointer", of(`["int",{"type":"record","name":"com.example.Small","fields":[]}]`), new(struct {
			F any `avro:"f"`
		}), "smaller than a pointer"},
		{"nothing", pairSchema, nil, "into a pointer"},
		{"no pointer", pairSchema, pair{}, "into a pointer"},
		{"a nil pointer", pairSchema, (*pair)(nil), "into a pointer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			decode := decoder(t, hamba.New(api), test.schema, test.schema)
			for range 2 { // the second time from memory
				if _, err := decode([]byte{2, 2, 2, 2}, test.into); err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%v, want %q", err, test.says)
				}
			}
		})
	}
}

type withRat struct {
	F big.Rat `avro:"f"`
}

// TestRoom has types close to those of TestNoRoom.
func TestRoom(t *testing.T) {
	fifty := big.NewRat(1, 2)
	for _, test := range []struct {
		name, schema string
		payload      []byte
		want         any // a pointer
	}{
		{"a nullable decimal", `{"type":"record","name":"R","fields":[{"name":"f","type":["null",` + decimal + `]}]}`, []byte{2, 2, 50}, &struct {
			F **big.Rat `avro:"f"`
		}{&fifty}},
		{"a list that is passed over", listSchema, []byte{2, 2, 4, 0}, &struct {
			V int `avro:"v"`
		}{1}},
		{"a tree", treeSchema, []byte{2, 2, 4, 0, 0}, &tree{1, []tree{{2, []tree{}}}}},
		{"a converter", `["int","string"]`, []byte{2, 2, 'x'}, ptr(&converted{"x"})},
		{"a dynamic tree", treeSchema, []byte{2, 2, 4, 0, 0}, ptr[any](map[string]any{"v": 1, "below": []any{map[string]any{"v": 2, "below": []any{}}}})},
		{"an unexported name", `{"type":"record","name":"R","fields":[{"name":"hidden","type":"int"}]}`, []byte{2}, &struct {
			hidden int `avro:"hidden"`
		}{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			decode := decoder(t, hamba.Codec(), test.schema, test.schema)
			got := reflect.New(reflect.TypeOf(test.want).Elem())
			rest, err := decode(test.payload, got.Interface())
			if err != nil || len(rest) > 0 {
				t.Fatalf("%d bytes are left, %v", len(rest), err)
			}
			if !reflect.DeepEqual(got.Interface(), test.want) {
				t.Errorf("%+v, want %+v", got.Elem(), reflect.ValueOf(test.want).Elem())
			}
		})
	}
}

type tree struct {
	V     int    `avro:"v"`
	Below []tree `avro:"below"`
}

func ptr[T any](v T) *T { return &v }

// TestResolves has readers' schemas that the library follows, and those that it cannot.
func TestResolves(t *testing.T) {
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	for _, test := range []struct {
		name, writer, reader string
		payload              []byte
		want                 any // a pointer; an error's text
	}{
		{"by the library", record(`{"name":"a","type":"int"},{"name":"gone","type":"string"}`), record(`{"name":"new","type":"string","default":"d"},{"name":"a","type":"long"}`), []byte{4, 2, 'x'},
			ptr[any](map[string]any{"a": int64(2), "new": "d"})},
		{"a type that contains itself", listSchema, strings.Replace(listSchema, `"int"`, `"long"`, 1), []byte{2, 2, 4, 0}, &longList{1, &longList{2, nil}}},
		{"a type that contains itself in arrays, dropped", treeSchema, `{"type":"record","name":"Tree","fields":[{"name":"v","type":"int"}]}`, []byte{2, 2, 4, 0, 0}, &struct {
			V int `avro:"v"`
		}{1}},
		{"a default in a union", record(`{"name":"a","type":"int"}`), record(`{"name":"a","type":"int"},{"name":"p","type":[` + pairSchema + `,"null"],"default":{"a":"d","b":7}}`), []byte{4}, &struct {
			A int   `avro:"a"`
			P *pair `avro:"p"`
		}{2, &pair{"d", 7}}},
		{"branches that become one", `["int","long"]`, `"long"`, []byte{0, 6}, ptr(int64(3))},
		{"a branch that the reader lacks, absent", `["null","string"]`, `"string"`, []byte{2, 2, 'x'}, ptr("x")},
		{"a branch that the reader lacks", `["null","string"]`, `"string"`, []byte{0}, "null"},
		{"what is no record of the writer's", listSchema, strings.Replace(listSchema, `"int"`, `"long"`, 1), []byte{2}, "ends with the payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			decode := decoder(t, hamba.Codec(), test.writer, test.reader)
			for range 2 { // the second may go another way
				says, wrong := test.want.(string)
				if wrong {
					if _, err := decode(test.payload, new(string)); err == nil || !strings.Contains(err.Error(), says) {
						t.Errorf("%v, want %q", err, says)
					}
					continue
				}
				got := reflect.New(reflect.TypeOf(test.want).Elem())
				rest, err := decode(append(test.payload, "after"...), got.Interface())
				if err != nil || string(rest) != "after" {
					t.Fatalf("rest %q, %v", rest, err)
				}
				if !reflect.DeepEqual(got.Interface(), test.want) {
					t.Errorf("%+v, want %+v", got.Elem(), reflect.ValueOf(test.want).Elem())
				}
			}
		})
	}
}

type longList struct {
	V    int64     `avro:"v"`
	Next *longList `avro:"next"`
}

func TestRefuses(t *testing.T) {
	c := hamba.Codec()
	for _, schema := range []string{``, `{`, `"unknown"`, `{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}`} {
		if _, err := c.Decoder(schema, schema); err == nil {
			t.Errorf("a decoder of %s", schema)
		}
		if _, err := c.Decoder(`"int"`, schema); err == nil {
			t.Errorf("a decoder into %s", schema)
		}
	}
	if _, err := c.Encoder(`{`); err == nil {
		t.Error("an encoder of nothing")
	}
	for _, v := range []any{nil, (*pair)(nil), "text", struct{}{}, panicking{}} {
		if b, err := encoder(t, c, `{"type":"record","name":"P","fields":[{"name":"s","type":"string"}]}`)(nil, v); err == nil {
			t.Errorf("%T is encoded as %x", v, b)
		}
	}
}

type panicking struct {
	S panics `avro:"s"`
}

type panics struct{}

func (panics) MarshalText() ([]byte, error) { panic("here") }

type card struct {
	Number string `avro:"number"`
}

type cash struct {
	Sum int64 `avro:"sum"`
}

const paymentSchema = `{"type":"record","name":"Payment","namespace":"com.example","fields":[{"name":"by","type":["null",
	{"type":"record","name":"Card","fields":[{"name":"number","type":"string"}]},
	{"type":"record","name":"Cash","fields":[{"name":"sum","type":"long"}]}]}]}`

type payment struct {
	By any `avro:"by"`
}

func payments() avro.API {
	api := avro.Config{MaxByteSliceSize: -1, DisableBlockSizeHeader: true}.Freeze()
	api.Register("com.example.Card", &card{})
	api.Register("com.example.Cash", cash{})
	return api
}

func TestRegistered(t *testing.T) {
	c := hamba.New(payments())
	encode, decode := encoder(t, c, paymentSchema), decoder(t, c, paymentSchema, paymentSchema)
	for _, v := range []payment{{nil}, {&card{"12"}}, {cash{5}}} {
		b, err := encode(nil, &v)
		if err != nil {
			t.Fatal(err)
		}
		var got payment
		if _, err := decode(b, &got); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%x is %+v, want %+v; %v", b, got, v, err)
		}
	}
}

func TestAPI(t *testing.T) {
	// Long texts, and blocks, are as the API says.
	long := strings.Repeat("x", 2<<20)
	c := hamba.New(payments())
	b, err := encoder(t, c, `"string"`)(nil, long)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if _, err := decoder(t, c, `"string"`, `"string"`)(b, &got); err != nil || got != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := decoder(t, hamba.Codec(), `"string"`, `"string"`)(b, &got); err == nil {
		t.Error("the default API has a limit no more: say so in the package's documentation")
	}
	const ints = `{"type":"array","items":"int"}`
	if b, err = encoder(t, c, ints)(nil, []int{1}); err != nil || string(b) != "\x02\x02\x00" {
		t.Errorf("%x, %v", b, err)
	}
	if b, err = encoder(t, hamba.Codec(), ints)(nil, []int{1}); err != nil || string(b) != "\x01\x02\x02\x00" {
		t.Errorf("%x, %v", b, err)
	}
	// Fields may have other tags.
	other := avro.Config{TagKey: "json"}.Freeze()
	if _, err := hamba.New(other).Decoder(treeSchema, treeSchema); err == nil || !strings.Contains(err.Error(), "TagKey") {
		t.Errorf("not told of the tags: %v", err)
	}
	decode := decoder(t, hamba.New(other, hamba.TagKey("json")), treeSchema, treeSchema)
	var full jsonTree
	if _, err := decode([]byte{2, 2, 4, 0, 0}, &full); err != nil || len(full.Children) != 1 || full.Children[0].Value != 2 {
		t.Errorf("%+v, %v", full, err)
	}
	if _, err := decode([]byte{2, 0}, new(tree)); err == nil {
		t.Error("a tree without its branches")
	}
}

type jsonTree struct {
	Value    int         `json:"v"`
	Children []*jsonTree `json:"below"`
}

func TestConcurrent(t *testing.T) {
	c := hamba.New(payments())
	encode := encoder(t, c, paymentSchema)
	decode := decoder(t, c, paymentSchema, strings.Replace(paymentSchema, `"long"`, `"double"`, 1))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			var dst []byte
			for j := range 200 {
				want := payment{&card{strings.Repeat("n", i+j%10)}}
				var err error
				if dst, err = encode(dst[:0], &want); err != nil {
					t.Error(err)
					return
				}
				var got payment
				if _, err := decode(dst, &got); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%+v, %v", got, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// FuzzDecode gives payloads that nobody has written to schemas with all there is. What is read must be as the
// default library reads it, where that says that it is a record.
func FuzzDecode(f *testing.F) {
	schemas := []string{paymentSchema, listSchema, treeSchema, pairSchema,
		`{"type":"record","name":"All","fields":[
			{"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
			{"name":"y","type":"bytes"},{"name":"s","type":"string"},{"name":"e","type":{"type":"enum","name":"E","symbols":["x","y"]}},
			{"name":"x","type":{"type":"fixed","name":"X","size":3}},{"name":"dec","type":` + decimal + `},
			{"name":"day","type":{"type":"int","logicalType":"date"}},{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
			{"name":"m","type":{"type":"map","values":["null","int",{"type":"array","items":"string"}]}},
			{"name":"n","type":{"type":"array","items":"null"}}]}`,
	}
	readers := []string{"", strings.Replace(listSchema, `"int"`, `"long"`, 1), `{"type":"record","name":"Tree","fields":[{"name":"v","type":"int"}]}`,
		strings.Replace(pairSchema, `"b"`, `"c","default":1`, 1), ""}
	type reads func(payload []byte, into any) ([]byte, error)
	var same, other []reads
	for i, s := range schemas {
		same = append(same, decoder(f, hamba.New(payments()), s, s))
		if readers[i] != "" {
			other = append(other, decoder(f, hamba.New(payments()), s, readers[i]))
		} else {
			other = append(other, same[i])
		}
	}
	f.Add(byte(0), []byte{2, 4, '1', '2'})
	f.Add(byte(1), []byte{2, 2, 4, 0})
	f.Add(byte(2), []byte{2, 2, 4, 0, 0})
	f.Add(byte(3), []byte("\x02x\x06after"))
	f.Add(byte(4), append(append([]byte{1, 2, 2}, make([]byte, 12)...), 2, 'y', 2, 's', 2, 1, 2, 3, 2, 50, 2, 2, 2, 2, 'k', 2, 6, 0, 8, 0))
	f.Add(byte(4), longs(1<<40))
	f.Fuzz(func(t *testing.T, which byte, payload []byte) {
		i := int(which) % len(schemas)
		var got any
		rest, err := same[i](payload, &got)
		if err == nil {
			if !strings.HasSuffix(string(payload), string(rest)) {
				t.Errorf("%x is left of %x", rest, payload)
			}
			if len(rest) > 0 {
				if _, err := same[i](payload[:len(payload)-len(rest)], new(any)); err != nil {
					t.Errorf("without the rest: %v", err)
				}
			}
		}
		var again any
		if _, err2 := other[i](payload, &again); err2 == nil && err != nil {
			t.Errorf("read by another schema, but not by its own: %v", err)
		}
		for _, into := range []any{new(payment), new(listed), new(tree), new(pair)} {
			_, _ = same[i](payload, into)
		}
	})
}
