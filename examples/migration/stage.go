package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/concordattest"
	"github.com/seed-9f7c7091/concordat/examples/people"
)

// stage is where the programs meet: a topic, and a registry that has its contract.
type stage struct {
	topic    string
	brokers  []string
	registry *client.Client
	closers  []func() error // in the order of their making
}

// newStage starts what is not given: a broker, a registry.
func newStage(ctx context.Context, broker, url string) (s *stage, err error) {
	s = &stage{topic: "people-" + strings.ToLower(rand.Text()[:8]), brokers: []string{broker}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if broker == "" || url == "" {
		own, err := concordattest.New(concordattest.WithKafka())
		if err != nil {
			return s, err
		}
		s.closers = append(s.closers, own.Close)
		if broker == "" {
			s.brokers = own.Brokers()
		}
		if url == "" {
			url = own.URL
		}
	}
	if s.registry, err = client.New(url); err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { s.registry.Close(); return nil })
	if err := s.makeTopic(ctx); err != nil {
		return s, err
	}
	subject := s.topic + "-value"
	s.closers = append(s.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := s.registry.DeleteSubject(ctx, subject)
		if err == nil {
			_, err = s.registry.DeleteSubject(ctx, subject, client.Permanent)
		}
		return err
	})
	return s, people.Register(ctx, s.registry, subject)
}

func (s *stage) makeTopic(ctx context.Context) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { cl.Close(); return nil })
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = s.topic, 1, -1
	create := kmsg.NewPtrCreateTopicsRequest()
	create.Topics = append(create.Topics, topic)
	created, err := create.RequestWith(ctx, cl)
	if err != nil {
		return err
	}
	for _, t := range created.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return err
		}
	}
	s.closers = append(s.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		byName := kmsg.NewDeleteTopicsRequestTopic()
		byName.Topic = &s.topic
		del := kmsg.NewPtrDeleteTopicsRequest()
		del.TopicNames = []string{s.topic} // for old brokers
		del.Topics = append(del.Topics, byName)
		deleted, err := del.RequestWith(ctx, cl)
		if err != nil {
			return err
		}
		for _, t := range deleted.Topics {
			err = errors.Join(err, kerr.ErrorForCode(t.ErrorCode))
		}
		return err
	})
	return nil
}

// close undoes all, the last thing first.
func (s *stage) close() error {
	var err error
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	return err
}
