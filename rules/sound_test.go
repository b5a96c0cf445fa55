package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// slot is a field of a contract, in the places where two versions have it.
type slot struct {
	kind     string // its type, in the words of the language
	required bool   // of JSON Schema
	names    [2]string
	groups   [2]bool // whether it is in the group of the version
	// items is the version in which each item of an array is in a record of its own, 0 for neither. kind is then that of the items.
	items int
}

// dialect writes schemas of one language.
type dialect struct {
	name, typ string
	kinds     []string // types of fields; # stands for what makes names unique
	itemKinds []string // types of items
	groups    bool     // records within records are always there
	schema    func(top, group []slot, version int) string
}

var dialects = []dialect{
	{
		name: "avro", typ: api.Avro, groups: true,
		kinds: []string{
			`"null"`, `"boolean"`, `"int"`, `"long"`, `"float"`, `"double"`, `"bytes"`, `"string"`,
			`{"type":"enum","name":"E#","symbols":["A","B","LONGER"]}`, `{"type":"fixed","name":"F#","size":3}`,
			`{"type":"array","items":"string"}`, `{"type":"array","items":{"type":"array","items":"int"}}`, `{"type":"map","values":["null","long"]}`,
			`["null","string"]`, `["null","int","long","string","bytes",{"type":"enum","name":"E#","symbols":["A"]},{"type":"map","values":"int"}]`,
			`["string",{"type":"record","name":"U#","fields":[{"name":"x","type":"string"}]},{"type":"record","name":"V#","fields":[{"name":"x","type":"string"}]}]`,
			`{"type":"record","name":"Node#","fields":[{"name":"value","type":"double"},{"name":"next","type":["null","Node#"]},{"name":"all","type":{"type":"array","items":"Node#"}}]}`,
			`{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`, `{"type":"string","logicalType":"uuid"}`, `{"type":"long","logicalType":"timestamp-micros"}`,
			`{"type":"int","logicalType":"date"}`, `{"type":"fixed","name":"D#","size":12,"logicalType":"duration"}`,
		},
		itemKinds: []string{`"string"`, `"long"`, `"bytes"`, `"null"`, `["null","double","string"]`, `{"type":"map","values":"int"}`},
		schema: func(top, group []slot, version int) string {
			record := func(name string, slots []slot) string {
				var fields []string
				for _, s := range slots {
					kind := s.kind
					switch s.items {
					case 0:
					case version:
						kind = fmt.Sprintf(`{"type":"array","items":{"type":"record","name":"I%s","fields":[{"name":"x","type":%s}]}}`, s.names[0], kind)
					default:
						kind = `{"type":"array","items":` + kind + `}`
					}
					fields = append(fields, field(s.names[version-1], kind))
				}
				return fmt.Sprintf(`{"type":"record","name":"%s","fields":[%s]`, name, strings.Join(fields, ","))
			}
			text := record("R", top)
			if group != nil {
				text = strings.TrimSuffix(text, "]")
				if len(top) > 0 {
					text += ","
				}
				text += `{"name":"group","type":` + record("G", group) + `}}]`
			}
			return text + "}"
		},
	},
	{
		name: "json", typ: api.JSON, groups: true,
		kinds: []string{
			`{"type":"null"}`, `{"type":"boolean"}`, `{"type":"integer"}`, `{"type":"number"}`, `{"type":"string"}`, `{"type":"string","format":"date-time"}`,
			`{"enum":["A",1,null,{"b":[1.5]}]}`, `{"type":"string","pattern":"^[a-z]{2,9}$"}`,
			`{"type":"array","items":{"type":"string"}}`, `{"type":"array","items":{"type":"array","items":{"type":"integer"}}}`,
			`{"type":"object","additionalProperties":{"type":"integer"}}`, `{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"number"}},"required":["x"]}`,
			`{"oneOf":[{"type":"null"},{"type":"object","properties":{"k":{"const":"a"}},"required":["k"]},{"type":"string"}]}`, `{"type":["integer","boolean"]}`,
		},
		itemKinds: []string{`{"type":"string"}`, `{"type":"integer"}`, `{"type":"null"}`, `{"type":"object","properties":{"x":{"type":"null"}}}`},
		schema: func(top, group []slot, version int) string {
			object := func(slots []slot, more string) string {
				var properties, required []string
				for _, s := range slots {
					kind := s.kind
					switch s.items {
					case 0:
					case version:
						kind = `{"type":"array","items":{"type":"object","properties":{"x":` + kind + `},"required":["x"],"additionalProperties":false}}`
					default:
						kind = `{"type":"array","items":` + kind + `}`
					}
					name := strconv.Quote(s.names[version-1])
					properties = append(properties, name+":"+kind)
					if s.required || s.items > 0 {
						required = append(required, name)
					}
				}
				if more != "" {
					properties, required = append(properties, `"group":`+more), append(required, `"group"`)
				}
				return fmt.Sprintf(`{"type":"object","properties":{%s},"required":[%s],"additionalProperties":false}`, strings.Join(properties, ","), strings.Join(required, ","))
			}
			if group == nil {
				return object(top, "")
			}
			return object(top, object(group, ""))
		},
	},
	{name: "proto3", typ: api.Protobuf, kinds: protoKinds, itemKinds: protoItems, schema: protoSchema("proto3", "")},
	{name: "proto2", typ: api.Protobuf, groups: true, kinds: protoKinds, itemKinds: protoItems, schema: protoSchema("proto2", "optional ")},
}

