package rules_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/record/formats"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/schema"
)

// areas are those of the recordings that need rules and records, and no keys.
var areas = []string{"actions", "cel-condition", "cel-field", "cel-function", "cel-transform", "jsonata-domain", "migration", "migration-multihop", "walkthrough"}

// vector is what a client of the reference did with one record.
type vector struct {
	Name, Area, SchemaType, Subject, Op string

	Registry struct{ Schemas []*vectorSchema }
	Config   map[string]json.RawMessage
	Input    json.RawMessage
	WireHex  *string

	MessageType string
	Expect      struct {
		WireHex *string
		Decoded json.RawMessage
		Error   *struct{ Class string }
	}
	Compare string
}

type vectorSchema struct {
	Subject    string
	Version    int
	ID         int
	SchemaType string
	Schema     string
	References []api.Reference
	Metadata   *api.Metadata
	RuleSet    json.RawMessage

	rules  *api.RuleSet
	format record.Format
}

// deviations are the cases decided otherwise than the reference has them.
var deviations = []struct {
	reason string
	holds  func(*vector) bool
}{
	{"matches searches, as the CEL specification, Go and Python have it; in Java alone the whole string must match", func(v *vector) bool {
		return v.uses("matches(") && !v.param("cel.regex.engine", "re2")
	}},
	{"a rule set enabled at CLIENT runs in a client", func(v *vector) bool {
		return slices.ContainsFunc(v.Registry.Schemas, func(s *vectorSchema) bool { return s.rules != nil && s.rules.EnableAt == "CLIENT" }) &&
			v.text("execution.environment") == ""
	}},
	{"properties that are not there are not visited", func(v *vector) bool {
		return v.SchemaType == api.JSON && v.uses("CEL_FIELD") && v.Expect.Error != nil
	}},
}

func (v *vector) uses(text string) bool {
	return slices.ContainsFunc(v.Registry.Schemas, func(s *vectorSchema) bool { return bytes.Contains(s.RuleSet, []byte(text)) })
}

func (v *vector) param(name, value string) bool {
	return v.uses(`"`+name+`"`) && v.uses(`"`+value+`"`)
}

func (v *vector) text(name string) string {
	var s string
	_ = json.Unmarshal(v.Config[name], &s)
	return s
}

func TestConformanceRules(t *testing.T) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = "../../shared/vectors"
	}
	if _, err := os.Stat(filepath.Join(dir, "serde")); err != nil {
		t.Skipf("no recordings in %s: set VECTORS to their folder", dir)
	}
	passed, total, deviating := 0, 0, 0
	for _, area := range areas {
		b, err := os.ReadFile(filepath.Join(dir, "serde", area+".json"))
		if err != nil {
			t.Logf("%s is not there", area)
			continue
		}
		var file struct{ Vectors []*vector }
		if err := json.Unmarshal(b, &file); err != nil {
			t.Fatal(err)
		}
		for _, v := range file.Vectors {
			why := v.run(t)
			total++
			switch {
			case why == "":
				passed++
			case slices.ContainsFunc(deviations, func(d struct {
				reason string
				holds  func(*vector) bool
			}) bool {
				return d.holds(v)
			}):
				total--
				deviating++
			default:
				t.Errorf("%s/%s: %s", area, v.Name, why)
			}
		}
	}
	t.Logf("conformance rules %d/%d deviations %d", passed, total, deviating)
}

// prepare parses the schemas of the vector.
func (v *vector) prepare() error {
	for _, s := range v.Registry.Schemas {
		if s.SchemaType == "" {
			s.SchemaType = api.Avro
		}
		parsed, err := languages.ByType[s.SchemaType].Parse(schema.Source{Text: s.Schema, Dependencies: v.dependencies(s.References, map[string]bool{})})
		if err != nil {
			return fmt.Errorf("version %d: %w", s.Version, err)
		}
		if s.format, err = formats.Of(parsed); err != nil {
			return fmt.Errorf("version %d: %w", s.Version, err)
		}
		if len(s.RuleSet) > 0 {
			q, err := api.ReadBody([]byte(`{"ruleSet":`+string(s.RuleSet)+`}`), "", "", api.ReadRegisterRequest)
			if err != nil {
				return err
			}
			s.rules = q.RuleSet
		}
	}
	return nil
}

func (v *vector) dependencies(refs []api.Reference, seen map[string]bool) (deps []schema.Dependency) {
	for _, ref := range refs {
		for _, s := range v.Registry.Schemas {
			if s.Subject == ref.Subject && s.Version == ref.Version && !seen[ref.Name] {
				seen[ref.Name] = true
				deps = append(deps, v.dependencies(s.References, seen)...)
				deps = append(deps, schema.Dependency{Name: ref.Name, Subject: s.Subject, Version: s.Version, Type: v.SchemaType, Text: s.Schema})
			}
		}
	}
	return deps
}

