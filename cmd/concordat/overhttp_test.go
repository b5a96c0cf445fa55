package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// The packages below compare every recorded schema with what they make of it.
// Here a part of the same recordings is put to a server as a client would, so
// that what lies between the two is seen to lose nothing.

// overHTTP are the recordings put to the server, a case a line.
var overHTTP = []struct {
	folder, file string
	run          func(*vectorRun, []byte) (why string)
}{
	{"compat", "avro.jsonl", runVerdict},
	{"compat", "json.jsonl", runVerdict},
	{"compat", "protobuf.jsonl", runVerdict},
	{"compat", "history.jsonl", runVerdict},
	{"canonical", "avro.jsonl", runCanonical},
	{"canonical", "json.jsonl", runCanonical},
	{"canonical", "protobuf.jsonl", runCanonical},
	{"canonical", "lookup.jsonl", runLookup},
}

// One case in so many is put to the server.
const (
	sample      = 10
	shortSample = 100
)

// chosen picks cases by their ids, so that the choice is the same whatever stands beside them.
func chosen(id string) bool {
	every := uint32(sample)
	if testing.Short() {
		every = shortSample
	}
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()%every == 0
}

// notScored are cases that say nothing of a registry.
func notScored(c *vectorCase) bool { return c.phase() == "compat" }

// vectorDeviations are the cases in which we differ from the reference on purpose.
var vectorDeviations = []struct {
	reason string
	holds  func(*vectorCase) bool
}{
	{"edition 2023 is read; the reference refuses every edition", func(c *vectorCase) bool {
		return c.Error != nil && slices.ContainsFunc(c.texts(), editionFile.MatchString)
	}},
	{"a file without types is registered; the recording failed only at naming it", func(c *vectorCase) bool {
		return c.SchemaType == api.Protobuf && c.phase() == "canonical"
	}},
	{"a normal form keeps the value of every number; the reference rounds to three decimals", func(c *vectorCase) bool {
		return c.SchemaType == api.Protobuf && c.Error == nil && fourDecimals.MatchString(c.Input)
	}},
	{"a type both declared and referred to is served as the reference has it; the recording never stored the text", func(c *vectorCase) bool {
		return c.SchemaType == api.Avro && c.Error == nil && slices.ContainsFunc(c.References, func(r api.Reference) bool {
			return strings.Contains(strings.ReplaceAll(c.Input, " ", ""), `"name":"`+r.Name+`"`)
		})
	}},
}

func (c *vectorCase) deviates() bool {
	for _, d := range vectorDeviations {
		if d.holds(c) {
			return true
		}
	}
	return false
}

var fourDecimals = regexp.MustCompile(`\.[0-9]{4}|[0-9][eE]-`)

func TestConformanceOverHTTP(t *testing.T) {
	root := replaytest.Vectors("../..")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no recordings in %s; set VECTORS to the folder that holds them", root)
	}
	client := replaytest.NewClient(served(t, nil, nil))
	defer client.Close()
	y := &tally{area: "over-http"}
	for _, part := range overHTTP {
		t.Run(part.folder+"-"+strings.TrimSuffix(part.file, ".jsonl"), func(t *testing.T) {
			for i, line := range chosenLines(t, filepath.Join(root, part.folder, part.file)) {
				var c vectorCase
				if err := json.Unmarshal(line, &c); err != nil {
					t.Fatal(err)
				}
				if notScored(&c) {
					continue
				}
				run := &vectorRun{t: t, client: client, vectorCase: c, prefix: fmt.Sprintf(":.%s-%s-%d:", part.folder, part.file, i)}
				switch why := part.run(run, line); {
				case why == "":
					y.passed++
					y.total++
				case c.deviates():
					y.deviations++
				default:
					y.total++
					t.Errorf("%s: %s\n%.2000s", c.ID, why, line)
				}
			}
		})
	}
	y.print(t)
}

