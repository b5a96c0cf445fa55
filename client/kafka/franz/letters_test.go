package franz_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/kafka/internal/kafkatest"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// checkLetter looks for what a dead letter has beside its value.
func checkLetter(t *testing.T, rec *kgo.Record, mode string) {
	t.Helper()
	if string(rec.Key) != "Tim" {
		t.Errorf("the key is %q", rec.Key)
	}
	for key, want := range map[string]string{"trace": "7", "__rule.name": "grown", "__rule.mode": mode, "__rule.subject": "people-value", "__rule.topic": "people"} {
		if got, ok := header(rec, key); !ok || got != want {
			t.Errorf("the header %s is %q", key, got)
		}
	}
	if got, _ := header(rec, "__rule.exception"); !strings.Contains(got, "only adults") {
		t.Errorf("the exception is %q", got)
	}
	if rec.Headers[0].Key != "trace" {
		t.Errorf("the original headers are not first: %v", rec.Headers)
	}
}

func TestDeadLetterOfWriting(t *testing.T) {
	reg := start(t)
	reg.Register("people-value", personSchema, kafkatest.Grown(api.ModeWrite, "refused"))
	cl := producer(t, reg)
	p := franz.NewProducer[string](cl, nil, kafkatest.Serializer[person](t, reg, serde.Avro,
		serde.AutoRegister(false), serde.UseLatestVersion(), serde.WithDeadLetters(franz.DeadLetters(cl))))
	for _, who := range []person{{"Tim", 9}, {"Ada", 36}} {
		rec := &kgo.Record{Topic: "people", Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("7")}}}
		done := make(chan error, 1)
		p.ProduceRecord(t.Context(), rec, who.Name, who, func(_ *kgo.Record, err error) { done <- err })
		if err := <-done; (err == nil) != (who.Age >= 18) {
			t.Fatalf("%s: %v", who.Name, err)
		}
	}
	letter := fetch[string, string](t, consumer(t, reg, []string{"refused"}), 1, nil, nil)[0]
	checkLetter(t, letter.Record.Record, api.ModeWrite)
	if letter.Value != `{"name":"Tim","age":9}` && letter.Value != `{"age":9,"name":"Tim"}` { // the record as JSON, as it was never written
		t.Errorf("the letter says %q", letter.Value)
	}
	if got := fetch[string](t, consumer(t, reg, []string{"people"}), 1, nil, kafkatest.Deserializer[person](t, reg, serde.Avro)); got[0].Key != "Ada" {
		t.Errorf("%s was written", got[0].Key)
	}
}

func TestDeadLetterOfReading(t *testing.T) {
	for _, framing := range []string{"prefix", "header"} {
		t.Run(framing, func(t *testing.T) {
			reg := start(t)
			reg.Register("people-value", personSchema, kafkatest.Grown(api.ModeRead, "refused"))
			cl := producer(t, reg)
			opts := []serde.Option{serde.AutoRegister(false), serde.UseLatestVersion()}
			if framing == "header" {
				opts = append(opts, serde.HeaderFraming())
			}
			values := kafkatest.Serializer[person](t, reg, serde.Avro, opts...)
			var sent []*kgo.Record
			for _, who := range []person{{"Tim", 9}, {"Ada", 36}} {
				rec := &kgo.Record{Topic: "people", Key: []byte(who.Name), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("7")}}}
				if err := franz.SerializeValue(t.Context(), values, rec, who); err != nil {
					t.Fatal(err)
				}
				sent = append(sent, rec)
			}
			if err := cl.ProduceSync(t.Context(), sent...).FirstErr(); err != nil {
				t.Fatal(err)
			}

			d := kafkatest.Deserializer[person](t, reg, serde.Avro, serde.WithDeadLetters(franz.DeadLetters(cl)))
			got := fetch[string](t, consumer(t, reg, []string{"people"}), 2, nil, d)
			if got[0].err == nil || got[1].err != nil || got[1].Value != (person{"Ada", 36}) {
				t.Errorf("%v, %v, %v", got[0].err, got[1].Value, got[1].err)
			}

			// The letter is the record as it came, and is read without the rule that refused it.
			letter := fetch[string](t, consumer(t, reg, []string{"refused"}), 1, nil, d)[0]
			checkLetter(t, letter.Record.Record, api.ModeRead)
			if string(letter.Record.Record.Value) != string(sent[0].Value) {
				t.Errorf("the bytes are %q, not %q", letter.Record.Record.Value, sent[0].Value)
			}
			if letter.err != nil || letter.Value != (person{"Tim", 9}) {
				t.Errorf("%v, %v", letter.Value, letter.err)
			}
		})
	}
}

