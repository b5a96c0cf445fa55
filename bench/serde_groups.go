package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	hamba "github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	twmb "github.com/twmb/avro"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/bench/internal/orderpb"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record/formats"
	recordjson "github.com/seed-9f7c7091/concordat/record/jsonschema"
	source "github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	jsonlanguage "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

func newOrder() any { return new(Order) }

// avroStructs measures structs without rules.
func (s *serdes) avroStructs() {
	frame := s.register("plain", serde.Avro, avroOrder, nil)
	order := s.order
	theirs, fast := hamba.MustParse(avroOrder), twmb.MustParse(avroOrder)
	payload, err := fast.Encode(order)
	check(err)
	message := framed(frame, payload)

	g := s.group("Avro, write a struct")
	g.row("hamba alone", func() {
		_, err := hamba.Marshal(theirs, order)
		check(err)
	})
	buf := make([]byte, 0, 1024)
	g.row("twmb alone, into a buffer", func() {
		_, err := fast.AppendEncode(buf, order)
		check(err)
	})
	g.row("a pointer into a buffer", writing(s, serde.Avro, "plain", order, latest, asItIs), atMost(0.6, "hamba alone"), noAllocs, ofIt("twmb alone, into a buffer"))
	g.row("a value into a buffer", writing(s, serde.Avro, "plain", *order, latest, asItIs), ofIt("hamba alone"))
	g.row("a pointer, registered by itself", writing(s, serde.Avro, "auto", order), atMost(0.6, "hamba alone"), noAllocs)
	g.row("a pointer, a header for the id", headerWriting(s, "plain", order), ofIt("a pointer into a buffer"), noAllocs)
	g.side("a pointer, 2 goroutines at once", together(writings(s, serde.Avro, 2, "plain", order, latest, asItIs)), ofIt("a pointer into a buffer"), noLocks)
	g.row("a pointer, by hamba", writing(s, serde.Avro, "plain", order, latest, asItIs, byHamba), ofIt("hamba alone"))
	g.row("confluent, latest", s.theirWriting(their{format: serde.Avro, latest: true}, "plain", order), ofIt("hamba alone"))
	g.row("confluent, registered by itself", s.theirWriting(their{format: serde.Avro}, "auto-confluent", order), ofIt("hamba alone"))

	g = s.group("Avro, read a struct")
	g.row("hamba alone", func() { check(hamba.Unmarshal(theirs, payload, new(Order))) })
	g.row("twmb alone", func() {
		_, err := fast.Decode(payload, new(Order))
		check(err)
	})
	g.row("a value", reading(s, serde.Avro, "plain", message, *order), atMost(1.1, "twmb alone"))
	g.row("a pointer", reading(s, serde.Avro, "plain", message, order), atMost(1.1, "twmb alone"), ofIt("hamba alone"))
	g.row("a pointer, latest, which it is", reading(s, serde.Avro, "plain", message, order, latest), atMost(1.15, "twmb alone"))
	g.row("a pointer, a header for the id", headerReading(s, "plain", order), ofIt("a pointer"))
	g.side("a pointer, 2 goroutines at once", together(readings(s, serde.Avro, 2, "plain", message, order)), ofIt("a pointer"), noLocks)
	g.row("a pointer, by hamba", reading(s, serde.Avro, "plain", message, order, byHamba), ofIt("hamba alone"))
	g.row("confluent", s.theirReading(their{format: serde.Avro}, "plain", message, newOrder, order), ofIt("twmb alone"))
	g.row("confluent, latest, which it is", s.theirReading(their{format: serde.Avro, latest: true}, "plain", message, newOrder, order), ofIt("twmb alone"))

	g = s.group("Avro, read a struct of the latest version, with a field more")
	longest := longer(order)
	frame = s.register("longer", serde.Avro, avroOrder, nil)
	s.register("longer", serde.Avro, avroOrderLonger, nil)
	message = framed(frame, payload)
	resolved, err := twmb.Resolve(fast, twmb.MustParse(avroOrderLonger))
	check(err)
	g.row("twmb alone", func() {
		_, err := resolved.Decode(payload, new(LongerOrder))
		check(err)
	})
	g.row("a pointer", reading(s, serde.Avro, "longer", message, longest, latest), atMost(1.15, "twmb alone"))
	g.row("a value", reading(s, serde.Avro, "longer", message, *longest, latest), atMost(1.15, "twmb alone"))
	g.row("confluent", s.theirReading(their{format: serde.Avro, latest: true}, "longer", message, func() any { return new(LongerOrder) }, longest), ofIt("twmb alone"))
}

