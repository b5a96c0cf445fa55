// Package confluent puts typed keys and values into the messages of confluent-kafka-go, and takes them out again.
//
// [NewMessage] makes a message for a producer; [Records] goes through what a consumer reads and gives
// each message with its key and value, or the error. [DeadLetters] sends the records that rules refuse.
//
// A serde may be nil: that part of the message has no schema, and its type must be []byte or string.
//
// The package is a Go module of its own, because confluent-kafka-go is librdkafka in C: it is built with cgo, or not at
// all (CGO_ENABLED=1 and a C compiler).
package confluent
