package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

const (
	maxDependencies   = 10_000
	dependencyFetches = 8 // at the same time
)

// Dependencies are the schemas that references lead to, each once by name and before those that need it, with the texts that the registry
// has of them. Where the subject of a reference names no context it is that of the schema which refers to it. A circle
// and more than 10,000 are errors. The caller owns the slice.
func (k *Cache) Dependencies(ctx context.Context, s *api.Schema) ([]schema.Dependency, error) {
	if len(s.References) == 0 {
		return nil, nil
	}
	in, err := k.contextOf(ctx, s)
	if err != nil {
		return nil, err
	}
	g := graph{schemas: map[versionKey]*api.Schema{}}
	if err := k.explore(ctx, &g, in, s.References); err != nil {
		return nil, err
	}
	w := walk{graph: g, seen: map[string]bool{}, path: map[versionKey]bool{}}
	if s.Subject != "" && s.Version > 0 {
		w.path[versionKey{s.Subject, s.Version}] = true
	}
	if err := w.visit(in, s.References); err != nil {
		return nil, err
	}
	return w.found, nil
}

// contextOf is the context that a schema is in, as ":.name:", or "" for the default one. A schema that was found by its GUID does not say.
func (k *Cache) contextOf(ctx context.Context, s *api.Schema) (string, error) {
	if s.Subject != "" || s.GUID == "" {
		return contextOfSubject(s.Subject), nil
	}
	ids, err := k.client.IDsOfGUID(ctx, s.GUID)
	var e *Error
	switch {
	case errors.As(err, &e) && e.Status/100 == 4: // a registry that does not know the call
		return "", nil
	case err != nil:
		return "", err
	case len(ids) == 0 || ids[0].Context == "." || ids[0].Context == "":
		return "", nil
	}
	return ":" + ids[0].Context + ":", nil
}

// contextOfSubject is the context that begins a subject, or "".
func contextOfSubject(subject string) string {
	if !strings.HasPrefix(subject, ":.") {
		return ""
	}
	name, _, ok := strings.Cut(subject[1:], ":")
	if !ok || name == "." {
		return ""
	}
	return ":" + name + ":"
}

// leadsTo is where a reference of a schema in a context leads to.
func leadsTo(in string, r api.Reference) versionKey {
	subject := r.Subject
	if in != "" && !strings.HasPrefix(subject, ":.") {
		subject = in + subject
	}
	return versionKey{strings.TrimPrefix(subject, ":.:"), r.Version}
}

// graph are the schemas that references lead to.
type graph struct{ schemas map[versionKey]*api.Schema }

// explore fetches what references lead to, the schemas of one distance at the same time.
func (k *Cache) explore(ctx context.Context, g *graph, in string, refs []api.Reference) error {
	frontier := map[versionKey]api.Reference{}
	enlist := func(in string, refs []api.Reference) error {
		for _, r := range refs {
			if r.Subject == "" || r.Version == 0 {
				return fmt.Errorf("the reference %q is incomplete: it has subject %q and version %d", r.Name, r.Subject, r.Version)
			}
			at := leadsTo(in, r)
			if _, ok := g.schemas[at]; !ok {
				frontier[at] = r
			}
		}
		if len(g.schemas)+len(frontier) > maxDependencies {
			return fmt.Errorf("more than %d schemas are referred to", maxDependencies)
		}
		return nil
	}
	if err := enlist(in, refs); err != nil {
		return err
	}
	for len(frontier) > 0 {
		fetches, fetchCtx := errgroup.WithContext(ctx)
		fetches.SetLimit(dependencyFetches)
		var mu sync.Mutex
		var found []versionKey
		for at, r := range frontier {
			fetches.Go(func() error {
				s, err := k.Version(fetchCtx, at.subject, at.version)
				if err != nil {
					return fmt.Errorf("the reference %q to %s: %w", r.Name, describe(at.subject, at.version), err)
				}
				mu.Lock()
				defer mu.Unlock()
				g.schemas[at] = s
				found = append(found, at)
				return nil
			})
		}
		if err := fetches.Wait(); err != nil {
			return err
		}
		clear(frontier)
		for _, at := range found {
			if err := enlist(contextOfSubject(at.subject), g.schemas[at].References); err != nil {
				return fmt.Errorf("%s: %w", describe(at.subject, at.version), err)
			}
		}
	}
	return nil
}

// walk lists a graph in the order that schemas are read in.
type walk struct {
	graph
	seen  map[string]bool     // by name
	path  map[versionKey]bool // those whose references are being visited
	found []schema.Dependency
}

func (w *walk) visit(in string, refs []api.Reference) error {
	for _, r := range refs {
		at := leadsTo(in, r)
		s := w.schemas[at]
		stored := versionKey{at.subject, s.Version}
		if w.path[stored] {
			return fmt.Errorf("references go in a circle through %s", describe(stored.subject, stored.version))
		}
		if w.seen[r.Name] {
			continue
		}
		w.seen[r.Name] = true
		w.path[stored] = true
		if err := w.visit(contextOfSubject(at.subject), s.References); err != nil {
			return err
		}
		delete(w.path, stored)
		w.found = append(w.found, schema.Dependency{Name: r.Name, Subject: at.subject, Version: s.Version, Type: s.SchemaType, Text: s.Schema})
	}
	return nil
}
