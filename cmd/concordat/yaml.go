package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads settings from a YAML file. Mappings nest at the dots of
// keys, a list is a sequence or a text, headers are a mapping or a text. A
// key without a value leaves the setting as it is.
func parseYAML(name string, data []byte) ([]assignment, []error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil // an empty file
	case err != nil:
		return nil, []error{fmt.Errorf("%s: %w", name, err)}
	}
	if err := d.Decode(&next); !errors.Is(err, io.EOF) {
		return nil, []error{fmt.Errorf("%s: want one YAML document", name)}
	}
	f := yamlFile{name: name, lines: map[string]int{}}
	f.read("", doc.Content[0])
	return f.found, f.errs
}

type yamlFile struct {
	name  string
	lines map[string]int // where a key was set
	found []assignment
	errs  []error
}

// read takes the settings in a node that stands at the dotted path. It goes
// down only where a key of the table does, which bounds its depth.
func (f *yamlFile) read(path string, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if s, ok := findSetting(path); ok {
		f.set(s, n)
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		if path == "" {
			path = "the file"
		}
		f.errorf(n, "%s: want a mapping of settings", path)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		key := strings.TrimPrefix(path+"."+k.Value, ".")
		if !leadsToSetting(key) {
			f.errs = append(f.errs, &unknownKeyError{key, f.at(k), settingKeys()})
			continue
		}
		f.read(key, v)
	}
}

func (f *yamlFile) set(s setting, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if line, twice := f.lines[s.key]; twice {
		f.errorf(n, "%s is set in line %d already", s.key, line)
		return
	}
	f.lines[s.key] = n.Line
	value, ok := yamlValue(n)
	if !ok {
		f.errorf(n, "%s: want %s", s.key, s.kind.allowed)
		return
	}
	f.found = append(f.found, assignment{s.key, value, f.at(n)})
}

// yamlValue is the text of a scalar, the items of a sequence of scalars or the
// "name: value" pairs of a mapping of scalars.
func yamlValue(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.ScalarNode {
		return n.Value, true
	}
	var items []string
	for i := 0; i < len(n.Content); i++ {
		item := n.Content[i].Value
		if n.Kind == yaml.MappingNode {
			i++
			item += ": " + n.Content[i].Value
		}
		if n.Content[i].Kind != yaml.ScalarNode {
			return "", false
		}
		items = append(items, item)
	}
	return joinList(items), n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode
}

func (f *yamlFile) at(n *yaml.Node) string { return fmt.Sprintf("%s:%d", f.name, n.Line) }

func (f *yamlFile) errorf(n *yaml.Node, format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf(f.at(n)+": "+format, args...))
}

// leadsToSetting tells whether path is a key or some first parts of one.
func leadsToSetting(path string) bool {
	for _, s := range settings {
		if s.key == path || strings.HasPrefix(s.key, path+".") {
			return true
		}
	}
	return false
}

func settingKeys() []string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return keys
}
