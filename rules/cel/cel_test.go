package cel_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
)

const (
	personAvro = `{"type":"record","name":"Person","namespace":"com.acme","fields":[
		{"name":"name","type":"string"},
		{"name":"qty","type":"int"},
		{"name":"price","type":"double","default":1.5},
		{"name":"opt","type":["null","int"],"default":null},
		{"name":"born","type":{"type":"int","logicalType":"date"},"default":0},
		{"name":"st","type":{"type":"enum","name":"St","symbols":["A","B"]},"default":"A"},
		{"name":"raw","type":{"type":"fixed","name":"Raw","size":2},"default":"\u0001\u00ff"},
		{"name":"any","type":["null","string","long",{"type":"array","items":"St"}],"default":null},
		{"name":"homes","type":{"type":"array","items":{"type":"record","name":"Home","fields":[{"name":"zip","type":"string","confluent:tags":["PII"]}]}},"default":[]},
		{"name":"attrs","type":{"type":"map","values":"int"},"default":{"k":1}}]}`

	personJSON = `{"type":"object","properties":{"name":{"type":"string"},"qty":{"type":"integer"},"price":{"type":"number"},
		"opt":{"type":["null","integer"]},"st":{"enum":["A","B"]},"home":{"$ref":"#/definitions/Home"},
		"homes":{"type":"array","items":{"$ref":"#/definitions/Home"}},"free":{"type":"object","additionalProperties":true},
		"mix":{"allOf":[{"type":"object","properties":{"left":{"type":"string"}}},{"type":"object","properties":{"right":{"type":"integer"}}}]}},
		"definitions":{"Home":{"type":"object","properties":{"zip":{"type":"string","confluent:tags":["PII"]},"up":{"$ref":"#/definitions/Home"}}}}}`

	personProto = `syntax = "proto3";
package com.acme;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Person {
  string name = 1;
  int32 qty = 2;
  uint32 u = 3;
  uint64 big = 4;
  repeated Home homes = 5;
  map<string, int32> attrs = 6;
  optional string nick = 7;
  St st = 8;
  google.protobuf.Timestamp at = 9;
  google.protobuf.Int32Value maybe = 10;
  bytes raw = 11;
  float f = 12;
}
message Home { string zip = 1; }
enum St { A = 0; B = 1; }`
)

var person = map[string]string{
	api.Avro: `{"name":"ann","qty":3,"price":2.5,"opt":null,"born":20000,"st":"B","raw":{"$bytes":"0102"},"any":7,"homes":[{"zip":"0150"},{"zip":"9"}],"attrs":{"k":7}}`,
	api.JSON: `{"name":"ann","qty":3,"price":2.5,"opt":null,"st":"B","home":{"zip":"0150","up":{"zip":"1"}},"homes":[{"zip":"0150"},{"zip":"9"}],"free":{"x":1e3,"y":12345678901234567890},"mix":{"left":"l","right":1}}`,
	api.Protobuf: `{"name":"ann","qty":3,"u":5,"big":"18446744073709551615","homes":[{"zip":"0150"},{"zip":"9"}],"attrs":{"k":7},"st":"B",
		"at":"2024-05-06T07:08:09Z","maybe":4,"raw":"AQI=","f":0.5}`,
}

var schemas = map[string]string{api.Avro: personAvro, api.JSON: personJSON, api.Protobuf: personProto}

