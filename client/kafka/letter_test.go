package kafka_test

import (
	"errors"
	"testing"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/rules"
)

func TestLettersGoNotInCircles(t *testing.T) {
	refused := func(rule, topic string) []serde.Header {
		return []serde.Header{
			{Key: rules.HeaderRuleMode, Value: []byte("READ")},
			{Key: rules.HeaderRuleTopic, Value: []byte(topic)},
			{Key: rules.HeaderRuleName, Value: []byte(rule)},
		}
	}
	for _, test := range []struct {
		what    string
		to      string
		refused [][]serde.Header
		loop    bool
	}{
		{"no headers of a rule", "dlq", nil, false},
		{"the first letter", "dlq", [][]serde.Header{refused("a", "people")}, false},
		{"to where it came from", "people", [][]serde.Header{refused("a", "people")}, true},
		{"a letter refused by another rule, on its way on", "dlq2", [][]serde.Header{refused("a", "people"), refused("b", "dlq")}, false},
		{"a letter refused by another rule, back to its own topic", "dlq", [][]serde.Header{refused("a", "people"), refused("b", "dlq")}, true},
		{"a letter put back, refused by another rule", "dlq", [][]serde.Header{refused("a", "people"), refused("b", "people")}, false},
		{"a letter put back, refused as before", "dlq", [][]serde.Header{refused("a", "people"), refused("a", "people")}, true},
		{"the same rule in another topic", "dlq2", [][]serde.Header{refused("a", "people"), refused("a", "pets")}, false},
		{"twice round two topics", "dlq", [][]serde.Header{refused("a", "people"), refused("b", "dlq"), refused("a", "people")}, true},
		{"headers that are not whole", "dlq", [][]serde.Header{refused("a", "people")[:1], refused("b", "people")[:2]}, false},
	} {
		r := &serde.Record{Topic: test.to}
		for _, headers := range test.refused {
			r.Headers = append(r.Headers, headers...)
		}
		err := kafka.CheckLetter(r)
		if errors.Is(err, kafka.ErrLoop) != test.loop || !test.loop && err != nil {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}
