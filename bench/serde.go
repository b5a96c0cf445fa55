package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	twmb "github.com/twmb/avro"
	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/bench/internal/orderpb"
	concordat "github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/client/serde/hamba"
)

// serdes measures the client's serializers and deserializers beside bare codecs
// and confluent-kafka-go's serdes, on one order. All that is in one group takes turns.
type serdes struct {
	*bench
	url    string
	client *concordat.Client
	order  *Order
	groups []*group
}

func (b *bench) serde() {
	server := b.serve(filepath.Join(b.dir, "serde.db"))
	defer server.stop()
	s := &serdes{bench: b, url: "http://" + server.addr, order: anOrder()}
	var err error
	s.client, err = concordat.New(s.url)
	check(err)
	defer s.client.Close()

	s.call("PUT", "/config", map[string]any{"compatibility": "NONE"}, nil)
	s.avroStructs()
	s.avroMaps()
	s.conditions()
	s.renaming()
	s.json()
	s.protobuf()
	if !withConfluent {
		fmt.Fprintln(os.Stderr, "bench: without cgo, serdes are not measured beside those of confluent-kafka-go")
	}
	s.measure()
}

// What is measured: a function for each message, after it has once given what it should.

// writing appends the message of v to a buffer that is there.
func writing[T any](s *serdes, f serde.Format, topic string, v T, opts ...serde.Option) func() {
	return writings(s, f, 1, topic, v, opts...)[0]
}

// writings is writing for n goroutines, which share a serializer.
func writings[T any](s *serdes, f serde.Format, n int, topic string, v T, opts ...serde.Option) (list []func()) {
	out, err := serde.NewSerializer[T](s.client, f, opts...)
	check(err)
	ctx := context.Background()
	message, err := out.Append(ctx, nil, topic, v)
	check(err)
	s.isOrder(f, topic, message)
	for range n {
		buf := make([]byte, 0, 1024)
		list = append(list, func() {
			_, err := out.Append(ctx, buf, topic, v)
			check(err)
		})
	}
	return list
}

// reading makes a value of a message.
func reading[T any](s *serdes, f serde.Format, topic string, message []byte, want T, opts ...serde.Option) func() {
	return readings(s, f, 1, topic, message, want, opts...)[0]
}

// readings is reading for n goroutines, which share a deserializer.
func readings[T any](s *serdes, f serde.Format, n int, topic string, message []byte, want T, opts ...serde.Option) (list []func()) {
	in, err := serde.NewDeserializer[T](s.client, f, opts...)
	check(err)
	ctx := context.Background()
	got, err := in.Deserialize(ctx, topic, message)
	check(err)
	check(equal(topic, got, want))
	for range n {
		list = append(list, func() {
			_, err := in.Deserialize(ctx, topic, message)
			check(err)
		})
	}
	return list
}

// together is a side whose functions run at the same time, each on some of the messages.
func together(functions []func()) side {
	return func(n int) usage {
		each := (n + len(functions) - 1) / len(functions)
		u := calls(func() { spread(functions, each) }, 1)
		all := float64(each * len(functions))
		return usage{u.micros / all, u.allocs / all, u.bytes / all}
	}
}

func spread(functions []func(), times int) {
	var wg sync.WaitGroup
	for _, f := range functions {
		wg.Go(func() {
			for range times {
				f()
			}
		})
	}
	wg.Wait()
}

// isOrder checks that a message is the order.
func (s *serdes) isOrder(f serde.Format, what string, message []byte) {
	if len(message) < 6 || message[0] != 0 {
		check(fmt.Errorf("%s: %x is no message", what, message))
	}
	check(s.holdsOrder(f, what, message[5:]))
}

func (s *serdes) holdsOrder(f serde.Format, what string, payload []byte) error {
	var got Order
	switch f {
	case serde.Avro:
		_, err := twmb.MustParse(avroOrder).Decode(payload, &got)
		check(err)
	case serde.JSON:
		check(json.Unmarshal(payload, &got))
	case serde.Protobuf:
		var got orderpb.Order
		if payload[0] != 0 {
			return fmt.Errorf("%s: another message than the first", what)
		}
		check(proto.Unmarshal(payload[1:], &got))
		return equal(what, &got, s.message())
	}
	return equal(what, &got, s.order)
}

// equal compares messages by their bytes: a dynamic one and a generated one are the same.
func equal(what string, got, want any) error {
	g, ok := got.(proto.Message)
	w, both := want.(proto.Message)
	if ok && both {
		one, err := proto.MarshalOptions{Deterministic: true}.Marshal(g)
		check(err)
		other, err := proto.MarshalOptions{Deterministic: true}.Marshal(w)
		check(err)
		if bytes.Equal(one, other) {
			return nil
		}
	} else if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("%s: got %+v, want %+v", what, got, want)
}

// The registry.

func (s *serdes) call(method, path string, body, answer any) {
	text, err := json.Marshal(body)
	check(err)
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(text))
	check(err)
	request.Header.Set("Content-Type", accept)
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var refusal json.RawMessage
		_ = json.NewDecoder(response.Body).Decode(&refusal)
		check(fmt.Errorf("%s %s: %s %s", method, path, response.Status, refusal))
	}
	if answer != nil {
		check(json.NewDecoder(response.Body).Decode(answer))
	}
}

// register registers a schema for the values of a topic and returns what its messages begin with.
func (s *serdes) register(topic string, f serde.Format, text string, rules *api.RuleSet) []byte {
	var answer struct {
		ID uint32 `json:"id"`
	}
	s.call("POST", "/subjects/"+topic+"-value/versions", map[string]any{"schema": text, "schemaType": f, "ruleSet": rules}, &answer)
	return binary.BigEndian.AppendUint32([]byte{0}, answer.ID)
}

func framed(frame, payload []byte) []byte { return slices.Concat(frame, payload) }

// Both sides by their settings.

var (
	latest    = serde.UseLatestVersion()
	asItIs    = serde.AutoRegister(false)
	validated = serde.WithProperties(map[string]string{"json.fail.invalid.schema": "true"})
	byHamba   = serde.WithAvroCodec(hamba.Codec())
	trusting  = serde.WithProperties(map[string]string{"json.fail.invalid.schema": "false"})
)

// their says how a serde of confluent-kafka-go is set.
type their struct {
	format            serde.Format
	latest, validates bool
}