// avroMaps measures records of maps.
func (s *serdes) avroMaps() {
	frame := s.register("maps", serde.Avro, avroOrder, nil)
	f, err := formats.Of(parsed(avro.Language, avroOrder))
	check(err)
	theirs, fast := hamba.MustParse(avroOrder), twmb.MustParse(avroOrder)
	payload, err := fast.Encode(s.order)
	check(err)
	message := framed(frame, payload)
	rec, err := f.Decode(payload)
	check(err)

	g := s.group("Avro, write a map")
	buf := make([]byte, 0, 1024)
	g.row("hamba alone", func() {
		_, err := hamba.Marshal(theirs, rec)
		check(err)
	})
	g.row("twmb alone, into a buffer", func() {
		_, err := fast.AppendEncode(buf, rec)
		check(err)
	})
	g.row("record/avro alone, into a buffer", func() {
		_, err := f.Append(buf, rec)
		check(err)
	})
	g.row("into a buffer", writing(s, serde.Avro, "maps", rec, latest, asItIs), ofIt("record/avro alone, into a buffer"), ofIt("twmb alone, into a buffer"))
	g.row("confluent, latest", s.theirWriting(their{format: serde.Avro, latest: true}, "maps", &rec), ofIt("hamba alone"))

	g = s.group("Avro, read a map")
	g.row("hamba alone", func() { check(hamba.Unmarshal(theirs, payload, new(any))) })
	g.row("twmb alone", func() {
		_, err := fast.Decode(payload, new(any))
		check(err)
	})
	g.row("record/avro alone", func() {
		_, err := f.Decode(payload)
		check(err)
	})
	g.row("a map", reading(s, serde.Avro, "maps", message, rec), atMost(1.1, "record/avro alone"), ofIt("twmb alone"))
	g.row("a map of any format", reading(s, serde.Any, "maps", message, rec), ofIt("record/avro alone"))
	g.row("a map, latest, which it is", reading(s, serde.Avro, "maps", message, rec, latest), atMost(1.15, "record/avro alone"))
	g.row("confluent", s.theirReading(their{format: serde.Avro}, "maps", message, func() any { return new(any) }, nil), ofIt("hamba alone"))
}

