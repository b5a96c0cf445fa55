package jsonata

import "sync"

// pictures keeps the pictures compiled last. A program has few of them; an
// expression that makes many up must not fill the memory.
type pictures[K comparable, V any] struct {
	mu      sync.RWMutex
	known   map[K]V
	compile func(K) (V, error)
}

// maxPictures is how many pictures of a kind are kept.
const maxPictures = 200

func newPictures[K comparable, V any](compile func(K) (V, error)) *pictures[K, V] {
	return &pictures[K, V]{known: map[K]V{}, compile: compile}
}

func (p *pictures[K, V]) get(key K) (V, error) {
	p.mu.RLock()
	v, ok := p.known[key]
	p.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := p.compile(key)
	if err != nil {
		return v, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxPictures {
		clear(p.known)
	}
	p.known[key] = v
	return v, nil
}
