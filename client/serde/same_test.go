package serde_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// sameJSON compares by value; members that are null or absent are told apart.
func sameJSON(a, b []byte) bool {
	decode := func(b []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		_ = d.Decode(&v)
		return plainNumbers(v)
	}
	return sameValue(decode(a), decode(b))
}

// sameValue compares what came out with what was recorded, where values of
// unions stand without the name of their branch.
func sameValue(got, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return ok && len(g) == 1 && sameBranch(g, want)
		}
		for name := range w {
			if v, ok := g[name]; !ok || !sameValue(v, w[name]) {
				return len(g) == 1 && sameBranch(g, want)
			}
		}
		return true
	case []any:
		if g, ok := got.([]any); ok {
			return slices.EqualFunc(g, w, sameValue)
		}
	}
	if g, ok := got.(map[string]any); ok && len(g) == 1 {
		return sameBranch(g, want)
	}
	return reflect.DeepEqual(got, want)
}

func sameBranch(got map[string]any, want any) bool {
	for _, v := range got {
		return sameValue(v, want)
	}
	return false
}

// plainNumbers writes numbers of one value alike.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name := range maps.Clone(x) {
			x[name] = plainNumbers(x[name])
		}
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	case json.Number:
		if n, err := strconv.ParseInt(string(x), 10, 64); err == nil {
			return n
		}
		f, _ := x.Float64()
		if f == float64(int64(f)) {
			return int64(f)
		}
		return f
	}
	return v
}
