package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/rules"
)

// ErrLoop is a dead letter that would be refused, and sent, again and again.
var ErrLoop = errors.New("the dead letter would go round in circles")

// Letter makes a dead letter ready to be sent, in the context that its sender was given: the letter of a key gets the value of the
// record that the key was read from. Its error is that of CheckLetter.
func Letter(ctx context.Context, r *serde.Record) error {
	if r.Data == nil {
		if read, ok := ctx.Value(readingKey{}).(*reading); ok {
			r.Data = read.value
		}
	}
	return CheckLetter(r)
}

// CheckLetter says whether a dead letter may be sent. Its error is an ErrLoop if
// the letter would go to the topic that it was refused in, or if the rule that refused it had refused it in that topic before.
//
// A consumer passes over the rules that the headers of a dead letter name, so that a letter comes back
// only where others than that rule refuse it, or someone has taken its headers away.
func CheckLetter(r *serde.Record) error {
	names, topics := values(r.Headers, rules.HeaderRuleName), values(r.Headers, rules.HeaderRuleTopic)
	if len(topics) == 0 {
		return nil
	}
	from := topics[len(topics)-1]
	if from == r.Topic {
		return fmt.Errorf("%w: %s is both where it was refused and where dead letters go, set another dlq.topic", ErrLoop, from)
	}
	if len(names) != len(topics) {
		return nil // not ours, or not whole: which name goes with which topic cannot be told
	}
	name := names[len(names)-1]
	for i := range len(names) - 1 {
		if names[i] == name && topics[i] == from {
			return fmt.Errorf("%w: rule %s has refused it in %s before", ErrLoop, name, from)
		}
	}
	return nil
}

func values(headers []serde.Header, key string) []string {
	var all []string
	for _, h := range headers {
		if h.Key == key {
			all = append(all, string(h.Value))
		}
	}
	return all
}