var (
	protoKinds = []string{
		"bool", "int32", "sint64", "uint64", "fixed32", "sfixed64", "float", "double", "string", "bytes", "Color", "Tree",
		"repeated string", "repeated int64", "repeated Tree", "map<string, int32>", "map<int64, Tree>", "map<bool, Color>",
		"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.StringValue", "google.protobuf.Int64Value",
	}
	protoItems = []string{"string", "int64", "bool", "bytes", "double", "Color"}
)

func protoSchema(syntax, label string) func(top, group []slot, version int) string {
	return func(top, group []slot, version int) string {
		var b strings.Builder
		fmt.Fprintf(&b, "syntax = %q; import \"google/protobuf/timestamp.proto\"; import \"google/protobuf/duration.proto\"; import \"google/protobuf/wrappers.proto\"; ", syntax)
		message := func(name string, slots []slot, more string) {
			fmt.Fprintf(&b, "message %s { ", name)
			for i, s := range slots {
				kind := s.kind
				switch {
				case s.items == version:
					kind = "repeated I" + s.kind
				case s.items > 0:
					kind = "repeated " + kind
				case !strings.HasPrefix(kind, "repeated ") && !strings.HasPrefix(kind, "map<"):
					kind = label + kind
				}
				fmt.Fprintf(&b, "%s %s = %d; ", kind, s.names[version-1], i+1)
			}
			b.WriteString(more + "} ")
		}
		if group == nil {
			message("R", top, "")
		} else {
			message("R", top, "required G group = 100; ")
			message("G", group, "")
		}
		fmt.Fprintf(&b, "enum Color { RED = 0; GREEN = 1; } message Tree { %sstring label = 1; repeated Tree of_all = 2; oneof kind { int64 n = 3; string s = 4; Tree t = 5; } } ", label)
		for _, kind := range protoItems {
			fmt.Fprintf(&b, "message I%s { %s%s x = 1; } ", kind, map[bool]string{true: "required "}[syntax == "proto2"], kind)
		}
		return b.String()
	}
}

// split are the slots of a version: those at the top, and those of the group, nil if there is none.
func split(slots []slot, version int) (top, group []slot) {
	for _, s := range slots {
		if s.groups[version-1] {
			group = append(group, s)
		} else {
			top = append(top, s)
		}
	}
	return top, group
}

