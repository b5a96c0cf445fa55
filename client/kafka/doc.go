// Package kafka is what the adapters between package serde and the Kafka
// clients have in common: a part of a record that has no schema, the error of a record that
// cannot be read, and the dead letter that must not be sent.
//
// The adapters are below it: franz for github.com/twmb/franz-go, sarama for github.com/IBM/sarama, and, a Go
// module of its own because it needs cgo, confluent for github.com/confluentinc/confluent-kafka-go. An adapter for another client needs
// no more than this package and serde.
package kafka
