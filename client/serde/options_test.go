package serde_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

const (
	withA   = `{"type":"record","name":"R","namespace":"com.example","fields":[{"name":"a","type":"int"}]}`
	withAB  = `{"type":"record","name":"R","namespace":"com.example","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":0}]}`
	withAC  = `{"type":"record","name":"R","namespace":"com.example","fields":[{"name":"a","type":"int"},{"name":"c","type":"int","default":0}]}`
	withABC = `{"type":"record","name":"R","namespace":"com.example","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":0},{"name":"c","type":"int","default":0}]}`
)

// Which schema is written: the first in the order of the Java client.
func TestChoice(t *testing.T) {
	f := start(t)
	one := f.Register("t-value", withA, withMetadata(map[string]string{"major": "1", "note": "a,b"}))
	two := f.Register("t-value", withAB, withMetadata(map[string]string{"major": "2"}))
	f.Register("own-value", withA, withMetadata(map[string]string{"major": "1"}))
	own := f.Register("own-value", withAC)
	const fresh = -1 // what was not there before
	off := serde.AutoRegister(false)
	properties := func(pairs ...string) serde.Option {
		m := map[string]string{"latest.compatibility.strict": "false", "id.compatibility.strict": "false"}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return serde.WithProperties(m)
	}
	id, guid := serde.UseSchemaID(one.ID), serde.UseSchemaGUID(two.GUID)
	metadata := func(major string) serde.Option {
		return serde.UseLatestWithMetadata(map[string]string{"major": major})
	}
	latest := serde.UseLatestVersion()
	for _, c := range []struct {
		name  string
		topic string
		opts  []serde.Option
		want  int
		fails func(error) bool
	}{
		{"nothing registers", "new", nil, fresh, nil},
		{"an id", "t", []serde.Option{id}, one.ID, nil},
		{"a GUID", "t", []serde.Option{guid}, two.ID, nil},
		{"metadata", "t", []serde.Option{metadata("1")}, one.ID, nil},
		{"the latest", "t", []serde.Option{latest}, two.ID, nil},
		{"the id before the GUID", "t", []serde.Option{latest, metadata("2"), guid, id}, one.ID, nil},
		{"the GUID before the metadata", "t", []serde.Option{latest, metadata("1"), guid}, two.ID, nil},
		{"the metadata before the latest", "t", []serde.Option{latest, metadata("1")}, one.ID, nil},
		{"registering before all", "other", []serde.Option{serde.AutoRegister(true), id, guid, metadata("1"), latest}, fresh, nil},
		{"off, with the latest", "t", []serde.Option{off, latest}, two.ID, nil},
		{"off, with nothing else, looks up", "own", []serde.Option{off}, own.ID, nil},
		{"off, and the schema is not there", "t", []serde.Option{off}, 0, is(client.ErrSchemaNotFound)},
		{"off, and the subject is not there", "nowhere", []serde.Option{off}, 0, is(client.ErrSubjectNotFound)},
		{"the latest of nothing", "nowhere", []serde.Option{latest}, 0, is(client.ErrSubjectNotFound)},
		{"metadata that nothing has", "t", []serde.Option{metadata("3")}, 0, is(client.ErrSchemaNotFound)},
		{"an id that nothing has", "t", []serde.Option{serde.UseSchemaID(999)}, 0, is(client.ErrSchemaNotFound)},
		{"a GUID that nothing has", "t", []serde.Option{serde.UseSchemaGUID("00000000-0000-0000-0000-00000000abcd")}, 0, is(client.ErrSchemaNotFound)},

		{"property: an id alone registers", "p1", []serde.Option{properties("use.schema.id", fmt.Sprint(one.ID))}, fresh, nil},
		{"property: the latest alone registers", "p2", []serde.Option{properties("use.latest.version", "true")}, fresh, nil},
		{"property: metadata alone registers", "p3", []serde.Option{properties("use.latest.with.metadata", "major=1")}, fresh, nil},
		{"property: an id", "t", []serde.Option{properties("auto.register.schemas", "false", "use.schema.id", fmt.Sprint(one.ID), "use.latest.version", "true")}, one.ID, nil},
		{"property: an id below 0 is none", "t", []serde.Option{properties("auto.register.schemas", "false", "use.schema.id", "-1", "use.latest.version", "true")}, two.ID, nil},
		{"property: a GUID", "t", []serde.Option{properties("auto.register.schemas", "false", "use.schema.guid", one.GUID, "use.latest.version", "true")}, one.ID, nil},
		{"property: metadata", "t", []serde.Option{properties("auto.register.schemas", "false", "use.latest.with.metadata", "major=1,note='a,b'", "use.latest.version", "true")}, one.ID, nil},
		{"property: the latest", "t", []serde.Option{properties("auto.register.schemas", "false", "use.latest.version", "true")}, two.ID, nil},
		{"property: off looks up", "own", []serde.Option{properties("auto.register.schemas", "false")}, own.ID, nil},
		{"an option goes before a property", "t", []serde.Option{id, properties("auto.register.schemas", "false", "use.schema.id", fmt.Sprint(two.ID))}, one.ID, nil},
		{"an option that picks one switches the registering off", "t", []serde.Option{latest, properties("use.schema.id", fmt.Sprint(one.ID))}, one.ID, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := append([]serde.Option{serde.WithSchema(api.Schema{Schema: withAC}), serde.LatestCompatibilityStrict(false), serde.IDCompatibilityStrict(false)}, c.opts...)
			s := writes[any](t, f.connect(t), serde.Avro, opts...)
			b, err := s.Serialize(t.Context(), c.topic, map[string]any{"a": 1})
			switch {
			case c.fails != nil:
				if e := fails(t, err, serde.StageSchema); !c.fails(err) || e.Subject != c.topic+"-value" {
					t.Errorf("got %v", err)
				}
			case err != nil:
				t.Error(err)
			case c.want == fresh:
				stored, err := f.connect(t).Version(t.Context(), c.topic+"-value", 1)
				if err != nil || stored.ID != idOf(t, b) {
					t.Errorf("got id %d; registered is %+v, %v", idOf(t, b), stored, err)
				}
			case idOf(t, b) != c.want:
				t.Errorf("got id %d, want %d", idOf(t, b), c.want)
			}
		})
	}
}