// chosenLines reads the chosen cases of a file.
func chosenLines(t *testing.T, file string) [][]byte {
	f, err := os.Open(file)
	if err != nil {
		t.Skipf("no recordings: %v; set VECTORS to the folder that holds them", err)
	}
	defer f.Close()
	var list [][]byte
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 64<<20)
	for scan.Scan() {
		var c struct{ ID string }
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if chosen(c.ID) {
			list = append(list, slices.Clone(scan.Bytes()))
		}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// vectorCase is what recorded cases have in common, and what most of them have.
type vectorCase struct {
	ID         string
	SchemaType string
	Registry   []vectorSchema
	Error      *struct{ Phase string }

	Old   []vectorSchema
	New   vectorSchema
	Input string

	References []api.Reference
}

func (c *vectorCase) phase() string {
	if c.Error == nil {
		return ""
	}
	return c.Error.Phase
}

// texts are those of the schemas at hand.
func (c *vectorCase) texts() []string {
	list := []string{c.Input, c.New.text()}
	for _, o := range c.Old {
		list = append(list, o.text())
	}
	return list
}

// vectorSchema is a recorded schema: the members that a request to register it has, of them "schema" alone where it is
// recorded as a string.
type vectorSchema map[string]json.RawMessage

func (s *vectorSchema) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		*s = vectorSchema{"schema": slices.Clone(b)}
		return nil
	}
	return json.Unmarshal(b, (*map[string]json.RawMessage)(s))
}

func (s vectorSchema) string(member string) string {
	var v string
	_ = json.Unmarshal(s[member], &v)
	return v
}

func (s vectorSchema) text() string { return s.string("schema") }

// with returns the schema with a member more; nil as value takes the member away.
func (s vectorSchema) with(member string, value any) vectorSchema {
	s = maps.Clone(s)
	delete(s, member)
	if value != nil {
		s[member], _ = json.Marshal(value)
	}
	return s
}

// request is the schema as a registration posts it, of the given type where it has none of its own.
func (s vectorSchema) request(schemaType string) vectorSchema {
	if s["schemaType"] == nil {
		s = s.with("schemaType", schemaType)
	}
	return s.with("subject", nil).with("version", nil)
}

// vectorRun is a case under way, in a context of its own.
type vectorRun struct {
	vectorCase
	t      *testing.T
	client *replaytest.Client
	prefix string // of the case's subjects: its context
}

// path makes a path of segments, the subjects among them qualified by the caller.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// call sends a request and decodes the answer, if it is one of JSON, into an answer.
func (r *vectorRun) call(method, path string, body any) *vectorAnswer {
	q := &replaytest.Request{Method: method, Path: path}
	if body != nil {
		q.Headers = map[string]string{"Content-Type": "application/vnd.schemaregistry.v1+json"}
		q.Body, _ = json.Marshal(body)
	}
	a, err := r.client.Do(q)
	if err != nil {
		r.t.Fatalf("%s: %s %s: %v", r.ID, method, path, err)
	}
	described(r.t, q, a)
	answer := &vectorAnswer{Status: a.Status, body: a.Body}
	_ = json.Unmarshal(a.Body, answer)
	return answer
}

// vectorAnswer has the members of all the answers that are looked at.
type vectorAnswer struct {
	Status int `json:"-"`
	body   []byte

	Code    int    `json:"error_code"`
	Message string `json:"message"`

	IsCompatible bool     `json:"is_compatible"`
	Messages     []string `json:"messages"`

	api.Schema
}

func (a *vectorAnswer) String() string { return fmt.Sprintf("%d %s", a.Status, a.body) }

// refused tells whether a schema was refused.
func (a *vectorAnswer) refused() bool {
	return a.Status == 422 && a.Code == api.CodeInvalidSchema && a.Message != ""
}

func (r *vectorRun) configure(subject string, settings map[string]any) (why string) {
	if a := r.call("PUT", path("config", r.prefix+subject), settings); a.Status != 200 {
		return fmt.Sprintf("config %v: %v", settings, a)
	}
	return ""
}

func (r *vectorRun) register(subject string, q vectorSchema) *vectorAnswer {
	return r.call("POST", path("subjects", r.prefix+subject, "versions"), q)
}

// unchecked takes schemas as those that were there before are taken.
var unchecked = map[string]any{"compatibility": "NONE", "validateNewSchemas": false}

// store registers a schema as one that was there before.
func (r *vectorRun) store(subject string, q vectorSchema) *vectorAnswer {
	if why := r.configure(subject, unchecked); why != "" {
		r.t.Fatalf("%s: %s", r.ID, why)
	}
	return r.register(subject, q)
}

// imported stores a schema as a version without the stamps and inherited rules that registering gives it.
func (r *vectorRun) imported(subject string, version int, q vectorSchema) *vectorAnswer {
	r.mode(subject, "IMPORT")
	a := r.register(subject, q.with("version", version).with("id", 1000+version))
	r.mode(subject, "READWRITE")
	return a
}

