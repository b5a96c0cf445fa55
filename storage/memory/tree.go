package memory

import (
	"bytes"
	"math/rand/v2"
)

// tree is an ordered map that is never changed: put and remove give a new one that
// shares all but the path they touched. So a tree that was read from a store stays as
// it was, and taking it back is keeping the old one.
//
// It is a treap: by keys a search tree, by random ranks a heap, which keeps it
// balanced whatever the order in which keys come. nil is the empty tree.
type tree struct {
	key, value  []byte
	rank        uint64
	left, right *tree
}

// get gives the value of a key, nil where there is none.
func (t *tree) get(key []byte) []byte {
	for t != nil {
		switch order := bytes.Compare(key, t.key); {
		case order == 0:
			return t.value
		case order < 0:
			t = t.left
		default:
			t = t.right
		}
	}
	return nil
}

// put gives a tree with a key set to a value. Both slices are kept.
func (t *tree) put(key, value []byte) *tree {
	if t == nil {
		return &tree{key: key, value: value, rank: rand.Uint64()}
	}
	n := *t
	switch order := bytes.Compare(key, t.key); {
	case order == 0:
		n.value = value
	case order < 0:
		// What put gives is new, and so may be turned about.
		if n.left = t.left.put(key, value); n.left.rank > n.rank {
			top := n.left
			n.left, top.right = top.right, &n
			return top
		}
	default:
		if n.right = t.right.put(key, value); n.right.rank > n.rank {
			top := n.right
			n.right, top.left = top.left, &n
			return top
		}
	}
	return &n
}

// remove gives a tree without a key; the same one where the key is not there.
func (t *tree) remove(key []byte) *tree {
	if t == nil {
		return nil
	}
	n := *t
	switch order := bytes.Compare(key, t.key); {
	case order == 0:
		return join(t.left, t.right)
	case order < 0:
		n.left = t.left.remove(key)
	default:
		n.right = t.right.remove(key)
	}
	if n.left == t.left && n.right == t.right {
		return t
	}
	return &n
}

// join makes one tree of two, where every key of a is below those of b.
func join(a, b *tree) *tree {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.rank > b.rank:
		n := *a
		n.right = join(a.right, b)
		return &n
	}
	n := *b
	n.left = join(a, b.left)
	return &n
}

// above finds the entry with the least key above a key, or with orEqual at it; nil where there is none.
func (t *tree) above(key []byte, orEqual bool) (found *tree) {
	for t != nil {
		if order := bytes.Compare(t.key, key); order > 0 || orEqual && order == 0 {
			found, t = t, t.left
		} else {
			t = t.right
		}
	}
	return found
}

// below finds the entry with the greatest key below a key, or with unbounded the greatest of all.
func (t *tree) below(key []byte, unbounded bool) (found *tree) {
	for t != nil {
		if unbounded || bytes.Compare(t.key, key) < 0 {
			found, t = t, t.right
		} else {
			t = t.left
		}
	}
	return found
}
