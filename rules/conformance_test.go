package rules_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/rules/rulestest"
)

// areas are those of the recordings that need rules and records, and no keys.
var areas = []string{"actions", "cel-condition", "cel-field", "cel-function", "cel-transform", "jsonata-domain", "migration", "migration-multihop", "walkthrough"}

// vector is what a client of the reference did with one record.
type vector struct {
	*rulestest.Vector
	schemas []*vectorSchema
}

type vectorSchema struct {
	*rulestest.Schema
	rules  *api.RuleSet
	format record.Format
}

func TestConformanceRules(t *testing.T) {
	takes := func(area string) bool { return slices.Contains(areas, area) }
	rulestest.Conformance(t, "rules", "../../shared/vectors", takes, func(t *testing.T, v *rulestest.Vector) string {
		return (&vector{Vector: v}).run(t)
	})
}

// prepare parses the schemas of the vector.
func (v *vector) prepare() error {
	for _, s := range v.Registry.Schemas {
		f, err := v.Format(s, "")
		if err != nil {
			return fmt.Errorf("version %d: %w", s.Version, err)
		}
		prepared := &vectorSchema{Schema: s, format: f}
		if len(s.RuleSet) > 0 {
			q, err := api.ReadBody([]byte(`{"ruleSet":`+string(s.RuleSet)+`}`), "", "", api.ReadRegisterRequest)
			if err != nil {
				return err
			}
			prepared.rules = q.RuleSet
		}
		v.schemas = append(v.schemas, prepared)
	}
	return nil
}

// latest is the newest version that has the metadata asked for.
func (v *vector) latest() *vectorSchema {
	newest := v.Newest(v.Subject, v.Metadata())
	return v.schemas[slices.IndexFunc(v.schemas, func(s *vectorSchema) bool { return s.Schema == newest })]
}

func (v *vector) byID(id int) *vectorSchema {
	for _, s := range v.schemas {
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
		if s := v.Text(name); s != "" {
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
	if !rulestest.SameJSON(a, b) {
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
	if !rulestest.SameJSON(got, v.Expect.Decoded) {
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
	for _, s := range v.schemas {
		if s.Subject == v.Subject {
			list = append(list, rules.Version{Number: s.Version, RuleSet: s.rules, Metadata: s.Metadata, Format: s.format})
		}
	}
	return list
}
