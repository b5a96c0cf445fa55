package kafka_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

func TestWithoutSerde(t *testing.T) {
	for _, data := range [][]byte{nil, {}, []byte("Ada")} {
		var r serde.Record
		if err := kafka.Serialize(t.Context(), nil, &r, data); err != nil || !same(r.Data, data) {
			t.Errorf("%q is written as %q, %v", data, r.Data, err)
		}
		if got, err := kafka.DeserializeValue[[]byte](t.Context(), nil, &r); err != nil || !same(got, data) {
			t.Errorf("%q is read as %q, %v", data, got, err)
		}
		if got, err := kafka.DeserializeKey[[]byte](t.Context(), nil, serde.Record{Key: data}, nil); err != nil || !same(got, data) {
			t.Errorf("the key %q is read as %q, %v", data, got, err)
		}
		if got, err := kafka.DeserializeValue[string](t.Context(), nil, &r); err != nil || got != string(data) {
			t.Errorf("%q is read as the string %q, %v", data, got, err)
		}
		got, err := kafka.DeserializeValue[any](t.Context(), nil, &r)
		if b, _ := got.([]byte); err != nil || !same(b, data) || (got == nil) != (data == nil) {
			t.Errorf("%q is read as %#v, %v", data, got, err)
		}
	}
	var r serde.Record
	if err := kafka.Serialize(t.Context(), nil, &r, "Ada"); err != nil || string(r.Data) != "Ada" {
		t.Errorf("a string is written as %q, %v", r.Data, err)
	}
	if err := kafka.Serialize[any](t.Context(), nil, &r, nil); err != nil || r.Data != nil {
		t.Errorf("nil is written as %q, %v", r.Data, err)
	}
	if err := kafka.Serialize(t.Context(), nil, &r, 7); err == nil {
		t.Error("a number is written without a serde")
	}
	if _, err := kafka.DeserializeValue[int](context.Background(), nil, &r); err == nil {
		t.Error("a number is read without a serde")
	}
}

// same tells null from empty.
func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
