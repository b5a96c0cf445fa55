package registry

import (
	"container/list"
	"sync"
)

// cache keeps the values used last within a budget of bytes. It is safe for
// concurrent use.
type cache[K comparable, V any] struct {
	mu     sync.Mutex
	budget int
	used   int
	order  *list.List // of *cached[K, V], most recently used first
	items  map[K]*list.Element
}

type cached[K comparable, V any] struct {
	key   K
	value V
	size  int
}

func newCache[K comparable, V any](budget int) *cache[K, V] {
	return &cache[K, V]{budget: budget, order: list.New(), items: map[K]*list.Element{}}
}

func (c *cache[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[k]
	if !ok {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached[K, V]).value, true
}

// entryOverhead is what an item costs beside its value, roughly.
const entryOverhead = 200

// put keeps a value of about size bytes; one that alone exceeds a quarter of the budget is not kept.
func (c *cache[K, V]) put(k K, v V, size int) {
	size += entryOverhead
	if size > c.budget/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[k]; ok {
		old := e.Value.(*cached[K, V])
		c.used += size - old.size
		old.value, old.size = v, size
		c.order.MoveToFront(e)
	} else {
		c.items[k] = c.order.PushFront(&cached[K, V]{k, v, size})
		c.used += size
	}
	for c.used > c.budget {
		e := c.order.Back()
		old := c.order.Remove(e).(*cached[K, V])
		delete(c.items, old.key)
		c.used -= old.size
	}
}
