package registry

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

// texts make schemas of each type, which are as large as common ones and
// differ by a number.
var texts = map[string]func(n int) string{
	api.Avro: func(n int) string {
		return fmt.Sprintf(`{"type":"record","name":"R%d","fields":[%s]}`, n, each(`{"name":"f#","type":["null","string"],"default":null}`, ","))
	},
	api.JSON: func(n int) string {
		return fmt.Sprintf(`{"title":"T%d","type":"object","properties":{%s},"additionalProperties":false}`, n, each(`"f#":{"type":"string","maxLength":1#}`, ","))
	},
	api.Protobuf: func(n int) string {
		return fmt.Sprintf(`syntax = "proto3"; message M%d {%s}`, n, each(`string f# = 1#;`, " "))
	},
}

func each(item, separator string) string {
	items := make([]string, 30)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "#", fmt.Sprint(i))
	}
	return strings.Join(items, separator)
}

func opened(t *testing.T, cache int) *Registry {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{Buckets: Buckets(), NoSync: true}, Apply)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := DefaultSettings()
	s.ParsedCache = cache
	r, err := New(store, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Registry) mustRegister(t *testing.T, subject, schemaType, text string) {
	t.Helper()
	q := &api.RegisterRequest{SchemaType: schemaType, Schema: strings.Clone(text)}
	if _, _, err := r.Register(context.Background(), subject, q, RegisterOptions{}); err != nil {
		t.Fatal(err)
	}
}

// held returns the schemas that the cache of parsed texts holds, and the sum of their sizes.
func (r *Registry) held() (schemas map[schema.Schema]bool, size int) {
	schemas = make(map[schema.Schema]bool)
	for _, e := range r.parsed.items {
		if s := e.Value.(*cached[parsedKey, parsedResult]).value.schema; s != nil && !schemas[s] {
			schemas[s] = true
			size += s.Size()
		}
	}
	return schemas, size
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestEqualTextsAreHeldOnce registers one text under many subjects, and as many texts.
func TestEqualTextsAreHeldOnce(t *testing.T) {
	const subjects = 1000
	for schemaType, text := range texts {
		grown := func(text func(n int) string, want int) int {
			r := opened(t, 1<<30)
			before := heap()
			for n := range subjects {
				r.mustRegister(t, fmt.Sprint("s", n), schemaType, text(n))
			}
			after := heap()
			if schemas, _ := r.held(); len(schemas) != want {
				t.Errorf("%s: %d parsed schemas are held, want %d", schemaType, len(schemas), want)
			}
			return after - before
		}
		once := grown(func(int) string { return text(0) }, 1)
		often := grown(text, subjects)
		t.Logf("%s: %d bytes for one text under %d subjects, %d for as many texts", schemaType, once, subjects, often)
		if once > often/10 {
			t.Errorf("%s: %d bytes for one text under %d subjects, %d for as many texts", schemaType, once, subjects, often)
		}
	}
}

// TestParsedCacheKeepsItsBudget lets many more schemas pass than the cache has
// room for, good ones and bad ones, and as large in blanks as in words.
func TestParsedCacheKeepsItsBudget(t *testing.T) {
	const budget = 4 << 20
	for schemaType, text := range texts {
		r := opened(t, budget)
		before := heap()
		for n := range 3000 {
			switch subject := fmt.Sprint("s", n); n % 3 {
			case 0:
				r.mustRegister(t, subject, schemaType, text(n))
			case 1:
				q := &api.RegisterRequest{SchemaType: schemaType, Schema: text(n) + strings.Repeat("?", 1000)}
				_, _, _ = r.Register(context.Background(), subject, q, RegisterOptions{})
			default:
				if schemaType != api.Protobuf {
					r.mustRegister(t, subject, schemaType, "{"+strings.Repeat(" ", 10_000)+text(n)[1:])
				}
			}
		}
		grown := heap() - before
		schemas, size := r.held()
		t.Logf("%s: %d schemas of %d bytes by their own account, %d counted, %d bytes grown", schemaType, len(schemas), size, r.parsed.used, grown)
		if r.parsed.used > budget || size > budget || grown > 2*budget {
			t.Errorf("%s: %d schemas of %d bytes by their own account, %d counted, %d bytes grown", schemaType, len(schemas), size, r.parsed.used, grown)
		}
	}
}
