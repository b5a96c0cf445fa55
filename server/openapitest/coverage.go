package openapitest

import (
	"slices"
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// coverage remembers which answers of which operations were seen.
type coverage struct {
	mu   *sync.Mutex
	seen map[string]map[string]bool // "GET /subjects" → "200" → seen
}

func newCoverage(doc *openapi3.T) coverage {
	seen := map[string]map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			answers := map[string]bool{}
			for status := range op.Responses.Map() {
				answers[status] = false
			}
			seen[method+" "+path] = answers
		}
	}
	return coverage{&sync.Mutex{}, seen}
}

func (c coverage) add(operation string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[operation][strconv.Itoa(status)] = true
}

func called(answers map[string]bool) bool {
	for _, seen := range answers {
		if seen {
			return true
		}
	}
	return false
}

// operations lists those that were not called.
func (c coverage) operations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for operation, answers := range c.seen {
		if !called(answers) {
			list = append(list, operation)
		}
	}
	slices.Sort(list)
	return list
}

// answers lists those that were not given, of operations that were called.
func (c coverage) answers() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for operation, answers := range c.seen {
		if !called(answers) {
			continue
		}
		for answer, seen := range answers {
			if !seen {
				list = append(list, operation+" "+answer)
			}
		}
	}
	slices.Sort(list)
	return list
}
