// Package openapitest holds live exchanges against the description of the API:
// no answer outside it, and no described operation untested. It is imported by tests alone.
package openapitest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Checker checks exchanges. It is safe for concurrent use.
type Checker struct {
	doc     *openapi3.T
	paths   []described
	mu      sync.Mutex
	covered map[string]bool // method and path
}

// described is a path of the description, taken apart.
type described struct {
	path     string
	segments []string
	item     *openapi3.PathItem
}

// New reads a description.
func New(text []byte) (*Checker, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	c := &Checker{doc: doc, covered: map[string]bool{}}
	for path, item := range doc.Paths.Map() {
		c.paths = append(c.paths, described{path, split(path), item})
	}
	// A path that says more wins.
	slices.SortFunc(c.paths, func(a, b described) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	return c, nil
}

func split(path string) []string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i := range parts {
		parts[i], _, _ = strings.Cut(parts[i], ";")
	}
	return parts
}

// find routes an escaped path, its context prefix taken off.
func (c *Checker) find(escaped string) *described {
	segments := split(escaped)
	if len(segments) > 2 && segments[0] == "contexts" {
		segments = segments[2:]
	}
	for i := range c.paths {
		p := &c.paths[i]
		if len(p.segments) != len(segments) {
			continue
		}
		matches := true
		for j, s := range p.segments {
			if !strings.HasPrefix(s, "{") && s != segments[j] {
				matches = false
			}
		}
		if matches {
			return p
		}
	}
	return nil
}

// Check holds an answer against the description. target is the path and query
// as sent. Paths that are not described must be answered 404 or 400, methods
// that are not described 405.
func (c *Checker) Check(method, target string, status int, header http.Header, body []byte) error {
	escaped, _, _ := strings.Cut(target, "?")
	p := c.find(escaped)
	generic := slices.Contains([]int{400, 401, 403, 404, 405, 431}, status)
	if p == nil {
		if generic {
			return nil
		}
		return fmt.Errorf("%s %s is not described, and answered %d", method, target, status)
	}
	op := p.item.GetOperation(method)
	if op == nil {
		if status == http.StatusMethodNotAllowed || generic {
			return nil
		}
		return fmt.Errorf("%s of %s is not described, and answered %d", method, p.path, status)
	}
	c.mu.Lock()
	c.covered[method+" "+p.path] = true
	c.mu.Unlock()
	described := op.Responses.Status(status)
	if described == nil && op.Responses.Default() == nil {
		return fmt.Errorf("%s %s: an answer of %d is not described", method, p.path, status)
	}
	contentType := header.Get("Content-Type")
	if method == http.MethodHead || status == http.StatusNoContent || len(body) == 0 {
		return nil
	}
	if contentType == "" {
		if status != http.StatusNotAcceptable && status != http.StatusNotFound {
			return fmt.Errorf("%s %s: an answer of %d without a media type", method, p.path, status)
		}
		return nil
	}
	if strings.HasSuffix(p.path, "/schema") && status == http.StatusOK {
		return nil // text, whatever the media type says
	}
	if described == nil {
		described = op.Responses.Default()
	}
	media := described.Value.Content.Get(contentType)
	if media == nil {
		return fmt.Errorf("%s %s: answers of %d have no media type %q", method, p.path, status, contentType)
	}
	if media.Schema == nil || !strings.Contains(contentType, "json") {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%s %s: %d: %w", method, p.path, status, err)
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return fmt.Errorf("%s %s: an answer of %d is not as described: %w", method, p.path, status, err)
	}
	return nil
}

// Unseen lists the described operations that no exchange has called.
func (c *Checker) Unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, p := range c.paths {
		for method := range p.item.Operations() {
			if k := method + " " + p.path; !c.covered[k] {
				list = append(list, k)
			}
		}
	}
	slices.Sort(list)
	return list
}
