package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The calls on subjects, schemas and compatibility, one after the other.
func TestSubjectsAndSchemas(t *testing.T) {
	c, _ := ofRegistry(t)
	one, two := record("R", "a"), record("R", "a", "b")
	first := must(c.Register(background, "s", avro(one)))(t)
	same(t, "version", first.Version, 1)
	again := must(c.Register(background, "s", avro(one)))(t)
	same(t, "id", again.ID, first.ID)
	second := must(c.Register(background, "s", &api.RegisterRequest{Schema: two,
		Metadata: &api.Metadata{Properties: map[string]string{"owner": "me", "tier": "1"}}}, client.Normalize))(t)

	same(t, "subjects", must(c.Subjects(background))(t), []string{"s"})
	same(t, "versions", must(c.Versions(background, "s"))(t), []int{1, 2})
	same(t, "limit", must(c.Versions(background, "s", client.Offset(1), client.Limit(1)))(t), []int{2})
	same(t, "latest", must(c.Version(background, "s", -1))(t).Version, 2)
	same(t, "type", must(c.Version(background, "s", 1))(t).SchemaType, api.Avro)
	same(t, "text", must(c.VersionText(background, "s", 1))(t), first.Schema)
	same(t, "metadata", must(c.VersionWithMetadata(background, "s", map[string]string{"owner": "me", "tier": "1"}))(t).Version, 2)
	same(t, "look-up", must(c.LookUp(background, "s", avro(one)))(t).ID, first.ID)
	same(t, "referenced", must(c.ReferencedBy(background, "s", 1))(t), []int{})

	same(t, "types", len(must(c.SchemaTypes(background))(t)), 3)
	same(t, "list", len(must(c.Schemas(background, client.SubjectPrefix("s")))(t)), 2)
	same(t, "latest of list", must(c.Schemas(background, client.LatestOnly))(t)[0].Version, 2)
	byID := must(c.SchemaByID(background, first.ID, client.InSubject("s"), client.FetchMaxID))(t)
	same(t, "by id", byID.Schema, first.Schema)
	same(t, "max id", *byID.MaxID, second.ID)
	same(t, "text by id", must(c.SchemaTextByID(background, first.ID))(t), first.Schema)
	same(t, "subjects of id", must(c.SubjectsOfID(background, first.ID))(t), []string{"s"})
	same(t, "versions of id", must(c.VersionsOfID(background, first.ID))(t), []api.SubjectVersion{{Subject: "s", Version: 1}})
	same(t, "by guid", must(c.SchemaByGUID(background, first.GUID))(t).Schema, first.Schema)
	same(t, "ids of guid", must(c.IDsOfGUID(background, first.GUID))(t), []api.ContextID{{Context: ".", ID: first.ID}})

	good := must(c.CheckCompatibility(background, "s", avro(record("R", "c")), client.Verbose))(t)
	same(t, "compatible", good.IsCompatible, true)
	bad := avro(`{"type":"record","name":"R","fields":[{"name":"n","type":"string"}]}`)
	verdict := must(c.CheckCompatibilityWithVersion(background, "s", -1, bad, client.Verbose, client.Suggestions))(t)
	if verdict.IsCompatible || len(*verdict.Messages) == 0 || len(*verdict.Suggestions) == 0 {
		t.Errorf("verdict %+v", verdict)
	}
	if _, err := c.Register(background, "s", bad); !errors.Is(err, client.ErrIncompatibleSchema) {
		t.Errorf("incompatible: %v", err)
	}

	tagged := must(c.EditTags(background, "s", 2, &api.TagsRequest{TagsToAdd: []api.SchemaTags{
		{SchemaEntity: api.SchemaEntity{EntityPath: "R.a", EntityType: api.EntityField}, Tags: []string{"PII"}}}}))(t)
	same(t, "tagged", tagged.Version, 3)
	same(t, "tags", must(c.Version(background, "s", 3, client.FindTags("*")))(t).SchemaTags[0].Tags, []string{"PII"})

	same(t, "deleted version", must(c.DeleteVersion(background, "s", 3))(t), 3)
	same(t, "negative", must(c.Versions(background, "s", client.DeletedAsNegative))(t), []int{1, 2, -3})
	same(t, "deleted", must(c.DeleteSubject(background, "s"))(t), []int{1, 2})
	if _, err := c.DeleteSubject(background, "s"); !errors.Is(err, client.ErrSubjectSoftDeleted) {
		t.Errorf("deleted twice: %v", err)
	}
	same(t, "only deleted", must(c.Subjects(background, client.DeletedOnly))(t), []string{"s"})
	same(t, "deleted for good", must(c.DeleteSubject(background, "s", client.Permanent))(t), []int{1, 2, 3})
	if _, err := c.Versions(background, "s"); !errors.Is(err, client.ErrSubjectNotFound) {
		t.Errorf("gone: %v", err)
	}
}

