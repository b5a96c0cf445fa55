// Package serde turns values into messages and messages into values, by the
// data contracts in a registry.
//
// A [Serializer] finds the schema of a topic, runs the rules of its contract on the value, encodes
// it and frames it with the schema's id. A [Deserializer] does it backwards, and takes records of other versions to the
// one asked for by the contract's migration rules. What is to be done for one schema is worked out once, as a plan; a message
// then asks nobody and waits for nobody.
//
// The bytes are those of Confluent's Java client.
package serde

// Header is a header of a Kafka record.
type Header struct {
	Key   string
	Value []byte
}

// Record is what a serializer or a deserializer sees of a Kafka record.
type Record struct {
	Topic   string
	Headers []Header
	// Key is the record's key in bytes, for the dead letters of values. It may be nil.
	Key []byte
	// Data is the key or the value in bytes; nil is null, a tombstone.
	Data []byte
}

// Format is a schema language.
type Format string

// The formats. A Deserializer of T = any may have the format Any: that of whatever comes.
const (
	Avro     Format = "AVRO"
	JSON     Format = "JSON"
	Protobuf Format = "PROTOBUF"
	Any      Format = ""
)