func (r *vectorRun) mode(subject, mode string) {
	if a := r.call("PUT", path("mode", r.prefix+subject)+"?force=true", map[string]string{"mode": mode}); a.Status != 200 {
		r.t.Fatalf("%s: mode %s: %v", r.ID, mode, a)
	}
}

// referred registers what references point to.
func (r *vectorRun) referred() (why string) {
	for _, s := range r.Registry {
		if a := r.store(s.string("subject"), s.request(r.SchemaType)); a.Status != 200 {
			return fmt.Sprintf("registry: %v", a)
		}
	}
	return ""
}

// verdictCase is a line of compat.
type verdictCase struct {
	Level, Policy      string
	ValidateFields     bool
	ValidateNewSchemas *bool
	Normalize          bool
	CompatibilityGroup string
	Compatible         bool
	Messages           []string
}

func (c *verdictCase) settings() map[string]any {
	settings := map[string]any{"compatibility": c.Level, "validateFields": c.ValidateFields, "normalize": c.Normalize,
		"validateNewSchemas": c.ValidateNewSchemas == nil || *c.ValidateNewSchemas}
	if c.Policy != "" {
		settings["compatibilityPolicy"] = c.Policy
	}
	if c.CompatibilityGroup != "" {
		settings["compatibilityGroup"] = c.CompatibilityGroup
	}
	return settings
}

// inherits tells that registering the versions one after the other would make others of them: a version takes over the
// metadata of the one before, and a text that was there already makes none.
func (c *vectorCase) inherits() bool {
	seen := map[string]bool{}
	for _, o := range c.Old {
		text := o.text()
		if o["metadata"] != nil || seen[text] {
			return true
		}
		seen[text] = true
	}
	return c.New["metadata"] != nil
}

// runVerdict asks whether a schema may follow others, and then registers it.
func runVerdict(r *vectorRun, line []byte) (why string) {
	var c verdictCase
	if err := json.Unmarshal(line, &c); err != nil {
		return err.Error()
	}
	if why := r.referred(); why != "" {
		return why
	}
	for i, o := range r.Old {
		q := o.request(r.SchemaType)
		var a *vectorAnswer
		if r.inherits() {
			a = r.imported("s", i+1, q)
		} else {
			a = r.store("s", q)
		}
		if r.phase() == "old" && a.refused() {
			return ""
		}
		if a.Status != 200 {
			return fmt.Sprintf("old schema %d: %v", i+1, a)
		}
	}
	if r.phase() == "old" {
		return "an old schema was accepted that is to be refused"
	}
	if why := r.configure("s", c.settings()); why != "" {
		return why
	}
	q := r.New.request(r.SchemaType)
	check := path("compatibility", "subjects", r.prefix+"s", "versions")
	verdict := r.call("POST", check+"?verbose=true", q)
	if verdict.Status != 200 {
		return verdict.String()
	}
	if r.Error != nil {
		if verdict.IsCompatible || len(verdict.Messages) != 1 {
			return fmt.Sprintf("%v, want the schema to be refused", verdict)
		}
		if a := r.call("POST", check, q); !a.refused() {
			return fmt.Sprintf("%v, want the schema to be refused", a)
		}
		if a := r.register("s", q); !a.refused() {
			return fmt.Sprintf("registered: %v, want the schema to be refused", a)
		}
		return ""
	}
	got, want := inOrder(verdict.Messages), inOrder(c.Messages)
	if verdict.IsCompatible != c.Compatible || !slices.Equal(got, want) {
		return fmt.Sprintf("%v %q\nwant %v %q", verdict.IsCompatible, got, c.Compatible, want)
	}
	if r.inherits() && q["metadata"] == nil {
		q = q.with("metadata", api.Metadata{}) // or that of the version before would be taken over
	}
	known := r.call("POST", path("subjects", r.prefix+"s"), q).Status == 200
	a := r.register("s", q)
	switch {
	case known || c.Compatible:
		if a.Status != 200 {
			return fmt.Sprintf("registered: %v, want 200", a)
		}
	case a.Status != 409 || a.Code != api.CodeIncompatibleSchema || !strings.HasSuffix(a.Message, "details: ["+strings.Join(verdict.Messages, ", ")+"]"):
		return fmt.Sprintf("registered: %v, want 409 with %q", a, verdict.Messages)
	}
	return ""
}

