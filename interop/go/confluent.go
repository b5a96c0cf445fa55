package main

import (
	"slices"
	"strings"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
)

// confluent checks github.com/confluentinc/confluent-kafka-go/v2/schemaregistry without its serdes: they import the Kafka
// client, which is C.
type confluent struct{ url string }

func (f confluent) sections() []section {
	all := []section{{"listing", f.listing}}
	for _, l := range languages {
		all = append(all,
			section{"schemas " + l.name, func(r *report) { f.schemas(r, l) }},
			section{"references " + l.name, func(r *report) { f.references(r, l) }},
		)
	}
	return append(all,
		section{"config", f.config},
		section{"deletes", f.deletes},
		section{"contracts", f.contracts},
	)
}

// client has empty caches: what it answers comes from the registry.
func (f confluent) client() schemaregistry.Client {
	config := schemaregistry.NewConfig(f.url)
	config.MaxRetries = 0
	return must(schemaregistry.NewClient(config))
}

func (f confluent) schemas(r *report, l language) {
	info := func(text string) schemaregistry.SchemaInfo {
		return schemaregistry.SchemaInfo{Schema: text, SchemaType: l.name}
	}
	first, second, bad := info(l.first), info(l.second), info(l.bad)

	one := must(f.client().RegisterFullResponse(l.subject(), first, false))
	r.equal("register", []any{one.Version, one.SchemaInfo}, []any{1, first})
	r.equal("register again", must(f.client().RegisterFullResponse(l.subject(), first, false)), one)
	r.equal("another subject shares the id", must(f.client().Register(l.subject()+"-copy", first, false)), one.ID)
	two := must(f.client().RegisterFullResponse(l.subject(), second, false))
	r.equal("register a second version", []any{two.Version, two.ID > one.ID, two.GUID != one.GUID}, []any{2, true, true})

	r.equal("look up the id", must(f.client().GetID(l.subject(), first, false)), one.ID)
	r.equal("look up the version", must(f.client().GetVersion(l.subject(), second, false)), 2)
	one.Subject, two.Subject = l.subject(), l.subject() // a registration does not answer it, all else does
	r.equal("lookup", must(f.client().GetIDFullResponse(l.subject(), second, false)), two)
	r.refused("lookup of a schema not there", errorOf(f.client().GetID(l.subject(), bad, false)), 40403, "Schema not found")
	r.refused("lookup in a subject not there", errorOf(f.client().GetID("absent", first, false)), 40401, "Subject 'absent' not found.")

	r.equal("by id", must(f.client().GetBySubjectAndID("", one.ID)), first)
	r.equal("by id and subject", must(f.client().GetBySubjectAndID(l.subject(), two.ID)), second)
	r.equal("by guid", must(f.client().GetByGUID(two.GUID)), second)
	uses := must(f.client().GetSubjectsAndVersionsByID(one.ID))
	slices.SortFunc(uses, func(a, b schemaregistry.SubjectAndVersion) int { return strings.Compare(a.Subject, b.Subject) })
	r.equal("uses of an id", uses, []schemaregistry.SubjectAndVersion{{Subject: l.subject(), Version: 1}, {Subject: l.subject() + "-copy", Version: 1}})
	r.equal("by version", must(f.client().GetSchemaMetadata(l.subject(), 1)), one)
	r.equal("latest", must(f.client().GetLatestSchemaMetadata(l.subject())), two)
	r.equal("version numbers", must(f.client().GetAllVersions(l.subject())), []int{1, 2})
	r.refused("a version not there", errorOf(f.client().GetSchemaMetadata(l.subject(), 9)), 40402, "Version 9 not found.")
	r.refused("an id not there", errorOf(f.client().GetBySubjectAndID("", 9999)), 40403, "Schema 9999 not found")

	r.equal("compatible with all", must(f.client().TestSubjectCompatibility(l.subject(), second)), true)
	r.equal("compatible with version 1", must(f.client().TestCompatibility(l.subject(), 1, second)), true)
	r.equal("incompatible with all", must(f.client().TestSubjectCompatibility(l.subject(), bad)), false)
	r.equal("incompatible with version 1", must(f.client().TestCompatibility(l.subject(), 1, bad)), false)
	r.refused("an incompatible version", errorOf(f.client().Register(l.subject(), bad, false)), 40901,
		`incompatible with an earlier schema for subject "`+l.subject()+`"`, l.difference, "oldSchemaVersion: 2")
	r.refused("text that is no schema", errorOf(f.client().Register(l.subject(), info("{"), false)), 42201)
	r.equal("refusals leave no version", must(f.client().GetAllVersions(l.subject())), []int{1, 2})
}

