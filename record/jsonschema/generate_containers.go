package jsonschema

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// count is a keyword that is a number of things, 0 if it is absent.
func count(s *shape, keyword string) int {
	f, err := strconv.ParseFloat(s.number(keyword), 64)
	if err != nil || f < 0 {
		return 0
	}
	return int(min(f, maxValues*maxText))
}

// bounds are the least and the most of something that the shapes allow.
func (d *demand) bounds(least, most string) (low, high int) {
	high = math.MaxInt
	for _, s := range d.shapes {
		low = max(low, count(s, least))
		if s.number(most) != "" {
			high = min(high, count(s, most))
		}
	}
	return low, high
}

// length chooses a number of things within bounds.
func (m *maker) length(low, high, depth int) int {
	n := low
	if !m.exhausted(depth) {
		n = max(low, m.Length())
	}
	return min(n, high)
}

func (m *maker) array(d *demand, depth int) []any {
	low, high := d.bounds("minItems", "maxItems")
	var contained *shape
	some := 0 // items of those contained
	unique := false
	for _, s := range d.shapes {
		if s.item(len(s.tuple)) != nil && isFalse(s.items) {
			high = min(high, len(s.tuple))
		}
		if s.unevaluatedItems != nil && isFalse(s.unevaluatedItems) && s.items == nil {
			high = min(high, max(len(s.tuple), low))
		}
		if s.contains != nil {
			contained = s.contains
			some = 1
			if s.number("minContains") != "" {
				some = count(s, "minContains")
			}
		}
		u := s.keyword("uniqueItems")
		unique = unique || u != nil && u.Bool
	}
	n := m.length(max(low, some), high, depth)
	items := []any{}
	seen := make(map[string]bool)
	for i := range n {
		if m.values <= -maxValues {
			break // there is no end to what is asked for
		}
		shapes := d.items(i)
		if i >= n-some && contained != nil {
			shapes = append(shapes, contained)
		}
		item := m.value(shapes, depth+1)
		for try := 0; unique && seen[key(item)] && try < partRetries; try++ {
			item = m.value(shapes, depth+1)
		}
		if unique && seen[key(item)] && len(items) >= low {
			continue
		}
		seen[key(item)] = true
		items = append(items, item)
	}
	return items
}

// items are the shapes of the item at an index.
func (d *demand) items(i int) []*shape {
	var list []*shape
	for _, s := range d.shapes {
		switch item := s.item(i); {
		case item != nil:
			list = append(list, item)
		case s.unevaluatedItems != nil:
			list = append(list, s.unevaluatedItems)
		}
	}
	return list
}

func isFalse(s *shape) bool { return s != nil && s.value.Kind == jsontree.Bool && !s.value.Bool }

func (m *maker) object(d *demand, depth int) map[string]any {
	low, high := d.bounds("minProperties", "maxProperties")
	all := make(map[string]any)
	pending := d.required(nil)
	for _, s := range d.shapes {
		for _, p := range s.properties {
			if slices.Contains(pending, p.name) || m.impossible(d.property(p.name)) {
				continue
			}
			const absent = 4 // one in so many
			if m.exhausted(depth) || len(pending) >= high || m.Intn(absent) == 0 {
				continue
			}
			pending = append(pending, p.name)
		}
	}
	// What a property brings along may bring more along.
	for i := 0; i < len(pending) && len(pending) < maxValues; i++ {
		for _, s := range slices.Clone(d.shapes) {
			for _, dependent := range s.dependents {
				if dependent.name == pending[i] {
					m.choose(d, []*shape{dependent.shape}, m.exhausted(depth))
				}
			}
		}
		for _, name := range append(d.required(pending[:i+1]), d.required(nil)...) {
			if !slices.Contains(pending, name) {
				pending = append(pending, name)
			}
		}
	}
	const seldom = 6
	extra := max(0, low-len(pending))
	if extra == 0 && len(pending) < high && !m.exhausted(depth) && m.Intn(seldom) == seldom-1 {
		extra = 1
	}
	for _, name := range m.names(d, extra, depth) {
		if !slices.Contains(pending, name) {
			pending = append(pending, name)
		}
	}
	for _, name := range pending {
		if m.values <= -maxValues {
			break // there is no end to what is asked for
		}
		all[name] = m.value(d.property(name), depth+1)
	}
	return all
}

// impossible reports whether there is no value that shapes accept, for all that is known.
func (m *maker) impossible(shapes []*shape) bool {
	heights := m.format.leastHeights()
	return slices.ContainsFunc(shapes, func(s *shape) bool { return heights[s] >= impossible })
}

// required are the names that have to be there: those required by themselves,
// or by the last of the names given.
func (d *demand) required(by []string) []string {
	var names []string
	for _, s := range d.shapes {
		if len(by) == 0 {
			if v := s.keyword("required"); v != nil {
				names = append(names, texts(v)...)
			}
			continue
		}
		for _, keyword := range []string{"dependentRequired", "dependencies"} {
			if v := s.keyword(keyword).Get(by[len(by)-1]); v != nil && v.Kind == jsontree.Array {
				names = append(names, texts(v)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// property are the shapes of a property.
func (d *demand) property(name string) []*shape {
	var list []*shape
	evaluated := false
	for _, s := range d.shapes {
		before := len(list)
		if inner := s.byName[name]; inner != nil {
			list = append(list, inner)
		}
		for _, p := range s.patterns {
			if p.re.Find(name) {
				list = append(list, p.shape)
			}
		}
		if len(list) == before && s.additional != nil {
			list = append(list, s.additional)
		}
		evaluated = evaluated || len(list) > before
	}
	for _, s := range d.shapes {
		if s.unevaluated != nil && !evaluated {
			list = append(list, s.unevaluated)
		}
	}
	return list
}

// names makes up names of further properties, as far as they are allowed.
func (m *maker) names(d *demand, n, depth int) []string {
	const triesPerName = 4
	var naming, patterned []*shape
	var sources []string
	for _, s := range d.shapes {
		if s.names != nil {
			naming = append(naming, s.names)
		}
		for _, p := range s.patterns {
			if !isFalse(p.shape) {
				sources = append(sources, p.re.String())
				patterned = append(patterned, p.shape)
			}
		}
	}
	found := make(map[string]bool)
	for try := 0; try < n*triesPerName && len(found) < n && try < maxValues; try++ {
		name := m.Word()
		switch {
		case len(naming) > 0:
			s, ok := m.value(append(slices.Clone(naming), anyText), depth+1).(string)
			if !ok {
				continue
			}
			name = s
		case len(patterned) > 0 && try%2 == 0:
			name = m.matching(sources[m.Intn(len(sources))], repetitions(0, 0))
		}
		if !slices.ContainsFunc(d.property(name), isFalse) {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