// inOrder sorts the differences, which come in no order, before the lines that do.
func inOrder(messages []string) []string {
	list := slices.Clone(messages)
	end := len(list)
	for end > 0 && (strings.HasPrefix(list[end-1], "{oldSchema") || strings.HasPrefix(list[end-1], "{validateFields")) {
		end--
	}
	slices.Sort(list[:end])
	return list
}

// canonicalCase is a line of canonical but of its look-ups.
type canonicalCase struct {
	ValidateNewSchemas                          *bool
	ValidateFields                              bool
	Canonical, GUID                             string
	CanonicalWithoutNewSchemaValidation         string
	ResolvedReferences                          []api.Reference
	Normalized, NormalizedGUID, NormalizedError string
	NormalizedReferences                        []api.Reference
	FormatResolved, FormatIgnoreExtensions      *string
	FormatSerialized, FormatSerializedError     string
	Metadata                                    *api.Metadata
	RuleSet                                     *api.RuleSet
}

// runCanonical registers a schema and reads it in all the ways there are.
func runCanonical(r *vectorRun, line []byte) (why string) {
	var c canonicalCase
	var members vectorSchema
	if json.Unmarshal(line, &c) != nil || json.Unmarshal(line, &members) != nil {
		return "not understood"
	}
	if why := r.referred(); why != "" {
		return why
	}
	posted := vectorSchema{"schema": members["input"]}
	for _, m := range []string{"references", "metadata", "ruleSet"} {
		if members[m] != nil {
			posted[m] = members[m]
		}
	}
	q := posted.request(r.SchemaType)
	asNew := c.ValidateNewSchemas == nil || *c.ValidateNewSchemas
	settings := map[string]any{"compatibility": "NONE", "validateFields": c.ValidateFields, "validateNewSchemas": asNew}
	for _, subject := range []string{"s", "n", "old"} {
		if why := r.configure(subject, settings); why != "" {
			return why
		}
	}
	a := r.register("s", q)
	if r.Error != nil {
		if !a.refused() {
			return fmt.Sprintf("%v, want the schema to be refused", a)
		}
		return r.runStored(&c, q, asNew)
	}
	if a.Status != 200 {
		return fmt.Sprintf("registered: %v", a)
	}
	if a.GUID != c.GUID {
		return fmt.Sprintf("guid %s, want %s", a.GUID, c.GUID)
	}
	if again := r.register("s", q); again.Status != 200 || again.ID != a.ID || again.Version != 1 {
		return fmt.Sprintf("registered again: %v, want id %d", again, a.ID)
	}
	if found := r.call("POST", path("subjects", r.prefix+"s"), q); found.Status != 200 || found.ID != a.ID || found.Version != 1 || found.GUID != c.GUID {
		return fmt.Sprintf("looked up: %v, want id %d", found, a.ID)
	}
	if why := r.served(&c, a.ID); why != "" {
		return why
	}
	return r.runNormalized(&c, q, a)
}

// runStored registers a schema that was refused as new as one that was there before.
func (r *vectorRun) runStored(c *canonicalCase, q vectorSchema, asNew bool) (why string) {
	if !asNew {
		return ""
	}
	a := r.store("old", q)
	switch {
	case c.CanonicalWithoutNewSchemaValidation == "":
		if !a.refused() {
			return fmt.Sprintf("without the checks of new schemas: %v, want the schema to be refused", a)
		}
	case a.Status != 200:
		return fmt.Sprintf("without the checks of new schemas: %v", a)
	default:
		if got := r.call("GET", path("subjects", r.prefix+"old", "versions", "1"), nil); got.Schema.Schema != c.CanonicalWithoutNewSchemaValidation {
			return fmt.Sprintf("without the checks of new schemas %v, want %s", got, c.CanonicalWithoutNewSchemaValidation)
		}
	}
	return ""
}

