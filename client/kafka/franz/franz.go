// Package franz puts typed keys and values into the records of franz-go, and takes them out again.
//
// [Producer] produces values; [Records] goes through what was fetched and gives each record with its
// key and value, or the error. [ReadAhead] is a hook for a client: records are then read while they are fetched, before they are
// polled. [DeadLetters] sends the records that rules refuse. SerializeValue, DeserializeValue and the like
// work on one record, for programs that have their own loop.
//
// A serde may be nil: that part of the record has no schema, and its type must be []byte or string.
//
// There is no hook for producing: the hooks of franz-go cannot refuse a record.
package franz

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// SerializeKey sets the key of a record, and with header framing adds a header to it. s must be a serializer of keys. The topic
// must be set; the bytes are the record's.
func SerializeKey[K any](ctx context.Context, s *serde.Serializer[K], rec *kgo.Record, k K) error {
	r := serde.Record{Topic: rec.Topic, Headers: headersOf(rec)}
	if err := kafka.Serialize(ctx, s, &r, k); err != nil {
		return err
	}
	rec.Key = r.Data
	setHeaders(rec, r.Headers)
	return nil
}

// SerializeValue sets the value of a record, and with header framing adds a header to it. The topic must be set, and
// the key should be, for the dead letter should there be one. The bytes are the record's.
func SerializeValue[V any](ctx context.Context, s *serde.Serializer[V], rec *kgo.Record, v V) error {
	r := serde.Record{Topic: rec.Topic, Headers: headersOf(rec), Key: rec.Key}
	if err := kafka.Serialize(ctx, s, &r, v); err != nil {
		return err
	}
	rec.Value = r.Data
	setHeaders(rec, r.Headers)
	return nil
}

// DeserializeKey reads the key of a record. d must be a deserializer of keys. What a nil d gives shares the memory of the record.
func DeserializeKey[K any](ctx context.Context, d *serde.Deserializer[K], rec *kgo.Record) (K, error) {
	k, err := kafka.DeserializeKey(ctx, d, serde.Record{Topic: rec.Topic, Headers: headersOf(rec), Key: rec.Key}, rec.Value)
	if err != nil {
		return k, failed(rec, kafka.Key, err)
	}
	return k, nil
}

// DeserializeValue reads the value of a record. What a nil d gives shares the memory of the record.
func DeserializeValue[V any](ctx context.Context, d *serde.Deserializer[V], rec *kgo.Record) (V, error) {
	v, err := kafka.DeserializeValue(ctx, d, &serde.Record{Topic: rec.Topic, Headers: headersOf(rec), Key: rec.Key, Data: rec.Value})
	if err != nil {
		return v, failed(rec, kafka.Value, err)
	}
	return v, nil
}

func failed(rec *kgo.Record, part kafka.Part, err error) error {
	return &kafka.Error{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Part: part, Err: err}
}

// headersOf is nil for a record without headers.
func headersOf(rec *kgo.Record) []serde.Header {
	if len(rec.Headers) == 0 {
		return nil
	}
	headers := make([]serde.Header, len(rec.Headers))
	for i, h := range rec.Headers {
		headers[i] = serde.Header(h)
	}
	return headers
}

// setHeaders does not touch the array of headers that the record had: it may be shared by others.
func setHeaders(rec *kgo.Record, headers []serde.Header) {
	if len(headers) == 0 {
		return
	}
	rec.Headers = make([]kgo.RecordHeader, len(headers))
	for i, h := range headers {
		rec.Headers[i] = kgo.RecordHeader(h)
	}
}