func (f confluent) references(r *report, l language) {
	source := schemaregistry.SchemaInfo{
		Schema: l.source, SchemaType: l.name,
		References: []schemaregistry.Reference{{Name: l.reference, Subject: l.base(), Version: 1}},
	}
	r.refused("a reference to nothing", errorOf(f.client().Register(l.referring(), source, false)), 42201, l.base())
	must(f.client().Register(l.base(), schemaregistry.SchemaInfo{Schema: l.target, SchemaType: l.name}, false))
	registered := must(f.client().RegisterFullResponse(l.referring(), source, false))
	r.equal("text and references come back on registration", registered.SchemaInfo, source)
	r.equal("register again", must(f.client().RegisterFullResponse(l.referring(), source, false)), registered)
	registered.Subject = l.referring() // a registration does not answer it, all else does
	r.equal("lookup", must(f.client().GetIDFullResponse(l.referring(), source, false)), registered)
	r.equal("text and references come back by id", must(f.client().GetBySubjectAndID(l.referring(), registered.ID)), source)
	r.equal("compatible through the reference", must(f.client().TestSubjectCompatibility(l.referring(), source)), true)
	r.refused("a referenced version cannot go", errorOf(f.client().DeleteSubjectVersion(l.base(), 1, false)), 42206)
	r.refused("a referenced subject cannot go", errorOf(f.client().DeleteSubject(l.base(), false)), 42206)
}

func (f confluent) listing(r *report) {
	listed := schemaregistry.SchemaInfo{Schema: record("Listed", idField)}
	r.equal("none", must(f.client().GetAllSubjects()), []string{})
	for _, subject := range []string{"list-b", "list-a"} {
		must(f.client().Register(subject, listed, false))
	}
	r.equal("subjects, sorted", must(f.client().GetAllSubjects()), []string{"list-a", "list-b"})
	const odd = "odd/subject of%all+sorts-é"
	must(f.client().Register(odd, listed, false))
	r.equal("a subject of odd characters", must(f.client().GetLatestSchemaMetadata(odd)).Subject, odd)
	must(f.client().Register(":.group:orders", listed, false))
	r.equal("contexts", must(f.client().GetAllContexts()), []string{".", ".group"})
	r.equal("a subject in one", must(f.client().GetLatestSchemaMetadata(":.group:orders")).Subject, ":.group:orders")

	normal := must(f.client().Register("normal", schemaregistry.SchemaInfo{Schema: object(`"a":{}`, `"b":{}`), SchemaType: "JSON"}, true))
	shuffled := schemaregistry.SchemaInfo{Schema: object(`"b":{}`, `"a":{}`), SchemaType: "JSON"}
	r.equal("normalized, another order of keys is the same schema", must(f.client().Register("normal", shuffled, true)), normal)
	r.equal("normalized lookup", must(f.client().GetID("normal", shuffled, true)), normal)
}

func (f confluent) config(r *report) {
	const subject = "config-orders"
	level := func(l schemaregistry.Compatibility) string { return l.String() }
	r.equal("the global default", level(must(f.client().GetDefaultCompatibility())), "BACKWARD")
	r.equal("set global", level(must(f.client().UpdateDefaultCompatibility(schemaregistry.Full))), "FULL")
	r.equal("global, set", level(must(f.client().GetDefaultCompatibility())), "FULL")
	r.refused("a subject's, not set", errorOf(f.client().GetCompatibility(subject)), 40408)
	r.equal("a subject's, of the global", level(must(f.client().GetConfig(subject, true)).CompatibilityLevel), "FULL")
	backward := schemaregistry.ServerConfig{CompatibilityUpdate: schemaregistry.Backward}
	r.equal("set global back", must(f.client().UpdateDefaultConfig(backward)), backward)
	r.equal("global, set back", level(must(f.client().GetDefaultConfig()).CompatibilityLevel), "BACKWARD")
	r.equal("set a subject's", level(must(f.client().UpdateCompatibility(subject, schemaregistry.None))), "NONE")
	r.equal("a subject's, set", level(must(f.client().GetCompatibility(subject))), "NONE")
	for _, text := range []string{languages[0].first, languages[0].bad} {
		must(f.client().Register(subject, schemaregistry.SchemaInfo{Schema: text}, false))
	}
	r.equal("NONE lets anything in", must(f.client().GetAllVersions(subject)), []int{1, 2})

	group := schemaregistry.ServerConfig{
		CompatibilityUpdate: schemaregistry.FullTransitive, CompatibilityGroup: "major", Normalize: true,
		DefaultMetadata: &schemaregistry.Metadata{Properties: map[string]string{"owner": "team-a"}},
		OverrideRuleSet: &schemaregistry.RuleSet{DomainRules: []schemaregistry.Rule{{Name: "r", Kind: "CONDITION", Mode: "WRITE", Type: "CEL", Expr: "true"}}},
	}
	r.equal("set all that there is", must(f.client().UpdateConfig(subject, group)), group)
	want := group
	want.CompatibilityUpdate, want.CompatibilityLevel = 0, group.CompatibilityUpdate
	r.equal("get all that there is", must(f.client().GetConfig(subject, false)), want)
}

