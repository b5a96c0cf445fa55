package serde_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/rules/rulestest"
)

// appending is a rule that changes every text.
func appending(kind string) api.RuleSet {
	return api.RuleSet{DomainRules: []api.Rule{{Name: "x", Type: "CEL_FIELD", Kind: kind, Mode: api.ModeWrite, Expr: "typeName == 'STRING' ; value + 'x'"}}}
}

// What a rule has nothing to do with is written as it is without the rule: nil, empty, or shared.
func TestRulesLeaveTheRest(t *testing.T) {
	type inner struct{ N *int }
	type outer struct {
		Text   string            `json:"text"`
		List   []string          `json:"list"`
		Map    map[string]string `json:"map"`
		Bytes  []byte            `json:"bytes"`
		Any    any               `json:"any"`
		Inner  *inner            `json:"inner"`
		Twice  [2]*inner         `json:"twice"`
		hidden *inner
	}
	n := 1
	shared := &inner{&n}
	f := start(t)
	f.Register("plain-value", `{"properties":{"text":{"type":"string"}}}`, ofJSON)
	f.Register("ruled-value", `{"properties":{"text":{"type":"string"}}}`, ofJSON, withRules(appending(api.KindTransform)))
	for _, v := range []any{
		map[string]any{"text": "a", "list": []any(nil), "map": map[string]any(nil), "bytes": []byte(nil), "any": nil},
		map[string]any{"text": "a", "list": []any{}, "map": map[string]any{}, "bytes": []byte{}, "any": []any{nil, []any{}, map[string]any(nil)}},
		map[string]any{"text": "a", "list": []string{"b"}, "map": map[string]int{"c": 1}, "bytes": []byte{1}, "any": outer{Any: &outer{}}},
		outer{Text: "a"},
		&outer{Text: "a", List: []string{}, Map: map[string]string{}, Bytes: []byte{}, Any: map[string]any{}, Inner: shared, Twice: [2]*inner{shared, nil}, hidden: shared},
	} {
		plain := write(t, writes[any](t, f.Client, serde.JSON, serde.UseLatestVersion()), "plain", v)
		ruled := write(t, writes[any](t, f.Client, serde.JSON, serde.UseLatestVersion()), "ruled", v)
		want := strings.Replace(string(plain[5:]), `"text":"a"`, `"text":"ax"`, 1)
		if !rulestest.SameJSON(ruled[5:], []byte(want)) {
			t.Errorf("%#v\n is written as %s\n without rules %s", v, ruled[5:], plain[5:])
		}
	}
}

// However deep a text lies, it is changed in what is written, and stays as it was in the caller's value.
func TestRulesReachDeep(t *testing.T) {
	f := start(t)
	f.Register("json-value", `{"$ref":"#/definitions/node","definitions":{"node":{"properties":{"next":{"$ref":"#/definitions/node"},"text":{"type":"string"}}}}}`, ofJSON, withRules(appending(api.KindTransform)))
	f.Register("avro-value", `{"type":"record","name":"node","fields":[{"name":"text","type":"string"},{"name":"next","type":["null","node"]}]}`, withRules(appending(api.KindTransform)))
	for format, topic := range map[serde.Format]string{serde.JSON: "json", serde.Avro: "avro"} {
		const deep = 300
		var nodes []map[string]any
		var v any
		for range deep {
			node := map[string]any{"text": "a", "next": v}
			nodes = append(nodes, node)
			v = node
		}
		b := write(t, writes[any](t, f.Client, format, serde.UseLatestVersion()), topic, v)
		if n := bytes.Count(b, []byte("ax")); n != deep {
			t.Errorf("%s: %d of %d are changed", format, n, deep)
		}
		if slices.ContainsFunc(nodes, func(node map[string]any) bool { return node["text"] != "a" }) {
			t.Errorf("%s: the caller's value is changed", format)
		}
	}
}
