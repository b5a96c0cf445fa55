package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"
)

// franz checks github.com/twmb/franz-go/pkg/sr, which caches nothing.
type franz struct{ url string }

func (f franz) sections() []section {
	all := []section{{"listing", f.listing}}
	for _, l := range languages {
		all = append(all,
			section{"schemas " + l.name, func(r *report) { f.schemas(r, l) }},
			section{"references " + l.name, func(r *report) { f.references(r, l) }},
		)
	}
	return append(all,
		section{"config", f.config},
		section{"mode", f.mode},
		section{"deletes", f.deletes},
		section{"contracts", f.contracts},
		section{"frames", f.frames},
	)
}

func (f franz) client() *sr.Client { return must(sr.NewClient(sr.URLs(f.url))) }

// schema writes a text in one of the languages the way the client wants it.
func (franz) schema(language, text string) sr.Schema {
	s := sr.Schema{Schema: text}
	done(s.Type.UnmarshalText([]byte(language)))
	return s
}

func (f franz) schemas(r *report, l language) {
	ctx, c := context.Background(), f.client()
	first, second, bad := f.schema(l.name, l.first), f.schema(l.name, l.second), f.schema(l.name, l.bad)

	one := must(c.CreateSchema(ctx, l.subject(), first))
	r.equal("create", []any{one.Subject, one.Version, one.Type, one.Schema.Schema}, []any{l.subject(), 1, first.Type, l.first})
	r.equal("create again", must(c.CreateSchema(ctx, l.subject(), first)), one)
	r.equal("register again answers the same id", must(c.RegisterSchema(ctx, l.subject(), first, -1, -1)), one.ID)
	r.equal("another subject shares the id", must(c.CreateSchema(ctx, l.subject()+"-copy", first)).ID, one.ID)
	two := must(c.CreateSchema(ctx, l.subject(), second))
	r.equal("create a second version", []any{two.Version, two.ID > one.ID, two.GUID != one.GUID}, []any{2, true, true})

	r.equal("lookup", must(c.LookupSchema(ctx, l.subject(), second)), two)
	r.refused("lookup of a schema not there", errorOf(c.LookupSchema(ctx, l.subject(), bad)), 40403, "Schema not found")
	r.refused("lookup in a subject not there", errorOf(c.LookupSchema(ctx, "absent", first)), 40401, "Subject 'absent' not found.")

	r.equal("by id", must(c.SchemaByID(ctx, one.ID)), first)
	r.equal("by id and subject", must(c.SchemaByID(sr.WithParams(ctx, sr.Subject(l.subject()), sr.FetchMaxID), two.ID)), second)
	r.equal("by guid", must(c.SchemaByGUID(ctx, two.GUID)).Schema, second)
	r.equal("ids of a guid", must(c.SchemaIDsByGUID(ctx, one.GUID)), []sr.ContextID{{Context: ".", ID: one.ID}})
	r.equal("text by id", must(c.SchemaTextByID(ctx, two.ID)), l.second)
	r.equal("by version", must(c.SchemaByVersion(ctx, l.subject(), 1)), one)
	r.equal("by latest version", must(c.SchemaByVersion(ctx, l.subject(), -1)), two)
	r.equal("text by version", must(c.SchemaTextByVersion(ctx, l.subject(), 1)), l.first)
	r.equal("all versions", must(c.Schemas(ctx, l.subject())), []sr.SubjectSchema{one, two})
	r.equal("version numbers", must(c.SubjectVersions(ctx, l.subject())), []int{1, 2})
	subjects := must(c.SubjectsByID(ctx, one.ID))
	slices.Sort(subjects)
	r.equal("subjects of an id", subjects, []string{l.subject(), l.subject() + "-copy"})
	r.equal("uses of an id", must(c.SchemaUsagesByID(ctx, two.ID)), []sr.SubjectSchema{two})
	r.equal("versions of an id", must(c.SchemaVersionsByID(ctx, two.ID)), []sr.SubjectVersion{{Subject: l.subject(), Version: 2}})
	r.refused("a version not there", errorOf(c.SchemaByVersion(ctx, l.subject(), 9)), 40402, "Version 9 not found.")
	r.refused("an id not there", errorOf(c.SchemaByID(ctx, 9999)), 40403, "Schema 9999 not found")

	verbose := sr.WithParams(ctx, sr.Verbose)
	for _, against := range []struct {
		name    string
		version int
	}{{"version 1", 1}, {"the latest", -1}, {"all", -2}} {
		r.equal("compatible with "+against.name, must(c.CheckCompatibility(verbose, l.subject(), against.version, second)), sr.CheckCompatibilityResult{Is: true, Messages: []string{}})
		result := must(c.CheckCompatibility(verbose, l.subject(), against.version, bad))
		r.equal("incompatible with "+against.name, result.Is, false)
		messages := strings.Join(result.Messages, "\n")
		r.equal("the messages name the difference", strings.Contains(messages, l.difference), true)
		r.equal("the messages name the level", strings.Contains(messages, "compatibility: 'BACKWARD'"), true)
	}
	r.equal("without verbose no messages", must(c.CheckCompatibility(ctx, l.subject(), -1, bad)), sr.CheckCompatibilityResult{})
	r.refused("an incompatible version", errorOf(c.CreateSchema(ctx, l.subject(), bad)), 40901,
		`incompatible with an earlier schema for subject "`+l.subject()+`"`, l.difference, "oldSchemaVersion: 2")
	r.refused("text that is no schema", errorOf(c.CreateSchema(ctx, l.subject(), f.schema(l.name, "{"))), 42201)
	r.equal("refusals leave no version", must(c.SubjectVersions(ctx, l.subject())), []int{1, 2})
}

