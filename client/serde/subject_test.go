package serde_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/apipb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/typepb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// The subject of a writer, and that of the reader, which knows the record's name by the writer's schema alone.
func TestSubjects(t *testing.T) {
	own := serde.SubjectNames(true, func(q serde.SubjectQuestion) (string, error) {
		return fmt.Sprintf(":.ctx:%s/%t/%s", q.Topic, q.IsKey, q.Record), nil
	})
	property := func(name, value string) serde.Option {
		return serde.WithProperties(map[string]string{name: value})
	}
	titled := serde.WithSchema(api.Schema{Schema: `{"title":"Order","type":"object"}`})
	object := any(map[string]any{"a": int64(1)})
	f := start(t)
	f.Register("unnamed", `"string"`)
	for _, c := range []struct {
		name   string
		format serde.Format
		opts   []serde.Option
		value  any
		want   string // "" for an error
	}{
		{"the topic", serde.Avro, nil, object, "t-value"},
		{"the topic, by option", serde.Avro, []serde.Option{serde.WithSubjectNameStrategy(serde.TopicNameStrategy)}, object, "t-value"},
		{"the record", serde.Avro, []serde.Option{serde.WithSubjectNameStrategy(serde.RecordNameStrategy)}, object, "com.example.R"},
		{"topic and record", serde.Avro, []serde.Option{serde.WithSubjectNameStrategy(serde.TopicRecordNameStrategy)}, object, "t-com.example.R"},
		{"the title", serde.JSON, []serde.Option{titled, serde.WithSubjectNameStrategy(serde.RecordNameStrategy)}, object, "Order"},
		{"no title", serde.JSON, []serde.Option{serde.WithSchema(api.Schema{Schema: `{}`}), serde.WithSubjectNameStrategy(serde.RecordNameStrategy)}, object, ""},
		{"the message", serde.Protobuf, []serde.Option{serde.WithSubjectNameStrategy(serde.RecordNameStrategy)}, timestamppb.New(timestamppb.Now().AsTime()), "google.protobuf.Timestamp"},
		{"a nested message", serde.Protobuf, []serde.Option{serde.WithSubjectNameStrategy(serde.TopicRecordNameStrategy)}, &descriptorpb.DescriptorProto_ReservedRange{Start: proto.Int32(1)}, "t-google.protobuf.DescriptorProto.ReservedRange"},
		{"a type without a name", serde.Avro, []serde.Option{serde.WithSchema(api.Schema{Schema: `"string"`}), serde.WithSubjectNameStrategy(serde.RecordNameStrategy)}, "x", ""},
		{"no fallback", serde.Avro, []serde.Option{property("subject.name.strategy.fallback.type", "NONE")}, object, ""},
		{"the fallback RECORD", serde.Avro, []serde.Option{property("subject.name.strategy.fallback.type", "RECORD")}, object, "com.example.R"},
		{"the fallback TOPIC_RECORD", serde.Avro, []serde.Option{property("subject.name.strategy.fallback.type", "TOPIC_RECORD")}, object, "t-com.example.R"},
		{"the fallback TOPIC", serde.Avro, []serde.Option{property("subject.name.strategy.fallback.type", "TOPIC")}, object, "t-value"},
		{"a fallback of one's own", serde.JSON, []serde.Option{titled, serde.WithSubjectNameStrategy(serde.AssociatedNameStrategy("", serde.TopicRecordNameStrategy))}, object, "t-Order"},
		{"a strategy that gives nothing", serde.Avro, []serde.Option{serde.WithSubjectNameStrategy(serde.SubjectNames(false, func(serde.SubjectQuestion) (string, error) { return "", nil }))}, object, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := &watcher{}
			opts := append([]serde.Option{serde.WithObserver(seen)}, c.opts...)
			if c.format == serde.Avro {
				opts = append([]serde.Option{serde.WithSchema(api.Schema{Schema: withA})}, opts...)
				if m, ok := c.value.(map[string]any); ok {
					c.value = map[string]any{"a": int32(m["a"].(int64))}
				}
			}
			b, err := writes[any](t, f.connect(t), c.format, opts...).Serialize(t.Context(), "t", c.value)
			if c.want == "" {
				fails(t, err, serde.StageSchema)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := seen.all()[0].Subject; got != c.want {
				t.Errorf("written under %q, want %q", got, c.want)
			}
			for _, format := range []serde.Format{c.format, serde.Any} {
				if format == serde.Any && c.format == serde.JSON {
					continue // a schema given is of one format
				}
				seen = &watcher{}
				same(t, read(t, reads[any](t, f.connect(t), format, append(c.opts, serde.WithObserver(seen))...), "t", b), c.value)
				if got := seen.all()[0].Subject; got != c.want {
					t.Errorf("read under %q, want %q", got, c.want)
				}
			}
		})
	}
	t.Run("a context, by a strategy of one's own", func(t *testing.T) {
		// Ids begin anew in each context, so that the bare id 1 is that of another schema.
		inContext := serde.SubjectNames(false, func(q serde.SubjectQuestion) (string, error) { return ":.ctx:" + q.Topic, nil })
		c := f.connect(t)
		b := write(t, writes[any](t, c, serde.Avro, serde.WithSchema(api.Schema{Schema: withAB}), serde.WithSubjectNameStrategy(inContext)), "t", any(map[string]any{"a": 1}))
		if id := idOf(t, b); id != 1 {
			t.Errorf("the id is %d", id)
		}
		if subjects, err := c.Subjects(t.Context(), client.SubjectPrefix(":.ctx:")); err != nil || !slices.Equal(subjects, []string{":.ctx:t"}) {
			t.Errorf("got %q, %v", subjects, err)
		}
		for _, c := range []*client.Client{c, f.connect(t)} {
			same(t, read(t, reads[any](t, c, serde.Avro, serde.WithSubjectNameStrategy(inContext)), "t", b), any(map[string]any{"a": int32(1), "b": int32(0)}))
		}
	})
	t.Run("what a strategy is asked", func(t *testing.T) {
		seen := &watcher{}
		write(t, writes[any](t, f.Client, serde.Avro, serde.ForKeys(), serde.WithSchema(api.Schema{Schema: withA}), serde.WithSubjectNameStrategy(own), serde.WithObserver(seen)), "top", any(map[string]any{"a": 1}))
		if got := seen.all()[0].Subject; got != ":.ctx:top/true/com.example.R" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a strategy that fails", func(t *testing.T) {
		refused := errors.New("not that topic")
		failing := serde.WithSubjectNameStrategy(serde.SubjectNames(false, func(serde.SubjectQuestion) (string, error) { return "", refused }))
		_, err := writes[any](t, f.Client, serde.Avro, serde.WithSchema(api.Schema{Schema: withA}), failing).Serialize(t.Context(), "t", map[string]any{"a": 1})
		if fails(t, err, serde.StageSchema); !errors.Is(err, refused) {
			t.Error(err)
		}
		_, err = reads[any](t, f.Client, serde.Avro, failing).Deserialize(t.Context(), "t", framed(1))
		if fails(t, err, serde.StageSchema); !errors.Is(err, refused) {
			t.Error(err)
		}
	})
}