// served compares what is served of the schema registered.
func (r *vectorRun) served(c *canonicalCase, id int) (why string) {
	refs := c.ResolvedReferences
	if refs == nil {
		refs = r.References
	}
	whole := path("subjects", r.prefix+"s", "versions", "1")
	byID := path("schemas", "ids", fmt.Sprint(id))
	context := "?subject=" + url.QueryEscape(r.prefix)
	text := func(s *string) string {
		if s == nil {
			return c.Canonical
		}
		return *s
	}
	for _, want := range []struct{ path, schema string }{
		{whole, c.Canonical},
		{path("subjects", r.prefix+"s", "versions", "latest"), c.Canonical},
		{byID + context, c.Canonical},
		{path("schemas", "guids", c.GUID), c.Canonical},
		{whole + "?format=resolved", text(c.FormatResolved)},
		{byID + context + "&format=resolved", text(c.FormatResolved)},
		{whole + "?format=ignore_extensions", text(c.FormatIgnoreExtensions)},
		{byID + context + "&format=ignore_extensions", text(c.FormatIgnoreExtensions)},
		{whole + "?format=serialized", cmp.Or(c.FormatSerialized, c.Canonical)},
		{byID + context + "&format=serialized", cmp.Or(c.FormatSerialized, c.Canonical)},
	} {
		got := r.call("GET", want.path, nil)
		if c.FormatSerializedError != "" && strings.HasSuffix(want.path, "serialized") {
			if got.Status == 200 {
				return fmt.Sprintf("%s: %v, want an error", want.path, got)
			}
			continue
		}
		if got.Status != 200 || got.Schema.Schema != want.schema || got.GUID != c.GUID || !slices.Equal(got.References, refs) {
			return fmt.Sprintf("%s: %v\nwant %s with %v", want.path, got, want.schema, refs)
		}
	}
	if got := r.call("GET", whole+"/schema", nil); got.Status != 200 || string(got.body) != c.Canonical {
		return fmt.Sprintf("text alone: %v\nwant %s", got, c.Canonical)
	}
	return ""
}

// runNormalized registers the schema in its normal form, which has the id of the plain one where it is the same.
func (r *vectorRun) runNormalized(c *canonicalCase, q vectorSchema, plain *vectorAnswer) (why string) {
	versions := path("subjects", r.prefix+"n", "versions")
	a := r.call("POST", versions+"?normalize=true", q)
	if c.NormalizedError != "" {
		if !a.refused() {
			return fmt.Sprintf("normalized: %v, want %s", a, c.NormalizedError)
		}
		return ""
	}
	if a.Status != 200 || a.GUID != c.NormalizedGUID || (a.GUID == plain.GUID) != (a.ID == plain.ID) {
		return fmt.Sprintf("normalized: %v, want guid %s beside the id %d of %s", a, c.NormalizedGUID, plain.ID, plain.GUID)
	}
	refs := c.NormalizedReferences
	if refs == nil {
		refs = c.ResolvedReferences
	}
	if refs == nil {
		refs = r.References
	}
	if got := r.call("GET", versions+"/1", nil); got.Schema.Schema != c.Normalized || !slices.Equal(got.References, refs) {
		return fmt.Sprintf("normalized: %v\nwant %s with %v", got, c.Normalized, refs)
	}
	if found := r.call("POST", path("subjects", r.prefix+"n")+"?normalize=true", q); found.Status != 200 || found.ID != a.ID {
		return fmt.Sprintf("looked up normalized: %v, want id %d", found, a.ID)
	}
	return ""
}

// lookupCase is a line of lookup.
type lookupCase struct {
	Normalize      bool
	Stored, Posted vectorSchema
	Lookup         bool
}

// runLookup looks a schema up where another one is registered.
func runLookup(r *vectorRun, line []byte) (why string) {
	var c lookupCase
	if err := json.Unmarshal(line, &c); err != nil {
		return err.Error()
	}
	if why := r.referred(); why != "" {
		return why
	}
	if a := r.imported("s", 1, c.Stored.request(r.SchemaType)); a.Status != 200 {
		return fmt.Sprintf("stored: %v", a)
	}
	// Where nothing can be written, registering is looking up, without what the look-up call adds of its own.
	r.mode("s", "READONLY")
	posted := c.Posted.request(r.SchemaType)
	query := fmt.Sprintf("?normalize=%t", c.Normalize)
	a := r.call("POST", path("subjects", r.prefix+"s", "versions")+query, posted)
	if found := a.Status == 200; found != c.Lookup {
		return fmt.Sprintf("%v, want found to be %t", a, c.Lookup)
	}
	// The look-up call finds all that, and no other version.
	found := r.call("POST", path("subjects", r.prefix+"s")+query, posted)
	if c.Lookup && (found.Status != 200 || found.Version != 1 || found.ID != a.ID) {
		return fmt.Sprintf("looked up: %v, want id %d", found, a.ID)
	}
	return ""
}