func (f franz) references(r *report, l language) {
	ctx, c := context.Background(), f.client()
	source := f.schema(l.name, l.source)
	source.References = []sr.SchemaReference{{Name: l.reference, Subject: l.base(), Version: 1}}

	r.refused("a reference to nothing", errorOf(c.CreateSchema(ctx, l.referring(), source)), 42201, l.base())
	must(c.CreateSchema(ctx, l.base(), f.schema(l.name, l.target)))
	created := must(c.CreateSchema(ctx, l.referring(), source))
	r.equal("text and references come back", created.Schema, source)
	r.equal("lookup", must(c.LookupSchema(ctx, l.referring(), source)), created)
	r.equal("referenced by", must(c.SchemaReferences(ctx, l.base(), 1)), []sr.SubjectSchema{created})
	r.equal("compatible through the reference", must(c.CheckCompatibility(ctx, l.referring(), -1, source)).Is, true)
	r.refused("a referenced version cannot go", c.DeleteSchema(ctx, l.base(), 1, sr.SoftDelete), 42206)
	r.refused("a referenced subject cannot go", errorOf(c.DeleteSubject(ctx, l.base(), sr.SoftDelete)), 42206)
}

func (f franz) listing(r *report) {
	ctx, c := context.Background(), f.client()
	first, second := f.schema("AVRO", record("Listed", idField)), f.schema("AVRO", record("Listed", idField, noteField))
	r.equal("none", must(c.Subjects(ctx)), []string{})
	for _, subject := range []string{"list-b", "list-a"} {
		must(c.CreateSchema(ctx, subject, first))
	}
	must(c.CreateSchema(ctx, "list-a", second))
	r.equal("subjects, sorted", must(c.Subjects(ctx)), []string{"list-a", "list-b"})
	prefix := sr.WithParams(ctx, sr.SubjectPrefix("list-"))
	r.equal("subjects by prefix", must(c.Subjects(prefix)), []string{"list-a", "list-b"})
	r.equal("a page of them", must(c.Subjects(sr.WithParams(ctx, sr.SubjectPrefix("list-"), sr.Offset(1), sr.Limit(1)))), []string{"list-b"})
	var uses []sr.SubjectVersion
	for _, s := range must(c.AllSchemas(prefix)) {
		uses = append(uses, sr.SubjectVersion{Subject: s.Subject, Version: s.Version})
	}
	r.equal("schemas by prefix", uses, []sr.SubjectVersion{{Subject: "list-a", Version: 1}, {Subject: "list-a", Version: 2}, {Subject: "list-b", Version: 1}})
	r.equal("the latest only", len(must(c.AllSchemas(sr.WithParams(ctx, sr.SubjectPrefix("list-"), sr.LatestOnly)))), 2)
	r.equal("types", must(c.SupportedTypes(ctx)), []sr.SchemaType{sr.TypeAvro, sr.TypeProtobuf, sr.TypeJSON})
	r.refused("versions of a subject not there", errorOf(c.SubjectVersions(ctx, "absent")), 40401)

	const odd = "odd/name with:all+of%it-é"
	r.equal("a subject of odd characters", must(c.CreateSchema(ctx, odd, first)).Subject, odd)

	team := sr.InContext(ctx, ".team")
	created := must(c.CreateSchema(team, "orders", second))
	r.equal("a subject in a context", created.Subject, ":.team:orders")
	r.equal("ids are counted by context", created.ID, 1)
	r.equal("subjects of a context", must(c.Subjects(team)), []string{":.team:orders"})
	r.equal("contexts", must(c.Contexts(ctx)), []string{".", ".team"})
	r.refused("a context in use cannot go", c.DeleteContext(ctx, ".team"), 42211)
	for _, how := range []sr.DeleteHow{sr.SoftDelete, sr.HardDelete} {
		must(c.DeleteSubject(team, "orders", how))
	}
	done(c.DeleteContext(ctx, ".team"))
	r.equal("an empty one can", must(c.Contexts(ctx)), []string{"."})
}