func (f confluent) deletes(r *report) {
	const subject = "delete-orders"
	first := schemaregistry.SchemaInfo{Schema: record("Deleted", idField), SchemaType: "AVRO"}
	second := schemaregistry.SchemaInfo{Schema: record("Deleted", idField, noteField), SchemaType: "AVRO"}
	one, two := must(f.client().Register(subject, first, false)), must(f.client().Register(subject, second, false))

	r.refused("hard before soft", errorOf(f.client().DeleteSubjectVersion(subject, 1, true)), 40407)
	r.equal("a version, soft", must(f.client().DeleteSubjectVersion(subject, 1, false)), 1)
	r.refused("soft twice", errorOf(f.client().DeleteSubjectVersion(subject, 1, false)), 40406)
	r.equal("versions without it", must(f.client().GetAllVersions(subject)), []int{2})
	r.refused("the version is gone", errorOf(f.client().GetSchemaMetadata(subject, 1)), 40402)
	r.equal("the version can still be read", must(f.client().GetSchemaMetadataIncludeDeleted(subject, 1, true)).ID, one)
	r.equal("so can its id", must(f.client().GetBySubjectAndID(subject, one)), first)
	r.refused("lookup passes over it", errorOf(f.client().GetVersion(subject, first, false)), 40403)
	r.equal("lookup finds it if asked to", must(f.client().GetVersionIncludeDeleted(subject, first, false, true)), 1)
	r.equal("a version, hard", must(f.client().DeleteSubjectVersion(subject, 1, true)), 1)
	r.refused("its id is gone", errorOf(f.client().GetBySubjectAndID("", one)), 40403)
	r.refused("a subject, hard before soft", errorOf(f.client().DeleteSubject(subject, true)), 40405)
	r.equal("a subject, soft", must(f.client().DeleteSubject(subject, false)), []int{2})
	r.refused("a subject, soft twice", errorOf(f.client().DeleteSubject(subject, false)), 40404)
	r.refused("no latest", errorOf(f.client().GetLatestSchemaMetadata(subject)), 40401)
	r.equal("register brings it back with its id", must(f.client().Register(subject, second, false)), two)
	must(f.client().DeleteSubject(subject, false))
	r.equal("a subject, hard", must(f.client().DeleteSubject(subject, true)), []int{3})
	r.refused("nothing left to delete", errorOf(f.client().DeleteSubject(subject, false)), 40401)
}

func (f confluent) contracts(r *report) {
	rule := func(name, kind, mode, executor, expr string) schemaregistry.Rule {
		return schemaregistry.Rule{
			Name: name, Doc: "a rule", Kind: kind, Mode: mode, Type: executor, Tags: []string{"PII"},
			Params: map[string]string{"a": "b"}, Expr: expr, OnSuccess: "NONE", OnFailure: "ERROR", Disabled: true,
		}
	}
	contract := schemaregistry.SchemaInfo{
		Schema: languages[0].first, SchemaType: "AVRO",
		Metadata: &schemaregistry.Metadata{
			Tags:       map[string][]string{"**.id": {"PII"}},
			Properties: map[string]string{"major": "1"},
			Sensitive:  []string{"major"},
		},
		RuleSet: &schemaregistry.RuleSet{
			MigrationRules: []schemaregistry.Rule{rule("up", "TRANSFORM", "UPGRADE", "JSONATA", "$merge([$, {'note': ''}])")},
			DomainRules:    []schemaregistry.Rule{rule("positive", "CONDITION", "WRITE", "CEL", "message.id > 0")},
			EncodingRules:  []schemaregistry.Rule{rule("wrap", "TRANSFORM", "WRITEREAD", "ENCRYPT_PAYLOAD", "x")},
		},
	}
	created := must(f.client().RegisterFullResponse("contract", contract, false))
	r.equal("metadata and rules come back on registration", created.SchemaInfo, contract)
	r.equal("and by id", must(f.client().GetBySubjectAndID("contract", created.ID)), contract)
	r.equal("and by version", must(f.client().GetSchemaMetadata("contract", 1)).SchemaInfo, contract)
	created.Subject = "contract" // a registration does not answer it, all else does
	r.equal("lookup", must(f.client().GetIDFullResponse("contract", contract, false)), created)
	r.equal("found by metadata", must(f.client().GetLatestWithMetadata("contract", map[string]string{"major": "1"}, false)), created)
	r.refused("other metadata finds nothing", errorOf(f.client().GetLatestWithMetadata("contract", map[string]string{"major": "2"}, false)), 40403, "Schema not found")
}
