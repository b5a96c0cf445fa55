package franz_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/kafka/internal/kafkatest"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

func TestRoundTrip(t *testing.T) {
	reg := start(t)
	ada, grace := &person{"Ada", 36}, &person{"Grace", 85}
	avro := serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: personSchema})
	json := serde.WithSchema(api.Schema{SchemaType: api.JSON, Schema: `{"title": "Person", "type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}`})
	roundTrip(t, reg, "avro", serde.Avro, []*person{ada, nil, grace}, avro)
	roundTrip(t, reg, "avro-header", serde.Avro, []*person{ada, nil, grace}, avro, serde.HeaderFraming())
	roundTrip(t, reg, "json", serde.JSON, []*person{ada, nil, grace}, json)
	roundTrip(t, reg, "json-header", serde.JSON, []*person{ada, nil, grace}, json, serde.HeaderFraming())
	roundTrip(t, reg, "protobuf", serde.Protobuf, []*wrapperspb.StringValue{wrapperspb.String("Ada"), nil, wrapperspb.String("Grace")})
	roundTrip(t, reg, "protobuf-header", serde.Protobuf, []*wrapperspb.StringValue{wrapperspb.String("Ada"), nil, wrapperspb.String("Grace")}, serde.HeaderFraming())
	roundTrip(t, reg, "derived", serde.Avro, []*person{ada, nil, grace})
	roundTrip(t, reg, "generic", serde.Avro, []any{map[string]any{"name": "Ada", "age": int32(36)}, nil}, avro)
}

// roundTrip writes values under keys with a schema, of the same format and framing, and reads both again.
func roundTrip[V any](t *testing.T, reg *concordattest.Registry, topic string, format serde.Format, values []V, opts ...serde.Option) {
	t.Run(topic, func(t *testing.T) {
		framing := []serde.Option{serde.ForKeys(), serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: `"string"`})}
		if strings.HasSuffix(topic, "-header") {
			framing = append(framing, serde.HeaderFraming())
		}
		p := franz.NewProducer(producer(t, reg), kafkatest.Serializer[string](t, reg, serde.Avro, framing...), kafkatest.Serializer[V](t, reg, format, opts...))
		for i, v := range values {
			sent, err := p.ProduceSync(t.Context(), topic, fmt.Sprint("key ", i), v)
			if err != nil {
				t.Fatal(err)
			}
			checkFraming(t, sent, isNil(v))
		}
		got := fetch(t, consumer(t, reg, []string{topic}), len(values),
			kafkatest.Deserializer[string](t, reg, serde.Avro, serde.ForKeys()), kafkatest.Deserializer[V](t, reg, format))
		for i, r := range got {
			if r.err != nil {
				t.Fatal(r.err)
			}
			checkFraming(t, r.Record.Record, isNil(values[i]))
			if r.Key != fmt.Sprint("key ", i) || !equal(r.Value, values[i]) {
				t.Errorf("record %d: %q %v", i, r.Key, r.Value)
			}
		}
	})
}

func checkFraming(t *testing.T, rec *kgo.Record, tombstone bool) {
	t.Helper()
	if tombstone != (rec.Value == nil) {
		t.Errorf("the value is %q", rec.Value)
	}
	_, key := header(rec, "__key_schema_id")
	_, value := header(rec, "__value_schema_id")
	inHeaders := strings.HasSuffix(rec.Topic, "-header")
	if key != inHeaders || value && !inHeaders || inHeaders && !value && !tombstone {
		t.Errorf("%s has the headers %v", rec.Topic, rec.Headers)
	}
	if !inHeaders && (rec.Key[0] != 0 || !tombstone && rec.Value[0] != 0) {
		t.Errorf("%s has no prefix: %q %q", rec.Topic, rec.Key, rec.Value)
	}
}

func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil()
}

func equal(a, b any) bool {
	if isNil(a) || isNil(b) {
		return isNil(a) && isNil(b)
	}
	if a, ok := a.(proto.Message); ok {
		return proto.Equal(a, b.(proto.Message))
	}
	return reflect.DeepEqual(a, b)
}