func TestConfigAndMode(t *testing.T) {
	c, _ := ofRegistry(t)
	if _, err := c.Config(background, "s"); !errors.Is(err, client.ErrConfigNotFound) {
		t.Errorf("no configuration: %v", err)
	}
	same(t, "default", must(c.Config(background, "s", client.DefaultToGlobal))(t).CompatibilityLevel, "BACKWARD")
	must(c.SetCompatibility(background, "", "FULL"))(t)
	same(t, "global", must(c.Config(background, ""))(t).CompatibilityLevel, "FULL")
	group, yes := "major", true
	stored := must(c.UpdateConfig(background, "s", &api.ConfigUpdate{Config: api.Config{CompatibilityGroup: &group, Normalize: &yes, CompatibilityLevel: "NONE"}}))(t)
	same(t, "stored", *stored, api.Config{CompatibilityGroup: &group, Normalize: &yes, CompatibilityLevel: "NONE"})
	stored = must(c.UpdateConfig(background, "s", &api.ConfigUpdate{Set: map[string]bool{"compatibilityGroup": true, "alias": false}}))(t)
	same(t, "cleared", *stored, api.Config{Normalize: &yes, CompatibilityLevel: "NONE"})
	same(t, "deleted", must(c.DeleteConfig(background, "s"))(t).CompatibilityLevel, "NONE")

	if _, err := c.Mode(background, "s"); !errors.Is(err, client.ErrModeNotFound) {
		t.Errorf("no mode: %v", err)
	}
	same(t, "mode", must(c.Mode(background, ""))(t), "READWRITE")
	if err := c.SetMode(background, "s", "READONLY", client.Force); err != nil {
		t.Error(err)
	}
	same(t, "mode of subject", must(c.Mode(background, "s"))(t), "READONLY")
	if _, err := c.Register(background, "s", avro(`"int"`)); !errors.Is(err, client.ErrNotPermitted) {
		t.Errorf("read-only: %v", err)
	}
	same(t, "deleted mode", must(c.DeleteMode(background, "s"))(t), "READONLY")
	if err := c.SetMode(background, "s", "IMPORT"); err != nil {
		t.Error(err)
	}
	if err := c.SetMode(background, "s", ""); err != nil {
		t.Error(err)
	}
	same(t, "mode after null", must(c.Mode(background, "s", client.DefaultToGlobal))(t), "READWRITE")
	same(t, "no mode deleted", must(c.DeleteMode(background, ":.ctx:", client.Recursive))(t), "")
}

