package kafka

import (
	"context"
	"fmt"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Serialize sets the data of a record to the message of a value: as s.SerializeRecord does or, where s is nil, to the value itself.
func Serialize[T any](ctx context.Context, s *serde.Serializer[T], r *serde.Record, v T) error {
	if s != nil {
		return s.SerializeRecord(ctx, r, v)
	}
	data, err := raw(v)
	if err != nil {
		return err
	}
	r.Data = data
	return nil
}

// SerializeRecord sets the key and the data of a record to the messages of a key and a value, each as Serialize has it. The serializer of the
// value sees the key.
func SerializeRecord[K, V any](ctx context.Context, r *serde.Record, key *serde.Serializer[K], k K, value *serde.Serializer[V], v V) error {
	if err := Serialize(ctx, key, r, k); err != nil {
		return err
	}
	r.Key, r.Data = r.Data, nil
	return Serialize(ctx, value, r, v)
}

// DeserializeKey reads the key of a record, whose Data is ignored: as d.DeserializeRecord does or, where d is nil, it is the key itself. A
// []byte then shares its memory with r.Key. A key that a rule refuses is sent with the value of its record, if the sender asks [Letter].
func DeserializeKey[K any](ctx context.Context, d *serde.Deserializer[K], r serde.Record, value []byte) (K, error) {
	if d == nil {
		return itself[K](r.Key)
	}
	reading := &reading{ctx, r, value}
	reading.record.Data = r.Key
	return d.DeserializeRecord(reading, &reading.record)
}

// DeserializeValue reads the value of a record: as d.DeserializeRecord does or, where d is nil, it is the value itself. A
// []byte then shares its memory with r.Data.
func DeserializeValue[V any](ctx context.Context, d *serde.Deserializer[V], r *serde.Record) (V, error) {
	if d == nil {
		return itself[V](r.Data)
	}
	return d.DeserializeRecord(ctx, r)
}

// reading is the context in which a key is read: a serde sees one part of a record, and its dead letter is to have both.
type reading struct {
	context.Context
	record serde.Record
	value  []byte
}

type readingKey struct{}

func (r *reading) Value(key any) any {
	if key == (readingKey{}) {
		return r
	}
	return r.Context.Value(key)
}

// itself is data as a value that has no schema.
func itself[T any](data []byte) (T, error) {
	var v T
	switch to := any(&v).(type) {
	case *[]byte:
		*to = data
	case *string:
		*to = string(data)
	case *any:
		if data != nil {
			*to = data
		}
	default:
		return v, rawError(v)
	}
	return v, nil
}

// raw is the data of a value that has no schema: a []byte as it is, which may be nil for null, the bytes of a string, or nothing for a nil any.
func raw(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []byte:
		return v, nil
	case string:
		return []byte(v), nil
	}
	return nil, rawError(v)
}

func rawError(v any) error {
	return fmt.Errorf("there is no serde for %T: without one, keys and values are []byte or string", v)
}
