// Package concordattest runs a registry, and a Kafka broker if asked for, within a test:
//
//	reg := concordattest.Start(t, concordattest.WithKafka("orders"))
//	reg.Register("orders-value", schema)
//	c := reg.Client()
//
// It is the registry itself, served on a loopback port of its own, with its data in memory:
// what a test sees of it is what a server in production would answer. New is for programs that are not tests.
package concordattest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/storage/memory"
)

// Registry is a registry that is being served. It is safe for concurrent use.
type Registry struct {
	// URL is where the registry is: http://127.0.0.1:PORT.
	URL string

	tb      testing.TB // nil outside of tests
	reg     *registry.Registry
	kafka   *kfake.Cluster // nil without
	closers []func() error // in the order of their making

	mu      sync.Mutex
	client  *client.Client // made when it is first asked for
	once    sync.Once
	closing error
}

// Option is a choice about a registry.
type Option func(*choices)

type choices struct {
	registry registry.Settings
	server   server.Settings
	kafka    bool
	topics   []string
}

// WithSettings changes the settings before the registry is made. Where it listens is not among them.
// What it is given are the defaults, but that stopping waits at most 5 s for requests.
func WithSettings(change func(*registry.Settings, *server.Settings)) Option {
	return func(c *choices) { change(&c.registry, &c.server) }
}

// WithKafka starts a Kafka broker beside the registry, in the same process, with
// these topics of one partition each. Other topics come into being when they are first used.
func WithKafka(topics ...string) Option {
	return func(c *choices) {
		c.kafka = true
		c.topics = append(c.topics, topics...)
	}
}

// Start starts a registry that is stopped when the test ends. What fails, now and in the methods, fails the test.
func Start(t testing.TB, opts ...Option) *Registry {
	t.Helper()
	r, err := New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	r.tb = t
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// New starts a registry that runs until it is closed, for examples and other programs without a test.
func New(opts ...Option) (r *Registry, err error) {
	c := &choices{registry: registry.DefaultSettings(), server: server.DefaultSettings()}
	c.server.ShutdownGrace = 5 * time.Second
	for _, o := range opts {
		o(c)
	}
	r = &Registry{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("concordattest: %w", err), r.Close())
			r = nil
		}
	}()
	store := memory.Open(memory.Options{Buckets: registry.Buckets(), MaxRecord: c.registry.MaxRecord}, registry.Apply)
	r.closers = append(r.closers, store.Close)
	if r.reg, err = registry.New(store, c.registry); err != nil {
		return r, err
	}
	r.closers = append(r.closers, r.reg.Close)
	srv, err := server.New(r.reg, store, c.server)
	if err != nil {
		return r, err
	}
	if err := r.serve(srv, c.server.TLSCert != ""); err != nil {
		return r, err
	}
	if c.kafka {
		return r, r.startKafka(c.topics)
	}
	return r, nil
}

func (r *Registry) serve(srv *server.Server, tls bool) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	scheme := "http"
	if tls {
		scheme = "https"
	}
	r.URL = scheme + "://" + ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln, nil) }()
	r.closers = append(r.closers, func() error {
		stop()
		return <-done
	})
	return nil
}

func (r *Registry) startKafka(topics []string) (err error) {
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(1)}
	if len(topics) > 0 {
		opts = append(opts, kfake.SeedTopics(1, topics...))
	}
	if r.kafka, err = kfake.NewCluster(opts...); err != nil {
		return fmt.Errorf("the Kafka broker cannot be started: %w", err)
	}
	r.closers = append(r.closers, func() error { r.kafka.Close(); return nil })
	return nil
}

// Brokers are the addresses of the Kafka brokers that WithKafka starts; none without it.
func (r *Registry) Brokers() []string {
	if r.kafka == nil {
		return nil
	}
	return r.kafka.ListenAddrs()
}

// Client is a client of the registry: the same one each time, without a login, closed with
// the registry. One with other choices is made by client.New with the URL.
func (r *Registry) Client() *client.Client {
	r.help()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil {
		c, err := client.New(r.URL)
		if err != nil {
			r.fail(err)
		}
		r.client = c
		r.closers = append(r.closers, func() error { c.Close(); return nil })
	}
	return r.client
}

// With changes what is registered: its type, references, metadata or rules.
type With func(*api.RegisterRequest)

// Register registers a schema, of Avro where nothing else is said, and gives it as it was stored. It needs no user where
// requests do. A schema that is refused fails the test; without a test, it is a panic.
func (r *Registry) Register(subject, schema string, with ...With) *api.Schema {
	r.help()
	q := &api.RegisterRequest{Schema: schema, SchemaType: api.Avro}
	for _, w := range with {
		w(q)
	}
	s, err := r.register(subject, q)
	if err != nil {
		r.fail(fmt.Errorf("registering under %q: %w", subject, err))
	}
	return s
}

// register registers what a request says once it has been sent, with what is filled in then.
func (r *Registry) register(subject string, q *api.RegisterRequest) (*api.Schema, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	sent, err := api.ReadBody(body, "register", "RegisterSchemaRequest", api.ReadRegisterRequest)
	if err != nil {
		return nil, err
	}
	s, _, err := r.reg.Register(context.Background(), subject, &sent, registry.RegisterOptions{})
	return s, err
}

// help makes the caller's caller the line at which a test fails.
func (r *Registry) help() {
	if r.tb != nil {
		r.tb.Helper()
	}
}

func (r *Registry) fail(err error) {
	r.help()
	if r.tb == nil {
		panic(fmt.Errorf("concordattest: %w", err))
	}
	r.tb.Fatal(err)
}

// Close stops everything, the last that was started first. Closing twice is harmless, and so is closing
// one that a test will close.
func (r *Registry) Close() error {
	r.once.Do(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i := len(r.closers) - 1; i >= 0; i-- {
			r.closing = errors.Join(r.closing, r.closers[i]())
		}
	})
	return r.closing
}