func TestAssociations(t *testing.T) {
	c, n := ofRegistry(t)
	must(c.Register(background, "orders", avro(`"int"`)))(t)
	k := c.Cache()
	same(t, "none", must(k.AssociatedSubject(background, "", "topic", "value"))(t), "")
	asked := n.requests.Load()
	same(t, "none again", must(k.AssociatedSubject(background, "-", "topic", "value"))(t), "")
	same(t, "requests", n.requests.Load(), asked)

	subject := "orders"
	body := &api.AssociationRequest{ResourceName: "topic", ResourceNamespace: "lkc", ResourceID: "id1",
		Associations: []api.AssociationSpec{{Subject: &subject, AssociationType: "value"}}}
	must(c.CreateAssociations(background, body, client.DryRun))(t)
	made := must(c.CreateAssociations(background, body))(t)
	same(t, "made", made.Associations[0].Subject, "orders")
	must(c.UpdateAssociations(background, "id1", body))(t)
	same(t, "found at once, for it was this client's change", must(k.AssociatedSubject(background, "", "topic", "value"))(t), "orders")
	same(t, "keys", must(k.AssociatedSubject(background, "", "topic", "key"))(t), "")
	same(t, "by subject", len(must(c.AssociationsOfSubject(background, "orders", client.Lifecycle("WEAK")))(t)), 1)
	same(t, "by id", len(must(c.AssociationsOfResource(background, "id1", client.AssociationType("value")))(t)), 1)
	same(t, "by name", len(must(c.AssociationsByName(background, "lkc", "topic", client.ResourceType("topic")))(t)), 1)
	same(t, "not the other topic", must(k.AssociatedSubject(background, "lkc", "-", "value"))(t), "")

	found := must(c.BatchGetAssociations(background, []api.AssociationQuery{{ResourceID: "id1"}, {ResourceID: "id2"}}, client.IncludeSchemas))(t)
	same(t, "batch", len(found[0].Result.Associations), 1)
	results := must(c.BatchMutateAssociations(background, []api.AssociationOpRequest{
		{ResourceName: "topic", ResourceNamespace: "other", ResourceID: "id2", Associations: []api.AssociationOp{
			{OpType: api.OpCreate, AssociationSpec: api.AssociationSpec{Subject: &subject, AssociationType: "value"}}}},
		{ResourceID: "id3", Associations: []api.AssociationOp{{OpType: api.OpDelete, AssociationSpec: api.AssociationSpec{AssociationType: "value"}}}},
	}))(t)
	if results[0].Error != nil || results[1].Error == nil {
		t.Errorf("results %+v", results)
	}
	// Two namespaces with the same subject are no contradiction; with another subject they are.
	same(t, "same subject twice", must(k.AssociatedSubject(background, "", "topic", "value"))(t), "orders")
	must(c.Register(background, "others", avro(`"int"`)))(t)
	others := "others"
	must(c.CreateAssociations(background, &api.AssociationRequest{ResourceName: "topic", ResourceNamespace: "third", ResourceID: "id4",
		Associations: []api.AssociationSpec{{Subject: &others, AssociationType: "value"}}}))(t)
	_, err := k.AssociatedSubject(background, "", "topic", "value")
	var ambiguous *client.AmbiguousError
	if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Subjects, []string{"orders", "others"}) {
		t.Errorf("two subjects: %v", err)
	}
	if err := c.DeleteAssociations(background, "id4", client.CascadeLifecycle); err != nil {
		t.Error(err)
	}
	if err := c.DeleteAssociations(background, "id4"); !errors.Is(err, client.ErrAssociationNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestRegistryItself(t *testing.T) {
	c, _ := ofRegistry(t)
	must(c.Register(background, ":.ctx:s", avro(`"int"`)))(t)
	same(t, "contexts", must(c.Contexts(background))(t), []string{".", ".ctx"})
	same(t, "prefix", must(c.Contexts(background, client.ContextPrefix(".c")))(t), []string{".ctx"})
	if err := c.DeleteContext(background, ".ctx"); !errors.Is(err, &api.Error{Code: api.CodeContextNotEmpty}) {
		t.Errorf("not empty: %v", err)
	}
	if err := c.DeleteContext(background, ".none"); err != nil {
		t.Error(err)
	}
	same(t, "group", must(c.ClusterID(background))(t).Scope.Clusters.Registry, "schema-registry")
	same(t, "version", must(c.ServerVersion(background))(t).Version, "dev")
	same(t, "deployment", must(c.Deployment(background))(t).Attributes, []string{})
	for _, f := range []error{c.Ping(background), c.Live(background), c.Started(background), c.Ready(background)} {
		if f != nil {
			t.Error(f)
		}
	}
}

func TestBackup(t *testing.T) {
	c, _ := ofRegistry(t)
	must(c.Register(background, "s", avro(`"int"`)))(t)
	r := must(c.Backup(background))(t)
	copied := must(io.ReadAll(r))(t)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "restored.db")
	if err := bolt.Restore(bytes.NewReader(copied), file, false); err != nil {
		t.Fatal(err)
	}
	store, err := bolt.Open(file, bolt.Options{Buckets: registry.Buckets()}, registry.Apply)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
}

func TestRules(t *testing.T) {
	c, _ := ofRegistry(t)
	contract := func(fields ...string) *api.RegisterRequest { return avro(record("R", fields...)) }
	ruled := contract("a")
	ruled.RuleSet = &api.RuleSet{DomainRules: []api.Rule{{Name: "positive", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "CEL", Expr: "message.a > 0"}}}
	trace := must(c.RunRules(background, &api.RuleTrial{Direction: api.ModeWrite, Contract: ruled, Record: json.RawMessage(`{"a":1}`)}))(t)
	if trace.Error != nil || len(trace.Steps) != 1 {
		t.Errorf("trace %+v", trace)
	}
	trace = must(c.RunRules(background, &api.RuleTrial{Contract: ruled, Record: json.RawMessage(`{"a":0}`)}))(t)
	if trace.Error == nil {
		t.Errorf("trace %+v", trace)
	}
	same(t, "problems", len(must(c.CheckRules(background, &api.RuleCheck{Contract: ruled}))(t)), 0)
	samples := must(c.SampleRules(background, &api.RuleSamples{Contract: ruled, Count: 2}))(t)
	same(t, "admitted", len(samples.Admitted), 2)
	up := contract("b")
	up.RuleSet = &api.RuleSet{MigrationRules: []api.Rule{
		{Name: "up", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: `{"b": a}`},
		{Name: "down", Kind: api.KindTransform, Mode: api.ModeDowngrade, Type: "JSONATA", Expr: `{"a": b}`}}}
	verdict := must(c.VerifyRules(background, &api.RuleProof{Old: contract("a"), New: up, Seed: 1, Cases: 20}))(t)
	same(t, "proved", verdict.Proved, true)
}