// A rule that sends letters to the topic it works on, or one that others refuse there, does not fill the topic.
func TestDeadLettersGoNotInCircles(t *testing.T) {
	reg := start(t)
	reg.Register("people-value", personSchema, kafkatest.Grown(api.ModeRead, "people"))
	cl := producer(t, reg)
	p := franz.NewProducer[string](cl, nil, kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion()))
	if _, err := p.ProduceSync(t.Context(), "people", "Tim", person{"Tim", 9}); err != nil {
		t.Fatal(err)
	}
	d := kafkatest.Deserializer[person](t, reg, serde.Avro, serde.WithDeadLetters(franz.DeadLetters(cl)))
	if got := fetch[string](t, consumer(t, reg, []string{"people"}), 1, nil, d); !errors.Is(got[0].err, kafka.ErrLoop) {
		t.Errorf("the error is %v", got[0].err)
	}
	if rec, err := p.ProduceSync(t.Context(), "people", "Ada", person{"Ada", 36}); err != nil || rec.Offset != 1 {
		t.Errorf("a letter was sent: %v, %v", rec, err)
	}

	always := producer(t, reg, kgo.DefaultProduceTopic("elsewhere"), kgo.DefaultProduceTopicAlways())
	if err := franz.DeadLetters(always).SendDeadLetter(t.Context(), &serde.Record{Topic: "refused"}); err == nil {
		t.Error("a client sent a letter to its default topic")
	}
}

// A letter that cannot be sent is part of the error.
func TestDeadLetterUnsent(t *testing.T) {
	reg := start(t)
	reg.Register("people-value", personSchema, kafkatest.Grown(api.ModeWrite, "refused"))
	cl := producer(t, reg)
	cl.Close()
	s := kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion(), serde.WithDeadLetters(franz.DeadLetters(cl)))
	err := franz.SerializeValue(t.Context(), s, &kgo.Record{Topic: "people"}, person{"Tim", 9})
	if !errors.Is(err, kgo.ErrClientClosed) || !strings.Contains(err.Error(), "only adults") {
		t.Errorf("the error is %v", err)
	}
}

// The letter of a key that was refused is the whole record.
func TestDeadLetterOfKey(t *testing.T) {
	reg := start(t)
	reg.Register("people-key", personSchema, kafkatest.Grown(api.ModeRead, "refused"))
	cl := producer(t, reg)
	p := franz.NewProducer[person, []byte](cl, kafkatest.Serializer[person](t, reg, serde.Avro, serde.ForKeys(), serde.AutoRegister(false), serde.UseLatestVersion()), nil)
	for _, value := range []string{"a value", ""} {
		var data []byte
		if value != "" {
			data = []byte(value)
		}
		sent, err := p.ProduceSync(t.Context(), "people", person{"Tim", 9}, data)
		if err != nil {
			t.Fatal(err)
		}
		d := kafkatest.Deserializer[person](t, reg, serde.Avro, serde.ForKeys(), serde.WithDeadLetters(franz.DeadLetters(cl)))
		if _, err := franz.DeserializeKey(t.Context(), d, sent); err == nil {
			t.Error("the key was read")
		}
		letters := fetch[[]byte, []byte](t, consumer(t, reg, []string{"refused"}), int(sent.Offset)+1, nil, nil)
		letter := letters[sent.Offset]
		if string(letter.Key) != string(sent.Key) || string(letter.Value) != value || (letter.Value == nil) != (data == nil) {
			t.Errorf("the letter has the key %q and the value %q", letter.Key, letter.Value)
		}
		if subject, _ := header(letter.Record.Record, "__rule.subject"); subject != "people-key" {
			t.Errorf("the letter is of %s", subject)
		}
	}
}