func (f franz) config(r *report) {
	ctx, c := context.Background(), f.client()
	const subject = "config-orders"
	level := func(subject string) sr.CompatibilityLevel {
		got := c.Compatibility(ctx, subject)[0]
		done(got.Err)
		return got.Level
	}
	set := func(level sr.CompatibilityLevel, subject string) {
		done(c.SetCompatibility(ctx, sr.SetCompatibility{Level: level}, subject)[0].Err)
	}
	r.equal("the global default", level(sr.GlobalSubject), sr.CompatBackward)
	set(sr.CompatFullTransitive, sr.GlobalSubject)
	r.equal("global, set", level(sr.GlobalSubject), sr.CompatFullTransitive)
	r.refused("a subject's, not set", c.Compatibility(ctx, subject)[0].Err, 40408)
	inherited := c.Compatibility(sr.WithParams(ctx, sr.DefaultToGlobal), subject)[0]
	done(inherited.Err)
	r.equal("a subject's, of the global", inherited.Level, sr.CompatFullTransitive)
	set(sr.CompatNone, subject)
	r.equal("a subject's, set", level(subject), sr.CompatNone)
	r.equal("global is not touched", level(sr.GlobalSubject), sr.CompatFullTransitive)
	avro := languages[0]
	for _, text := range []string{avro.first, avro.bad} {
		must(c.CreateSchema(ctx, subject, f.schema(avro.name, text)))
	}
	r.equal("NONE lets anything in", must(c.SubjectVersions(ctx, subject)), []int{1, 2})
	done(c.ResetCompatibility(ctx, subject)[0].Err)
	r.refused("a subject's, deleted", c.Compatibility(ctx, subject)[0].Err, 40408)
	r.refused("deleted twice", c.ResetCompatibility(ctx, subject)[0].Err, 40401)
	done(c.ResetCompatibility(ctx)[0].Err)
	r.equal("global is the default again", level(sr.GlobalSubject), sr.CompatBackward)

	group := sr.SetCompatibility{
		Level: sr.CompatFull, Normalize: true, Group: "major",
		DefaultMetadata: &sr.SchemaMetadata{Properties: map[string]string{"owner": "team-a"}},
	}
	done(c.SetCompatibility(ctx, group, subject)[0].Err)
	r.equal("a group with default metadata", c.Compatibility(ctx, subject), []sr.CompatibilityResult{{
		Subject: subject, Level: group.Level, Normalize: true, Group: group.Group, DefaultMetadata: group.DefaultMetadata,
	}})
}