// conditions measures one CEL condition, when writing and when reading.
func (s *serdes) conditions() {
	rule := func(mode, text string) *api.RuleSet {
		return &api.RuleSet{DomainRules: []api.Rule{{Name: "positive", Kind: api.KindCondition, Mode: mode, Type: "CEL", Expr: text}}}
	}
	without := s.register("unruled", serde.Avro, avroOrder, nil)
	s.register("ruled-write", serde.Avro, avroOrder, rule(api.ModeWrite, orderCondition))
	s.register("ruled-write-confluent", serde.Avro, avroOrder, rule(api.ModeWrite, orderConditionTheir))
	with := s.register("ruled-read", serde.Avro, avroOrder, rule(api.ModeRead, orderCondition))
	withTheir := s.register("ruled-read-confluent", serde.Avro, avroOrder, rule(api.ModeRead, orderConditionTheir))
	f, err := formats.Of(parsed(avro.Language, avroOrder))
	check(err)
	payload, err := f.Append(nil, s.order)
	check(err)
	rec, err := f.Decode(payload)
	check(err)

	g := s.group("Avro and CEL, write")
	g.row("a pointer, no condition", writing(s, serde.Avro, "unruled", s.order, latest, asItIs))
	g.row("a pointer", writing(s, serde.Avro, "ruled-write", s.order, latest, asItIs), more(500, "a pointer, no condition"))
	g.row("a value, no condition", writing(s, serde.Avro, "unruled", *s.order, latest, asItIs))
	g.row("a value", writing(s, serde.Avro, "ruled-write", *s.order, latest, asItIs), more(500, "a value, no condition"))
	g.row("a map, no condition", writing(s, serde.Avro, "unruled", rec, latest, asItIs))
	g.row("a map", writing(s, serde.Avro, "ruled-write", rec, latest, asItIs), more(500, "a map, no condition"))
	g.row("confluent, no condition", s.theirWriting(their{format: serde.Avro, latest: true}, "unruled", s.order))
	g.row("confluent", s.theirWriting(their{format: serde.Avro, latest: true}, "ruled-write-confluent", s.order), ofIt("confluent, no condition"))

	plain, ruled := framed(without, payload), framed(with, payload)
	g = s.group("Avro and CEL, read")
	g.row("a pointer, no condition", reading(s, serde.Avro, "unruled", plain, s.order))
	g.row("a pointer", reading(s, serde.Avro, "ruled-read", ruled, s.order), more(500, "a pointer, no condition"))
	g.row("a value, no condition", reading(s, serde.Avro, "unruled", plain, *s.order))
	g.row("a value", reading(s, serde.Avro, "ruled-read", ruled, *s.order), more(500, "a value, no condition"))
	g.row("a map, no condition", reading(s, serde.Avro, "unruled", plain, rec))
	g.row("a map", reading(s, serde.Avro, "ruled-read", ruled, rec), more(500, "a map, no condition"))
	g.row("confluent, no condition", s.theirReading(their{format: serde.Avro}, "unruled", plain, newOrder, s.order))
	g.row("confluent", s.theirReading(their{format: serde.Avro}, "ruled-read-confluent", framed(withTheir, payload), newOrder, s.order), ofIt("confluent, no condition"))
}

// renaming measures one JSONATA migration.
func (s *serdes) renaming() {
	frame := s.register("renamed", serde.Avro, avroOrder, nil)
	s.register("renamed", serde.Avro, avroOrderRenamed, &api.RuleSet{MigrationRules: []api.Rule{
		{Name: "rename", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: renamingOrder},
	}})
	payload, err := twmb.MustParse(avroOrder).Encode(s.order)
	check(err)
	message, want := framed(frame, payload), renamed(s.order)
	f, err := formats.Of(parsed(avro.Language, avroOrderRenamed))
	check(err)
	bytes, err := f.Append(nil, want)
	check(err)
	rec, err := f.Decode(bytes)
	check(err)

	g := s.group("Avro and JSONATA, a field renamed")
	limit := goal{micros: 10}
	g.row("a pointer", reading(s, serde.Avro, "renamed", message, want, latest), limit, atMost(0.2, "confluent"))
	g.row("a value", reading(s, serde.Avro, "renamed", message, *want, latest), limit, atMost(0.2, "confluent"))
	g.row("a map", reading(s, serde.Avro, "renamed", message, rec, latest), limit, atMost(0.2, "confluent, a map"))
	g.row("confluent", s.theirReading(their{format: serde.Avro, latest: true}, "renamed", message, func() any { return new(RenamedOrder) }, want))
	g.row("confluent, a map", s.theirReading(their{format: serde.Avro, latest: true}, "renamed", message, func() any { return new(any) }, nil))
}

