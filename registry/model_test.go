package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

func open(t interface{ Fatal(...any) }, file string) (*registry.Registry, *bolt.Store) {
	store, err := bolt.Open(file, bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := registry.New(store, registry.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	return reg, store
}

// model is the registry as plain maps: what ids, versions and deletions must
// come to, with compatibility switched off and no configuration in play.
type model struct {
	subjects map[string]map[int]*modelVersion
	ids      map[string]map[string]int // context → content → id
	maxID    map[string]int
}

type modelVersion struct {
	id      int
	content string
	deleted bool
}

func newModel() *model {
	return &model{map[string]map[int]*modelVersion{}, map[string]map[string]int{}, map[string]int{}}
}

func contextOf(subject string) string { return registry.ParseSubject(subject).Context }

// used reports whether any version of the context has the id.
func (m *model) used(context string, id int) bool {
	for s, versions := range m.subjects {
		for _, v := range versions {
			if contextOf(s) == context && v.id == id {
				return true
			}
		}
	}
	return false
}

func (m *model) register(subject, content string) (id, version int) {
	context := contextOf(subject)
	versions := m.subjects[subject]
	for n, v := range versions {
		if v.content == content && !v.deleted {
			return v.id, n
		}
	}
	id, known := m.ids[context][content]
	if !known || !m.used(context, id) {
		m.maxID[context]++
		id = m.maxID[context]
		if m.ids[context] == nil {
			m.ids[context] = map[string]int{}
		}
		m.ids[context][content] = id
	}
	if versions == nil {
		versions = map[int]*modelVersion{}
		m.subjects[subject] = versions
	}
	next := 1
	for n := range versions {
		next = max(next, n+1)
	}
	for n, v := range versions { // a revived schema leaves its deleted versions behind
		if v.deleted && v.id == id {
			delete(versions, n)
		}
	}
	versions[next] = &modelVersion{id, content, false}
	return id, next
}

func (m *model) live(subject string) (list []int) {
	for n, v := range m.subjects[subject] {
		if !v.deleted {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

func (m *model) all(subject string) []int { return slices.Sorted(maps.Keys(m.subjects[subject])) }

func (m *model) drop(subject string, version int) {
	delete(m.subjects[subject], version)
	if len(m.subjects[subject]) == 0 {
		delete(m.subjects, subject)
	}
}

// deleteVersion returns the code of the error, or 0.
func (m *model) deleteVersion(subject string, version int, permanent bool) int {
	versions := m.subjects[subject]
	v := versions[version]
	switch {
	case len(versions) == 0:
		return api.CodeSubjectNotFound
	case v == nil:
		return api.CodeVersionNotFound
	case v.deleted && !permanent:
		return api.CodeVersionSoftDeleted
	case !v.deleted && permanent:
		return api.CodeVersionNotSoftDeleted
	case permanent:
		m.drop(subject, version)
	default:
		v.deleted = true
	}
	return 0
}

func (m *model) deleteSubject(subject string, permanent bool) int {
	versions := m.subjects[subject]
	switch {
	case len(versions) == 0:
		return api.CodeSubjectNotFound
	case !permanent && len(m.live(subject)) == 0:
		return api.CodeSubjectSoftDeleted
	case permanent && len(m.live(subject)) > 0:
		return api.CodeSubjectNotSoftDeleted
	}
	for n, v := range versions {
		if permanent {
			m.drop(subject, n)
		} else {
			v.deleted = true
		}
	}
	return 0
}

func code(err error) int {
	var e *api.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return -1
	}
	return 0
}

var (
	modelSubjects = []string{"a", "b", "a/b", ":.ctx:a", ":.ctx:c"}
	modelContents = []string{`"string"`, `"int"`, `"long"`, `{"type":"record","name":"R","fields":[{"name":"f","type":"int"}]}`}
)

func TestRegistryAgainstModel(t *testing.T) {
	dir := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		file := filepath.Join(dir, fmt.Sprintf("%d.db", round))
		reg, store := open(t, file)
		ctx := context.Background()
		m := newModel()
		none := "NONE"
		if _, err := reg.UpdateConfig(ctx, "", api.ConfigUpdate{Level: &none, Set: map[string]bool{"compatibility": true}}); err != nil {
			t.Fatal(err)
		}
		if _, err := reg.UpdateConfig(ctx, ":.ctx:", api.ConfigUpdate{Level: &none, Set: map[string]bool{"compatibility": true}}); err != nil {
			t.Fatal(err)
		}
		subject := rapid.SampledFrom(modelSubjects)
		t.Repeat(map[string]func(*rapid.T){
			"register": func(t *rapid.T) {
				s, content := subject.Draw(t, "subject"), rapid.SampledFrom(modelContents).Draw(t, "content")
				a, _, err := reg.Register(ctx, s, &api.RegisterRequest{SchemaType: api.Avro, Schema: content}, registry.RegisterOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if id, version := m.register(s, content); a.ID != id || a.Version != version {
					t.Fatalf("id %d version %d, want %d and %d", a.ID, a.Version, id, version)
				}
			},
			"look up": func(t *rapid.T) {
				s, content := subject.Draw(t, "subject"), rapid.SampledFrom(modelContents).Draw(t, "content")
				a, err := reg.Lookup(s, &api.RegisterRequest{SchemaType: api.Avro, Schema: content}, registry.LookupOptions{})
				for n, v := range m.subjects[s] {
					if v.content == content && !v.deleted {
						if err != nil || a.Version != n || a.ID != v.id {
							t.Fatalf("%v %v, want version %d id %d", a, err, n, v.id)
						}
						return
					}
				}
				// Without a context, the other contexts are searched as well.
				if err == nil && !(contextOf(s) == "." && a.Subject != s) {
					t.Fatalf("found %v, want nothing", a)
				}
			},
			"delete version": func(t *rapid.T) {
				s, version, permanent := subject.Draw(t, "subject"), rapid.IntRange(1, 5).Draw(t, "version"), rapid.Bool().Draw(t, "permanent")
				_, err := reg.DeleteVersion(ctx, s, version, permanent)
				if want := m.deleteVersion(s, version, permanent); code(err) != want {
					t.Fatalf("%v, want code %d", err, want)
				}
			},
			"delete subject": func(t *rapid.T) {
				s, permanent := subject.Draw(t, "subject"), rapid.Bool().Draw(t, "permanent")
				_, err := reg.DeleteSubject(ctx, s, permanent)
				if want := m.deleteSubject(s, permanent); code(err) != want {
					t.Fatalf("%v, want code %d", err, want)
				}
			},
			"": func(t *rapid.T) { m.compare(t, reg) },
		})
		before := everything(t, reg)
		replayed := filepath.Join(dir, fmt.Sprintf("%d-replayed.db", round))
		if _, err := bolt.Replay(store, replayed, bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		again, store := open(t, replayed)
		if after := everything(t, again); after != before {
			t.Fatalf("the log replayed into an empty file answers\n%s\nwant\n%s", after, before)
		}
		store.Close()
	})
}

// compare holds the registry against the model.
func (m *model) compare(t *rapid.T, reg *registry.Registry) {
	schemas := 0
	for _, s := range modelSubjects {
		live, err := reg.Versions(s, registry.Live, false, registry.Page{})
		if code(err) != 0 && code(err) != api.CodeSubjectNotFound || !slices.Equal(live, m.live(s)) {
			t.Fatalf("live versions of %s: %v %v, want %v", s, live, err, m.live(s))
		}
		all, err := reg.Versions(s, registry.WithDeleted, false, registry.Page{})
		if code(err) != 0 && code(err) != api.CodeSubjectNotFound || !slices.Equal(all, m.all(s)) {
			t.Fatalf("versions of %s: %v %v, want %v", s, all, err, m.all(s))
		}
		schemas += len(all)
		for n, v := range m.subjects[s] {
			a, err := reg.SchemaByID(v.id, s, registry.FetchOptions{}, false)
			if err != nil || a.Schema != v.content || a.Version != n && m.subjects[s][a.Version].id != v.id {
				t.Fatalf("id %d by %s: %v %v, want %s", v.id, s, a, err, v.content)
			}
		}
	}
	st, err := reg.Stats()
	if err != nil || st.Schemas != schemas || st.Subjects != len(m.subjects) {
		t.Fatalf("%+v %v, want %d schemas of %d subjects", st, err, schemas, len(m.subjects))
	}
}

// everything is the answer to every query there is, as text.
func everything(t interface{ Fatal(...any) }, reg *registry.Registry) string {
	var all []any
	add := func(v any, err error) {
		if code(err) < 0 {
			t.Fatal(err)
		}
		all = append(all, v, code(err))
	}
	for _, prefix := range []string{"", ":*:", ":.ctx:"} {
		for _, which := range []registry.Deletion{registry.Live, registry.WithDeleted, registry.OnlyDeleted} {
			v, err := reg.Subjects(prefix, which, registry.Page{})
			add(v, err)
		}
		v, err := reg.Schemas(registry.SchemasOptions{Prefix: prefix, Deleted: true})
		add(v, err)
	}
	for _, s := range append(modelSubjects, "", ":.ctx:") {
		c, err := reg.Config(s, true)
		add(c, err)
		m, err := reg.Mode(s, true)
		add(m, err)
	}
	contexts, err := reg.Contexts("", registry.Page{})
	add(contexts, err)
	for _, context := range []string{"", ":.ctx:"} {
		for id := 1; id <= 40; id++ {
			a, err := reg.SchemaByID(id, context, registry.FetchOptions{}, true)
			add(a, err)
			u, err := reg.UsesOfID(id, context, true, registry.Page{})
			add(u, err)
		}
	}
	st, err := reg.Stats()
	add(st, err)
	b, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