func (f franz) mode(r *report) {
	ctx, c := context.Background(), f.client()
	const subject = "mode-orders"
	avro := languages[0]
	first, second := f.schema(avro.name, avro.first), f.schema(avro.name, avro.second)
	mode := func(subject string) sr.Mode {
		got := c.Mode(ctx, subject)[0]
		done(got.Err)
		return got.Mode
	}
	r.equal("global", mode(sr.GlobalSubject), sr.ModeReadWrite)
	r.refused("a subject's, not set", c.Mode(ctx, subject)[0].Err, 40409)
	done(c.SetMode(ctx, sr.ModeReadOnly, subject)[0].Err)
	r.equal("a subject's, set", mode(subject), sr.ModeReadOnly)
	r.refused("READONLY refuses writing", errorOf(c.CreateSchema(ctx, subject, first)), 42205, "read-only mode")
	done(c.SetMode(ctx, sr.ModeImport, subject)[0].Err)
	r.refused("IMPORT wants an id", errorOf(c.CreateSchema(ctx, subject, first)), 42205, "not in read-write mode")
	imported := must(c.CreateSchemaWithIDAndVersion(ctx, subject, second, 5001, 7))
	r.equal("IMPORT keeps the id and the version", []int{imported.ID, imported.Version}, []int{5001, 7})
	done(c.ResetMode(ctx, subject)[0].Err)
	r.refused("a subject's, deleted", c.Mode(ctx, subject)[0].Err, 40409)
	r.refused("an id outside IMPORT", errorOf(c.RegisterSchema(ctx, subject, first, 5002, 8)), 42205, "not in import mode")
	r.refused("IMPORT where schemas are", c.SetMode(ctx, sr.ModeImport, subject)[0].Err, 42205, "Cannot import since found existing subjects")
	done(c.SetMode(sr.WithParams(ctx, sr.Force), sr.ModeImport, subject)[0].Err)
	r.equal("IMPORT by force", mode(subject), sr.ModeImport)
	done(c.ResetMode(ctx, subject)[0].Err)
	done(c.SetMode(ctx, sr.ModeReadOnly)[0].Err)
	r.refused("global READONLY refuses writing", errorOf(c.CreateSchema(ctx, subject, first)), 42205, "read-only mode")
	done(c.SetMode(ctx, sr.ModeReadWrite)[0].Err)
	r.equal("global, set back", mode(sr.GlobalSubject), sr.ModeReadWrite)
}

func (f franz) deletes(r *report) {
	ctx, c := context.Background(), f.client()
	const subject = "delete-orders"
	deleted := sr.WithParams(ctx, sr.ShowDeleted)
	first, second := f.schema("AVRO", record("Deleted", idField)), f.schema("AVRO", record("Deleted", idField, noteField))
	one, two := must(c.CreateSchema(ctx, subject, first)), must(c.CreateSchema(ctx, subject, second))

	r.refused("hard before soft", c.DeleteSchema(ctx, subject, 1, sr.HardDelete), 40407)
	done(c.DeleteSchema(ctx, subject, 1, sr.SoftDelete))
	r.equal("versions without it", must(c.SubjectVersions(ctx, subject)), []int{2})
	r.equal("versions with it", must(c.SubjectVersions(deleted, subject)), []int{1, 2})
	r.equal("it alone", must(c.SubjectVersions(sr.WithParams(ctx, sr.DeletedOnly), subject)), []int{1})
	r.refused("soft twice", c.DeleteSchema(ctx, subject, 1, sr.SoftDelete), 40406)
	r.refused("the version is gone", errorOf(c.SchemaByVersion(ctx, subject, 1)), 40402)
	r.equal("the version can still be read", must(c.SchemaByVersion(deleted, subject, 1)), one)
	r.equal("so can its id", must(c.SchemaByID(ctx, one.ID)), first)
	r.refused("lookup passes over it", errorOf(c.LookupSchema(ctx, subject, first)), 40403)
	done(c.DeleteSchema(ctx, subject, 1, sr.HardDelete))
	r.refused("its id is gone", errorOf(c.SchemaByID(ctx, one.ID)), 40403)
	r.refused("a subject, hard before soft", errorOf(c.DeleteSubject(ctx, subject, sr.HardDelete)), 40405)
	r.equal("a subject, soft", must(c.DeleteSubject(ctx, subject, sr.SoftDelete)), []int{2})
	r.refused("a subject, soft twice", errorOf(c.DeleteSubject(ctx, subject, sr.SoftDelete)), 40404)
	prefix := sr.SubjectPrefix(subject)
	r.equal("not listed", must(c.Subjects(sr.WithParams(ctx, prefix))), []string{})
	r.equal("listed as deleted", must(c.Subjects(sr.WithParams(ctx, prefix, sr.DeletedOnly))), []string{subject})
	r.equal("register brings it back with its id", must(c.CreateSchema(ctx, subject, second)).ID, two.ID)
	must(c.DeleteSubject(ctx, subject, sr.SoftDelete))
	r.equal("a subject, hard", must(c.DeleteSubject(ctx, subject, sr.HardDelete)), []int{3})
	r.equal("nothing is left", must(c.Subjects(sr.WithParams(ctx, prefix, sr.ShowDeleted))), []string{})

	err := errorOf(c.DeleteSubject(ctx, subject, sr.SoftDelete))
	r.refused("nothing left to delete", err, 40401)
	var answer *sr.ResponseError
	errors.As(err, &answer)
	r.equal("the client knows the code", errors.Is(answer.SchemaError(), sr.ErrSubjectNotFound), true)
}

