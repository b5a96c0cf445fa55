package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

func openAssociations(t testing.TB, file string) (*Registry, *bolt.Store) {
	t.Helper()
	store, err := bolt.Open(file, bolt.Options{Buckets: Buckets(), NoSync: true}, Apply)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r, err := New(store, DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	return r, store
}

func newAssociations(t testing.TB) *Registry {
	r, _ := openAssociations(t, filepath.Join(t.TempDir(), "test.db"))
	return r
}

// logOf lists the keys of the log, a tombstone with a leading minus.
func logOf(t testing.TB, r *Registry) []string {
	t.Helper()
	list, err := view(r, func(s state) (list []string, err error) {
		for offset := int64(0); ; offset++ {
			rec, ok := s.Record(offset)
			if !ok {
				return list, nil
			}
			mark := ""
			if rec.Value == nil {
				mark = "-"
			}
			list = append(list, mark+string(rec.Key))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// step is one call on a registry.
type step func(*Registry) error

// The schemas of the tests: two is a compatible successor of one, three is of neither.
const (
	one   = `{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}`
	two   = `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":0}]}`
	three = `{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}`
)

func withSchema(text string) string { return fmt.Sprintf(`"schema":{"schema":%q}`, text) }

func registers(subject, text string, refs ...api.Reference) step {
	return func(r *Registry) error {
		_, _, err := r.Register(context.Background(), subject, &api.RegisterRequest{SchemaType: api.Avro, Schema: text, References: refs}, RegisterOptions{})
		return err
	}
}

func sets(subject string, mode Mode) step {
	return func(r *Registry) error {
		m := string(mode)
		return r.SetMode(context.Background(), subject, &m, true)
	}
}

func aliases(subject, target string) step {
	return func(r *Registry) error {
		_, err := r.UpdateConfig(context.Background(), subject, api.ConfigUpdate{Config: api.Config{Alias: &target}, Set: map[string]bool{"alias": true}})
		return err
	}
}

func deletes(subject string) step {
	return func(r *Registry) error {
		_, err := r.DeleteSubject(context.Background(), subject, false)
		return err
	}
}

// request is the request for associations of a resource of namespace ns; specs are the members of each.
func request(name string, specs ...string) string {
	return fmt.Sprintf(`{"resourceName":%q,"resourceNamespace":"ns","resourceId":"id-%s","associations":[{%s}]}`, name, name, strings.Join(specs, "},{"))
}

func associate(r *Registry, o AssociateOptions, body string) (*api.AssociationResponse, error) {
	q, err := api.ReadBody([]byte(body), "call", "AssociationCreateOrUpdateRequest", api.ReadAssociationRequest)
	if err != nil {
		return nil, err
	}
	return r.Associate(context.Background(), &q, o)
}

func calls(o AssociateOptions, body string) step {
	return func(r *Registry) error {
		_, err := associate(r, o, body)
		return err
	}
}

func creates(name string, specs ...string) step {
	return calls(AssociateOptions{}, request(name, specs...))
}

func updates(name string, specs ...string) step {
	return calls(AssociateOptions{Update: true}, request(name, specs...))
}

func dissociates(name string, o DissociateOptions) step {
	return func(r *Registry) error { return r.Dissociate(context.Background(), "id-"+name, o) }
}

// invalid is the answer to a member that is wrong.
func invalid(property, detail string) string {
	return fmt.Sprintf("42212 The association specified an invalid value for property: '%s', detail: %s", property, detail)
}

func answerOf(err error) string {
	var e *api.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%d %s", e.Code, e.Message)
	}
	return fmt.Sprint(err)
}

func TestAssociationRules(t *testing.T) {
	const (
		weakS    = `"subject":"s","lifecycle":"WEAK"`
		strong   = `"lifecycle":"STRONG"`
		addsOnly = "cannot be provided when adding an association to an existing topic; an association with a schema must be created with the topic"
	)
	s := registers("s", one)
	orders := creates("orders", withSchema(one)) // STRONG, on :.ns:orders-value
	for _, test := range []struct {
		name   string
		before []step
		do     step
		want   string // code and message; "" for success
	}{
		// The form of a request.
		{"a name is needed", nil, creates("", weakS), invalid("resourceName", "cannot be null or empty")},
		{"a name is short", nil, creates(strings.Repeat("n", 257), weakS), invalid("resourceName", "exceeds max length of 256")},
		{"a name has letters, digits, _ and -", nil, creates("a.b", weakS), invalid("resourceName", "illegal character '.'")},
		{"a namespace is needed", nil, calls(AssociateOptions{}, `{"resourceName":"a"}`), invalid("resourceNamespace", "cannot be null or empty")},
		{"an id is needed", nil, calls(AssociateOptions{}, `{"resourceName":"a","resourceNamespace":"ns"}`), invalid("resourceId", "cannot be null or empty")},
		{"an id is not needed to try", []step{s}, calls(AssociateOptions{DryRun: true}, `{"resourceName":"a","resourceNamespace":"ns","associations":[{"subject":"s"}]}`), ""},
		{"a resource is a topic", nil, calls(AssociateOptions{}, `{"resourceName":"a","resourceNamespace":"ns","resourceId":"r","resourceType":"queue"}`), invalid("resourceType", "must be 'topic'")},
		{"associations are needed", nil, calls(AssociateOptions{}, `{"resourceName":"a","resourceNamespace":"ns","resourceId":"r"}`), invalid("associations", "cannot be null or empty")},
		{"a part is key or value", nil, creates("a", `"associationType":"header"`), invalid("associationType", "must be either 'key' or 'value'")},
		{"a part is given once", nil, creates("a", weakS, weakS+`,"associationType":"value"`), invalid("associationType", "'value' is given more than once")},
		{"a subject is not empty", nil, creates("a", `"subject":""`), invalid("subject", "must not be empty")},
		{"a subject has no control characters", nil, creates("a", `"subject":"a\u0007"`), invalid("subject", "must not contain the control character U+0007")},
		{"a subject is not one of the registry's own", nil, creates("a", `"subject":"__GLOBAL"`), "42208 The specified subject '__GLOBAL' is not a valid."},
		{"nor is the resource's", nil, calls(AssociateOptions{}, strings.Replace(request("a", withSchema(one)), `"ns"`, `"__GLOBAL"`, 1)), "42208 The specified subject ':.__GLOBAL:a-value' is not a valid."},
		{"a rule set is well formed", nil, creates("a", `"schema":{"schema":"\"int\"","ruleSet":{"domainRules":[{"name":"r"}]}}`), "42210 Missing rule type"},

		// Creation: what goes together, and what is filled in.
		{"WEAK brings no schema", nil, creates("a", `"lifecycle":"WEAK",`+withSchema(one)), invalid("lifecycle", "cannot be WEAK when schema is provided")},
		{"a schema freezes", nil, creates("a", `"frozen":false,`+withSchema(one)), invalid("frozen", "cannot be false when a schema is provided")},
		{"STRONG is frozen", nil, creates("a", strong+`,"frozen":false`), invalid("frozen", "association with lifecycle of STRONG cannot be frozen=false")},
		{"WEAK is not", []step{s}, creates("a", weakS+`,"frozen":true`), invalid("frozen", "association with lifecycle of WEAK cannot be frozen=true")},
		{"WEAK needs a subject", nil, creates("a", `"associationType":"key"`), invalid("subject", "must be provided for WEAK associations")},
		{"STRONG has its own subject", []step{s}, creates("a", `"subject":"s",`+strong), invalid("subject", "frozen associations must use subject ':.ns:a-value'")},
		{"which WEAK must not have", nil, creates("a", `"subject":":.ns:a-value"`), invalid("subject", "WEAK associations cannot use subject ':.ns:a-value'")},
		{"a subject alone is WEAK", []step{s}, creates("a", `"subject":"s"`), ""},
		{"a schema alone is STRONG", nil, creates("a", withSchema(one)), ""},
		{"key and value at once", nil, creates("a", withSchema(one), `"associationType":"key",`+withSchema(two)), ""},
		{"STRONG needs a schema", nil, creates("a", strong), invalid("schema", "schema must be provided when creating a frozen association")},
		{"a subject is found by its alias", []step{s, aliases("alias", "s")}, creates("a", `"subject":"alias"`), ""},
		{"a subject is in the context of the call", []step{registers(":.c:s", one)}, calls(AssociateOptions{Context: ":.c:"}, request("a", `"subject":"s"`)), ""},
		{"unless it names its own", []step{registers(":.c:s", one)}, calls(AssociateOptions{Context: "other"}, request("a", `"subject":":.c:s"`)), ""},

		// Creation: what the resource has.
		{"the same again", []step{s, creates("a", weakS)}, creates("a", weakS), ""},
		{"another", []step{s, registers("t", one), creates("a", weakS)}, creates("a", `"subject":"t"`), "40903 An association of type 'value' already exists for resource 'a'"},
		{"the same again with its schema", []step{orders}, creates("orders", withSchema(one)), ""},
		{"the same again with a later version", []step{orders, registers(":.ns:orders-value", two)}, creates("orders", withSchema(two)), ""},
		{"the same again with a new schema", []step{orders}, creates("orders", withSchema(two)), "40903 An association of type 'value' already exists for resource 'orders'"},
		{"one lifecycle for all", []step{s, creates("a", weakS+`,"associationType":"key"`)}, creates("a", withSchema(one)),
			invalid("lifecycle", "all associations for a resource must have the same lifecycle, but got key=WEAK, value=STRONG")},
		{"within a request too", []step{s}, creates("a", `"associationType":"key",`+withSchema(one), weakS),
			invalid("lifecycle", "all associations for a resource must have the same lifecycle, but got key=STRONG, value=WEAK")},
		{"a resource has one name", []step{s, creates("a", weakS)}, calls(AssociateOptions{}, strings.Replace(request("b", weakS), "id-b", "id-a", 1)),
			invalid("resourceName", "resource 'id-a' has associations under the name 'a' in namespace 'ns'")},
		{"and one id", []step{s, creates("a", weakS)}, calls(AssociateOptions{}, strings.Replace(request("a", weakS), "id-a", "id-b", 1)),
			invalid("resourceId", "resource 'a' in namespace 'ns' has associations under the id 'id-a'")},

		// Creation: what the subject has.
		{"a subject has a version", nil, creates("a", weakS), "40907 No active (non-deleted) version exists for subject 's'"},
		{"a live one", []step{s, deletes("s")}, creates("a", weakS), "40907 No active (non-deleted) version exists for subject 's'"},
		{"a frozen subject may begin with the schema", []step{registers(":.ns:orders-value", one)}, orders, ""},
		{"but with no other", []step{registers(":.ns:orders-value", two)}, orders,
			invalid("subject", "a frozen association needs a subject that is new or holds the given schema as its only version, but ':.ns:orders-value' holds other versions")},
		{"nor may others follow", []step{registers(":.ns:orders-value", one), registers(":.ns:orders-value", two)}, orders,
			invalid("subject", "a frozen association needs a subject that is new or holds the given schema as its only version, but ':.ns:orders-value' holds other versions")},
		{"WEAK shares a subject", []step{s, creates("a", weakS)}, creates("b", weakS), ""},
		{"but not with STRONG", []step{orders}, creates("b", `"subject":":.ns:orders-value"`), "40905 A strong association already exists for subject ':.ns:orders-value'"},
		{"STRONG shares none", []step{registers(":.ns:orders-value", one), creates("b", `"subject":":.ns:orders-value"`)}, orders, "40904 An association already exists for subject ':.ns:orders-value'"},
		{"STRONG is not referred to", []step{registers(":.ns:orders-value", one), registers(":.ns:x", `{"type":"record","name":"X","fields":[{"name":"r","type":"R"}]}`, api.Reference{Name: "R", Subject: "orders-value", Version: 1})},
			orders, "42206 One or more references exist to the schema :.ns:orders-value."},
		{"nor by a deleted schema", []step{registers(":.ns:orders-value", one), registers(":.ns:x", `{"type":"record","name":"X","fields":[{"name":"r","type":"R"}]}`, api.Reference{Name: "R", Subject: "orders-value", Version: 1}), deletes(":.ns:x")},
			orders, "42206 One or more references exist to the schema :.ns:orders-value."},
		{"nor within the request", nil,
			creates("orders", `"associationType":"key",`+withSchema(one), `"schema":{"schema":"{\"type\":\"record\",\"name\":\"X\",\"fields\":[{\"name\":\"r\",\"type\":\"R\"}]}","references":[{"name":"R","subject":"orders-key","version":1}]}`),
			"42206 One or more references exist to the schema :.ns:orders-key."},
		{"nor afterwards", []step{orders}, registers(":.ns:x", `{"type":"record","name":"X","fields":[{"name":"r","type":"R"}]}`, api.Reference{Name: "R", Subject: "orders-value", Version: 1}),
			"42205 Subject 'orders-value' has a strong association and cannot be referenced"},
		{"a schema is valid", nil, creates("a", `"schema":{"schema":""}`), "42201 Empty schema"},
		{"a subject can be written", []step{s, sets("s", ReadOnly)}, creates("a", weakS), "42205 Subject s in context  is in read-only mode"},
		{"a context can be written", []step{sets(":.ns:", ReadOnly)}, orders, "42205 Subject :.ns:orders-value in context :.ns: is in read-only mode"},
		{"schemas come otherwise while importing", []step{sets(":.ns:", Import)}, orders, invalid("schema", "cannot be provided while the subject is in IMPORT mode")},

		// Updates.
		{"an update adds what is WEAK", []step{s}, updates("a", `"subject":"s"`), ""},
		{"but no schema", nil, updates("a", withSchema(one)), invalid("schema", addsOnly)},
		{"nor what is STRONG", nil, updates("a", strong), invalid("lifecycle", "cannot be STRONG when adding an association to an existing topic; a STRONG association must be created with the topic")},
		{"except while importing", []step{registers(":.ns:a-value", one), sets(":.ns:", Import)}, updates("a", strong), ""},
		{"an update of the same", []step{s, creates("a", weakS)}, updates("a", weakS), ""},
		{"an update of nothing", []step{s, creates("a", weakS)}, updates("a", `"associationType":"value"`), ""},
		{"a subject stays", []step{s, registers("t", one), creates("a", weakS)}, updates("a", `"subject":"t"`), invalid("subject", "subject of association cannot be changed")},
		{"what is WEAK stays WEAK", []step{s, creates("a", weakS)}, updates("a", strong), invalid("frozen", "association with lifecycle of STRONG cannot be frozen=false")},
		{"and loose", []step{s, creates("a", weakS)}, updates("a", `"frozen":true`), invalid("frozen", "association with lifecycle of WEAK cannot be frozen")},
		{"both at once too", []step{s, creates("a", weakS)}, updates("a", strong+`,"frozen":true`), invalid("frozen", "frozen attribute of association cannot be changed")},
		{"what is STRONG stays STRONG", []step{orders}, updates("orders", `"lifecycle":"WEAK"`), invalid("subject", "WEAK associations cannot use subject ':.ns:orders-value'")},
		{"and frozen", []step{orders}, updates("orders", `"frozen":false`), invalid("frozen", "association with lifecycle of STRONG cannot be frozen=false")},
		{"WEAK takes no schema later", []step{s, creates("a", weakS)}, updates("a", withSchema(two)), invalid("lifecycle", "cannot be WEAK when schema is provided")},
		{"STRONG does", []step{orders}, updates("orders", withSchema(two)), ""},
		{"an update needs a writable subject", []step{orders, sets(":.ns:orders-value", ReadOnly)}, updates("orders", withSchema(one)), "42205 Subject :.ns:orders-value in context :.ns: is in read-only mode"},

		// Deletion.
		{"what is not there", nil, dissociates("a", DissociateOptions{}), "40410 Association for 'id-a' not found."},
		{"what is not there of a type", []step{s, creates("a", weakS)}, dissociates("a", DissociateOptions{Types: []string{"key"}}), "40410 Association for 'id-a' not found."},
		{"what is not there of a resource type", []step{s, creates("a", weakS)}, dissociates("a", DissociateOptions{ResourceType: "queue"}), "40410 Association for 'id-a' not found."},
		{"what is WEAK", []step{s, creates("a", weakS)}, dissociates("a", DissociateOptions{}), ""},
		{"what is frozen", []step{orders}, dissociates("orders", DissociateOptions{}), "40908 The association of type  'value' is frozen for subject ':.ns:orders-value'"},
		{"what is frozen, with its subject", []step{orders}, dissociates("orders", DissociateOptions{Cascade: true}), ""},
		{"what is read-only", []step{orders, sets(":.ns:", ReadOnly)}, dissociates("orders", DissociateOptions{Cascade: true}), "42205 Subject :.ns:orders-value in context :.ns: is in read-only mode"},
		{"a subject that is associated", []step{s, creates("a", weakS)}, deletes("s"), "40904 An association already exists for subject 's'"},
		{"a subject that was", []step{s, creates("a", weakS), dissociates("a", DissociateOptions{})}, deletes("s"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newAssociations(t)
			for i, do := range test.before {
				if err := do(r); err != nil {
					t.Fatalf("step %d: %v", i+1, err)
				}
			}
			want := test.want
			if want == "" {
				want = "<nil>"
			}
			before := logOf(t, r)
			err := test.do(r)
			if got := answerOf(err); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if after := logOf(t, r); err != nil && !slices.Equal(before, after) {
				t.Errorf("what was refused left %q", after[len(before):])
			}
		})
	}
}

func TestAssociationIncompatible(t *testing.T) {
	r := newAssociations(t)
	if err := creates("orders", withSchema(one))(r); err != nil {
		t.Fatal(err)
	}
	err := updates("orders", withSchema(three))(r)
	var e *api.Error
	if !errors.As(err, &e) || e.Code != api.CodeIncompatibleSchema || !strings.HasPrefix(e.Message, "[{errorType:") || !strings.HasSuffix(e.Message, "]") {
		t.Errorf("got %v, want the list of differences alone", err)
	}
}

// What is written: the answer names what is new, the log has schemas first.
func TestAssociationWrites(t *testing.T) {
	assoc := func(kind, subject string) string {
		return fmt.Sprintf(`{"keytype":"ASSOC","tenant":"default","resourceName":"a","resourceNamespace":"ns","resourceType":"topic","associationType":%q,"subject":%q,"magic":0}`, kind, subject)
	}
	version := func(subject string, version int) string {
		return fmt.Sprintf(`{"keytype":"SCHEMA","subject":%q,"version":%d,"magic":1}`, subject, version)
	}
	gone := func(subject string) string {
		return fmt.Sprintf(`{"keytype":"DELETE_SUBJECT","subject":%q,"magic":0}`, subject)
	}
	value := `"lifecycle":"STRONG",` + withSchema(one)
	both := request("a", value, `"associationType":"key",`+withSchema(two))
	for _, test := range []struct {
		name   string
		before []step
		do     func(*Registry) (*api.AssociationResponse, error)
		answer []string // subject, lifecycle, version of its schema
		log    []string
	}{
		{
			"key and value with their schemas", nil,
			func(r *Registry) (*api.AssociationResponse, error) { return associate(r, AssociateOptions{}, both) },
			[]string{":.ns:a-value STRONG 1", ":.ns:a-key STRONG 1"},
			[]string{`{"keytype":"CONTEXT","tenant":"default","context":".ns","magic":0}`,
				version(":.ns:a-value", 1), version(":.ns:a-key", 1), assoc("value", ":.ns:a-value"), assoc("key", ":.ns:a-key")},
		},
		{
			"a trial", nil,
			func(r *Registry) (*api.AssociationResponse, error) {
				return associate(r, AssociateOptions{DryRun: true}, both)
			},
			nil, nil,
		},
		{
			"a second one", []step{creates("a", value)},
			func(r *Registry) (*api.AssociationResponse, error) { return associate(r, AssociateOptions{}, both) },
			[]string{":.ns:a-key STRONG 1"},
			[]string{version(":.ns:a-key", 1), assoc("key", ":.ns:a-key")},
		},
		{
			"a new schema for what there is", []step{creates("a", value)},
			func(r *Registry) (*api.AssociationResponse, error) {
				return associate(r, AssociateOptions{Update: true}, request("a", withSchema(two)))
			},
			nil, []string{version(":.ns:a-value", 2)},
		},
		{
			"a subject in the context of the call, by its alias", []step{registers(":.c:s", one), aliases(":.c:alias", "s")},
			func(r *Registry) (*api.AssociationResponse, error) {
				return associate(r, AssociateOptions{Context: ".c"}, request("a", `"subject":"alias"`))
			},
			[]string{":.c:s WEAK 0"}, []string{assoc("value", ":.c:s")},
		},
		{
			"deletion with the subjects", []step{calls(AssociateOptions{}, both)},
			func(r *Registry) (*api.AssociationResponse, error) {
				return nil, r.Dissociate(context.Background(), "id-a", DissociateOptions{Cascade: true})
			},
			nil,
			[]string{"-" + assoc("key", ":.ns:a-key"), gone(":.ns:a-key"), "-" + version(":.ns:a-key", 1),
				"-" + assoc("value", ":.ns:a-value"), gone(":.ns:a-value"), "-" + version(":.ns:a-value", 1)},
		},
		{
			"deletion on trial", []step{calls(AssociateOptions{}, both)},
			func(r *Registry) (*api.AssociationResponse, error) {
				return nil, r.Dissociate(context.Background(), "id-a", DissociateOptions{Cascade: true, DryRun: true})
			},
			nil, nil,
		},
		{
			"deletion while importing", []step{calls(AssociateOptions{}, both), sets(":.ns:", Import)},
			func(r *Registry) (*api.AssociationResponse, error) {
				return nil, r.Dissociate(context.Background(), "id-a", DissociateOptions{Types: []string{"key"}, Cascade: true})
			},
			nil, []string{"-" + assoc("key", ":.ns:a-key")},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newAssociations(t)
			for i, do := range test.before {
				if err := do(r); err != nil {
					t.Fatalf("step %d: %v", i+1, err)
				}
			}
			before := len(logOf(t, r))
			a, err := test.do(r)
			if err != nil {
				t.Fatal(err)
			}
			var answer []string
			if a != nil {
				for _, e := range a.Associations {
					version := 0
					if e.Schema != nil {
						version = e.Schema.Version
					}
					answer = append(answer, fmt.Sprintf("%s %s %d", e.Subject, e.Lifecycle, version))
				}
			}
			if !slices.Equal(answer, test.answer) {
				t.Errorf("answered %q\nwant     %q", answer, test.answer)
			}
			if log := logOf(t, r)[before:]; !slices.Equal(log, test.log) {
				t.Errorf("log  %s\nwant %s", strings.Join(log, "\n     "), strings.Join(test.log, "\n     "))
			}
		})
	}
}

func TestAssociationLists(t *testing.T) {
	r := newAssociations(t)
	steps := []step{registers("s", one), registers("t", one)}
	for _, at := range []string{"b n1", "a n2", "a n1", "a-b n1"} {
		name, ns, _ := strings.Cut(at, " ")
		body := fmt.Sprintf(`{"resourceName":%q,"resourceNamespace":%q,"resourceId":"%s.%s","associations":[{"subject":"s"},{"subject":"t","associationType":"key"}]}`, name, ns, ns, name)
		steps = append(steps, calls(AssociateOptions{}, body))
	}
	for _, do := range steps {
		if err := do(r); err != nil {
			t.Fatal(err)
		}
	}
	values := AssociationFilter{ResourceType: Topic, Types: []string{"value"}}
	for _, test := range []struct {
		name string
		set  associationSet
		f    AssociationFilter
		p    Page
		want string
	}{
		{"a subject", ofSubject("t"), AssociationFilter{}, Page{}, "a/n1/key a/n2/key a-b/n1/key b/n1/key"},
		{"a subject in part", ofSubject("t"), AssociationFilter{}, Page{Offset: 1, Limit: 2}, "a/n2/key a-b/n1/key"},
		{"a subject past its end", ofSubject("t"), AssociationFilter{}, Page{Offset: 4}, ""},
		{"another subject", ofSubject("u"), AssociationFilter{}, Page{}, ""},
		{"a resource", ofResource("n1.a"), AssociationFilter{}, Page{}, "a/n1/key a/n1/value"},
		{"a resource's values", ofResource("n1.a"), values, Page{}, "a/n1/value"},
		{"a resource's STRONG ones", ofResource("n1.a"), AssociationFilter{Lifecycles: []string{Strong}}, Page{}, ""},
		{"a name", matchingName("n1", "a"), AssociationFilter{}, Page{}, "a/n1/key a/n1/value"},
		{"a name anywhere", matchingName("-", "a"), values, Page{}, "a/n1/value a/n2/value"},
		{"all names of a namespace", matchingName("n1", "-"), values, Page{}, "a/n1/value a-b/n1/value b/n1/value"},
		{"all names", matchingName("-", "-"), values, Page{Limit: 3}, "a/n1/value a/n2/value a-b/n1/value"},
		{"a filter comes before a page", matchingName("-", "-"), values, Page{Offset: 1, Limit: 1}, "a/n2/value"},
	} {
		list, err := r.listAssociations(test.set, test.f, test.p)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range list {
			got = append(got, a.ResourceName+"/"+a.ResourceNamespace+"/"+a.AssociationType)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestAssociationBatches(t *testing.T) {
	r := newAssociations(t)
	if err := registers("s", one)(r); err != nil {
		t.Fatal(err)
	}
	render := func(results []api.AssociationResult, err error) string {
		if err != nil {
			return answerOf(err)
		}
		return string(encode(results))
	}
	mutate := func(o AssociateOptions, requests string) string {
		b, err := api.ReadBody([]byte(`{"requests":[`+requests+`]}`), "call", "Batch", api.ReadAssociationOps)
		if err != nil {
			return answerOf(err)
		}
		return render(r.MutateAssociations(context.Background(), b.Requests, o))
	}
	find := func(schemas bool, requests string) string {
		b, err := api.ReadBody([]byte(`{"requests":[`+requests+`]}`), "call", "Batch", api.ReadAssociationQueries)
		if err != nil {
			return answerOf(err)
		}
		return render(r.FindAssociations(b.Requests, schemas))
	}
	const onS = `"opType":"CREATE","subject":"s"`
	got := func(name string, associations string) string {
		return fmt.Sprintf(`{"result":{"resourceName":%q,"resourceNamespace":"ns","resourceId":"id-%s","resourceType":"topic"%s}}`, name, name, associations)
	}
	const valueOfS = `{"subject":"s","associationType":"value","lifecycle":"WEAK"}`
	for _, test := range []struct{ name, got, want string }{
		{"nothing", mutate(AssociateOptions{}, ""), invalid("requests", "cannot be null or empty")},
		{"a trial shows what there is", mutate(AssociateOptions{DryRun: true}, request("a", onS)), `[` + got("a", "") + `]`},
		{"one that fails hinders none", mutate(AssociateOptions{}, request("b", `"opType":"CREATE"`)+","+request("a", onS)),
			`[{"error":{"error_code":42212,"message":"The association specified an invalid value for property: 'subject', detail: must be provided for WEAK associations"}},` + got("a", `,"associations":[`+valueOfS+`]`) + `]`},
		{"the result is all there is", mutate(AssociateOptions{}, request("a", `"opType":"UPSERT","subject":"s","associationType":"key"`)),
			`[` + got("a", `,"associations":[{"subject":"s","associationType":"key","lifecycle":"WEAK"},`+valueOfS+`]`) + `]`},
		{"operations are in order", mutate(AssociateOptions{}, request("a", `"opType":"DELETE","associationType":"key"`, `"opType":"CREATE","subject":"s","associationType":"key"`, `"opType":"DELETE","associationType":"key"`)),
			`[` + got("a", `,"associations":[`+valueOfS+`]`) + `]`},
		{"all of them or none", mutate(AssociateOptions{}, request("a", `"opType":"DELETE","associationType":"value"`, `"opType":"DELETE","associationType":"key"`)),
			`[{"error":{"error_code":40410,"message":"Association for 'id-a' not found."}}]`},
		{"an invalid schema", mutate(AssociateOptions{}, request("c", `"opType":"CREATE","schema":{"schema":""}`)), `[{"error":{"error_code":42212,"message":"Empty schema"}}]`},
		{"no operations", mutate(AssociateOptions{}, `{"resourceName":"a","resourceNamespace":"ns","resourceId":"r"}`), `[{"error":{"error_code":42212,"message":"The association specified an invalid value for property: 'associations', detail: cannot be null or empty"}}]`},
		{"an operation has a type", mutate(AssociateOptions{}, request("a", `"subject":"s"`)),
			"400 Could not resolve subtype of [simple type, class io.confluent.kafka.schemaregistry.client.rest.entities.requests.AssociationOp]: missing type id property 'opType' (for POJO property 'associations')"},
		{"of the known ones", mutate(AssociateOptions{}, request("a", `"opType":"MOVE"`)),
			"400 Could not resolve type id 'MOVE' as a subtype of `AssociationOp`: known type ids = [CREATE, DELETE, UPSERT] (for POJO property 'associations')"},

		{"find nothing", find(false, ""), invalid("requests", "cannot be null or empty")},
		{"find by id", find(false, `{"resourceId":"id-a"}`), `[` + got("a", `,"associations":[`+valueOfS+`]`) + `]`},
		{"find by name", find(false, `{"resourceName":"a","resourceNamespace":"ns","associationTypes":["value"],"lifecycle":"WEAK"}`), `[` + got("a", `,"associations":[`+valueOfS+`]`) + `]`},
		{"find none", find(false, `{"resourceId":"id-z"}`), `[{"result":{"resourceId":"id-z","resourceType":"topic"}}]`},
		{"find who?", find(false, `{}`), `[{"error":{"error_code":500,"message":"Error while getting associations: property: resourceId; detail: cannot be null or empty without resourceName and resourceNamespace"}}]`},
		{"find a queue", find(false, `{"resourceId":"x","resourceType":"queue"}`), `[{"error":{"error_code":500,"message":"Error while getting associations: property: resourceType; detail: must be 'topic'"}}]`},
		{"find headers", find(false, `{"resourceId":"x","associationTypes":["header"]}`), `[{"error":{"error_code":500,"message":"Error while getting associations: property: associationTypes; detail: must be either 'key' or 'value'"}}]`},
	} {
		if test.got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, test.got, test.want)
		}
	}
	results, err := r.FindAssociations([]api.AssociationQuery{{ResourceID: "id-a"}}, true)
	if err != nil || results[0].Result.Associations[0].Schema.Version != 1 {
		t.Errorf("with schemas: got %s, %v", encode(results), err)
	}
}

// A log written by others may say anything: it is read, and no index keeps what is gone.
func TestAssociationLog(t *testing.T) {
	r, store := openAssociations(t, filepath.Join(t.TempDir(), "test.db"))
	key := func(name, subject string) string {
		return fmt.Sprintf(`{"keytype":"ASSOC","tenant":"default","resourceName":%q,"resourceNamespace":"ns","resourceType":"topic","associationType":"value","subject":%q,"magic":0}`, name, subject)
	}
	for _, rec := range []struct {
		key, value string // an empty value is a tombstone
		want       string // what resources a and b then have
	}{
		{key("a", "s"), `{"guid":"1","resourceId":"a","subject":"other","lifecycle":"WEAK","frozen":false,"createTs":7}`, "a→s WEAK 7"},
		{key("a", "s"), `not JSON`, "a→s WEAK 7"},
		{key("a", "s"), `{"guid":"1","resourceId":"b","lifecycle":"STRONG","frozen":true}`, "b→s STRONG 7"},
		{key("a", "s"), `{"guid":"1","resourceId":"a","lifecycle":"STRONG","frozen":false}`, "a→s STRONG 7 frozen=false"},
		{key("a", "t"), `{"guid":"2","resourceId":"a","lifecycle":"WEAK","createTs":8}`, "a→s STRONG 7 frozen=false, a→t WEAK 8"},
		{key("b", "t"), ``, "a→s STRONG 7 frozen=false, a→t WEAK 8"},
		{key("a", "s"), ``, "a→t WEAK 8"},
		{key("a", "t"), ``, ""},
	} {
		err := store.Write(context.Background(), func(w storage.Turn) error {
			var value []byte
			if rec.value != "" {
				value = []byte(rec.value)
			}
			_, err := w.Append([]byte(rec.key), value)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range []string{"a", "b"} {
			list, err := r.AssociationsOfResource(id, AssociationFilter{}, Page{})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				text := fmt.Sprintf("%s→%s %s %d", a.ResourceID, a.Subject, a.Lifecycle, a.CreateTS)
				if a.Frozen != nil {
					text += fmt.Sprintf(" frozen=%t", *a.Frozen)
				}
				got = append(got, text)
			}
		}
		if strings.Join(got, ", ") != rec.want {
			t.Errorf("after %s: got %q, want %q", rec.value, got, rec.want)
		}
		if err := associationIndexes(r); err != nil {
			t.Errorf("after %s: %v", rec.value, err)
		}
	}
}

// associationIndexes tells where the indexes of associations disagree.
func associationIndexes(r *Registry) error {
	_, err := view(r, func(s state) (struct{}, error) {
		held := map[string]bool{}
		s.Ascend(associations, nil, nil, func(k, _ []byte) bool { held[string(k)] = true; return true })
		for _, index := range []string{resources, resourceNames, namespaces} {
			named := map[string]bool{}
			s.Ascend(index, nil, nil, func(_, v []byte) bool { named[string(v)] = true; return true })
			if !maps.Equal(held, named) {
				return struct{}{}, fmt.Errorf("index %s names %q, there are %q", index, sortedNames(named), sortedNames(held))
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Whatever is asked for, in whatever order: associations of a resource share one lifecycle, a STRONG one has its subject
// for itself, every subject has a live version, and the log alone gives the same associations.
func TestAssociationModel(t *testing.T) {
	dir := t.TempDir()
	options := bolt.Options{Buckets: Buckets(), NoSync: true}
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		store, err := bolt.Open(filepath.Join(dir, fmt.Sprint(runs, ".db")), options, Apply)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		r, err := New(store, DefaultSettings())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(registers("s", one)(r), registers("t", one)(r)); err != nil {
			t.Fatal(err)
		}
		name := rapid.SampledFrom([]string{"a", "b"})
		subject := rapid.SampledFrom([]string{`"subject":"s"`, `"subject":"t"`, `"subject":":.ns:a-value"`, `"lifecycle":"WEAK"`, `"lifecycle":"STRONG"`, `"frozen":true`})
		schema := rapid.SampledFrom([]string{"", "," + withSchema(one), "," + withSchema(two)})
		kind := rapid.SampledFrom([]string{"key", "value"})
		spec := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf(`"associationType":%q,%s%s`, kind.Draw(t, "type"), subject.Draw(t, "subject"), schema.Draw(t, "schema"))
		})
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				creates(name.Draw(t, "name"), rapid.SliceOfN(spec, 1, 2).Draw(t, "specs")...)(r)
			},
			"update": func(t *rapid.T) { updates(name.Draw(t, "name"), spec.Draw(t, "spec"))(r) },
			"dissociate": func(t *rapid.T) {
				dissociates(name.Draw(t, "name"), DissociateOptions{Types: []string{kind.Draw(t, "type")}, Cascade: rapid.Bool().Draw(t, "cascade")})(r)
			},
			"delete": func(t *rapid.T) {
				deletes(rapid.SampledFrom([]string{"s", ":.ns:a-value"}).Draw(t, "subject"))(r)
			},
			"register": func(t *rapid.T) {
				registers(rapid.SampledFrom([]string{"s", ":.ns:a-value"}).Draw(t, "subject"), one)(r)
			},
			"": func(t *rapid.T) {
				if err := associationIndexes(r); err != nil {
					t.Fatal(err)
				}
				list, err := r.AssociationsByName("-", "-", AssociationFilter{}, Page{})
				if err != nil {
					t.Fatal(err)
				}
				lifecycles := map[string]string{}
				subjects := map[string][]api.Association{}
				for _, a := range list {
					if l, ok := lifecycles[a.ResourceID]; ok && l != a.Lifecycle {
						t.Fatalf("resource %s has associations of both lifecycles", a.ResourceID)
					}
					lifecycles[a.ResourceID] = a.Lifecycle
					subjects[a.Subject] = append(subjects[a.Subject], a)
					if _, err := r.Version(a.Subject, latest, FetchOptions{}); err != nil {
						t.Fatalf("associated subject %s: %v", a.Subject, err)
					}
				}
				for subject, list := range subjects {
					if len(list) > 1 && slices.ContainsFunc(list, func(a api.Association) bool { return a.Lifecycle == Strong }) {
						t.Fatalf("subject %s has a STRONG association and others", subject)
					}
				}
			},
		})
		file := filepath.Join(dir, fmt.Sprint(runs, "-again.db"))
		if _, err := bolt.Replay(store, file, options, Apply); err != nil {
			t.Fatal(err)
		}
		again, err := bolt.Open(file, options, Apply)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if got, want := indexesOf(t, again), indexesOf(t, store); !maps.Equal(got, want) {
			t.Fatalf("the log replayed gives %q, there are %q", got, want)
		}
	})
}

// indexesOf reads all indexes.
func indexesOf(t interface{ Fatal(...any) }, store storage.Store) map[string]string {
	all := map[string]string{}
	err := store.View(func(v storage.View) error {
		for _, index := range Buckets() {
			v.Ascend(index, nil, nil, func(k, value []byte) bool { all[index+" "+string(k)] = string(value); return true })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