// latest is the newest version that has the metadata asked for.
func (v *vector) latest() (found *vectorSchema) {
	var with map[string]string
	_ = json.Unmarshal(v.Config["use.latest.with.metadata"], &with)
	for _, s := range v.Registry.Schemas {
		has := s.Subject == v.Subject
		for key, value := range with {
			has = has && s.Metadata != nil && s.Metadata.Properties[key] == value
		}
		if has && (found == nil || s.Version > found.Version) {
			found = s
		}
	}
	return found
}

func (v *vector) byID(id int) *vectorSchema {
	for _, s := range v.Registry.Schemas {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (v *vector) flag(name string, otherwise bool) bool {
	b, err := strconv.ParseBool(strings.Trim(string(v.Config[name]), `"`))
	if err != nil {
		return otherwise
	}
	return b
}

// engine is that of a client with the vector's configuration.
func (v *vector) engine() *rules.Engine {
	config := map[string]string{}
	for name := range v.Config {
		if s := v.text(name); s != "" {
			config[name] = s
		}
	}
	onMessages, onFields := cel.New()
	return rules.New(rules.WithExecutors(onMessages, onFields), rules.WithConfig(config))
}

// run does what the client did and tells what came out otherwise, "" for nothing.
func (v *vector) run(t *testing.T) string {
	if err := v.prepare(); err != nil {
		return err.Error()
	}
	if v.Op == "serialize" {
		return v.serialize(t)
	}
	return v.deserialize(t)
}

// class is the class of an error as the recordings name it.
func class(err error) string {
	var condition *rules.ConditionError
	var executor *rules.NoExecutorError
	var action *rules.NoActionError
	var rule *rules.Error
	var mismatch *record.MismatchError
	switch {
	case errors.As(err, &condition):
		return "RULE_CONDITION_FAILED"
	case errors.As(err, &executor):
		return "RULE_EXECUTOR_NOT_FOUND"
	case errors.As(err, &action):
		return "RULE_ACTION_NOT_FOUND"
	case errors.As(err, &rule):
		return "RULE_FAILED"
	case errors.As(err, &mismatch):
		return "MIGRATION_OUTPUT_MISMATCH"
	}
	return "SERIALIZATION_FAILED"
}

func (v *vector) failed(err error, validation bool) string {
	got := class(err)
	if validation {
		got = "SCHEMA_VALIDATION_FAILED"
	}
	switch {
	case v.Expect.Error == nil:
		return fmt.Sprintf("%s: %v", got, err)
	case v.Expect.Error.Class != got:
		return fmt.Sprintf("%s: %v\n\twant %s", got, err, v.Expect.Error.Class)
	}
	return ""
}

// validate holds a record against its schema where the client does.
func (v *vector) validate(f record.Format, rec any) error {
	if x, ok := f.(rules.Validating); ok && v.flag("json.fail.invalid.schema", false) {
		return x.Validate(rec)
	}
	return nil
}

func (v *vector) serialize(*testing.T) string {
	s := v.latest()
	f := s.format
	if p, ok := f.(*recordprotobuf.Format); ok && v.MessageType != "" {
		named, err := p.ByName(v.MessageType)
		if err != nil {
			return err.Error()
		}
		f = named
	}
	rec, err := f.Read(v.Input)
	if err != nil {
		return v.failed(err, false)
	}
	env := &rules.Env{Subject: v.Subject}
	chain := v.engine().Compile(s.rules, rules.Domain, rules.Write, rules.Scope{Subject: v.Subject, Format: f, Metadata: s.Metadata})
	if rec, err = chain.Run(context.Background(), rec, env); err != nil {
		return v.failed(err, false)
	}
	if err := v.validate(f, rec); err != nil {
		return v.failed(err, true)
	}
	got, err := f.Append(nil, rec)
	if err != nil {
		return v.failed(err, false)
	}
	if v.Expect.Error != nil {
		return fmt.Sprintf("got %x, want %s", got, v.Expect.Error.Class)
	}
	want, _ := hex.DecodeString(*v.Expect.WireHex)
	payload := v.payload(want)
	x, err1 := f.Decode(got)
	y, err2 := f.Decode(payload)
	if err1 != nil || err2 != nil {
		return fmt.Sprint(err1, err2)
	}
	a, _ := f.Print(x)
	b, _ := f.Print(y)
	if !sameJSON(a, b) {
		return fmt.Sprintf("got %s, want %s", a, b)
	}
	return ""
}

// payload cuts the framing off: a zero, four bytes of id, and for Protobuf the message indexes.
func (v *vector) payload(wire []byte) []byte {
	wire = wire[5:]
	if v.SchemaType != api.Protobuf {
		return wire
	}
	if wire[0] == 0 {
		return wire[1:]
	}
	n := int(wire[0]) / 2
	return wire[1+n:]
}

func (v *vector) deserialize(*testing.T) string {
	if v.WireHex == nil {
		return ""
	}
	wire, err := hex.DecodeString(*v.WireHex)
	if err != nil {
		return err.Error()
	}
	writer := v.byID(int(wire[1])<<24 | int(wire[2])<<16 | int(wire[3])<<8 | int(wire[4]))
	reader := writer
	if v.flag("use.latest.version", false) || v.Config["use.latest.with.metadata"] != nil {
		reader = v.latest()
	}
	engine, env, ctx := v.engine(), &rules.Env{Subject: v.Subject}, context.Background()
	rec, err := writer.format.Decode(v.payload(wire))
	if err != nil {
		return v.failed(err, false)
	}
	if path := engine.Migrate(v.Subject, writer.Version, reader.Version, v.versions()); path != nil {
		rec, err = path.Run(ctx, rec, env)
	} else if writer != reader {
		rec, err = resolve(reader, writer, v.payload(wire))
	}
	if err != nil {
		return v.failed(err, false)
	}
	chain := engine.Compile(reader.rules, rules.Domain, rules.Read, rules.Scope{Subject: v.Subject, Format: reader.format, Metadata: reader.Metadata})
	if rec, err = chain.Run(ctx, rec, env); err != nil {
		return v.failed(err, false)
	}
	if err := v.validate(reader.format, rec); err != nil {
		return v.failed(err, true)
	}
	got, err := reader.format.Print(rec)
	if err != nil {
		return err.Error()
	}
	if v.Expect.Error != nil {
		return fmt.Sprintf("got %s, want %s", got, v.Expect.Error.Class)
	}
	if !sameJSON(got, v.Expect.Decoded) {
		return fmt.Sprintf("got %s, want %s", got, v.Expect.Decoded)
	}
	return ""
}

// resolve reads a record without migration: by schema resolution, where the language has it.
func resolve(reader, writer *vectorSchema, payload []byte) (any, error) {
	r, ok1 := reader.format.(*recordavro.Format)
	w, ok2 := writer.format.(*recordavro.Format)
	if !ok1 || !ok2 {
		return reader.format.Decode(payload)
	}
	rec, err := r.Reader(w)(payload)
	if err != nil {
		err = &record.MismatchError{Reason: err.Error(), Err: err}
	}
	return rec, err
}

func (v *vector) versions() []rules.Version {
	var list []rules.Version
	for _, s := range v.Registry.Schemas {
		if s.Subject == v.Subject {
			list = append(list, rules.Version{Number: s.Version, RuleSet: s.rules, Metadata: s.Metadata, Format: s.format})
		}
	}
	return list
}

// sameJSON compares by value; members that are null or absent are told apart.
func sameJSON(a, b []byte) bool {
	decode := func(b []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		_ = d.Decode(&v)
		return plainNumbers(v)
	}
	return sameValue(decode(a), decode(b))
}

// sameValue compares what came out with what was recorded, where values of
// unions stand without the name of their branch.
func sameValue(got, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return ok && len(g) == 1 && sameBranch(g, want)
		}
		for name := range w {
			if v, ok := g[name]; !ok || !sameValue(v, w[name]) {
				return len(g) == 1 && sameBranch(g, want)
			}
		}
		return true
	case []any:
		if g, ok := got.([]any); ok {
			return slices.EqualFunc(g, w, sameValue)
		}
	}
	if g, ok := got.(map[string]any); ok && len(g) == 1 {
		return sameBranch(g, want)
	}
	return reflect.DeepEqual(got, want)
}

func sameBranch(got map[string]any, want any) bool {
	for _, v := range got {
		return sameValue(v, want)
	}
	return false
}

// plainNumbers writes numbers of one value alike.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name := range maps.Clone(x) {
			x[name] = plainNumbers(x[name])
		}
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	case json.Number:
		if n, err := strconv.ParseInt(string(x), 10, 64); err == nil {
			return n
		}
		f, _ := x.Float64()
		if f == float64(int64(f)) {
			return int64(f)
		}
		return f
	}
	return v
}
