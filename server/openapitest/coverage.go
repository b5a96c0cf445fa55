package openapitest

import (
	"maps"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// coverage remembers which answers of which operations were seen.
type coverage struct {
	mu   *sync.Mutex
	seen map[string]map[string]bool // "GET /subjects" → "200", "4XX" → seen
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

func (c coverage) add(operation, answer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[operation][answer] = true
}

func (c coverage) unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for operation, answers := range c.seen {
		if !slices.Contains(slices.Collect(maps.Values(answers)), true) {
			list = append(list, operation)
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
