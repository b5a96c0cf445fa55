// Command serde drives the serdes of github.com/confluentinc/confluent-kafka-go/v2/schemaregistry for interop/serde: a request
// for each line of input, an answer for each line of output. child.go there has the form of both.
//
// It needs cgo: the serdes import the Kafka client. Every request is carried out by a client of its own, because a client
// answers from its cache whatever it has seen before.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/cel"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/jsonata"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/avrov2"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/jsonschema"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/protobuf"
)

type request struct {
	Op          string            `json:"op"`
	Format      string            `json:"format"`
	Topic       string            `json:"topic"`
	Key         bool              `json:"key"`
	Header      bool              `json:"header"`
	Config      map[string]string `json:"config"`
	Schema      schemaText        `json:"schema"`
	Named       []string          `json:"named"`
	Descriptors []byte            `json:"descriptors"`
	Message     string            `json:"message"`
	Value       json.RawMessage   `json:"value"`
	Data        *string           `json:"data"`
	Headers     []header          `json:"headers"`
}

type schemaText struct {
	Schema string `json:"schema"`
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type answer struct {
	Data    *string         `json:"data,omitempty"`
	Headers []header        `json:"headers,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var q request
		a := &answer{}
		if err == nil {
			err = json.Unmarshal(line, &q)
		}
		if err == nil {
			a, err = q.answer()
		}
		if err != nil {
			a = &answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// answer carries a request out. A panic of the client is an error like others.
func (q *request) answer() (a *answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	config := schemaregistry.NewConfig(os.Getenv("CONCORDAT_URL"))
	config.MaxRetries = 0
	client, err := schemaregistry.NewClient(config)
	if err != nil {
		return nil, err
	}
	if q.Op == "write" {
		return q.write(client)
	}
	return q.read(client)
}

func (q *request) write(client schemaregistry.Client) (*answer, error) {
	s, err := q.serializer(client)
	if err != nil {
		return nil, err
	}
	value, err := q.native()
	if err != nil {
		return nil, err
	}
	headers, data, err := s.SerializeWithHeaders(q.Topic, value)
	if err != nil || data == nil {
		return &answer{}, err
	}
	text := hex.EncodeToString(data)
	a := &answer{Data: &text}
	for _, h := range headers {
		a.Headers = append(a.Headers, header{h.Key, hex.EncodeToString(h.Value)})
	}
	return a, nil
}

func (q *request) read(client schemaregistry.Client) (*answer, error) {
	d, into, err := q.deserializer(client)
	if err != nil {
		return nil, err
	}
	var data []byte
	if q.Data != nil {
		if data, err = hex.DecodeString(*q.Data); err != nil {
			return nil, err
		}
	}
	var headers []kafka.Header
	for _, h := range q.Headers {
		value, err := hex.DecodeString(h.Value)
		if err != nil {
			return nil, err
		}
		headers = append(headers, kafka.Header{Key: h.Name, Value: value})
	}
	value, err := d.DeserializeWithHeaders(q.Topic, headers, data)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return &answer{Value: json.RawMessage("null")}, nil
	}
	text, err := into(value)
	return &answer{Value: text}, err
}

func (q *request) kind() serde.Type {
	if q.Key {
		return serde.KeySerde
	}
	return serde.ValueSerde
}

// metadata is what use.latest.with.metadata says.
func (q *request) metadata() map[string]string {
	if q.Config["use.latest.with.metadata"] == "" {
		return nil
	}
	out := map[string]string{}
	for pair := range strings.SplitSeq(q.Config["use.latest.with.metadata"], ",") {
		name, value, _ := strings.Cut(pair, "=")
		out[name] = value
	}
	return out
}

func (q *request) configureSerializer(c *serde.SerializerConfig) {
	c.AutoRegisterSchemas = q.Config["auto.register.schemas"] == "true"
	c.UseLatestVersion = q.Config["use.latest.version"] == "true"
	c.UseLatestWithMetadata = q.metadata()
}

func (q *request) configureDeserializer(c *serde.DeserializerConfig) {
	c.UseLatestVersion = q.Config["use.latest.version"] == "true"
	c.UseLatestWithMetadata = q.metadata()
}

func (q *request) serializer(client schemaregistry.Client) (serde.Serializer, error) {
	frame := serde.PrefixSchemaIDSerializer
	if q.Header {
		frame = serde.HeaderSchemaIDSerializer
	}
	switch q.Format {
	case "AVRO":
		c := avrov2.NewSerializerConfig()
		q.configureSerializer(&c.SerializerConfig)
		s, err := avrov2.NewSerializer(client, q.kind(), c)
		if err != nil {
			return nil, err
		}
		s.SchemaIDSerializer = frame
		return s, nil
	case "JSON":
		c := jsonschema.NewSerializerConfig()
		q.configureSerializer(&c.SerializerConfig)
		c.EnableValidation = q.Config["json.fail.invalid.schema"] == "true"
		s, err := jsonschema.NewSerializer(client, q.kind(), c)
		if err != nil {
			return nil, err
		}
		s.SchemaIDSerializer = frame
		return s, nil
	}
	c := protobuf.NewSerializerConfig()
	q.configureSerializer(&c.SerializerConfig)
	s, err := protobuf.NewSerializer(client, q.kind(), c)
	if err != nil {
		return nil, err
	}
	s.SchemaIDSerializer = frame
	return s, nil
}

// deserializer makes a deserializer and tells how its values are written in the cases.
func (q *request) deserializer(client schemaregistry.Client) (serde.Deserializer, func(any) ([]byte, error), error) {
	switch q.Format {
	case "AVRO":
		c := avrov2.NewDeserializerConfig()
		q.configureDeserializer(&c.DeserializerConfig)
		d, err := avrov2.NewDeserializer(client, q.kind(), c)
		if err != nil {
			return nil, nil, err
		}
		d.MessageFactory = func(_, name string) (any, error) {
			if name == "" {
				return new(any), nil
			}
			return new(map[string]any), nil
		}
		return d, q.rawAvro, nil
	case "JSON":
		c := jsonschema.NewDeserializerConfig()
		q.configureDeserializer(&c.DeserializerConfig)
		c.EnableValidation = q.Config["json.fail.invalid.schema"] == "true"
		d, err := jsonschema.NewDeserializer(client, q.kind(), c)
		if err != nil {
			return nil, nil, err
		}
		d.MessageFactory = func(string, string) (any, error) { return new(map[string]any), nil }
		return d, json.Marshal, nil
	}
	c := protobuf.NewDeserializerConfig()
	q.configureDeserializer(&c.DeserializerConfig)
	d, err := protobuf.NewDeserializer(client, q.kind(), c)
	if err != nil {
		return nil, nil, err
	}
	message, err := q.messageType()
	if err != nil {
		return nil, nil, err
	}
	return d, q.rawProtobuf, d.ProtoRegistry.RegisterMessage(message)
}

// native is the value of a request as the client takes it.
func (q *request) native() (any, error) {
	if bytes.Equal(q.Value, []byte("null")) || q.Value == nil {
		return nil, nil
	}
	switch q.Format {
	case "AVRO":
		return q.nativeAvro()
	case "JSON":
		var value map[string]any
		err := json.Unmarshal(q.Value, &value)
		return value, err
	}
	return q.nativeProtobuf()
}
