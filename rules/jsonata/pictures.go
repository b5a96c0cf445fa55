package jsonata

import "sync"

// pictures keeps the pictures compiled last. A program has few of them; an
// expression that makes many up must not fill the memory.
type pictures[K comparable, V any] struct {
	mu      sync.RWMutex
	known   map[K]V
	compile func(K) (V, error)
	length  func(K) int
}

// maxPictures is how many pictures of a kind are kept.
const maxPictures = 200

// maxKept is how long a picture may be to be kept.
const maxKept = 256

func newPictures[K comparable, V any](compile func(K) (V, error), length func(K) int) *pictures[K, V] {
	return &pictures[K, V]{known: map[K]V{}, compile: compile, length: length}
}

// pictureCost is about what a byte of a picture takes when it is compiled.
const pictureCost = 80

func (p *pictures[K, V]) get(st *state, key K) (v V, err error) {
	n := p.length(key)
	if err := st.tick(n); err != nil {
		return v, err
	}
	if n > maxKept {
		if err := st.alloc(pictureCost * n); err != nil {
			return v, err
		}
		return p.compile(key)
	}
	p.mu.RLock()
	v, ok := p.known[key]
	p.mu.RUnlock()
	if ok {
		return v, nil
	}
	if v, err = p.compile(key); err != nil {
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
