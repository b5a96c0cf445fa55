package serde_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/sourcecontextpb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
)

// renamings are a subject of four versions, in each of which the one field has another name: a, b, c, d. Rules lead from each to the next
// and back, and count the steps in the second field, n.
func renamings(t testing.TB, f *front, subject string, format serde.Format) (versions []*api.Schema) {
	t.Helper()
	if _, err := f.Client.SetCompatibility(t.Context(), subject, "NONE"); err != nil {
		t.Fatal(err)
	}
	schemas := map[serde.Format]string{
		serde.Avro:     `{"type":"record","name":"R","fields":[{"name":%q,"type":["null","string"]},{"name":"n","type":"int"}]}`,
		serde.JSON:     `{"type":"object","properties":{%q:{"type":"string"},"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}`,
		serde.Protobuf: `syntax = "proto3"; message R { optional string %s = 1; int32 n = 2; }`,
	}
	for i, name := range []string{"a", "b", "c", "d"} {
		versions = append(versions, f.Register(subject, fmt.Sprintf(schemas[format], name), func(q *api.RegisterRequest) {
			q.SchemaType = string(format)
			q.Metadata = &api.Metadata{Properties: map[string]string{"n": fmt.Sprint(i + 1)}}
			if i > 0 {
				before := string(rune('a' + i - 1))
				q.RuleSet = &api.RuleSet{MigrationRules: []api.Rule{
					{Name: "up", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: fmt.Sprintf(`{"%s": $exists(%s) ? %s : a, "n": n + 1}`, name, before, before)},
					{Name: "down", Kind: api.KindTransform, Mode: api.ModeDowngrade, Type: "JSONATA", Expr: fmt.Sprintf(`{"%s": %s, "n": n - 1}`, before, name)},
				}}
			}
		}))
	}
	return versions
}

// by reads, or writes, by the version of a number.
func by(n int) serde.Option {
	return serde.UseLatestWithMetadata(map[string]string{"n": fmt.Sprint(n)})
}