// moving is the expression that makes records of one version of those of another one.
func (d *dialect) moving(slots []slot, from, to int) string {
	shown := func(name string) string {
		if d.typ == api.Protobuf {
			return camel(name)
		}
		return name
	}
	source := func(s slot) string {
		path := "`" + shown(s.names[from-1]) + "`"
		if s.groups[from-1] {
			path = "group." + path
		}
		switch s.items {
		case from:
			return "[" + path + ".x]"
		case to:
			return "[" + path + `.{"x": $}]`
		}
		return path
	}
	members := func(slots []slot) (list []string) {
		for _, s := range slots {
			list = append(list, fmt.Sprintf("%q: %s", shown(s.names[to-1]), source(s)))
		}
		return list
	}
	top, group := split(slots, to)
	list := members(top)
	if group != nil {
		list = append(list, `"group": {`+strings.Join(members(group), ", ")+"}")
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// renaming is the same for versions that differ in names only: all fields are kept but those of old names.
func (d *dialect) renaming(slots []slot, from, to int) string {
	old, list := []string{`""`}, []string{}
	for _, s := range slots {
		a, b := s.names[from-1], s.names[to-1]
		if a == b {
			continue
		}
		if d.typ == api.Protobuf {
			a, b = camel(a), camel(b)
		}
		old = append(old, strconv.Quote(a))
		list = append(list, fmt.Sprintf("%q: `%s`", b, a))
	}
	return fmt.Sprintf("$merge([$sift($, function($v, $k) {$not($k in [%s])}), {%s}])", strings.Join(old, ", "), strings.Join(list, ", "))
}

// camel is the name of a field in proto3's JSON.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := range parts[1:] {
		parts[i+1] = strings.ToUpper(parts[i+1][:1]) + parts[i+1][1:]
	}
	return strings.Join(parts, "")
}

// draw makes slots up. plain asks for slots that only change their names.
func (d *dialect) draw(r *rand.Rand, plain bool) []slot {
	slots := make([]slot, 1+r.IntN(6))
	for i := range slots {
		s := &slots[i]
		s.kind = strings.ReplaceAll(d.kinds[r.IntN(len(d.kinds))], "#", strconv.Itoa(i))
		s.required = r.IntN(2) == 0
		s.names = [2]string{fmt.Sprintf("field_%c", 'a'+i), fmt.Sprintf("field_%c", 'a'+i)}
		if r.IntN(2) == 0 {
			s.names[1] = fmt.Sprintf("new_%c", 'a'+i)
		}
		if plain {
			continue
		}
		if d.groups {
			s.groups = [2]bool{r.IntN(3) == 0, r.IntN(3) == 0}
		}
		if r.IntN(4) == 0 {
			s.kind, s.items = d.itemKinds[r.IntN(len(d.itemKinds))], 1+r.IntN(2)
		}
	}
	return slots
}

// A migration that loses nothing is never reported, whatever the types of fields
// and whether they are renamed, taken into a record or out of it, or items are
// put into records or taken out.
func TestVerifySound(t *testing.T) {
	const schemas = 12
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			for seed := range uint64(schemas) {
				r := rand.New(rand.NewPCG(seed, 1))
				plain := r.IntN(3) == 0
				slots := d.draw(r, plain)
				write := d.moving
				if plain {
					write = d.renaming
				}
				var texts [2]string
				for i := range texts {
					top, group := split(slots, i+1)
					texts[i] = d.schema(top, group, i+1)
				}
				up, down := write(slots, 1, 2), write(slots, 2, 1)
				verdict := verdictOf(t, &rules.Proof{Versions: twoVersions(t, d.typ, texts[0], texts[1], up, down), Seed: seed, Cases: 200})
				if !verdict.Proved || verdict.Cases != 400 {
					for _, x := range verdict.CounterExamples {
						t.Error(x.String())
					}
					t.Fatalf("seed %d, %d records\n%s\n%s\nup   %s\ndown %s", seed, verdict.Cases, texts[0], texts[1], up, down)
				}
			}
		})
	}
}
