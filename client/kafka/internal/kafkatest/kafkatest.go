// Package kafkatest is what the tests of the adapters have in common. It is imported by tests alone.
package kafkatest

import (
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

// Serializer makes a serializer that writes by a registry.
func Serializer[T any](t *testing.T, reg *concordattest.Registry, format serde.Format, opts ...serde.Option) *serde.Serializer[T] {
	t.Helper()
	s, err := serde.NewSerializer[T](reg.Client(), format, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Deserializer makes a deserializer that reads by a registry.
func Deserializer[T any](t *testing.T, reg *concordattest.Registry, format serde.Format, opts ...serde.Option) *serde.Deserializer[T] {
	t.Helper()
	d, err := serde.NewDeserializer[T](reg.Client(), format, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// WithRules registers domain rules with a schema.
func WithRules(rules ...api.Rule) concordattest.With {
	return func(q *api.RegisterRequest) { q.RuleSet = &api.RuleSet{DomainRules: rules} }
}

// Grown refuses the young when they are written, or read, and sends them to a topic.
func Grown(mode, to string) concordattest.With {
	return WithRules(api.Rule{Name: "grown", Kind: api.KindCondition, Mode: mode, Type: "CEL", Expr: "message.age >= 18",
		OnFailure: "DLQ", Params: map[string]string{"dlq.topic": to}, Doc: "only adults"})
}