func TestTopicsAndParts(t *testing.T) {
	reg := start(t)
	cl := producer(t, reg, kgo.DefaultProduceTopic("people"))
	p := franz.NewProducer[string](cl, nil, kafkatest.Serializer[person](t, reg, serde.Avro))
	for _, topic := range []string{"", "staff", "people"} {
		rec := &kgo.Record{Topic: topic, Headers: []kgo.RecordHeader{{Key: "from", Value: []byte("test")}}}
		done := make(chan error, 1)
		p.ProduceRecord(t.Context(), rec, "Ada", person{"Ada", 36}, func(_ *kgo.Record, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	var topics []string
	for _, r := range fetch[string](t, consumer(t, reg, []string{"people", "staff"}), 3, nil, kafkatest.Deserializer[person](t, reg, serde.Avro)) {
		if from, _ := header(r.Record.Record, "from"); r.err != nil || r.Key != "Ada" || r.Value != (person{"Ada", 36}) || from != "test" {
			t.Errorf("%q %v %q: %v", r.Key, r.Value, from, r.err)
		}
		topics = append(topics, r.Topic)
	}
	if fmt.Sprint(topics) != "[people people staff]" {
		t.Error(topics)
	}
	for _, subject := range []string{"people-value", "staff-value"} {
		if _, err := reg.Client().Cache().Latest(t.Context(), subject); err != nil {
			t.Error(err)
		}
	}
}

// What cannot be serialized is told to the promise, or returned, and is not sent.
func TestUnwritable(t *testing.T) {
	reg := start(t)
	reg.Register("people-value", personSchema, kafkatest.WithRules(
		api.Rule{Name: "grown", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "CEL", Expr: "message.age >= 18"}))
	cl := producer(t, reg)
	p := franz.NewProducer[string](cl, nil, kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion()))

	var failure *serde.Error
	if _, err := p.ProduceSync(t.Context(), "people", "Tim", person{"Tim", 9}); !errors.As(err, &failure) || failure.Stage != serde.StageRule {
		t.Errorf("the error is %v", err)
	}
	var promised error
	p.Produce(t.Context(), "people", "Tim", person{"Tim", 9}, func(rec *kgo.Record, err error) { promised = err })
	if !errors.As(promised, &failure) {
		t.Errorf("the promise got %v", promised)
	}
	p.Produce(t.Context(), "people", "Tim", person{"Tim", 9}, nil)
	if _, err := franz.NewProducer[int, []byte](cl, nil, nil).ProduceSync(t.Context(), "people", 1, nil); err == nil {
		t.Error("a number was written without a serde")
	}
	if rec, err := p.ProduceSync(t.Context(), "people", "Ada", person{"Ada", 36}); err != nil || rec.Offset != 0 {
		t.Errorf("the first record sent: %v, %v", rec, err)
	}
}

// A record that cannot be read is given with its error, in its place.
func TestUnreadable(t *testing.T) {
	reg := start(t)
	cl := producer(t, reg)
	s := kafkatest.Serializer[person](t, reg, serde.Avro)
	records := make([]*kgo.Record, 4)
	for i := range records {
		records[i] = &kgo.Record{Topic: "people", Key: fmt.Append(nil, i)}
		if err := franz.SerializeValue(t.Context(), s, records[i], person{"Ada", i}); err != nil {
			t.Fatal(err)
		}
	}
	records[1].Value = []byte("no frame")
	records[2].Value = records[2].Value[:6]
	if err := cl.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for i, r := range fetch[string](t, consumer(t, reg, []string{"people"}), len(records), nil, kafkatest.Deserializer[person](t, reg, serde.Avro)) {
		if r.Key != fmt.Sprint(i) || r.Offset != int64(i) || string(r.Record.Record.Value) != string(records[i].Value) {
			t.Errorf("record %d is not whole: %v", i, r)
		}
		if bad := i == 1 || i == 2; !bad {
			if r.err != nil || r.Value != (person{"Ada", i}) {
				t.Errorf("record %d: %v, %v", i, r.Value, r.err)
			}
			continue
		}
		var at *kafka.Error
		var failure *serde.Error
		if !errors.As(r.err, &at) || *at != (kafka.Error{Topic: "people", Offset: int64(i), Part: kafka.Value, Err: at.Err}) || !errors.As(r.err, &failure) {
			t.Errorf("record %d: %v", i, r.err)
		}
	}

	// A key that cannot be read: the value is left alone.
	keys := kafkatest.Deserializer[string](t, reg, serde.Avro, serde.ForKeys())
	rec, err := franz.Read(t.Context(), records[0], keys, kafkatest.Deserializer[person](t, reg, serde.Avro))
	var at *kafka.Error
	if !errors.As(err, &at) || at.Part != kafka.Key || rec.Value != (person{}) {
		t.Errorf("%v, %v", rec.Value, err)
	}
}

// All that a fetch has is given once and in order, the errors of partitions as well.
func TestRecordsOfFetches(t *testing.T) {
	rec := func(topic string, partition int32, offset int64) *kgo.Record {
		return &kgo.Record{Topic: topic, Partition: partition, Offset: offset, Value: []byte("v")}
	}
	lost := errors.New("lost")
	fetches := kgo.Fetches{
		{Topics: []kgo.FetchTopic{
			{Topic: "a", Partitions: []kgo.FetchPartition{
				{Partition: 0, Records: []*kgo.Record{rec("a", 0, 5), rec("a", 0, 6)}, Err: lost},
				{Partition: 1, Records: []*kgo.Record{rec("a", 1, 7)}},
				{Partition: 2, Err: lost},
			}},
			{Topic: "b"},
		}},
		{Topics: []kgo.FetchTopic{{Topic: "b", Partitions: []kgo.FetchPartition{{Records: []*kgo.Record{rec("b", 0, 0)}}}}}},
		kgo.NewErrFetch(kgo.ErrClientClosed)[0],
	}
	want := []string{"a/0 5 v <nil>", "a/0 6 v <nil>", "a/0 -1  cannot fetch from a/0: lost", "a/1 7 v <nil>", "a/2 -1  cannot fetch from a/2: lost", "b/0 0 v <nil>", "/-1 -1  cannot fetch: client closed"}
	var got []string
	var last error
	for rec, err := range franz.Records[string, string](t.Context(), fetches, nil, nil) {
		got = append(got, fmt.Sprintf("%s/%d %d %s %v", rec.Topic, rec.Partition, rec.Offset, rec.Value, err))
		last = err
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !errors.Is(last, kgo.ErrClientClosed) {
		t.Errorf("the last error is %v", last)
	}
	for n := range want {
		i := 0
		for range franz.Records[string, string](t.Context(), fetches, nil, nil) {
			if i++; i > n {
				break
			}
		}
		if i != n+1 {
			t.Errorf("%d records before the loop was left, not %d", i, n+1)
		}
	}
}

// counter counts the rules that ran.
type counter struct{ ran chan string }

func (c *counter) SchemaSeen(*serde.Seen)     {}
func (c *counter) Failed(*serde.Failure)      {}
func (c *counter) RuleRan(run *serde.RuleRun) { c.ran <- run.Topic }

// What a hook has read is not read again, and errors are kept.
func TestReadAhead(t *testing.T) {
	reg := start(t)
	reg.Register("people-value", personSchema, kafkatest.WithRules(
		api.Rule{Name: "grown", Kind: api.KindCondition, Mode: api.ModeRead, Type: "CEL", Expr: "message.age >= 18"}))
	p := franz.NewProducer[string](producer(t, reg), nil, kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion()))
	for i := range 10 {
		if _, err := p.ProduceSync(t.Context(), "people", "", person{"Ada", 10 + i}); err != nil {
			t.Fatal(err)
		}
	}
	seen := &counter{make(chan string, 100)}
	values := kafkatest.Deserializer[person](t, reg, serde.Avro, serde.WithObserver(seen))
	cl := consumer(t, reg, []string{"people"}, kgo.WithHooks(franz.ReadAhead[[]byte](context.Background(), nil, values)))
	got := fetch[[]byte](t, cl, 10, nil, values)
	check := func(ran int) {
		t.Helper()
		for i, r := range got {
			if (r.err == nil) != (i >= 8) || r.err == nil && r.Value.Age != 10+i {
				t.Errorf("record %d: %v, %v", i, r.Value, r.err)
			}
		}
		if len(seen.ran) != ran {
			t.Errorf("%d rules ran, not %d", len(seen.ran), ran)
		}
	}
	check(10)
	for i := range got { // once more, from the same records
		got[i].Record, got[i].err = franz.Read[[]byte](t.Context(), got[i].Record.Record, nil, values)
	}
	check(10)
	other := kafkatest.Deserializer[person](t, reg, serde.Avro, serde.WithObserver(seen))
	for i := range got { // another deserializer reads itself
		got[i].Record, got[i].err = franz.Read[[]byte](t.Context(), got[i].Record.Record, nil, other)
	}
	check(20)
}
