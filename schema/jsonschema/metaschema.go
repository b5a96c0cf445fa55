package jsonschema

import (
	"embed"
	"io/fs"
	"strings"
	"sync"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

//go:embed metaschemas
var metaschemaFiles embed.FS

// metaschemas are the trees of the metaschemas by URL without scheme, parsed once.
var metaschemas = sync.OnceValues(func() (map[string]*jsontree.Value, error) {
	trees := make(map[string]*jsontree.Value)
	err := fs.WalkDir(metaschemaFiles, "metaschemas", func(path string, d fs.DirEntry, err error) error {
		name, isSchema := strings.CutSuffix(path, ".json")
		if err != nil || !isSchema {
			return err
		}
		data, err := metaschemaFiles.ReadFile(path)
		if err != nil {
			return err
		}
		root, err := parseTree(string(data))
		trees["json-schema.org"+strings.TrimPrefix(name, "metaschemas")] = root
		return err
	})
	return trees, err
})

// metaschema returns the metaschema of a URL as a new document, nil when the URL is none's.
func metaschema(uri string) (*document, error) {
	_, name, ok := strings.Cut(uri, "://")
	if !ok || !strings.HasPrefix(name, "json-schema.org/") {
		return nil, nil
	}
	trees, err := metaschemas()
	if err != nil || trees[name] == nil {
		return nil, err
	}
	return &document{uri: uri, root: trees[name]}, nil
}