// run runs one rule on the person of a language.
func run(t *testing.T, schemaType string, rule api.Rule, params ...string) (any, record.Format, error) {
	t.Helper()
	f := formatOf(t, schemaType, schemas[schemaType])
	v, err := f.Read([]byte(person[schemaType]))
	if err != nil {
		t.Fatal(err)
	}
	if len(params) > 0 {
		rule.Params = map[string]string{params[0]: params[1]}
	}
	whole, field := cel.New()
	x := whole
	if rule.Type == "CEL_FIELD" {
		x = field
	}
	p, err := x.Compile(&rule, &rules.Target{Format: f})
	if err != nil {
		return nil, f, err
	}
	out, err := p.Run(context.Background(), v, &rules.Env{Now: time.Unix(1_700_000_000, 0)})
	return out, f, err
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		schemaType, expr string
		want             any // true, false, or "error"
	}{
		{api.Avro, "message.qty == 3 && message.name == 'ann'", true},
		{api.Avro, "message.qty > 2.5", true}, // numbers of two types compare
		{api.Avro, "message.price > 2", true},
		{api.Avro, "message.qty == 3.0", true}, // does not fit the schema, and runs without it
		{api.Avro, "message.name == 3", false},
		{api.Avro, "message.opt == null", true},
		{api.Avro, "has(message.opt)", false},                    // in the terms of the schema
		{api.Avro, "has(message.opt) && !has(message.no)", true}, // as a map
		{api.Avro, "has(message.name)", true},
		{api.Avro, "message.opt > 1", "error"},
		{api.Avro, "message.no == 1", "error"},
		{api.Avro, "message.st == 'B'", true},
		{api.Avro, "message.raw == b'\\x01\\x02'", true},
		{api.Avro, "message.born == 20000", true},
		{api.Avro, "message.any == 7", true},
		{api.Avro, "message.homes.exists(h, h.zip == '9') && message.homes[0].zip == '0150'", true},
		{api.Avro, "message.homes.map(h, h.zip) == ['0150', '9']", true},
		{api.Avro, "message.attrs['k'] == 7 && 'k' in message.attrs && message.attrs.k == 7", true},
		{api.Avro, "size(message) == 10", true},
		{api.Avro, "now == timestamp('2023-11-14T22:13:20Z')", true},
		{api.Avro, "message.qty", true}, // no verdict
		{api.Avro, "message.nope ; false", true},
		{api.Avro, "1 + 'a' ; false", true},
		{api.Avro, "'yes' ; false", true},
		{api.Avro, " ; message.qty == 3", true},
		{api.Avro, "true ; message.qty == 4", false},
		{api.Avro, "com.acme.Home{zip: '1'}.zip == '1'", true},
		{api.Avro, "math.greatest(message.qty, 2) == 3 && base64.encode(message.raw) == 'AQI='", true},
		{api.Avro, "'%s-%d'.format([message.name, message.qty]) == 'ann-3' && ['a', 'b'].join('/') == 'a/b'", true},

		{api.JSON, "message.qty == 3 && message.price == 2.5", true},
		{api.JSON, "message.opt == null && has(message.opt) && !has(message.other)", true},
		{api.JSON, "message.home.up.zip == '1' && message.homes.all(h, size(h.zip) > 0)", true},
		{api.JSON, "message.free.x == 1000 && message.free.y > 1.2e19", true},
		{api.JSON, "message.no == 1", "error"},

		{api.Protobuf, "message.qty == 3 && message.u == 5u && message.big == 18446744073709551615u", true},
		{api.Protobuf, "message.u == 5", "error"}, // there is no way around the schema
		{api.Protobuf, "message.no == 1 ; false", true},
		{api.Protobuf, "message.st == 1 && message.st == com.acme.St.B", true},
		{api.Protobuf, "has(message.name) && !has(message.nick) && message.nick == ''", true},
		{api.Protobuf, "message.homes.exists(h, h.zip == '9') && message.attrs['k'] == 7", true},
		{api.Protobuf, "message.at == timestamp('2024-05-06T07:08:09Z') && message.maybe == 4", true},
		{api.Protobuf, "message.raw == b'\\x01\\x02' && message.f == 0.5", true},
	} {
		got, _, err := run(t, c.schemaType, api.Rule{Kind: api.KindCondition, Expr: c.expr})
		if (err != nil) != (c.want == "error") || err == nil && got != c.want {
			t.Errorf("%s %s: got %v, %v; want %v", c.schemaType, c.expr, got, err, c.want)
		}
	}
}

