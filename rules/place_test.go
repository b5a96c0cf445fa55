package rules

import (
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Keys of maps and indices are *, whatever they are called; names of fields stay.
func TestGeneral(t *testing.T) {
	for _, c := range []struct {
		typ, schema string
		places      map[string]string
	}{
		{api.Avro, `{"type":"record","name":"R","fields":[
			{"name":"a","type":{"type":"map","values":{"type":"array","items":"R"}}},
			{"name":"b","type":["null","string",{"type":"record","name":"n.S","fields":[{"name":"x","type":"int"}]},{"type":"map","values":"int"}]},
			{"name":"c","type":"bytes"}]}`,
			map[string]string{
				"": "", "/a": "/a", "/a/b/0/c": "/a/*/*/c", "/a/a~1b/17/b/x": "/a/*/*/b/x", "/b/x": "/b/x", "/b/n.S/x": "/b/n.S/x", "/b/map/x": "/b/map/*", "/b/y": "/b/*",
				"/c/$bytes": "/c/$bytes", "/unknown/0/a": "/unknown/*/a",
			}},
		{api.JSON, `{"type":"object","properties":{
			"a":{"type":"object","additionalProperties":{"$ref":"#"}},"b":{"type":"array","items":{"$ref":"#"}},
			"c":{"allOf":[{"type":"object","properties":{"x":{}},"patternProperties":{"^p":{"$ref":"#"}}},{"type":"object","properties":{"y":{"type":"null"}}}]},
			"d":{"oneOf":[{"type":"null"},{"type":"array","items":[{"type":"object","properties":{"t":{}}}]}]},
			"if":{"if":{"properties":{"k":{}}},"then":{"properties":{"l":{}}}},"a/b":{},"1":{}},"additionalProperties":false}`,
			map[string]string{
				"/a/a/a/b": "/a/*/a/*", "/b/0/b/1": "/b/*/b/*", "/c/x": "/c/x", "/c/y": "/c/y", "/c/other": "/c/*", "/c/p1/c": "/c/*/c", "/c/x/any/thing": "/c/x/*/*",
				"/d/0/t": "/d/*/t", "/if/k": "/if/k", "/if/l": "/if/l", "/a~1b": "/a~1b", "/1": "/1", "/2": "/*", "/unknown": "/unknown",
			}},
		{api.Protobuf, `syntax = "proto3"; import "google/protobuf/struct.proto"; message R {
			map<string, R> all_by_name = 1; repeated R list = 2; R one = 3; map<int32, string> texts = 4; google.protobuf.Struct free = 5; }`,
			map[string]string{
				"/allByName/list/one": "/allByName/*/one", "/all_by_name/x/one/list": "/all_by_name/*/one/list", "/list/3/one/list/4": "/list/*/one/list/*",
				"/texts/5": "/texts/*", "/free/list/x": "/free/*/*", "/nationalId": "/nationalId",
			}},
	} {
		s, err := languages.ByType[c.typ].Parse(schema.Source{Text: c.schema, New: true})
		if err != nil {
			t.Fatal(err)
		}
		f, err := formats.Of(s)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range c.places {
			if got := general(f, path); got != want {
				t.Errorf("%s %s: got %s, want %s", c.typ, path, got, want)
			}
		}
	}
}
