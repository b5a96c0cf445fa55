package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// ours is the serde of this project. Like a child it has a new client for each message.
type ours struct{ url string }

func (o ours) options(x *exchange, r role) []serde.Option {
	options := []serde.Option{serde.WithProperties(r.Config)}
	if x.Key {
		options = append(options, serde.ForKeys())
	}
	return options
}

func (o ours) write(ctx context.Context, x *exchange) (message, error) {
	v := x.Versions[x.Writer.Version-1]
	options := o.options(x, x.Writer)
	if x.Header {
		options = append(options, serde.HeaderFraming())
	}
	if s, needed := x.given(v); needed {
		options = append(options, serde.WithSchema(s))
	}
	if x.typed {
		return structs[x.Name].write(ctx, o, x, options)
	}
	value, err := x.native(v)
	if err != nil {
		return message{}, err
	}
	return write[any](ctx, o, x, options, value)
}

// given is the schema that a writer needs to be told: it registers it or looks it up. A Protobuf message brings its own.
func (x *exchange) given(v version) (api.Schema, bool) {
	c := x.Writer.Config
	return x.schema(v.Schema, v.Needs), x.Format != api.Protobuf && c["use.latest.version"] != "true" && c["use.latest.with.metadata"] == ""
}

func write[T any](ctx context.Context, o ours, x *exchange, options []serde.Option, value T) (message, error) {
	c, err := client.New(o.url)
	if err != nil {
		return message{}, err
	}
	defer c.Close()
	s, err := serde.NewSerializer[T](c, serde.Format(x.Format), options...)
	if err != nil {
		return message{}, err
	}
	r := &serde.Record{Topic: x.topic}
	if err := s.SerializeRecord(ctx, r, value); err != nil {
		return message{}, err
	}
	m := message{data: r.Data}
	for _, h := range r.Headers {
		m.headers = append(m.headers, header{h.Key, h.Value})
	}
	return m, nil
}

func (o ours) read(ctx context.Context, x *exchange, m message) (any, error) {
	options := o.options(x, x.Reader)
	if x.typed {
		return structs[x.Name].read(ctx, o, x, options, m)
	}
	got, err := read[any](ctx, o, x, options, m)
	if err != nil {
		return nil, err
	}
	return plain(got)
}

func read[T any](ctx context.Context, o ours, x *exchange, options []serde.Option, m message) (T, error) {
	var none T
	c, err := client.New(o.url)
	if err != nil {
		return none, err
	}
	defer c.Close()
	d, err := serde.NewDeserializer[T](c, serde.Format(x.Format), options...)
	if err != nil {
		return none, err
	}
	var headers []serde.Header
	for _, h := range m.headers {
		headers = append(headers, serde.Header{Key: h.name, Value: h.value})
	}
	return d.Deserialize(ctx, x.topic, m.data, headers...)
}

// native is the value of a case as package record has it.
func (x *exchange) native(v version) (any, error) {
	if string(x.Value) == "null" {
		return nil, nil
	}
	switch x.Format {
	case api.Avro:
		references, err := x.references(v.Needs)
		if err != nil {
			return nil, err
		}
		var dependencies []schema.Dependency
		for _, r := range references {
			dependencies = append(dependencies, schema.Dependency{Name: r.Name, Subject: r.Subject, Version: 1, Type: x.Format, Text: string(r.Schema)})
		}
		s, err := avro.Parse(schema.Source{Text: string(v.Schema), Dependencies: dependencies})
		if err != nil {
			return nil, err
		}
		f, err := recordavro.New(s)
		if err != nil {
			return nil, err
		}
		return f.Read(x.Value)
	case api.Protobuf:
		file, err := compile(x.testCase, v)
		if err != nil {
			return nil, err
		}
		m := dynamicpb.NewMessage(file.message(protoreflect.FullName(x.Message)))
		return m, protojson.Unmarshal(x.Value, m)
	}
	var value any
	err := json.Unmarshal(x.Value, &value)
	return value, err
}

// plain is a record as the cases write it.
func plain(v any) (any, error) {
	if m, ok := v.(proto.Message); ok {
		text, err := protojson.Marshal(m)
		if err != nil {
			return nil, err
		}
		return decode(text)
	}
	bare, err := untagged(v)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(bare)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// untagged takes the names of branches off and writes bytes as the cases do.
func untagged(v any) (any, error) {
	switch v := v.(type) {
	case *record.Branch:
		return untagged(v.Value)
	case []byte:
		return map[string]string{"$bytes": hex.EncodeToString(v)}, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			item, err := untagged(v[i])
			if err != nil {
				return nil, err
			}
			out[i] = item
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			item, err := untagged(v[k])
			if err != nil {
				return nil, err
			}
			out[k] = item
		}
		return out, nil
	case nil, bool, string, int32, int64, float32, float64, json.Number:
		return v, nil
	}
	return nil, fmt.Errorf("a record has a %T", v)
}