func TestTransforms(t *testing.T) {
	for _, c := range []struct{ schemaType, expr, want string }{
		{api.Avro, "{'name': message.name + '!', 'qty': message.qty + 1, 'any': 'x', 'homes': message.homes, 'more': 1}",
			`{"name":"ann!","qty":4,"price":1.5,"opt":null,"born":0,"st":"A","raw":{"$bytes":"01ff"},"any":"x","homes":[{"zip":"0150"},{"zip":"9"}],"attrs":{"k":1}}`},
		{api.Avro, "{'name': '', 'qty': 2.9, 'price': 1, 'opt': 4, 'st': 'B', 'raw': b'ab', 'any': [ 'B' ], 'attrs': {}}",
			`{"name":"","qty":2,"price":1,"opt":4,"born":0,"st":"B","raw":{"$bytes":"6162"},"any":["B"],"homes":[],"attrs":{}}`},
		{api.Avro, "com.acme.Person{name: 'n', qty: 1, homes: [com.acme.Home{zip: 'z'}]}",
			`{"name":"n","qty":1,"price":1.5,"opt":null,"born":0,"st":"A","raw":{"$bytes":"01ff"},"any":null,"homes":[{"zip":"z"}],"attrs":{"k":1}}`},
		{api.Avro, "message.qty > 5 ; {'name': 'no'}", person[api.Avro]},
		{api.Avro, "message.qty > 5 ? {'name': 'no'} : message", person[api.Avro]},
		{api.Avro, "{'name': 'a', 'qty': 3000000000}", "error"},
		{api.Avro, "{'qty': 3}", "error"},
		{api.Avro, "{'name': 'a', 'qty': 3, 'st': 'C'}", "error"},
		{api.Avro, "{'name': 'a', 'qty': 3, 'raw': b'abc'}", "error"},

		{api.JSON, "{'n': message.name, 'l': [1, 2.5, 5u, null, true], 'h': message.home, 'b': b'ab', 't': timestamp('2024-05-06T07:08:09Z'), 'd': duration('90s')}",
			`{"n":"ann","l":[1,2.5,5,null,true],"h":{"zip":"0150","up":{"zip":"1"}},"b":"YWI=","t":"2024-05-06T07:08:09Z","d":"90s"}`},
		{api.JSON, "message.homes.filter(h, h.zip != '9')", `[{"zip":"0150"}]`},
		{api.JSON, "message.name", `"ann"`},

		{api.Protobuf, "com.acme.Person{name: message.name + '!', u: 7u, homes: [com.acme.Home{zip: 'z'}]}", `{"name":"ann!","u":7,"homes":[{"zip":"z"}]}`},
		{api.Protobuf, "{'name': 'x', 'qty': 1, 'u': 2, 'big': 3u, 'homes': [{'zip': 'z'}, message.homes[0]], 'attrs': {'a': 1}, 'st': 'B', 'at': now, 'maybe': 9, 'raw': b'a', 'f': 1, 'nick': null}",
			`{"name":"x","qty":1,"u":2,"big":"3","homes":[{"zip":"z"},{"zip":"0150"}],"attrs":{"a":1},"st":"B","at":"2023-11-14T22:13:20Z","maybe":9,"raw":"YQ==","f":1}`},
		{api.Protobuf, "message", person[api.Protobuf]},
		{api.Protobuf, "{'no': 1}", "error"},
		{api.Protobuf, "{'u': -1}", "error"},
		{api.Protobuf, "{'qty': 'x'}", "error"},
	} {
		out, f, err := run(t, c.schemaType, api.Rule{Kind: api.KindTransform, Expr: c.expr})
		if err != nil || c.want == "error" {
			if c.want != "error" || err == nil {
				t.Errorf("%s %s: got %v, %v; want %s", c.schemaType, c.expr, out, err, c.want)
			}
			continue
		}
		payload, err := f.Append(nil, out)
		if err != nil {
			t.Errorf("%s %s: %v", c.schemaType, c.expr, err)
			continue
		}
		want, err := f.Read([]byte(c.want))
		if err != nil {
			t.Fatal(err)
		}
		again, err := f.Append(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, printOf(t, f, payload), printOf(t, f, again))
	}
}