// A name is in the path as it is, escaped once, whatever it is made of.
func TestSubjectsInPaths(t *testing.T) {
	for _, c := range []struct{ subject, path string }{
		{"orders-value", "/subjects/orders-value/versions"},
		{"a/b", "/subjects/a%2Fb/versions"},
		{"a%2Fb", "/subjects/a%252Fb/versions"},
		{"50%", "/subjects/50%25/versions"},
		{":.ctx:a", "/subjects/:.ctx:a/versions"},
		{":.ctx:a/b", "/subjects/:.ctx:a%2Fb/versions"},
		{"a b", "/subjects/a%20b/versions"},
		{"a+b", "/subjects/a+b/versions"},
		{"a?b#c", "/subjects/a%3Fb%23c/versions"},
		{"a;b,c", "/subjects/a%3Bb%2Cc/versions"},
		{"日本", "/subjects/%E6%97%A5%E6%9C%AC/versions"},
		{"ü&=@$!*()'\"<>", "/subjects/%C3%BC&=@$%21%2A%28%29%27%22%3C%3E/versions"},
	} {
		t.Run(c.subject, func(t *testing.T) {
			srv := newRegistry(t, nil)
			var path string
			url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				path = r.RequestURI
				r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/deep/er"), strings.TrimPrefix(r.URL.RawPath, "/deep/er")
				srv.ServeHTTP(w, r)
			}))
			// With a path in the URL and without.
			for _, base := range []string{"", "/deep/er", "/deep/er/"} {
				cl := connect(t, url+base)
				must(cl.Register(background, c.subject, avro(`"int"`)))(t)
				same(t, "path", path, strings.TrimSuffix(base, "/")+c.path)
				same(t, "subjects", must(cl.Subjects(background))(t), []string{c.subject})
				same(t, "subject", must(cl.Version(background, c.subject, 1))(t).Subject, c.subject)
				same(t, "by id", must(cl.SchemaByID(background, 1, client.InSubject(c.subject)))(t).Subject, c.subject)
			}
		})
	}
	c := connect(t, "http://127.0.0.1:1")
	for _, subject := range []string{"", ".", ".."} {
		if _, err := c.Versions(background, subject); err == nil || errors.Is(err, client.ErrUnavailable) {
			t.Errorf("subject %q: %v", subject, err)
		}
	}
}

// The path of a context serves as a registry.
func TestContextAsRegistry(t *testing.T) {
	url, _ := serve(t, newRegistry(t, nil))
	c := connect(t, url+"/contexts/.ctx")
	must(c.Register(background, "s", avro(`"int"`)))(t)
	same(t, "subjects", must(connect(t, url).Subjects(background))(t), []string{":.ctx:s"})
	same(t, "by id", must(c.Cache().ByID(background, "s", 1))(t).Subject, ":.ctx:s")
}

// Every request says what it takes and who sends it.
func TestHeaders(t *testing.T) {
	var got http.Header
	url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		says(200, vendorJSON, oneSchema)(w, r)
	}))
	c := connect(t, url, client.WithHeader("X-Team", "a"), client.WithHeader("x-team", "b"))
	must(c.LookUp(background, "s", avro(`"int"`)))(t)
	same(t, "accept", got.Get("Accept"), vendorJSON)
	same(t, "content type", got.Get("Content-Type"), vendorJSON)
	same(t, "own", got.Values("X-Team"), []string{"a", "b"})
	if !strings.HasPrefix(got.Get("User-Agent"), "concordat-go/") || len(got.Get("X-Request-Id")) != 36 {
		t.Errorf("headers %v", got)
	}
	c = connect(t, url, client.WithUserAgent("me"))
	must(c.Version(client.WithRequestID(background, "42"), "s", 1))(t)
	same(t, "user agent", got.Get("User-Agent"), "me")
	same(t, "request id", got.Get("X-Request-Id"), "42")
	same(t, "no content type", got.Get("Content-Type"), "")
	if _, err := c.Version(client.WithRequestID(background, "4\n2"), "s", 1); err == nil {
		t.Error("an id with a line end was sent")
	}
}
