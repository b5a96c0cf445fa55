package cel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/formats"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// decided are the vectors where this engine does otherwise on purpose: matches
// searches, without look-ahead; rule sets enabled at CLIENT run; properties that are not there are not visited.
var decided = map[string]string{
	"cel-matches-partial":       "",
	"cel-matches-lookahead":     "RULE_FAILED",
	"act-enableat-client":       "RULE_CONDITION_FAILED",
	"celf-json-absent-property": "",
}

type vector struct {
	Name        string
	SchemaType  string
	Op, Compare string
	MessageType string
	Input       json.RawMessage
	WireHex     *string
	Config      map[string]any
	Registry    struct {
		Schemas []struct {
			ID       int
			Schema   string
			Metadata *api.Metadata
			RuleSet  *api.RuleSet
		}
	}
	Expect struct {
		WireHex *string
		Decoded json.RawMessage
		Error   *struct{ Class string }
	}
}

// TestVectors runs the rules of exchanges of the reference clients.
func TestVectors(t *testing.T) {
	root := os.Getenv("VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	files, _ := filepath.Glob(filepath.Join(root, "serde", "*.json"))
	if len(files) == 0 {
		t.Skip("no vectors at " + root)
	}
	ran := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var set struct{ Vectors []vector }
		if err := json.Unmarshal(text, &set); err != nil {
			t.Fatal(err)
		}
		for _, v := range set.Vectors {
			if s := v.Registry.Schemas; len(s) != 1 || s[0].RuleSet == nil || !onlyCEL(s[0].RuleSet) {
				continue
			}
			ran++
			t.Run(v.Name, v.run)
		}
	}
	if ran < 60 {
		t.Errorf("only %d vectors have been found", ran)
	}
}

func onlyCEL(rs *api.RuleSet) bool {
	for _, r := range rs.DomainRules {
		if !strings.HasPrefix(r.Type, "CEL") && r.Type != "NOSUCH" {
			return false
		}
	}
	return len(rs.DomainRules) > 0 && len(rs.EncodingRules) == 0
}

var languages = map[string]schema.Language{api.Avro: avro.Language, api.JSON: jsonschema.Language, api.Protobuf: protobuf.Language{}}

func formatOf(t testing.TB, schemaType, text string) record.Format {
	t.Helper()
	s, err := languages[schemaType].Parse(schema.Source{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	f, err := formats.Of(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (v vector) run(t *testing.T) {
	s := v.Registry.Schemas[0]
	f := formatOf(t, v.SchemaType, s.Schema)
	if v.MessageType != "" {
		var err error
		if f, err = f.(*recordprotobuf.Format).ByName(v.MessageType); err != nil {
			t.Fatal(err)
		}
	}
	config := map[string]string{}
	for k, c := range v.Config {
		if text, ok := c.(string); ok {
			config[k] = text
		}
	}
	engine := newEngine(rules.WithConfig(config))
	mode := rules.Write
	if v.Op == "deserialize" {
		mode = rules.Read
	}
	chain := engine.Compile(s.RuleSet, rules.Domain, mode, rules.Scope{Format: f, Metadata: s.Metadata})
	expected := ""
	if v.Expect.Error != nil {
		expected = v.Expect.Error.Class
	}
	class, isDecided := decided[v.Name]
	if isDecided {
		expected = class
	}
	var in any
	var err error
	if mode == rules.Write {
		in, err = f.Read(v.Input)
	} else {
		wire, _ := hex.DecodeString(*v.WireHex)
		in, err = f.Decode(body(t, v.SchemaType, wire))
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := chain.Run(context.Background(), in, &rules.Env{})
	if got := classOf(err); got != expected {
		t.Fatalf("got %q (%v), want %q", got, err, expected)
	}
	if err != nil || isDecided {
		return
	}
	if mode == rules.Read {
		printed, err := f.Print(out)
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, printed, v.Expect.Decoded)
		return
	}
	payload, err := f.Append(nil, out)
	if err != nil {
		t.Fatal(err)
	}
	wire, _ := hex.DecodeString(*v.Expect.WireHex)
	want := body(t, v.SchemaType, wire)
	if v.Compare == "bytes" {
		if !bytes.Equal(payload, want) {
			t.Errorf("got  %x\nwant %x", payload, want)
		}
		return
	}
	equalJSON(t, printOf(t, f, payload), printOf(t, f, want))
}

func printOf(t *testing.T, f record.Format, payload []byte) []byte {
	t.Helper()
	v, err := f.Decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Print(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// body cuts the framing off: magic byte, id, and for Protobuf the indexes of the message.
func body(t *testing.T, schemaType string, wire []byte) []byte {
	t.Helper()
	if len(wire) < 5 || wire[0] != 0 || binary.BigEndian.Uint32(wire[1:]) == 0 {
		t.Fatalf("no framing: %x", wire)
	}
	wire = wire[5:]
	if schemaType != api.Protobuf {
		return wire
	}
	count, n := protowire.ConsumeVarint(wire)
	wire = wire[n:]
	for range protowire.DecodeZigZag(count) {
		_, n := protowire.ConsumeVarint(wire)
		wire = wire[n:]
	}
	return wire
}

func classOf(err error) string {
	var condition *rules.ConditionError
	var executor *rules.NoExecutorError
	var action *rules.NoActionError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &condition):
		return "RULE_CONDITION_FAILED"
	case errors.As(err, &executor):
		return "RULE_EXECUTOR_NOT_FOUND"
	case errors.As(err, &action):
		return "RULE_ACTION_NOT_FOUND"
	}
	return "RULE_FAILED"
}

func equalJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func newEngine(opts ...rules.Option) *rules.Engine {
	whole, field := cel.New()
	return rules.New(append([]rules.Option{rules.WithExecutors(whole, field)}, opts...)...)
}