// Strictness: the schema in the registry must be able to read what the record's own says.
func TestStrictness(t *testing.T) {
	f := start(t)
	old := f.Register("t-value", withA)
	f.Register("renamed-value", strings.ReplaceAll(withA, `"a"`, `"other"`))
	type R struct {
		A int32 `avro:"a"`
	}
	latest, id := serde.UseLatestVersion(), serde.UseSchemaID(old.ID)
	property := func(name string) serde.Option {
		return serde.WithProperties(map[string]string{"auto.register.schemas": "false", "use.latest.version": "true", name: "false"})
	}
	given := serde.WithSchema(api.Schema{Schema: withA})
	for _, c := range []struct {
		name    string
		topic   string
		opts    []serde.Option
		refused bool
	}{
		{"the same", "t", []serde.Option{given, latest}, false},
		{"another field", "renamed", []serde.Option{given, latest}, true},
		{"another field, switched off", "renamed", []serde.Option{given, latest, serde.LatestCompatibilityStrict(false)}, false},
		{"another field, switched off by a property", "renamed", []serde.Option{given, property("latest.compatibility.strict")}, false},
		{"the property of ids is not that of the latest", "renamed", []serde.Option{given, property("id.compatibility.strict")}, true},
		{"an option goes before the property", "renamed", []serde.Option{given, property("latest.compatibility.strict"), serde.LatestCompatibilityStrict(true)}, true},
		{"an id", "t", []serde.Option{given, id}, false},
		{"an id of another", "t", []serde.Option{serde.WithSchema(api.Schema{Schema: strings.ReplaceAll(withA, `"int"`, `"string"`)}), id}, true},
		{"an id of another, switched off", "t", []serde.Option{serde.WithSchema(api.Schema{Schema: strings.ReplaceAll(withA, `"int"`, `"string"`)}), id, serde.IDCompatibilityStrict(false)}, false},
		{"metadata of nothing", "t", []serde.Option{given, serde.UseLatestWithMetadata(map[string]string{"x": "y"})}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := writes[any](t, f.connect(t), serde.Avro, c.opts...).Serialize(t.Context(), c.topic, map[string]any{"a": 1, "other": 1})
			if strings.HasPrefix(c.name, "metadata") { // there is none, and nothing to be strict about
				if !is(client.ErrSchemaNotFound)(err) {
					t.Error(err)
				}
				return
			}
			if got := as[*serde.IncompatibleError](err); got != c.refused {
				t.Errorf("refused %t, want %t: %v", got, c.refused, err)
			}
			if c.refused {
				fails(t, err, serde.StageSchema)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("what was derived is a name of Go's alone", func(t *testing.T) {
		if _, err := writes[R](t, f.Client, serde.Avro, latest).Serialize(t.Context(), "t", R{1}); err != nil {
			t.Error(err)
		}
		_, err := writes[R](t, f.Client, serde.Avro, latest, serde.LatestCompatibilityStrict(true)).Serialize(t.Context(), "renamed", R{1})
		if !as[*serde.IncompatibleError](err) {
			t.Errorf("asked for, and not done: %v", err)
		}
	})
	t.Run("a generated message is sure of its names", func(t *testing.T) {
		f.Register("p-value", `syntax = "proto3"; package google.protobuf; message StringValue { int64 value = 1; }`, ofProtobuf)
		_, err := writes[*wrapperspb.StringValue](t, f.Client, serde.Protobuf, latest).Serialize(t.Context(), "p", wrapperspb.String("x"))
		if !as[*serde.IncompatibleError](err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a schema of another language", func(t *testing.T) {
		f.Register("j-value", `{"type":"object"}`, ofJSON)
		for _, opts := range [][]serde.Option{{given, latest}, {given, latest, serde.LatestCompatibilityStrict(false)}} {
			_, err := writes[any](t, f.Client, serde.Avro, opts...).Serialize(t.Context(), "j", map[string]any{"a": 1})
			var e *serde.FormatError
			if fails(t, err, serde.StageSchema); !as[*serde.FormatError](err) {
				t.Error(err)
			} else if errors.As(err, &e); e.Want != serde.Avro || e.Got != serde.JSON {
				t.Errorf("got %+v", e)
			}
		}
	})
}

// With Normalize schemas that mean the same are one.
func TestNormalize(t *testing.T) {
	f := start(t)
	spaced := `{"type": "record", "name": "R", "fields": [{"type": {"type": "int"}, "name": "a", "doc": "x"}], "doc": "y"}`
	plain := `{"type":"record","name":"R","fields":[{"name":"a","type":"int","doc":"x"}],"doc":"y"}`
	for _, by := range []serde.Option{serde.Normalize(), serde.WithProperties(map[string]string{"normalize.schemas": "true"})} {
		first := idOf(t, write(t, writes[any](t, f.connect(t), serde.Avro, by, serde.WithSchema(api.Schema{Schema: spaced})), "n", any(map[string]any{"a": 1})))
		second := idOf(t, write(t, writes[any](t, f.connect(t), serde.Avro, by, serde.WithSchema(api.Schema{Schema: plain})), "n", any(map[string]any{"a": 1})))
		if first != second {
			t.Errorf("the ids are %d and %d", first, second)
		}
		found := idOf(t, write(t, writes[any](t, f.connect(t), serde.Avro, by, serde.AutoRegister(false), serde.WithSchema(api.Schema{Schema: spaced})), "n", any(map[string]any{"a": 1})))
		if found != first {
			t.Errorf("looked up is %d, not %d", found, first)
		}
	}
	if len(f.requests("normalize=true")) != len(f.requests("POST")) {
		t.Errorf("asked %q", f.requests("POST"))
	}
}

// Tags of the latest version are carried over to what is registered, if that is asked for.
func TestPropagateSchemaTags(t *testing.T) {
	f := start(t)
	field := func(name, rest string) string { return `{"name":"` + name + `","type":"string"` + rest + `}` }
	record := func(fields ...string) string {
		return `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`
	}
	tagged := field("ssn", `,"confluent:tags":["PII"]`)
	for i, c := range []struct {
		opts []serde.Option
		want string
	}{
		{nil, record(field("ssn", ""), field("b", `,"default":""`))},
		{[]serde.Option{serde.PropagateSchemaTags()}, record(tagged, field("b", `,"default":""`))},
		{[]serde.Option{serde.WithProperties(map[string]string{"propagate.schema.tags": "true"})}, record(tagged, field("b", `,"default":""`))},
	} {
		topic := fmt.Sprint("t", i)
		f.Register(topic+"-value", record(tagged))
		own := serde.WithSchema(api.Schema{Schema: record(field("ssn", ""), field("b", `,"default":""`))})
		write(t, writes[any](t, f.connect(t), serde.Avro, append(c.opts, own)...), topic, any(map[string]any{"ssn": "1", "b": "2"}))
		if latest, err := f.Client.Version(t.Context(), topic+"-value", 2); err != nil || latest.Schema != c.want {
			t.Errorf("%d: registered %v, %v", i, latest, err)
		}
	}
}

// One option may be given to several serdes; none changes it, or what it was made of.
func TestOptionsAreShared(t *testing.T) {
	f := start(t)
	untyped := serde.WithSchema(api.Schema{Schema: `{"type":"string"}`}) // which is Avro, and JSON Schema
	if _, err := serde.NewSerializer[any](f.Client, serde.Avro, untyped); err != nil {
		t.Error(err)
	}
	if _, err := serde.NewSerializer[any](f.Client, serde.JSON, untyped); err != nil {
		t.Error(err)
	}
	properties := map[string]string{"use.latest.version": "true"}
	o := serde.WithProperties(properties)
	properties["use.latest.version"] = "no boolean"
	if _, err := serde.NewDeserializer[any](f.Client, serde.Avro, o, serde.WithProperties(map[string]string{"use.schema.id": "1"}), o); err != nil {
		t.Error(err)
	}
}

// Each property has values that it takes, and others that it says are wrong. The good ones have their effect in other tests.
func TestProperties(t *testing.T) {
	f := start(t)
	const guid = "89791762-2336-186f-9674-299b90a8e2f4"
	type values struct{ name, good, bad string }
	list := []values{
		{"use.schema.id", " 7 ", "seven"},
		{"use.schema.id", "-1", "9999999999"},
		{"use.schema.guid", guid, "8979"},
		{"use.message.indexes", "1, 2,0", "1,-2"},
		{"use.message.indexes", "0", "1,,2"},
		{"use.latest.with.metadata", "k=v", "k"},
		{"use.latest.with.metadata", "k='a,b=c',l='it''s'", "k='v"},
		{"use.latest.with.metadata", "k=", "=v"},
		{"subject.name.strategy.kafka.cluster.id", "lkc-1", ""},
		{"some.property.of.kafka", "whatever", ""},
		{"key.subject.name.strategy", "whatever, this is a serde of values", ""},
		{"rule.executors.x.disabled", "true", ""},
	}
	for _, name := range []string{
		"auto.register.schemas", "normalize.schemas", "propagate.schema.tags", "use.latest.version", "latest.compatibility.strict", "id.compatibility.strict",
		"json.fail.invalid.schema", "json.validate.before.domain.rules", "json.fail.unknown.properties", "avro.fail.on.trailing.data",
		"avro.use.logical.type.converters", "reference.lookup.only", "skip.known.types",
	} {
		list = append(list, values{name, "true", "yes"}, values{name, "FALSE", "1"})
	}
	for _, name := range []string{"subject.name.strategy", "value.subject.name.strategy", "subject.name.strategy.type"} {
		list = append(list,
			values{name, "io.confluent.kafka.serializers.subject.TopicNameStrategy", "com.example.MyStrategy"}, values{name, "RECORD", "record"},
			values{name, "TOPIC_RECORD", "Topic"}, values{name, "AssociatedNameStrategy", "io.confluent."})
	}
	list = append(list,
		values{"subject.name.strategy.fallback.type", "NONE", "NOTHING"},
		values{"subject.name.strategy.fallback.type", "RECORD", "ASSOCIATED"},
		values{"reference.subject.name.strategy", "io.confluent.kafka.serializers.subject.DefaultReferenceSubjectNameStrategy", "Default"},
		values{"reference.subject.name.strategy", "QualifiedReferenceSubjectNameStrategy", "x"})
	for _, prefix := range []string{"", "value."} {
		list = append(list,
			values{prefix + "schema.id.serializer", "io.confluent.kafka.serializers.schema.id.HeaderSchemaIdSerializer", "header"},
			values{prefix + "schema.id.serializer", "PrefixSchemaIdSerializer", "DualSchemaIdDeserializer"},
			values{prefix + "schema.id.deserializer", "DualSchemaIdDeserializer", "both"},
			values{prefix + "schema.id.deserializer", "PrefixSchemaIdDeserializer", "PrefixSchemaIdSerializer"})
	}
	for _, v := range list {
		for value, good := range map[string]bool{v.good: true, v.bad: false, "": true} {
			if v.bad == "" && !good {
				continue
			}
			p := serde.WithProperties(map[string]string{v.name: value})
			_, err1 := serde.NewSerializer[any](f.Client, serde.Avro, p)
			_, err2 := serde.NewDeserializer[any](f.Client, serde.Avro, p)
			for _, err := range []error{err1, err2} {
				switch {
				case good && err != nil:
					t.Errorf("%s=%q: %v", v.name, value, err)
				case !good && err == nil:
					t.Errorf("%s=%q is taken", v.name, value)
				case !good && !strings.HasPrefix(err.Error(), v.name+": "):
					t.Errorf("%s=%q: the error does not say where: %v", v.name, value, err)
				}
			}
		}
	}
	if len(f.requests("")) > 0 {
		t.Errorf("constructors asked the registry: %q", f.requests(""))
	}
	t.Run("all that is wrong is told, in the same order each time", func(t *testing.T) {
		p := serde.WithProperties(map[string]string{"use.schema.id": "x", "auto.register.schemas": "x", "use.schema.guid": "x", "schema.id.serializer": "x", "value.schema.id.serializer": "x"})
		_, first := serde.NewSerializer[any](f.Client, serde.Avro, p)
		if first == nil || strings.Count(first.Error(), "\n") != 4 {
			t.Fatalf("got %v", first)
		}
		for range 20 {
			if _, err := serde.NewSerializer[any](f.Client, serde.Avro, p); err.Error() != first.Error() {
				t.Fatalf("got\n%v\nthen\n%v", first, err)
			}
		}
	})
}

// Metadata is written as name=value,name=value; quotes keep what would end a value.
func TestMetadataProperty(t *testing.T) {
	f := start(t)
	for i, c := range []struct {
		text string
		want map[string]string
	}{
		{"k=v", map[string]string{"k": "v"}},
		{" k = v , l = w ", map[string]string{"k": "v", "l": "w"}},
		{"k=a=b", map[string]string{"k": "a=b"}},
		{"k='a,b'", map[string]string{"k": "a,b"}},
		{"'k,1'='a=b',l='it''s'", map[string]string{"k,1": "a=b", "l": "it's"}},
		{"k=x'y,z'w", map[string]string{"k": "xy,zw"}},
		{"k=", map[string]string{"k": ""}},
	} {
		topic := fmt.Sprint("t", i)
		s := f.Register(topic+"-value", `"string"`, withMetadata(c.want))
		ser := writes[any](t, f.Client, serde.Avro, serde.WithProperties(map[string]string{"auto.register.schemas": "false", "use.latest.with.metadata": c.text}))
		b, err := ser.Serialize(t.Context(), topic, "x")
		if err != nil || idOf(t, b) != s.ID {
			t.Errorf("%s: %x, %v", c.text, b, err)
		}
	}
}

// Properties for values are nothing to keys, and the other way round; both go before those for both.
func TestKeysAndValues(t *testing.T) {
	f := start(t)
	const header, prefix = "HeaderSchemaIdSerializer", "PrefixSchemaIdSerializer"
	for _, c := range []struct {
		name       string
		key        bool
		properties map[string]string
		subject    string
		header     string
	}{
		{"a value", false, nil, "t-value", ""},
		{"a key", true, nil, "t-key", ""},
		{"the strategy of values", false, map[string]string{"value.subject.name.strategy": "RECORD"}, "com.example.R", ""},
		{"the strategy of keys for a value", false, map[string]string{"key.subject.name.strategy": "RECORD"}, "t-value", ""},
		{"the strategy of keys", true, map[string]string{"key.subject.name.strategy": "TOPIC_RECORD"}, "t-com.example.R", ""},
		{"that of the part first", true, map[string]string{"key.subject.name.strategy": "TOPIC", "subject.name.strategy": "RECORD"}, "t-key", ""},
		{"that of the part first, which is the default", true, map[string]string{"key.subject.name.strategy": "AssociatedNameStrategy", "subject.name.strategy": "RECORD"}, "t-key", ""},
		{"headers of values", false, map[string]string{"value.schema.id.serializer": header, "key.schema.id.serializer": prefix}, "t-value", serde.HeaderValueSchemaID},
		{"headers of keys", true, map[string]string{"key.schema.id.serializer": header}, "t-key", serde.HeaderKeySchemaID},
		{"headers of both, not of values", false, map[string]string{"schema.id.serializer": header, "value.schema.id.serializer": prefix}, "t-value", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := []serde.Option{serde.WithProperties(c.properties), serde.WithSchema(api.Schema{Schema: withA})}
			if c.key {
				opts = append(opts, serde.ForKeys())
			}
			seen := &watcher{}
			r := &serde.Record{Topic: "t"}
			if err := writes[any](t, f.Client, serde.Avro, append(opts, serde.WithObserver(seen))...).SerializeRecord(t.Context(), r, map[string]any{"a": 1}); err != nil {
				t.Fatal(err)
			}
			if got := seen.all()[0]; got.Subject != c.subject || got.IsKey != c.key {
				t.Errorf("got %+v", got.Source)
			}
			switch {
			case c.header == "" && len(r.Headers) != 0, c.header != "" && (len(r.Headers) != 1 || r.Headers[0].Key != c.header):
				t.Errorf("got the headers %v", r.Headers)
			}
			v, err := reads[any](t, f.Client, serde.Avro, opts...).DeserializeRecord(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			same(t, v, map[string]any{"a": int32(1)})
		})
	}
}

// What cannot be is told by the constructor.
func TestConstructors(t *testing.T) {
	f := start(t)
	type S struct{ A int32 }
	writer := func(_ *serde.Serializer[S], err error) error { return err }
	anyWriter := func(_ *serde.Serializer[any], err error) error { return err }
	reader := func(_ *serde.Deserializer[S], err error) error { return err }
	anyReader := func(_ *serde.Deserializer[any], err error) error { return err }
	c := f.Client
	for name, err := range map[string]error{
		"a struct as Protobuf":               writer(serde.NewSerializer[S](c, serde.Protobuf)),
		"Protobuf into a struct":             reader(serde.NewDeserializer[S](c, serde.Protobuf)),
		"any format into a struct":           reader(serde.NewDeserializer[S](c, serde.Any)),
		"writing any format":                 anyWriter(serde.NewSerializer[any](c, serde.Any)),
		"a format that is none":              anyWriter(serde.NewSerializer[any](c, "XML")),
		"reading a format that is none":      anyReader(serde.NewDeserializer[any](c, "XML")),
		"a schema of another format":         anyWriter(serde.NewSerializer[any](c, serde.JSON, serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: withA}))),
		"a reader schema of another format":  anyReader(serde.NewDeserializer[any](c, serde.JSON, serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: withA}))),
		"a GUID that is none":                anyWriter(serde.NewSerializer[any](c, serde.JSON, serde.UseSchemaGUID("x"))),
		"no frame, and nothing instead":      anyReader(serde.NewDeserializer[any](c, serde.JSON, serde.Unframed())),
		"ConfigSchemaIdDeserializer as well": anyReader(serde.NewDeserializer[any](c, serde.JSON, serde.WithProperties(map[string]string{"schema.id.deserializer": "ConfigSchemaIdDeserializer"}))),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if s, err := serde.NewSerializer[any](c, serde.Any, serde.WithSchema(api.Schema{SchemaType: api.JSON, Schema: `{}`})); err != nil || s == nil {
		t.Errorf("the schema says the format: %v", err)
	}
	s, err := serde.NewSerializer[any](c, serde.Avro, serde.HeaderFraming())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Serialize(t.Context(), "t", "x"); err == nil {
		t.Error("header framing without a record")
	} else {
		fails(t, err, serde.StageFrame)
	}
}