func TestFields(t *testing.T) {
	for _, c := range []struct {
		schemaType, kind, expr, tag string
		want                        string // the members that change, "true", "false" or "error"
	}{
		{api.Avro, api.KindTransform, "value + '*' + message.zip", "PII", `{"homes":[{"zip":"0150*0150"},{"zip":"9*9"}]}`},
		{api.Avro, api.KindTransform, "fullName == 'com.acme.Home.zip' && tags == ['PII'] && name == 'zip' ; 'x'", "", `{"homes":[{"zip":"x"},{"zip":"x"}]}`},
		{api.Avro, api.KindTransform, "typeName == 'INT' && name == 'qty' ; double(value) * 1.5", "", `{"qty":4}`},
		{api.Avro, api.KindTransform, "typeName == 'DOUBLE' ; int(value)", "", `{"price":2}`},
		{api.Avro, api.KindTransform, "typeName == 'INT' ; 3000000000", "", "error"},
		{api.Avro, api.KindTransform, "typeName == 'NULL' && value == null && name == 'opt' ; 5", "", `{"opt":5}`},
		{api.Avro, api.KindCondition, "typeName == 'STRING' ; value != ''", "", "true"},
		{api.Avro, api.KindCondition, "typeName == 'STRING' ; value != '9'", "", "false"},
		{api.Avro, api.KindCondition, "value == 'ann'", "", "error"}, // of numbers
		{api.Avro, api.KindCondition, "typeName == 'STRING' ; value.matches('n')", "PII", "false"},
		{api.Avro, api.KindCondition, "now > timestamp('2020-01-01T00:00:00Z')", "PII", "true"},
		{api.JSON, api.KindTransform, "value + '*'", "PII", `{"home":{"zip":"0150*","up":{"zip":"1*"}},"homes":[{"zip":"0150*"},{"zip":"9*"}]}`},
		{api.JSON, api.KindTransform, "name == 'qty' ; value + 1", "", `{"qty":4}`},
	} {
		rule := api.Rule{Type: "CEL_FIELD", Kind: c.kind, Expr: c.expr}
		if c.tag != "" {
			rule.Tags = []string{c.tag}
		}
		out, f, err := run(t, c.schemaType, rule)
		switch {
		case c.want == "error":
			if err == nil {
				t.Errorf("%s: got %v", c.expr, out)
			}
		case err != nil:
			t.Errorf("%s: %v", c.expr, err)
		case c.want == "true" || c.want == "false":
			if out != (c.want == "true") {
				t.Errorf("%s: got %v", c.expr, out)
			}
		default:
			var want, changes map[string]any
			_ = json.Unmarshal([]byte(person[c.schemaType]), &want)
			_ = json.Unmarshal([]byte(c.want), &changes)
			for k, v := range changes {
				want[k] = v
			}
			payload, err := f.Append(nil, out)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(want)
			equalJSON(t, printOf(t, f, payload), text)
		}
	}
}