// json measures JSON, with and without a look at its schema.
func (s *serdes) json() {
	frame := s.register("json", serde.JSON, jsonOrder, nil)
	payload, err := json.Marshal(s.order)
	check(err)
	message := framed(frame, payload)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(jsonOrder))
	check(err)
	c := jsonschema.NewCompiler()
	check(c.AddResource("order.json", doc))
	validator, err := c.Compile("order.json")
	check(err)
	validate := func(text []byte) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		check(err)
		check(validator.Validate(v))
	}
	schema, err := jsonlanguage.Parse(source.Source{Text: jsonOrder, New: true})
	check(err)
	f, err := recordjson.NewFormat(schema)
	check(err)
	ours := f.Validator()
	rec, err := serde.NewDeserializer[any](s.client, serde.JSON)
	check(err)
	generic, err := rec.Deserialize(context.Background(), "json", message)
	check(err)

	g := s.group("JSON, write")
	g.row("encoding/json alone", func() {
		_, err := json.Marshal(s.order)
		check(err)
	})
	g.row("encoding/json, then santhosh's validation", func() {
		text, err := json.Marshal(s.order)
		check(err)
		validate(text)
	})
	g.row("encoding/json, then record/jsonschema's validation", func() {
		text, err := json.Marshal(s.order)
		check(err)
		check(ours.Validate(text))
	})
	g.row("a pointer, validated", writing(s, serde.JSON, "json", s.order, latest, asItIs, validated), atMost(1.1, "encoding/json, then santhosh's validation"), ofIt("encoding/json, then record/jsonschema's validation"), ofIt("encoding/json alone"))
	g.row("a pointer", writing(s, serde.JSON, "json", s.order, latest, asItIs, trusting), atMost(1.1, "encoding/json alone"))
	g.row("a value, validated", writing(s, serde.JSON, "json", *s.order, latest, asItIs, validated), atMost(1.1, "encoding/json, then santhosh's validation"))
	g.row("a map, validated", writing(s, serde.JSON, "json", generic, latest, asItIs, validated), atMost(1.1, "encoding/json, then santhosh's validation"))
	g.side("a pointer, validated, 2 goroutines at once", together(writings(s, serde.JSON, 2, "json", s.order, latest, asItIs, validated)), ofIt("a pointer, validated"), noLocks)
	g.row("confluent, validated", s.theirWriting(their{format: serde.JSON, latest: true, validates: true}, "json", s.order), ofIt("encoding/json, then santhosh's validation"))
	g.row("confluent", s.theirWriting(their{format: serde.JSON, latest: true}, "json", s.order), ofIt("encoding/json alone"))

	g = s.group("JSON, read")
	g.row("encoding/json alone", func() { check(json.Unmarshal(payload, new(Order))) })
	g.row("santhosh's validation, then encoding/json", func() {
		validate(payload)
		check(json.Unmarshal(payload, new(Order)))
	})
	g.row("record/jsonschema's validation, then encoding/json", func() {
		check(ours.Validate(payload))
		check(json.Unmarshal(payload, new(Order)))
	})
	g.row("a pointer, validated", reading(s, serde.JSON, "json", message, s.order, validated), atMost(1.1, "santhosh's validation, then encoding/json"), ofIt("record/jsonschema's validation, then encoding/json"), ofIt("encoding/json alone"))
	g.row("a pointer", reading(s, serde.JSON, "json", message, s.order, trusting), atMost(1.1, "encoding/json alone"))
	g.row("a value, validated", reading(s, serde.JSON, "json", message, *s.order, validated), atMost(1.1, "santhosh's validation, then encoding/json"))
	g.row("santhosh's validation, of a map", func() { validate(payload) })
	g.row("a map, validated", reading(s, serde.JSON, "json", message, generic, validated), atMost(1.1, "santhosh's validation, of a map"))
	// Their validation when reading is of the Go value, which it does not know.
	g.row("confluent", s.theirReading(their{format: serde.JSON}, "json", message, newOrder, s.order), ofIt("encoding/json alone"))
}

