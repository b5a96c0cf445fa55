package hamba_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"

	"github.com/seed-9f7c7091/concordat/client/serde/hamba"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
)

// TestFlat has records without arrays, maps and types that contain themselves, which the library reads as they come: what ends too
// early is an error all the same, and what follows is left.
func TestFlat(t *testing.T) {
	encode, decode := encoder(t, hamba.Codec(), flatSchema), decoder(t, hamba.Codec(), flatSchema, flatSchema)
	payload, err := encode(nil, aFlat())
	if err != nil {
		t.Fatal(err)
	}
	for n := range payload {
		var early *recordavro.PayloadError
		if _, err := decode(payload[:n], new(flat)); !errors.As(err, &early) {
			t.Errorf("%d bytes of %d: %v", n, len(payload), err)
		}
	}
	for _, after := range []string{"", "x", "after"} {
		var got flat
		rest, err := decode(append(payload, after...), &got)
		if err != nil || string(rest) != after || !reflect.DeepEqual(&got, aFlat()) {
			t.Errorf("%+v and %q, %v", got, rest, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = decode(payload, new(flat)) }); n > 3 {
		t.Errorf("decoding allocates %v times", n)
	}
}

// FuzzFlat compares what the library reads as it comes with what is read of payloads that have been gone through.
func FuzzFlat(f *testing.F) {
	schemas := []string{flatSchema, pairSchema, `"string"`, `["null","int",{"type":"fixed","name":"F","size":2}]`,
		`{"type":"record","name":"R","fields":[{"name":"f","type":"float"},{"name":"y","type":"bytes"},{"name":"in","type":` + pairSchema + `},{"name":"d","type":` + decimal + `}]}`}
	lavish := avro.Config{MaxByteSliceSize: 1 << 30}.Freeze() // whose payloads are gone through
	payload, err := avro.Marshal(avro.MustParse(flatSchema), aFlat())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(0), payload)
	f.Add(byte(1), []byte("\x02x\x06after"))
	f.Add(byte(2), longs(1<<40))
	f.Add(byte(3), []byte{4, 'x', 'y'})
	f.Add(byte(4), []byte{0, 0, 0, 0, 2, 1, 2, 'x', 4, 2, 7})
	type reads func(payload []byte, into any) ([]byte, error)
	var straight, through []reads
	for _, s := range schemas {
		straight = append(straight, decoder(f, hamba.Codec(), s, s))
		through = append(through, decoder(f, hamba.New(lavish), s, s))
	}
	f.Fuzz(func(t *testing.T, which byte, payload []byte) {
		i := int(which) % len(schemas)
		for _, of := range []reflect.Type{reflect.TypeFor[any](), reflect.TypeFor[flat](), reflect.TypeFor[struct{}]()} {
			a, b := reflect.New(of), reflect.New(of)
			rest, err := straight[i](payload, a.Interface())
			rest2, err2 := through[i](payload, b.Interface())
			if err == nil && err2 != nil && (of.Kind() == reflect.Struct || strings.Contains(err2.Error(), "a number has more than")) {
				continue // which the library says nothing of
			}
			if (err == nil) != (err2 == nil) || !bytes.Equal(rest, rest2) {
				t.Fatalf("%s, %T: %q left, %v; gone through %q left, %v", schemas[i], a.Interface(), rest, err, rest2, err2)
			}
			again, _ := encoderOf(schemas[i])(nil, a.Elem().Interface())
			again2, _ := encoderOf(schemas[i])(nil, b.Elem().Interface())
			if err == nil && !bytes.Equal(again, again2) {
				t.Fatalf("%s: %+v, gone through %+v", schemas[i], a.Elem(), b.Elem())
			}
		}
	})
}

// encoderOf encodes by a schema that is one.
func encoderOf(schema string) func(dst []byte, v any) ([]byte, error) {
	encode, err := hamba.Codec().Encoder(schema)
	if err != nil {
		panic(err)
	}
	return encode
}
