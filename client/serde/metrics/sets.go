package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
)

// sets are the series of a metric by their labels, so many of them.
type sets[K comparable, V any] struct {
	most   int
	series func(K) V
	other  func(K) K // the labels of what is beyond most; they are few

	all  atomic.Pointer[map[K]V] // never changed, but replaced
	full atomic.Bool
	mu   sync.Mutex
	told int // how many of all are told apart
}

func newSets[K comparable, V any](most int, series func(K) V, other func(K) K) *sets[K, V] {
	s := &sets[K, V]{most: most, series: series, other: other}
	s.all.Store(&map[K]V{})
	return s
}

// get is the series of labels, which is made where there is none.
func (s *sets[K, V]) get(labels K) V {
	all := *s.all.Load()
	if v, ok := all[labels]; ok {
		return v
	}
	if s.full.Load() {
		if v, ok := all[s.other(labels)]; ok {
			return v
		}
	}
	return s.make(labels)
}

func (s *sets[K, V]) make(labels K) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := (*s.all.Load())[labels]; ok {
		return v
	}
	if s.told < s.most {
		s.told++
	} else {
		s.full.Store(true)
		labels = s.other(labels)
		if v, ok := (*s.all.Load())[labels]; ok {
			return v
		}
	}
	v := s.series(labels)
	all := maps.Clone(*s.all.Load())
	all[labels] = v
	s.all.Store(&all)
	return v
}