// message is the order as Protobuf.
func (s *serdes) message() *orderpb.Order {
	o := s.order
	return &orderpb.Order{
		OrderId: o.OrderID, CustomerId: o.CustomerID, Status: o.Status, Total: o.Total, Currency: o.Currency, CreatedAt: o.CreatedAt,
		Quantity: o.Quantity, Express: o.Express, Note: o.Note, Tags: o.Tags, Attributes: o.Attributes,
		Address: &orderpb.Address{Street: o.Address.Street, City: o.Address.City, Zip: o.Address.Zip, Country: o.Address.Country},
	}
}

// protobuf measures a generated message.
func (s *serdes) protobuf() {
	frame := s.register("proto", serde.Protobuf, orderpb.Text, nil)
	m := s.message()
	payload, err := proto.Marshal(m)
	check(err)
	message := framed(append(frame, 0), payload)

	g := s.group("Protobuf, write")
	g.row("proto.Marshal", func() {
		_, err := proto.Marshal(m)
		check(err)
	})
	buf := make([]byte, 0, 1024)
	g.row("proto alone, into a buffer", func() {
		_, err := proto.MarshalOptions{}.MarshalAppend(buf, m)
		check(err)
	})
	g.row("into a buffer", writing(s, serde.Protobuf, "proto", m, latest, asItIs), atMost(1.1, "proto.Marshal"), ofIt("proto alone, into a buffer"))
	g.row("into a buffer, as proto.Message", writing[proto.Message](s, serde.Protobuf, "proto", m, latest, asItIs), ofIt("proto alone, into a buffer"))
	g.row("into a buffer, registered by itself", writing(s, serde.Protobuf, "proto-auto", m), atMost(1.1, "proto.Marshal"))
	g.row("confluent, latest", s.theirWriting(their{format: serde.Protobuf, latest: true}, "proto", m), ofIt("proto.Marshal"))

	g = s.group("Protobuf, read")
	g.row("proto.Unmarshal", func() { check(proto.Unmarshal(payload, new(orderpb.Order))) })
	g.row("a message", reading(s, serde.Protobuf, "proto", message, m), atMost(1.1, "proto.Unmarshal"))
	g.row("a message, latest, which it is", reading(s, serde.Protobuf, "proto", message, m, latest), atMost(1.15, "proto.Unmarshal"))
	g.row("proto.Unmarshal, dynamic", func() { check(proto.Unmarshal(payload, dynamicpb.NewMessage(m.ProtoReflect().Descriptor()))) })
	g.row("a dynamic message", reading[proto.Message](s, serde.Protobuf, "proto", message, m), ofIt("proto.Unmarshal, dynamic"))
	g.row("confluent", s.theirReading(their{format: serde.Protobuf}, "proto", message, func() any { return new(orderpb.Order) }, m), ofIt("proto.Unmarshal"))
}

// headerWriting sets the data and the header of a record that is there.
func headerWriting(s *serdes, topic string, v *Order) func() {
	out, err := serde.NewSerializer[*Order](s.client, serde.Avro, latest, asItIs, serde.HeaderFraming())
	check(err)
	ctx := context.Background()
	r := &serde.Record{Topic: topic}
	check(out.SerializeRecord(ctx, r, v))
	check(s.holdsOrder(serde.Avro, topic, r.Data))
	return func() {
		r.Headers = r.Headers[:0]
		check(out.SerializeRecord(ctx, r, v))
	}
}

func headerReading(s *serdes, topic string, v *Order) func() {
	out, err := serde.NewSerializer[*Order](s.client, serde.Avro, latest, asItIs, serde.HeaderFraming())
	check(err)
	ctx := context.Background()
	r := &serde.Record{Topic: topic}
	check(out.SerializeRecord(ctx, r, v))
	in, err := serde.NewDeserializer[*Order](s.client, serde.Avro)
	check(err)
	got, err := in.DeserializeRecord(ctx, r)
	check(err)
	check(equal(topic, got, v))
	return func() {
		_, err := in.DeserializeRecord(ctx, r)
		check(err)
	}
}