// Unsigned fields are int by themselves, and as they are through the message.
func TestUnsigned(t *testing.T) {
	f := formatOf(t, api.Protobuf, personProto)
	_, x := cel.New()
	for _, c := range []struct {
		in, expr, param string
		want            any
	}{
		{`{"u":5}`, "name == 'u' ; value == 5 && message.u == 5u", "", true},
		{`{"u":5}`, "name == 'u' ; value == 5u", "", "error"},
		{`{"u":5}`, "name == 'u' ; value == 5u", "uint", true},
		{`{"big":"18446744073709551615"}`, "true", "", "error"},
		{`{"big":"18446744073709551615"}`, "name == 'big' ; value > 5u", "uint", true},
	} {
		in, err := f.Read([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		rule := &api.Rule{Kind: api.KindCondition, Expr: c.expr, Params: map[string]string{"cel.unsigned.field.type": c.param}}
		got, err := compiled(t, x, rule, f).Run(context.Background(), in, &rules.Env{})
		if (err != nil) != (c.want == "error") || err == nil && got != c.want {
			t.Errorf("%s on %s: got %v, %v; want %v", c.expr, c.in, got, err, c.want)
		}
	}
	in, _ := f.Read([]byte(`{"u":5,"big":"7"}`))
	rule := &api.Rule{Kind: api.KindTransform, Expr: "name in ['u', 'big'] ; value + 1"}
	out, err := compiled(t, x, rule, f).Run(context.Background(), in, &rules.Env{})
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, []byte(protojson.Format(out.(proto.Message))), []byte(`{"u":6,"big":"8"}`))
}

// Parameters of a rule choose what matches means, and whether a semicolon parts the expression.
func TestParameters(t *testing.T) {
	for _, c := range []struct {
		expr, name, value string
		want              any
	}{
		{"message.name.matches('n')", "", "", true},
		{"message.name.matches('n')", "cel.regex.engine", "re2", true},
		{"message.name.matches('n')", "cel.regex.engine", "pcre", false},
		{"message.name.matches('a|ann')", "cel.regex.engine", "pcre", true},
		{"matches(message.name, message.name.substring(1))", "cel.regex.engine", "pcre", false},
		{"matches(message.name, message.name.substring(1))", "", "", true},
		{"message.name.matches('a(?=n)')", "", "", "error"},
		{"message.name.matches(message.name + '(')", "", "", "error"},
		{"message.name.matches('n')", "cel.regex.engine", "perl", "error"},
		{"message.name == 'a;b'", "", "", true},
		{"message.name == 'a;b'", "cel.ignore.guard.separator", "true", false},
	} {
		var params []string
		if c.name != "" {
			params = []string{c.name, c.value}
		}
		got, _, err := run(t, api.Avro, api.Rule{Kind: api.KindCondition, Expr: c.expr}, params...)
		if (err != nil) != (c.want == "error") || err == nil && got != c.want {
			t.Errorf("%s with %s=%s: got %v, %v; want %v", c.expr, c.name, c.value, got, err, c.want)
		}
	}
}

// Structs of the caller are records without being copied.
func TestStructs(t *testing.T) {
	type home struct {
		Zip string `avro:"zip" json:"zip"`
	}
	type base struct {
		Name string `avro:"name" json:"name"`
	}
	type personStruct struct {
		base
		Qty   int32           `avro:"qty" json:"qty,omitempty"`
		Opt   *int32          `avro:"opt" json:"opt"`
		Homes []home          `avro:"homes" json:"homes"`
		Attrs map[string]int  `avro:"attrs" json:"attrs"`
		At    time.Time       `avro:"-" json:"at"`
		Raw   json.RawMessage `avro:"-" json:"raw"`
	}
	in := &personStruct{base{"ann"}, 3, nil, []home{{"0150"}}, map[string]int{"k": 7}, time.Unix(0, 0).UTC(), json.RawMessage(`{"x":[1]}`)}
	x, _ := cel.New()
	for _, c := range []struct{ schemaType, expr string }{
		{api.Avro, "message.name == 'ann' && message.qty == 3 && message.opt == null && !has(message.opt)"},
		{api.Avro, "message.homes.exists(h, h.zip == '0150') && message.attrs.k == 7"},
		{api.Avro, "!has(message.no) && message.homes[0].zip == '0150' && size(message) == 5"},
		{api.Avro, "message.homes == [{'zip': '0150'}] && message != {'zip': 1}"},
		{api.JSON, "message.name == 'ann' && message.at == '1970-01-01T00:00:00Z' && message.raw.x == [1]"},
		{api.JSON, "message.all(k, k != 'At') && 'name' in message && has(message.qty)"},
	} {
		p := compiled(t, x, &api.Rule{Kind: api.KindCondition, Expr: c.expr}, formatOf(t, c.schemaType, schemas[c.schemaType]))
		for _, v := range []any{in, *in} {
			if got, err := p.Run(context.Background(), v, &rules.Env{}); err != nil || got != true {
				t.Errorf("%s %s on %T: got %v, %v", c.schemaType, c.expr, v, got, err)
			}
		}
	}
}

// A message of a generated type serves as one of the schema.
func TestOtherDescriptor(t *testing.T) {
	f, g := formatOf(t, api.Protobuf, personProto), formatOf(t, api.Protobuf, personProto)
	v, err := f.Read([]byte(person[api.Protobuf]))
	if err != nil {
		t.Fatal(err)
	}
	x, _ := cel.New()
	p := compiled(t, x, &api.Rule{Kind: api.KindTransform, Expr: "com.acme.Person{name: message.name, homes: message.homes, at: message.at}"}, g)
	out, err := p.Run(context.Background(), v, &rules.Env{})
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, []byte(protojson.Format(out.(proto.Message))), []byte(`{"name":"ann","homes":[{"zip":"0150"},{"zip":"9"}],"at":"2024-05-06T07:08:09Z"}`))
}

