package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// library is a folder of schemas that other schemas refer to, by the names
// they use for it: an Avro schema by the full names of the types it defines, a JSON
// Schema by its path in the folder or its $id, a .proto file by its path.
type library struct {
	schemaType string
	byName     map[string]*libraryFile
}

type libraryFile struct {
	path string // in the folder, with slashes
	text string
}

// Bounds on a folder of references.
const (
	maxLibrary     = 10_000  // files
	maxLibraryFile = 8 << 20 // bytes of one
)

// endings are the file name extensions of the schema types.
var endings = map[string][]string{
	api.Avro:     {".avsc", ".avro"},
	api.JSON:     {".json"},
	api.Protobuf: {".proto"},
}

// typeOfFile tells the schema type by the name of a file, "" if it says none.
func typeOfFile(name string) string {
	for t, list := range endings {
		if slices.Contains(list, strings.ToLower(filepath.Ext(name))) {
			return t
		}
	}
	return ""
}

// openLibrary reads the files of a type in a folder and below, all but those left out.
func openLibrary(dir, schemaType string, leaveOut []string) (*library, error) {
	lib := &library{schemaType, map[string]*libraryFile{}}
	if dir == "" {
		return lib, nil
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || typeOfFile(path) != schemaType || slices.ContainsFunc(leaveOut, func(f string) bool { return same(f, path) }) {
			return err
		}
		if files++; files > maxLibrary {
			return fmt.Errorf("%s holds more than %d schemas", dir, maxLibrary)
		}
		text, err := readSchema(path)
		if err != nil {
			return err
		}
		in, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return lib.add(&libraryFile{filepath.ToSlash(in), text})
	})
	return lib, err
}