// Records are taken from each version to each other.
func TestMigrations(t *testing.T) {
	for _, format := range []serde.Format{serde.Avro, serde.JSON, serde.Protobuf} {
		t.Run(string(format), func(t *testing.T) {
			f := start(t)
			versions := renamings(t, f, "t-value", format)
			value := func(version, n int) map[string]any {
				return map[string]any{string(rune('a' + version - 1)): "x", "n": n}
			}
			plain := func(rec any) string {
				if m, ok := rec.(proto.Message); ok {
					rec = asJSON(t, m)
				}
				b, err := json.Marshal(rec)
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			matrix := func(t *testing.T, there func(version int) bool, steps func(from, to int) int) {
				c := f.connect(t)
				for from := range 5 {
					for to := range 5 {
						if from == 0 || to == 0 || !there(from) || !there(to) {
							continue
						}
						b := write(t, writes[any](t, c, format, by(from)), "t", any(value(from, 10)))
						if idOf(t, b) != versions[from-1].ID {
							t.Fatalf("written by the id %d", idOf(t, b))
						}
						seen := &watcher{}
						got := plain(read(t, reads[any](t, c, format, by(to), serde.WithObserver(seen), serde.ValidateJSON(false)), "t", b))
						if want := plain(value(to, 10+steps(from, to))); got != want {
							t.Errorf("from %d to %d: got %s, want %s", from, to, got, want)
						}
						mode := ""
						switch {
						case from < to:
							mode = rules.Upgrade
						case from > to:
							mode = rules.Downgrade
						}
						if s := seen.all(); len(s) != 1 || s[0].Migration != mode || s[0].Writer.ID != versions[from-1].ID || s[0].Reader.ID != versions[to-1].ID {
							t.Errorf("from %d to %d: the observer saw %+v", from, to, s[0])
						}
					}
				}
			}
			all := func(int) bool { return true }
			each := func(from, to int) int { return to - from }
			t.Run("all versions", func(t *testing.T) { matrix(t, all, each) })
			t.Run("one is deleted", func(t *testing.T) {
				if _, err := f.Client.DeleteVersion(t.Context(), "t-value", 2); err != nil {
					t.Fatal(err)
				}
				matrix(t, all, each) // which changes nothing: messages of it are still about
			})
			t.Run("one is gone for good", func(t *testing.T) {
				if _, err := f.Client.DeleteVersion(t.Context(), "t-value", 2, client.Permanent); err != nil {
					t.Fatal(err)
				}
				c := f.connect(t)
				b := write(t, writes[any](t, c, format, by(1)), "t", any(value(1, 10)))
				if got, want := plain(read(t, reads[any](t, c, format, by(4)), "t", b)), plain(value(4, 12)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
			t.Run("no migration without a version asked for", func(t *testing.T) {
				c := f.connect(t)
				b := write(t, writes[any](t, c, format, by(1)), "t", any(value(1, 10)))
				if got, want := plain(read(t, reads[any](t, c, format), "t", b)), plain(value(1, 10)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

func asJSON(t testing.TB, m proto.Message) any {
	t.Helper()
	rec := map[string]any{}
	for _, name := range []string{"a", "b", "c", "d", "n"} {
		r := m.ProtoReflect()
		if fd := r.Descriptor().Fields().ByTextName(name); fd != nil && r.Has(fd) {
			rec[name] = r.Get(fd).Interface()
		}
	}
	return rec
}

// The program's types may be of an old version or of a new one.
func TestMigrationsOfStructs(t *testing.T) {
	type first struct {
		A *string `avro:"a" json:"a"`
		N int32   `avro:"n" json:"n"`
	}
	type last struct {
		D string `avro:"d" json:"d"`
		N int64  `avro:"n" json:"n"`
	}
	x := "x"
	for _, format := range []serde.Format{serde.Avro, serde.JSON} {
		t.Run(string(format), func(t *testing.T) {
			f := start(t)
			renamings(t, f, "t-value", format)
			old := write(t, writes[first](t, f.Client, format, by(1)), "t", first{&x, 1})
			same(t, read(t, reads[last](t, f.Client, format, by(4)), "t", old), last{"x", 4})
			same(t, read(t, reads[*last](t, f.Client, format, serde.UseLatestVersion()), "t", old), &last{"x", 4})
			recent := write(t, writes[*last](t, f.Client, format, serde.UseLatestVersion()), "t", &last{"x", 4})
			same(t, read(t, reads[first](t, f.Client, format, by(1)), "t", recent), first{&x, 1})
			same(t, read(t, reads[*first](t, f.Client, format, by(1)), "t", old), &first{&x, 1})
		})
	}
	t.Run("generated messages", func(t *testing.T) {
		f := start(t)
		if _, err := f.Client.SetCompatibility(t.Context(), "t-value", "NONE"); err != nil {
			t.Fatal(err)
		}
		const text = `syntax = "proto3"; package google.protobuf; message Before {} message SourceContext { string %s = 1; }`
		f.Register("t-value", fmt.Sprintf(text, "file_name"), ofProtobuf, withMetadata(map[string]string{"n": "1"}))
		f.Register("t-value", fmt.Sprintf(text, "other"), ofProtobuf, withMetadata(map[string]string{"n": "2"}), withRules(api.RuleSet{MigrationRules: []api.Rule{
			{Name: "up", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: `{"other": fileName & "!"}`},
			{Name: "down", Kind: api.KindTransform, Mode: api.ModeDowngrade, Type: "JSONATA", Expr: `{"fileName": $substringBefore(other, "!")}`},
		}}))
		lenient := serde.LatestCompatibilityStrict(false)
		plain, marked := &sourcecontextpb.SourceContext{FileName: "x"}, &sourcecontextpb.SourceContext{FileName: "x!"}
		one := write(t, writes[*sourcecontextpb.SourceContext](t, f.Client, serde.Protobuf, by(1), lenient), "t", plain)
		same(t, read(t, reads[*sourcecontextpb.SourceContext](t, f.Client, serde.Protobuf, by(2)), "t", one), marked)
		two := write(t, writes[*sourcecontextpb.SourceContext](t, f.Client, serde.Protobuf, by(2), lenient), "t", marked)
		same(t, read(t, reads[*sourcecontextpb.SourceContext](t, f.Client, serde.Protobuf, by(1)), "t", two), plain)
	})
}

// What a migration makes must fit the reader's schema.
func TestMigrationsFail(t *testing.T) {
	for _, format := range []serde.Format{serde.Avro, serde.Protobuf} {
		for _, c := range []struct {
			name, expr string
			stage      serde.Stage
			matches    func(error) bool
		}{
			{"another type", `{"b": {"x": 1}}`, serde.StageMigrate, as[*record.MismatchError]},
			{"nothing at all, which leaves the record as it was", `nothing`, serde.StageMigrate, as[*record.MismatchError]},
			{"an error", `$error("no")`, serde.StageRule, as[*rules.Error]},
			{"no expression", `{"b": `, serde.StageRule, as[*rules.CompileError]},
		} {
			t.Run(string(format)+", "+c.name, func(t *testing.T) {
				f := start(t)
				if _, err := f.Client.SetCompatibility(t.Context(), "t-value", "NONE"); err != nil {
					t.Fatal(err)
				}
				one, two := `{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}`, `{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}`
				if format == serde.Protobuf {
					one, two = `syntax = "proto3"; message R { int32 a = 1; }`, `syntax = "proto3"; message R { int32 b = 2; }`
				}
				of := func(q *api.RegisterRequest) { q.SchemaType = string(format) }
				f.Register("t-value", one, of)
				b := write(t, writes[any](t, f.Client, format, serde.UseLatestVersion()), "t", any(map[string]any{"a": 1}))
				f.Register("t-value", two, of, withRules(api.RuleSet{MigrationRules: []api.Rule{{Name: "up", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: c.expr}}}))
				d := reads[any](t, f.connect(t), format, serde.UseLatestVersion())
				for range 2 {
					_, err := d.Deserialize(t.Context(), "t", b)
					if fails(t, err, c.stage); !c.matches(err) {
						t.Errorf("got %v", err)
					}
				}
			})
		}
	}
}

// The rules of a migration see all parts of a record, in whatever language they are written.
func TestMigrationsSeeAll(t *testing.T) {
	const inner = `{"type":"record","name":"I","fields":[{"name":"x","type":"int"}]}`
	const one = `{"type":"record","name":"R","fields":[{"name":"n","type":"int"},{"name":"f","type":"double"},{"name":"b","type":"bytes"},{"name":"u","type":["null","string"]},
		{"name":"list","type":{"type":"array","items":` + inner + `}},{"name":"m","type":{"type":"map","values":"long"}},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}}]}`
	const two = `{"type":"record","name":"R","fields":[{"name":"said","type":"string"}]}`
	type R struct {
		Said string `avro:"said"`
	}
	for name, rule := range map[string]api.Rule{
		"CEL": {Type: "CEL", Expr: `{"said": [string(message.n), string(message.f), message.b, message.u.string, string(message.list[1].x), string(size(message.list)),
			string(message.m.k), string("z" in message.m), string(message.m.all(key, message.m[key] > 0)), message.e].join(" ")}`},
		"JSONATA": {Type: "JSONATA", Expr: `{"said": $join([$string(n), $string(f), b, u.string, $string(list[1].x), $string($count(list)),
			$string(m.k), $string($exists(m.z)), $string($count($each(m, function($v) { $v > 0 })) = 2), e], " ")}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			if _, err := f.Client.SetCompatibility(t.Context(), "t-value", "NONE"); err != nil {
				t.Fatal(err)
			}
			f.Register("t-value", one)
			b := write(t, writes[any](t, f.Client, serde.Avro, serde.UseLatestVersion()), "t", any(map[string]any{"n": 7, "f": 0.5, "b": []byte("xy"), "u": "text",
				"list": []any{map[string]any{"x": 1}, map[string]any{"x": 2}}, "m": map[string]any{"k": 3, "a": 4}, "e": "B"}))
			pass := api.Rule{Name: "pass", Kind: api.KindCondition, Mode: api.ModeUpgrade, Type: "CEL", Expr: `size(message.list) == 2 && message.m.k == 3`}
			rule.Name, rule.Kind, rule.Mode = "say", api.KindTransform, api.ModeUpgrade
			f.Register("t-value", two, withRules(api.RuleSet{MigrationRules: []api.Rule{pass, rule}}))
			const want = "7 0.5 xy text 2 2 3 false true B"
			same(t, read(t, reads[any](t, f.connect(t), serde.Avro, serde.UseLatestVersion()), "t", b), any(map[string]any{"said": want}))
			same(t, read(t, reads[R](t, f.connect(t), serde.Avro, serde.UseLatestVersion()), "t", b), R{want})
		})
	}
}

// A reader's schema that the program gives is what it says: records are read by it, and no rules lead there.
func TestReaderSchemas(t *testing.T) {
	f := start(t)
	f.Register("t-value", withA)
	f.Register("t-value", withAB, withRules(api.RuleSet{MigrationRules: []api.Rule{{Name: "up", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: `{"a": 100, "b": 200}`}}}))
	b := write(t, writes[any](t, f.Client, serde.Avro, serde.UseSchemaID(1)), "t", any(map[string]any{"a": 1}))
	given := func(text string) serde.Option { return serde.WithSchema(api.Schema{Schema: text}) }
	same(t, read(t, reads[any](t, f.Client, serde.Avro, given(withABC)), "t", b), any(map[string]any{"a": int32(1), "b": int32(0), "c": int32(0)}))
	type wide struct {
		A int64  `avro:"a"`
		B *int32 `avro:"b"`
	}
	zero := int32(0)
	same(t, read(t, reads[wide](t, f.Client, serde.Avro, given(withAB)), "t", b), wide{1, &zero})
	promoted := `{"type":"record","name":"R","namespace":"com.example","fields":[{"name":"a","type":"double"}]}`
	same(t, read(t, reads[any](t, f.Client, serde.Avro, given(promoted)), "t", b), any(map[string]any{"a": 1.0}))
	same(t, read(t, reads[any](t, f.Client, serde.Avro, given(withABC), serde.UseLatestVersion()), "t", b), any(map[string]any{"a": int32(100), "b": int32(200)}))
	_, err := reads[any](t, f.Client, serde.Avro, given(`{"type":"record","name":"R","namespace":"com.example","fields":[{"name":"z","type":"int"}]}`)).Deserialize(t.Context(), "t", b)
	fails(t, err, serde.StageCodec)
	_, err = reads[any](t, f.Client, serde.Avro, given(`{`)).Deserialize(t.Context(), "t", b)
	fails(t, err, serde.StageSchema)

	f.Register("j-value", `{"type":"object"}`, ofJSON)
	j := write(t, writes[any](t, f.Client, serde.JSON, serde.UseLatestVersion()), "j", any(map[string]any{"a": 1}))
	closed := given(`{"type":"object","properties":{"b":{}},"additionalProperties":false}`)
	same(t, read(t, reads[any](t, f.Client, serde.JSON, closed), "j", j), any(map[string]any{"a": int64(1)}))
	_, err = reads[any](t, f.Client, serde.JSON, closed, serde.ValidateJSON(false)).Deserialize(t.Context(), "j", j)
	if fails(t, err, serde.StageValidate); !as[*serde.ValidationError](err) {
		t.Error(err)
	}

	f.Register("p-value", `syntax = "proto3"; message First { int32 a = 1; } message M { int32 a = 1; }`, ofProtobuf)
	s := writes[any](t, f.Client, serde.Protobuf, serde.UseLatestVersion())
	p := write(t, s, "p", any(map[string]any{"a": 1}))
	m := read(t, reads[proto.Message](t, f.Client, serde.Protobuf, given(`syntax = "proto3"; message M { int32 a = 1; } message First { int32 renamed = 1; }`)), "p", p)
	if got := fmt.Sprint(m); !slices.Contains([]string{"renamed:1"}, got) {
		t.Errorf("got %s", got)
	}
	_, err = reads[proto.Message](t, f.Client, serde.Protobuf, given(`syntax = "proto3"; message Other { int32 a = 1; }`)).Deserialize(t.Context(), "p", p)
	fails(t, err, serde.StageSchema)
}