// By default the registry is asked which subject a topic is associated with.
func TestAssociated(t *testing.T) {
	f := start(t)
	f.Register("shared", withA)
	f.Register("of-a-cluster", withA)
	associate := func(namespace, topic, subject, kind string) {
		t.Helper()
		_, err := f.Client.CreateAssociations(t.Context(), &api.AssociationRequest{
			ResourceName: topic, ResourceNamespace: namespace, ResourceID: namespace + "/" + topic, ResourceType: "topic",
			Associations: []api.AssociationSpec{{Subject: &subject, AssociationType: kind, Lifecycle: "WEAK"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	associate("lkc-1", "topic", "shared", "value")
	associate("lkc-1", "twice", "shared", "value")
	associate("lkc-2", "twice", "of-a-cluster", "value")
	cluster := func(id string) serde.Option {
		return serde.WithProperties(map[string]string{"subject.name.strategy.kafka.cluster.id": id})
	}
	none := serde.WithSubjectNameStrategy(serde.AssociatedNameStrategy("", serde.NoSubjectName))
	older := func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/associations") {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	for _, c := range []struct {
		name    string
		topic   string
		opts    []serde.Option
		instead answering
		want    string
		fails   func(error) bool
	}{
		{"an association", "topic", nil, nil, "shared", nil},
		{"an association of the cluster", "topic", []serde.Option{cluster("lkc-1")}, nil, "shared", nil},
		{"none in another cluster", "topic", []serde.Option{cluster("lkc-3")}, nil, "topic-value", nil},
		{"none for keys", "topic", []serde.Option{serde.ForKeys()}, nil, "topic-key", nil},
		{"none", "other", nil, nil, "other-value", nil},
		{"none, where one must be", "other", []serde.Option{none}, nil, "", func(err error) bool { return strings.Contains(err.Error(), "other") }},
		{"several", "twice", nil, nil, "", as[*client.AmbiguousError]},
		{"one of several clusters", "twice", []serde.Option{cluster("lkc-2")}, nil, "of-a-cluster", nil},
		{"a registry that knows no associations", "topic", nil, older, "topic-value", nil},
		{"a registry that knows no associations, where one must be", "topic", []serde.Option{none}, older, "", func(err error) bool { return !as[*api.Error](err) }},
		{"not allowed to ask", "topic", nil, func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, `{"error_code":40301,"message":"no"}`, http.StatusForbidden)
			return true
		}, "", is(client.ErrForbidden)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.answer(c.instead)
			defer f.answer(nil)
			seen := &watcher{}
			s := writes[any](t, f.connect(t), serde.Avro, append(c.opts, serde.WithSchema(api.Schema{Schema: withA}), serde.WithObserver(seen))...)
			before := len(f.requests("/associations/"))
			b, err := s.Serialize(t.Context(), c.topic, map[string]any{"a": 1})
			if c.fails != nil {
				if fails(t, err, serde.StageSchema); !c.fails(err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := seen.all()[0].Subject; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for range 3 {
				same(t, write(t, s, c.topic, any(map[string]any{"a": 1})), b)
			}
			if n := len(f.requests("/associations/")) - before; n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// compiled are messages of a .proto file, which may import the others.
func compiled(t testing.TB, path string, files map[string]string) protoreflect.FileDescriptor {
	t.Helper()
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(files)})}
	result, err := c.Compile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return result[0]
}

// message is a message of a file, with its fields from strings.
func message(t testing.TB, file protoreflect.FileDescriptor, name string, fields map[string]any) *dynamicpb.Message {
	t.Helper()
	d := file.Messages()
	var found protoreflect.MessageDescriptor
	for part := range strings.SplitSeq(name, ".") {
		if found = d.ByName(protoreflect.Name(part)); found == nil {
			t.Fatalf("there is no message %s", name)
		}
		d = found.Messages()
	}
	m := dynamicpb.NewMessage(found)
	for field, v := range fields {
		if x, ok := v.(proto.Message); ok {
			m.Set(found.Fields().ByName(protoreflect.Name(field)), protoreflect.ValueOfMessage(x.ProtoReflect()))
			continue
		}
		m.Set(found.Fields().ByName(protoreflect.Name(field)), protoreflect.ValueOf(v))
	}
	return m
}

var ownImports = map[string]string{
	"shop/order.proto": `syntax = "proto3"; package shop;
import "shop/types/money.proto"; import "shop/line.proto"; import "google/protobuf/timestamp.proto"; import "google/type/date.proto";
message Order { string id = 1; shop.types.Money total = 2; Line line = 3; google.protobuf.Timestamp at = 4; google.type.Date due = 5; message Note { string text = 1; message Author { string name = 1; } } }`,
	"shop/line.proto":        `syntax = "proto3"; package shop; import "shop/types/money.proto"; message Line { string sku = 1; shop.types.Money price = 2; }`,
	"shop/types/money.proto": `syntax = "proto3"; package shop.types; message Money { int64 cents = 1; }`,
	"google/type/date.proto": `syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }`,
}

// The files that a Protobuf message imports are registered before its own, and referred to.
func TestProtobufImports(t *testing.T) {
	file := compiled(t, "shop/order.proto", ownImports)
	money := compiled(t, "shop/types/money.proto", ownImports)
	order := message(t, file, "Order", map[string]any{"id": "1", "total": message(t, money, "Money", map[string]any{"cents": int64(7)})})
	for _, c := range []struct {
		name string
		opts []serde.Option
		want []string // subjects
	}{
		{"by default", nil, []string{"shop/line.proto", "shop/types/money.proto", "t-value"}},
		{"default, named", []serde.Option{serde.WithReferenceSubjectNameStrategy(serde.DefaultReferenceSubjectNameStrategy)}, []string{"shop/line.proto", "shop/types/money.proto", "t-value"}},
		{"qualified", []serde.Option{serde.WithReferenceSubjectNameStrategy(serde.QualifiedReferenceSubjectNameStrategy)}, []string{"shop.line", "shop.types.money", "t-value"}},
		{"qualified, by a property", []serde.Option{serde.WithProperties(map[string]string{"reference.subject.name.strategy": "io.confluent.kafka.serializers.subject.QualifiedReferenceSubjectNameStrategy"})}, []string{"shop.line", "shop.types.money", "t-value"}},
		{"one's own", []serde.Option{serde.WithReferenceSubjectNameStrategy(func(path string) string { return "import:" + path })}, []string{"import:shop/line.proto", "import:shop/types/money.proto", "t-value"}},
		{"known types too", []serde.Option{serde.WithProperties(map[string]string{"skip.known.types": "false"})}, []string{"google/type/date.proto", "shop/line.proto", "shop/types/money.proto", "t-value"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t)
			b := write[proto.Message](t, writes[proto.Message](t, f.Client, serde.Protobuf, c.opts...), "t", order)
			subjects, err := f.Client.Subjects(t.Context())
			if err != nil || !slices.Equal(subjects, c.want) {
				t.Errorf("registered are %q, %v", subjects, err)
			}
			same(t, read(t, reads[proto.Message](t, f.connect(t), serde.Protobuf), "t", b), proto.Message(order))
			// Another producer finds all that, and so does one that may only look up.
			for _, opts := range [][]serde.Option{nil, {serde.AutoRegister(false)}, {serde.WithProperties(map[string]string{"reference.lookup.only": "true"})}} {
				again := write[proto.Message](t, writes[proto.Message](t, f.connect(t), serde.Protobuf, append(opts, c.opts...)...), "t", order)
				same(t, again[:6], b[:6])
			}
			for _, subject := range c.want {
				if versions, err := f.Client.Versions(t.Context(), subject); err != nil || len(versions) != 1 {
					t.Errorf("%s has the versions %v, %v", subject, versions, err)
				}
			}
		})
	}
	t.Run("look-ups register nothing", func(t *testing.T) {
		f := start(t)
		for _, o := range []serde.Option{serde.AutoRegister(false), serde.WithProperties(map[string]string{"reference.lookup.only": "true"})} {
			_, err := writes[proto.Message](t, f.connect(t), serde.Protobuf, o).Serialize(t.Context(), "t", order)
			if fails(t, err, serde.StageSchema); !is(client.ErrSubjectNotFound)(err) || !strings.Contains(err.Error(), "shop/types/money.proto") {
				t.Errorf("got %v", err)
			}
		}
		if subjects, err := f.Client.Subjects(t.Context()); err != nil || len(subjects) > 0 {
			t.Errorf("registered are %q, %v", subjects, err)
		}
	})
	t.Run("nested messages", func(t *testing.T) {
		f := start(t)
		s := writes[proto.Message](t, f.Client, serde.Protobuf)
		for name, prefix := range map[string]string{"Order": "\x00", "Order.Note": "\x04\x00\x00", "Order.Note.Author": "\x06\x00\x00\x00"} {
			m := message(t, file, name, nil)
			b := write[proto.Message](t, s, "t", m)
			if string(b[5:]) != prefix {
				t.Errorf("%s: %x", name, b)
			}
			same(t, read(t, reads[any](t, f.Client, serde.Any), "t", b), any(m))
		}
	})
}

// Generated messages of the runtime, whose imports are known everywhere.
func TestKnownTypes(t *testing.T) {
	value, err := structpb.NewStruct(map[string]any{"a": []any{1.5, "x", nil, true, map[string]any{}}})
	if err != nil {
		t.Fatal(err)
	}
	f := start(t)
	roundTrip(t, f, "struct", value)
	roundTrip(t, f, "timestamp", timestamppb.Now())
	roundTrip(t, f, "api", &apipb.Api{Name: "x", Methods: []*apipb.Method{{Name: "m"}}, Options: []*typepb.Option{{Name: "o"}}, SourceContext: nil})
	roundTrip(t, f, "type", &typepb.Type{Name: "T", Fields: []*typepb.Field{{Kind: typepb.Field_TYPE_BOOL}}})
	roundTrip(t, f, "proto2", &descriptorpb.UninterpretedOption_NamePart{NamePart: proto.String("x"), IsExtension: proto.Bool(false)})
	roundTrip(t, f, "nested", &descriptorpb.DescriptorProto_ExtensionRange{Start: proto.Int32(1), End: proto.Int32(2)})
	if subjects, err := f.Client.Subjects(t.Context()); err != nil || len(subjects) != 6 {
		t.Errorf("registered are %q, %v", subjects, err)
	}
}

// roundTrip writes a generated message, and reads it as its type, as any message and as whatever comes.
func roundTrip[M proto.Message](t *testing.T, f *front, topic string, m M) {
	t.Helper()
	t.Run(topic, func(t *testing.T) {
		b := write(t, writes[M](t, f.Client, serde.Protobuf), topic, m)
		same(t, write[any](t, writes[any](t, f.connect(t), serde.Protobuf), topic, m)[:6], b[:6])
		same(t, read(t, reads[M](t, f.connect(t), serde.Protobuf), topic, b), m)
		same(t, read(t, reads[proto.Message](t, f.connect(t), serde.Protobuf), topic, b), proto.Message(m))
		same(t, read(t, reads[any](t, f.connect(t), serde.Protobuf), topic, b), any(m))
		same(t, read(t, reads[any](t, f.connect(t), serde.Any), topic, b), any(m))
	})
}

// Schemas that refer to others, as an option gives them.
func TestReferences(t *testing.T) {
	f := start(t)
	f.Register("money", `{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}`)
	f.Register("line", `{"type":"record","name":"Line","namespace":"shop","fields":[{"name":"price","type":"Money"}]}`, func(q *api.RegisterRequest) {
		q.References = []api.Reference{{Name: "shop.Money", Subject: "money", Version: 1}}
	})
	f.Register("json-money", `{"$id":"https://shop/money.json","type":"integer"}`, ofJSON)
	f.Register("money.proto", `syntax = "proto3"; package shop; message Money { int64 cents = 1; }`, ofProtobuf)
	for _, c := range []struct {
		format serde.Format
		schema api.Schema
		value  any
		want   any
	}{
		{serde.Avro, api.Schema{
			Schema:     `{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"lines","type":{"type":"array","items":"Line"}},{"name":"total","type":["null","Money"]}]}`,
			References: []api.Reference{{Name: "shop.Line", Subject: "line", Version: 1}, {Name: "shop.Money", Subject: "money", Version: 1}},
		}, map[string]any{"lines": []any{map[string]any{"price": map[string]any{"cents": 1}}}, "total": nil},
			map[string]any{"lines": []any{map[string]any{"price": map[string]any{"cents": int64(1)}}}, "total": nil}},
		{serde.JSON, api.Schema{
			Schema:     `{"type":"object","properties":{"total":{"$ref":"https://shop/money.json"}}}`,
			References: []api.Reference{{Name: "https://shop/money.json", Subject: "json-money", Version: -1}},
		}, map[string]any{"total": 1}, map[string]any{"total": int64(1)}},
		{serde.Protobuf, api.Schema{
			Schema:     `syntax = "proto3"; package shop; import "money.proto"; message Order { Money total = 1; }`,
			References: []api.Reference{{Name: "money.proto", Subject: "money.proto", Version: 1}},
		}, map[string]any{"total": map[string]any{"cents": "7"}}, nil},
	} {
		t.Run(string(c.format), func(t *testing.T) {
			topic := "t-" + string(c.format)
			validate := serde.ValidateJSON(false)
			b := write(t, writes[any](t, f.Client, c.format, serde.WithSchema(c.schema), validate), topic, c.value)
			for _, opts := range [][]serde.Option{{validate}, {serde.WithSchema(c.schema)}, {serde.UseLatestVersion()}} {
				got := read(t, reads[any](t, f.connect(t), c.format, opts...), topic, b)
				if c.want != nil {
					same(t, got, c.want)
				} else if m, ok := got.(proto.Message); !ok || proto.Size(m) == 0 {
					t.Errorf("got %v", got)
				}
			}
		})
	}
	t.Run("what is referred to is not there", func(t *testing.T) {
		_, err := writes[any](t, f.Client, serde.Avro, serde.WithSchema(api.Schema{
			Schema:     `{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"line","type":"Line"}]}`,
			References: []api.Reference{{Name: "shop.Line", Subject: "nowhere", Version: 1}},
		})).Serialize(t.Context(), "t", map[string]any{})
		if fails(t, err, serde.StageSchema); !is(client.ErrSubjectNotFound)(err) {
			t.Errorf("got %v", err)
		}
	})
}