func readSchema(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > maxLibraryFile {
		return "", fmt.Errorf("%s is larger than %s", path, megabytes(maxLibraryFile))
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

func (l *library) add(f *libraryFile) error {
	names := []string{f.path}
	switch l.schemaType {
	case api.Avro:
		v, err := parseJSON(f.text)
		if err != nil {
			return nil // it is read, and refused, only where it is needed
		}
		walk := avroNames{defines: map[string]bool{}, uses: map[string]bool{}}
		walk.visit(v, "")
		names = nil
		for name := range walk.defines {
			names = append(names, name)
		}
	case api.JSON:
		if v, err := parseJSON(f.text); err == nil {
			if id := v.Get("$id"); id != nil && id.Kind == jsontree.String {
				names = append(names, strings.TrimSuffix(id.Text, "#"))
			}
		}
	}
	for _, name := range names {
		if other := l.byName[name]; other != nil && other.path != f.path {
			return fmt.Errorf("both %s and %s define %s", other.path, f.path, name)
		}
		l.byName[name] = f
	}
	return nil
}

// dependencies are the schemas that a text refers to, directly or not, each before those that need it.
func (l *library) dependencies(text string) ([]schema.Dependency, error) {
	var deps []schema.Dependency
	added := map[string]bool{}
	var visit func(text string, way []string) error
	visit = func(text string, way []string) error {
		for _, name := range l.uses(text) {
			f := l.byName[name]
			if f == nil || added[name] || f.text == text {
				continue // what is really missing is told by the parser
			}
			if slices.Contains(way, f.path) {
				return fmt.Errorf("references go round in a circle: %s", strings.Join(append(way, f.path), " → "))
			}
			if err := visit(f.text, append(way[:len(way):len(way)], f.path)); err != nil {
				return err
			}
			if added[name] || l.schemaType == api.Avro && added[f.path] {
				continue
			}
			added[name], added[f.path] = true, true
			deps = append(deps, schema.Dependency{Name: name, Subject: f.path, Version: 1, Type: l.schemaType, Text: f.text})
			parsed, err := languages.ByType[l.schemaType].Parse(schema.Source{Text: f.text, Dependencies: deps[:len(deps)-1]})
			if err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
			deps[len(deps)-1].Text = parsed.Canonical()
		}
		return nil
	}
	err := visit(text, nil)
	return deps, err
}

// uses lists the names a text refers to, in its order. A text that cannot be read uses none.
func (l *library) uses(text string) []string {
	switch l.schemaType {
	case api.Protobuf:
		s, err := protobuf.Language{}.Parse(schema.Source{Text: text})
		if err != nil {
			return nil
		}
		f := s.(*protobuf.Schema).File()
		return append(slices.Clone(f.Imports), f.PublicImports...)
	case api.JSON:
		v, err := parseJSON(text)
		if err != nil {
			return nil
		}
		return jsonReferences(v, nil)
	default:
		v, err := parseJSON(text)
		if err != nil {
			return nil
		}
		walk := avroNames{defines: map[string]bool{}, uses: map[string]bool{}}
		walk.visit(v, "")
		return slices.DeleteFunc(walk.order, func(name string) bool { return walk.defines[name] })
	}
}

// jsonReferences collects the documents that $ref names.
func jsonReferences(v *jsontree.Value, names []string) []string {
	for i := range v.Items {
		names = jsonReferences(&v.Items[i], names)
	}
	for i := range v.Members {
		m := &v.Members[i]
		if m.Name == "$ref" && m.Value.Kind == jsontree.String {
			if name, _, _ := strings.Cut(m.Value.Text, "#"); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		names = jsonReferences(&m.Value, names)
	}
	return names
}

// avroNames collects the full names that an Avro schema defines and uses.
type avroNames struct {
	defines, uses map[string]bool
	order         []string // of uses
}

func (w *avroNames) use(name, namespace string) {
	names := []string{name}
	if !strings.Contains(name, ".") && namespace != "" {
		names = []string{namespace + "." + name, name}
	}
	for _, n := range names {
		if !w.uses[n] {
			w.uses[n] = true
			w.order = append(w.order, n)
		}
	}
}

// visit walks a type. The nesting of what jsontree read is bounded.
func (w *avroNames) visit(v *jsontree.Value, namespace string) {
	switch v.Kind {
	case jsontree.String:
		w.use(v.Text, namespace)
	case jsontree.Array:
		for i := range v.Items {
			w.visit(&v.Items[i], namespace)
		}
	case jsontree.Object:
		t := v.Get("type")
		if name := v.Get("name"); t != nil && t.Kind == jsontree.String && name != nil && name.Kind == jsontree.String &&
			slices.Contains([]string{"record", "error", "enum", "fixed"}, t.Text) {
			full := name.Text
			if i := strings.LastIndexByte(full, '.'); i >= 0 {
				namespace = full[:i]
			} else {
				if ns := v.Get("namespace"); ns != nil && ns.Kind == jsontree.String {
					namespace = ns.Text
				}
				if namespace != "" {
					full = namespace + "." + full
				}
			}
			w.defines[full] = true
			if fields := v.Get("fields"); fields != nil {
				for i := range fields.Items {
					if ft := fields.Items[i].Get("type"); ft != nil {
						w.visit(ft, namespace)
					}
				}
			}
			return
		}
		for _, part := range []string{"type", "items", "values"} {
			if inner := v.Get(part); inner != nil {
				w.visit(inner, namespace)
			}
		}
	}
}

// position tells where in a text an error is, (0, 0) if it does not say.
func position(text string, err error) (line, column int) {
	var syntax *jsontree.Error
	var inAvro avroError
	var inProtobuf *protobuf.SyntaxError
	var inJSON jsonError
	switch {
	case errors.As(err, &syntax):
		return syntax.Line, syntax.Column
	case errors.As(err, &inAvro):
		return inAvro.Line, inAvro.Column
	case errors.As(err, &inProtobuf):
		return inProtobuf.Line, inProtobuf.Column
	case errors.As(err, &inJSON):
		return locate(text, inJSON.Path)
	}
	return 0, 0
}

// locate finds the place of a value in a JSON text by the steps that lead to
// it, or of the innermost value around it that is there; (0, 0) in other texts.
func locate(text string, steps []string) (line, column int) {
	root, err := parseJSON(text)
	if err != nil {
		return 0, 0
	}
	v := root
	for _, step := range steps {
		next := v.Get(step)
		if v.Kind == jsontree.Array {
			next = nil
			for i := range v.Items {
				if fmt.Sprint(i) == step {
					next = &v.Items[i]
				}
			}
		}
		if next == nil {
			break
		}
		v = next
	}
	head := text[:min(v.Offset, len(text))]
	return strings.Count(head, "\n") + 1, len(head) - strings.LastIndexByte(head, '\n')
}

// parseJSON reads a text as the schema languages do, what follows the first value aside.
func parseJSON(text string) (*jsontree.Value, error) {
	return jsontree.Parse(text, jsontree.Options{NonFinite: true, Trailing: true})
}
