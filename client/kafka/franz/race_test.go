package franz_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/kafka/internal/kafkatest"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Many goroutines share a producer, and consumers the deserializers; nothing is lost, and what is refused is a letter.
func TestConcurrentProducersAndConsumers(t *testing.T) {
	const writers, each = 8, 50
	topics := []string{"people", "staff"}
	reg := start(t)
	for _, topic := range topics {
		reg.Register(topic+"-value", personSchema, kafkatest.Grown(api.ModeRead, "refused"))
	}
	cl := producer(t, reg)
	p := franz.NewProducer(cl,
		kafkatest.Serializer[string](t, reg, serde.Avro, serde.ForKeys(), serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: `"string"`})),
		kafkatest.Serializer[*person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion(), serde.HeaderFraming()))
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var promises kgo.FirstErrPromise
			for i := range each {
				name := fmt.Sprintf("%d/%d", w, i)
				p.Produce(context.Background(), topics[i%2], name, &person{name, i}, promises.Promise())
			}
			if err := promises.Err(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	keys := kafkatest.Deserializer[string](t, reg, serde.Avro, serde.ForKeys())
	values := kafkatest.Deserializer[*person](t, reg, serde.Avro, serde.WithDeadLetters(franz.DeadLetters(cl)))
	t.Run("consumers", func(t *testing.T) {
		for n := range 3 {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				var hooks []kgo.Opt
				if n == 0 {
					hooks = append(hooks, kgo.WithHooks(franz.ReadAhead(context.Background(), keys, values)))
				}
				young := 0
				for _, r := range fetch(t, consumer(t, reg, topics, hooks...), writers*each, keys, values) {
					if r.err != nil {
						young++
					} else if r.Key != r.Value.Name {
						t.Errorf("%s has the value of %s", r.Key, r.Value.Name)
					}
				}
				if young != writers*18 {
					t.Errorf("%d were refused, not %d", young, writers*18)
				}
			})
		}
	})
	fetch[[]byte, []byte](t, consumer(t, reg, []string{"refused"}), 3*writers*18, nil, nil)
}