func (f franz) contracts(r *report) {
	ctx, c := context.Background(), f.client()
	rule := func(name string, kind sr.SchemaRuleKind, mode sr.SchemaRuleMode, executor, expr string) sr.SchemaRule {
		return sr.SchemaRule{
			Name: name, Doc: "a rule", Kind: kind, Mode: mode, Type: executor, Tags: []string{"PII"},
			Params: map[string]string{"a": "b"}, Expr: expr, OnSuccess: "NONE", OnFailure: "ERROR",
		}
	}
	contract := f.schema("AVRO", languages[0].first)
	contract.SchemaMetadata = &sr.SchemaMetadata{
		Tags:       map[string][]string{"**.id": {"PII"}},
		Properties: map[string]string{"owner": "team-a"},
		Sensitive:  []string{"owner"},
	}
	contract.SchemaRuleSet = &sr.SchemaRuleSet{
		MigrationRules: []sr.SchemaRule{rule("up", sr.SchemaRuleKindTransform, sr.SchemaRuleModeUpgrade, "JSONATA", "$merge([$, {'note': ''}])")},
		DomainRules:    []sr.SchemaRule{rule("positive", sr.SchemaRuleKindCondition, sr.SchemaRuleModeWrite, "CEL", "message.id > 0")},
	}
	created := must(c.CreateSchema(ctx, "contract", contract))
	r.equal("metadata and rules come back by version", created.Schema, contract)
	r.equal("and by id", must(c.SchemaByID(ctx, created.ID)), contract)
	r.equal("lookup", must(c.LookupSchema(ctx, "contract", contract)), created)
	other := contract
	other.SchemaMetadata = &sr.SchemaMetadata{Properties: map[string]string{"owner": "team-b"}}
	r.equal("other metadata is another version", must(c.CreateSchema(ctx, "contract", other)).Version, 2)
}

// frames puts ids given by the registry on messages and finds the schemas of messages by them.
func (f franz) frames(r *report) {
	ctx, c := context.Background(), f.client()
	type order struct{ ID int }
	schema := must(c.CreateSchema(ctx, "frames", f.schema("JSON", object(`"ID":{"type":"integer"}`))))
	var serde sr.Serde
	serde.Register(schema.ID, order{}, sr.EncodeFn(json.Marshal), sr.DecodeFn(json.Unmarshal))
	framed := must(serde.Encode(order{ID: 7}))
	id, _, err := serde.DecodeID(framed)
	done(err)
	r.equal("the schema of a message", must(c.SchemaByID(ctx, id)), schema.Schema)
	var got order
	done(serde.Decode(framed, &got))
	r.equal("round trip", got, order{ID: 7})
}
