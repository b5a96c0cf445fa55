//go:build cgo

package main

import (
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/cel"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/jsonata"
	confluent "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/avrov2"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/jsonschema"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/protobuf"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// The serdes of confluent-kafka-go stand on its Kafka client, which is C.

const withConfluent = true

func (s *serdes) theirClient() schemaregistry.Client {
	c, err := schemaregistry.NewClient(schemaregistry.NewConfig(s.url))
	check(err)
	return c
}

// theirWriting makes the message of a value.
func (s *serdes) theirWriting(t their, topic string, v any) func() {
	var out confluent.Serializer
	var err error
	switch t.format {
	case serde.Avro:
		c := avrov2.NewSerializerConfig()
		c.UseLatestVersion, c.AutoRegisterSchemas = t.latest, !t.latest
		out, err = avrov2.NewSerializer(s.theirClient(), confluent.ValueSerde, c)
	case serde.JSON:
		c := jsonschema.NewSerializerConfig()
		c.UseLatestVersion, c.AutoRegisterSchemas, c.EnableValidation = t.latest, !t.latest, t.validates
		out, err = jsonschema.NewSerializer(s.theirClient(), confluent.ValueSerde, c)
	case serde.Protobuf:
		c := protobuf.NewSerializerConfig()
		c.UseLatestVersion, c.AutoRegisterSchemas, c.CacheSchemas = t.latest, !t.latest, true
		out, err = protobuf.NewSerializer(s.theirClient(), confluent.ValueSerde, c)
	}
	check(err)
	message, err := out.Serialize(topic, v)
	check(err)
	s.isOrder(t.format, topic, message)
	return func() {
		_, err := out.Serialize(topic, v)
		check(err)
	}
}

// theirReading makes a value of a message. What it gives is not looked at if nothing is wanted.
func (s *serdes) theirReading(t their, topic string, message []byte, fresh func() any, want any) func() {
	var in confluent.Deserializer
	var err error
	switch t.format {
	case serde.Avro:
		c := avrov2.NewDeserializerConfig()
		c.UseLatestVersion = t.latest
		in, err = avrov2.NewDeserializer(s.theirClient(), confluent.ValueSerde, c)
	case serde.JSON:
		c := jsonschema.NewDeserializerConfig()
		c.UseLatestVersion, c.EnableValidation = t.latest, t.validates
		in, err = jsonschema.NewDeserializer(s.theirClient(), confluent.ValueSerde, c)
	case serde.Protobuf:
		c := protobuf.NewDeserializerConfig()
		c.UseLatestVersion = t.latest
		in, err = protobuf.NewDeserializer(s.theirClient(), confluent.ValueSerde, c)
	}
	check(err)
	got := fresh()
	check(in.DeserializeInto(topic, message, got))
	if want != nil {
		check(equal(topic, got, want))
	}
	return func() { check(in.DeserializeInto(topic, message, fresh())) }
}
