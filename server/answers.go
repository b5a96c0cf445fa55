package server

import (
	"bytes"
	"hash/maphash"
	"sync"

	"github.com/seed-9f7c7091/concordat/registry"
)

// answers holds ready-made answers of reads, and of registrations of what is
// already there, by the request that they answer. An answer is used while the stamps it was made under
// hold, so nothing stale is ever served.
type answers struct {
	budget int // bytes per shard
	shards [64]answerShard
}

type answerShard struct {
	mu   sync.RWMutex
	used int
	held map[uint64]*answer
}

// answer is a held answer. It is immutable.
type answer struct {
	uri     string
	request []byte // the request's body
	stamps  []registry.Stamp
	body    []byte
	length  []string // the Content-Length header
	route   *routeMetrics
}

var answerSeed = maphash.MakeSeed()

func newAnswers(budget int) *answers {
	a := &answers{}
	a.budget = budget / len(a.shards)
	for i := range a.shards {
		a.shards[i].held = map[uint64]*answer{}
	}
	return a
}

func answerKey(uri string, body []byte) uint64 {
	h := maphash.String(answerSeed, uri)
	if len(body) > 0 {
		h = h*0x9E3779B97F4A7C15 + maphash.Bytes(answerSeed, body)
	}
	return h
}

// find returns the answer to a request, or nil.
func (a *answers) find(uri string, body []byte) *answer {
	k := answerKey(uri, body)
	shard := &a.shards[k%uint64(len(a.shards))]
	shard.mu.RLock()
	found := shard.held[k]
	shard.mu.RUnlock()
	if found == nil || found.uri != uri || !bytes.Equal(found.request, body) {
		return nil
	}
	for i := range found.stamps {
		if !found.stamps[i].Holds() {
			return nil
		}
	}
	return found
}

// answerOverhead is what an answer costs beside its bytes, roughly.
const answerOverhead = 300

func (a *answer) size() int { return len(a.uri) + len(a.request) + len(a.body) + answerOverhead }

// hold keeps an answer, in place of others chosen at random where room is short.
func (a *answers) hold(n *answer) {
	if n.size() > a.budget/2 {
		return
	}
	k := answerKey(n.uri, n.request)
	shard := &a.shards[k%uint64(len(a.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if old := shard.held[k]; old != nil {
		shard.used -= old.size()
	}
	shard.held[k] = n
	shard.used += n.size()
	for other, old := range shard.held {
		if shard.used <= a.budget {
			break
		}
		if other != k {
			delete(shard.held, other)
			shard.used -= old.size()
		}
	}
}
