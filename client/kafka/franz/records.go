package franz

import (
	"context"
	"iter"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Record is a record that was fetched, with its key and value.
type Record[K, V any] struct {
	*kgo.Record // as it came: Record.Key and Record.Value are the bytes
	Key         K
	Value       V
}

// Read reads the key and then the value of a record. The error is a *kafka.Error; the record comes with it, and with
// the key if it was the value that could not be read. A null key or value gives the zero K or V.
func Read[K, V any](ctx context.Context, rec *kgo.Record, key *serde.Deserializer[K], value *serde.Deserializer[V]) (Record[K, V], error) {
	if rec.Context != nil {
		if done, ok := rec.Context.Value(serdes[K, V]{key, value}).(*ahead[K, V]); ok {
			return Record[K, V]{rec, done.key, done.value}, done.err
		}
	}
	return read(ctx, rec, key, value)
}

func read[K, V any](ctx context.Context, rec *kgo.Record, key *serde.Deserializer[K], value *serde.Deserializer[V]) (Record[K, V], error) {
	typed := Record[K, V]{Record: rec}
	if rec.Attrs.IsControl() {
		return typed, nil // a mark of a transaction, which clients see that asked for it
	}
	var err error
	if typed.Key, err = DeserializeKey(ctx, key, rec); err != nil {
		return typed, err
	}
	typed.Value, err = DeserializeValue(ctx, value, rec)
	return typed, err
}

// Records reads, one after the other, all that was fetched. Each record is given once: with its key and value, or
// with the error of the one that could not be read, which stops none after it. An error of a partition comes after the
// partition's records, as a *kafka.Error without a part, and a record that has a topic, a partition and the offset -1 and nothing else; for an
// error of the client or of the context that it polled with, the topic is "" and the partition -1.
//
// A record is read when its turn comes: what comes after the end of a loop that was left is not read.
func Records[K, V any](ctx context.Context, fetches kgo.Fetches, key *serde.Deserializer[K], value *serde.Deserializer[V]) iter.Seq2[Record[K, V], error] {
	return func(yield func(Record[K, V], error) bool) {
		for f := range fetches {
			for t := range fetches[f].Topics {
				topic := &fetches[f].Topics[t]
				for p := range topic.Partitions {
					partition := &topic.Partitions[p]
					for _, rec := range partition.Records {
						if !yield(Read(ctx, rec, key, value)) {
							return
						}
					}
					if partition.Err == nil {
						continue
					}
					none := &kgo.Record{Topic: topic.Topic, Partition: partition.Partition, Offset: -1}
					if !yield(Record[K, V]{Record: none}, failed(none, "", partition.Err)) {
						return
					}
				}
			}
		}
	}
}

// ReadAhead makes a hook, for [kgo.WithHooks], that reads records as the client fetches them, before they are polled: those
// of several brokers at the same time, and while the program works on the records before. [Read] and [Records] with
// the same deserializers then give what was read, errors too.
//
// ctx is for reading; a client is best closed before it ends. Reading waits for the registry when it meets
// a schema for the first time, and as long nothing more is fetched from that broker.
//
// Records that are fetched but never polled, as when partitions move to another consumer, have been read all the same. Where
// rules send dead letters, the one who reads such a record next sends its letter again.
func ReadAhead[K, V any](ctx context.Context, key *serde.Deserializer[K], value *serde.Deserializer[V]) kgo.Hook {
	return &reader[K, V]{ctx, serdes[K, V]{key, value}}
}

// serdes is under which a record's context has what was read ahead.
type serdes[K, V any] struct {
	key   *serde.Deserializer[K]
	value *serde.Deserializer[V]
}

type ahead[K, V any] struct {
	key   K
	value V
	err   error
}

type reader[K, V any] struct {
	ctx context.Context
	serdes[K, V]
}

var _ kgo.HookFetchRecordBuffered = (*reader[any, any])(nil)

func (r *reader[K, V]) OnFetchRecordBuffered(rec *kgo.Record) {
	typed, err := read(r.ctx, rec, r.key, r.value)
	parent := rec.Context // of other hooks and of the client itself
	if parent == nil {
		parent = context.Background()
	}
	rec.Context = context.WithValue(parent, r.serdes, &ahead[K, V]{typed.Key, typed.Value, err})
}