// Rules of migrations see JSON.
func TestMigration(t *testing.T) {
	f := formatOf(t, api.Avro, personAvro)
	v, err := f.Read([]byte(person[api.Avro]))
	if err != nil {
		t.Fatal(err)
	}
	j, err := f.ToJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := cel.New()
	p, err := x.Compile(&api.Rule{Kind: api.KindTransform, Expr: "{'name': message.name, 'any': message.any.long + 1, 'zips': message.homes.map(h, h.zip)}"}, &rules.Target{Format: f, JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Run(context.Background(), j, &rules.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"name": "ann", "any": int64(8), "zips": []any{"0150", "9"}}; !reflect.DeepEqual(out, want) {
		t.Errorf("got %#v", out)
	}
}

func TestCheck(t *testing.T) {
	whole, field := cel.New()
	for _, c := range []struct{ schemaType, typ, expr, want string }{
		{api.Avro, "CEL", "message.name == 'a' && message.qty > 3", ""},
		{api.Avro, "CEL", "message.nmae == 'a'", "1:8: com.acme.Person has no field nmae (did you mean name?)"},
		{api.Avro, "CEL", "message.qty > 1 ;\n  message.homes[0].zpi == ''", "2:19: com.acme.Home has no field zpi (did you mean zip?)"},
		{api.Avro, "CEL", "message.qyt > 1 ; true", "1:8: com.acme.Person has no field qyt (did you mean qty?)"},
		{api.Avro, "CEL", "true ; mesage.qty > 1", "1:8: there is no variable mesage (did you mean message?)"},
		{api.Avro, "CEL", "message.name.isEmial()", "1:21: there is no function isEmial (did you mean isEmail?)"},
		{api.Avro, "CEL", "message.name + 1 == 2", "1:14: found no matching overload for '_+_' applied to '(string, int)'"},
		{api.Avro, "CEL", "message.name ==", "1:16: Syntax error: "},
		{api.Avro, "CEL", "message.name.matches('(')", ""},
		{api.JSON, "CEL", "message.home.up.up.zip == '' && message.free.anything > 1 && message.mix.left == '' && message.mix.right > 1", ""},
		{api.JSON, "CEL", "message.home.up.zpi == ''", "1:16: $.home has no field zpi (did you mean zip?)"},
		{api.JSON, "CEL", "message.price == 3 && message.st == 'A' && message.opt == null", ""},
		{api.JSON, "CEL", "message.mix.rigth > 1", "1:12: $.mix has no field rigth (did you mean right?)"},
		{api.Protobuf, "CEL", "message.homes.all(h, h.zpi == '')", "1:23: com.acme.Home has no field zpi (did you mean zip?)"},
		{api.Avro, "CEL_FIELD", "typeName == 'STRING' ; value + '*'", ""},
		{api.Avro, "CEL_FIELD", "value + '*'", "1:7: found no matching overload for '_+_' applied to '(int, string)'"},
		{api.Avro, "CEL_FIELD", "valeu + '*'", "1:1: there is no variable valeu (did you mean value?)"},
		{api.JSON, "CEL_FIELD", "name == 'zip' ; value + message.zip", ""},
		{api.JSON, "CEL_FIELD", "typeNam == 'STRING' ; value + '*'", "1:1: there is no variable typeNam (did you mean typeName?)"},
	} {
		x := whole
		if c.typ == "CEL_FIELD" {
			x = field
		}
		f := formatOf(t, c.schemaType, schemas[c.schemaType])
		err := x.(rules.Checker).Check(&api.Rule{Type: c.typ, Kind: api.KindTransform, Expr: c.expr}, &rules.Target{Format: f})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if strings.HasPrefix(c.want, "1:16: Syntax") {
			got = got[:min(len(got), len(c.want))]
		}
		if c.expr == "message.name.matches('(')" {
			if err == nil {
				t.Errorf("%s passes", c.expr)
			}
			continue
		}
		var typed *rules.CompileError
		if got != c.want || err != nil && !errors.As(err, &typed) {
			t.Errorf("%s %s:\ngot  %s\nwant %s", c.typ, c.expr, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	x, _ := cel.New()
	f := formatOf(t, api.JSON, `{"type":"object"}`)
	for function, texts := range map[string]struct{ yes, no string }{
		"isEmail":    {`a@b.com a.b+c@sub.example.org "x y"@b.org a@[127.0.0.1] é@b.com`, `a@b a@b.com. .a@b.com a..b@b.com a@-b.com @b.com a@ a@b@ plain a(b@c.com`},
		"isHostname": {"localhost a.b.c a-b.example.com a.example.com. 1a.b2", "-a.com a-.com a..b a_b.com 10.1.2.3 . a.1 é.com"},
		"isIpv4":     {"0.0.0.0 255.255.255.255", "256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 ::1 a"},
		"isIpv6":     {":: ::1 2001:db8::1 ::ffff:1.2.3.4", "1.2.3.4 2001:db8 ::: 12345:: g::"},
		"isUri":      {"http://a.b/c?d#e mailto:a@b urn:x:y http://[::1]:80/ file:///x x:/ http:///", "a/b //a/b http:// : 1a:b http://[::1 http://a/^ x:"},
		"isUriRef":   {"a/b //a/b ?x #y ./.. http://a é %41", "^ a%4 // %zz [::1]/ a\\b"},
		"isUuid":     {"123e4567-e89b-12d3-a456-426614174000 1-2-3-4-5 123E4567-E89B-12D3-A456-426614174000", "123e4567e89b12d3a456426614174000 1-2-3-4 1-2-3-4-5-6 g-2-3-4-5 ---- 123e4567-e89b-12d3-a456-4266141740001"},
	} {
		p := compiled(t, x, &api.Rule{Kind: api.KindCondition, Expr: "message." + function + "()"}, f)
		for _, list := range []struct {
			texts string
			want  bool
		}{{texts.yes, true}, {texts.no, false}} {
			for _, text := range append(splitTexts(list.texts), map[bool][]string{false: {"", " "}}[list.want]...) {
				if got, err := p.Run(context.Background(), text, &rules.Env{}); err != nil || got != list.want {
					t.Errorf("%q.%s() = %v, %v", text, function, got, err)
				}
			}
		}
	}
}

// splitTexts parts texts at spaces that are not in quotes.
func splitTexts(s string) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}
