package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// content is what a schema says, as submitted or as stored: everything that
// the GUID is made of, and the type.
type content struct {
	Type       string
	Text       string
	References []api.Reference
	Metadata   *api.Metadata
	RuleSet    *api.RuleSet
}

func contentOf(q *api.RegisterRequest) content {
	return content{q.SchemaType, q.Schema, q.References, q.Metadata, q.RuleSet}
}

func (st *stored) content() content {
	return content{st.SchemaType, st.Schema, st.References, st.Metadata, st.RuleSet}
}

func (c *content) guid() schema.GUID {
	return schema.Identify(c.Text, c.References, c.Metadata, c.RuleSet)
}

func (c *content) blank() bool { return strings.TrimSpace(c.Text) == "" }

// parsedKey identifies a parsed text together with the texts it depends on.
type parsedKey struct {
	sum [sha256.Size]byte
	new bool
}

// parsedResult keeps refusals as well: a client that repeats a bad schema costs little.
type parsedResult struct {
	schema schema.Schema
	err    error
}

// parse reads a content in its subject's context, with what it refers to, as a new schema or as one already
// stored. It returns the references with versions -1 replaced by those found.
func (r *Registry) parse(s state, subject string, c *content, asNew bool) (schema.Schema, []api.Reference, parsedKey, error) {
	lang, ok := languages.ByType[c.Type]
	if !ok {
		return nil, nil, parsedKey{}, api.InvalidSchema("Invalid schema type %s", c.Type)
	}
	refs, deps, err := r.dependencies(s, ParseSubject(subject).Context, c.References, asNew)
	k := parsedKey{new: asNew}
	if err == nil {
		k.sum = sumOf(c.Type, c.Text, deps)
		res, ok := r.parsed.get(k)
		if !ok {
			res = r.parseAnew(lang, schema.Source{Text: c.Text, Dependencies: deps, New: asNew}, k)
		}
		if res.err == nil {
			return res.schema, refs, k, nil
		}
		err = res.err
	}
	if c.Type == api.Avro {
		return nil, nil, k, api.InvalidSchema("Invalid schema of type AVRO, details: Invalid schema %s with refs %s of type AVRO, details: %v",
			describe(subject, "null", "null", c), describeReferences(c.References), cause(err))
	}
	return nil, nil, k, api.InvalidSchema("Invalid schema of type %s, details: Invalid schema of type %s, details: %v", c.Type, c.Type, err)
}

// parseAnew parses a source and keeps the result. What passes the stricter
// reading of new schemas reads the same without it; so that one is tried first, and serves both.
func (r *Registry) parseAnew(lang languages.Language, src schema.Source, k parsedKey) (res parsedResult) {
	keep := func(k parsedKey, res parsedResult) {
		size := 2 * len(src.Text)
		if res.err == nil {
			size = res.schema.Size()
		}
		r.parsed.put(k, res, size)
	}
	lenient := !src.New
	src.New = true
	if res.schema, res.err = lang.Parse(src); res.err == nil {
		// One schema under two keys: each answers for half of it.
		r.parsed.put(parsedKey{k.sum, true}, res, res.schema.Size()/2)
		r.parsed.put(parsedKey{k.sum, false}, res, res.schema.Size()/2)
		return res
	}
	res.schema = nil
	if lenient {
		src.New = false
		if res.schema, res.err = lang.Parse(src); res.err != nil {
			res.schema = nil
		}
	}
	keep(k, res)
	return res
}

// cause gives the text of a refusal. Syntax errors of JSON are told the way the reference's
// parser tells them.
func cause(err error) string {
	var syntax *jsontree.Error
	if errors.As(err, &syntax) {
		return fmt.Sprintf("com.fasterxml.jackson.core.JsonParseException: %s\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: %d, column: %d]",
			syntax.Message, syntax.Line, syntax.Column)
	}
	return err.Error()
}

func sumOf(schemaType, text string, deps []schema.Dependency) (sum [sha256.Size]byte) {
	h := sha256.New()
	part := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		io.WriteString(h, s)
	}
	part(schemaType)
	part(text)
	for i := range deps {
		d := &deps[i]
		part(d.Name)
		part(d.Subject)
		part(fmt.Sprint(d.Version))
		part(d.Type)
		part(d.Text)
	}
	h.Sum(sum[:0])
	return sum
}

// reparse parses a stored version. Text that was let in unread, in IMPORT mode,
// may fail.
func (r *Registry) reparse(s state, st *stored) (schema.Schema, parsedKey, error) {
	c := st.content()
	if c.Text == "" {
		return nil, parsedKey{}, api.InvalidSchema("Empty schema")
	}
	parsed, _, k, err := r.parse(s, st.Subject, &c, false)
	return parsed, k, err
}

// dependencies collects what references lead to, dependencies before dependents
// and each name once, and the references with the versions found. asNew looks at
// live versions only.
func (r *Registry) dependencies(s state, context string, refs []api.Reference, asNew bool) ([]api.Reference, []schema.Dependency, error) {
	if len(refs) == 0 {
		return nil, nil, nil
	}
	w := &referenceWalk{r: r, s: s, asNew: asNew, seen: map[string]int{}}
	resolved, err := w.walk(context, refs, 0)
	return resolved, w.found, err
}

type referenceWalk struct {
	r     *Registry
	s     state
	asNew bool
	seen  map[string]int // version by name
	found []schema.Dependency
}

// Bounds on what one schema may pull in.
const (
	maxReferences     = 10_000
	maxReferenceDepth = 500
)

func (w *referenceWalk) walk(context string, refs []api.Reference, depth int) ([]api.Reference, error) {
	if depth > maxReferenceDepth {
		return nil, fmt.Errorf("references are nested more than %d deep", maxReferenceDepth)
	}
	resolved := slices.Clone(refs)
	for i := range resolved {
		ref := &resolved[i]
		if ref.Incomplete() {
			return nil, fmt.Errorf("Invalid reference: %s", describeReference(*ref))
		}
		subject := NormalizeSubject(qualifyReference(ref.Subject, context))
		if before, ok := w.seen[ref.Name]; ok {
			if ref.Version == latest {
				if e, ok := w.s.latest(subject); ok {
					ref.Version = e.Version
				}
			}
			if w.r.settings.StrictReferenceVersions && before != ref.Version {
				return nil, fmt.Errorf("Conflicting reference versions for %q: version %d and version %d", ref.Name, before, ref.Version)
			}
			continue
		}
		var e entry
		ok := ref.Version > 0 || ref.Version == latest
		if ok {
			e, ok = w.s.find(subject, ref.Version, !w.asNew)
		}
		if !ok {
			return nil, fmt.Errorf("No schema reference found for subject \"%s\" and version %d", qualifyReference(ref.Subject, context), ref.Version)
		}
		ref.Version = e.Version
		w.seen[ref.Name] = e.Version
		st, err := w.s.load(subject, e)
		if err != nil {
			return nil, err
		}
		if _, err := w.walk(ParseSubject(subject).Context, st.References, depth+1); err != nil {
			return nil, err
		}
		if w.found = append(w.found, schema.Dependency{Name: ref.Name, Subject: subject, Version: e.Version, Type: st.SchemaType, Text: st.Schema}); len(w.found) > maxReferences {
			return nil, fmt.Errorf("more than %d schemas are referred to", maxReferences)
		}
	}
	return resolved, nil
}

// canonical is a content in the form it is stored in, with its parsed form.
// For an imported schema without text parsed is nil.
type canonical struct {
	content
	parsed schema.Schema
	key    parsedKey
	guid   schema.GUID
}

// purpose says how far a submitted schema is examined.
type purpose struct {
	asNew     bool // about to be registered: the stricter reading
	validate  bool // run the language's checks; off for imports
	fields    bool // include the field name conventions
	normalize bool
}

// canonicalize turns a submitted content into the one to store or look up.
// version and id are those an error prints.
func (r *Registry) canonicalize(s state, subject string, c content, p purpose) (*canonical, error) {
	if c.blank() {
		if p.validate {
			return nil, api.InvalidSchema("Empty schema")
		}
		c.Text = ""
		return &canonical{content: c, guid: c.guid()}, nil
	}
	parsed, refs, k, err := r.parse(s, subject, &c, p.asNew)
	if err != nil {
		return nil, err
	}
	c.References = refs
	if p.validate {
		err := parsed.Validate(p.fields)
		if err == nil && p.normalize {
			var normal schema.Schema
			if normal, err = parsed.Normalized(); err == nil {
				parsed = normal
				c.References = normalReferences(refs)
				k = parsedKey{sum: sumOf(c.Type+" normalized", parsed.Canonical(), nil), new: p.asNew}
			}
		}
		if err != nil {
			return nil, api.InvalidSchema("Invalid schema %s, details: %v", describe(subject, "0", "-1", &c), err)
		}
	}
	c.Text = parsed.Canonical()
	return &canonical{c, parsed, k, c.guid()}, nil
}

// normalReferences sorts references by subject and version and drops repeated ones.
func normalReferences(refs []api.Reference) []api.Reference {
	sorted := slices.Clone(refs)
	slices.SortStableFunc(sorted, func(a, b api.Reference) int {
		if c := schema.CompareUTF16(a.Subject, b.Subject); c != 0 {
			return c
		}
		return a.Version - b.Version
	})
	var list []api.Reference
	for _, ref := range sorted {
		if !slices.Contains(list, ref) {
			list = append(list, ref)
		}
	}
	return list
}

// diffKey identifies a comparison; the verdict on it never changes.
type diffKey struct {
	reader, writer parsedKey
	policy         compat.Policy
}

// compatVersion is a version as the checks see it, with the key its comparisons are remembered by.
func (r *Registry) compatVersion(s state, st *stored) (compat.Version, parsedKey) {
	parsed, k, err := r.reparse(s, st)
	v := compat.Version{Number: st.Version, Metadata: st.Metadata, Schema: parsed, Broken: err}
	return v, k
}

// differenceSize is what a difference takes beside its texts, roughly.
const differenceSize = 64

// verdict tells whether a schema may follow the versions given.
func (r *Registry) verdict(s state, next *canonical, history []*stored, cfg *effectiveConfig) *compat.Result {
	check := compat.Check{
		New:    compat.Version{Schema: next.parsed, Metadata: next.Metadata},
		Level:  cfg.level,
		Policy: cfg.policy,
		Group:  cfg.group,
		Fields: cfg.validateFields,
	}
	keys := map[schema.Schema]parsedKey{next.parsed: next.key}
	if check.Level != compat.None || check.Fields {
		for _, st := range history {
			v, k := r.compatVersion(s, st)
			check.History = append(check.History, v)
			if v.Schema != nil {
				keys[v.Schema] = k
			}
		}
	}
	differ := languages.ByType[next.Type].Differ
	check.Diff = func(reader, writer compat.Version, policy compat.Policy) []compat.Difference {
		k := diffKey{keys[reader.Schema], keys[writer.Schema], policy}
		if d, ok := r.diffs.get(k); ok {
			return d
		}
		d := differ.Diff(reader.Schema, writer.Schema, policy)
		size := 0
		for i := range d {
			size += differenceSize + len(d[i].Path) + len(d[i].Reader) + len(d[i].Writer)
		}
		r.diffs.put(k, d, size)
		return d
	}
	return check.Run()
}

// describe prints a schema the way the reference's errors do.
func describe(subject, version, id string, c *content) string {
	text := "null"
	if c.Text != "" {
		text = c.Text
	}
	return fmt.Sprintf("{subject=%s,version=%s,id=%s,guid=%s,schemaType=%s,references=%s,metadata=%s,ruleSet=%s,schema=%s,schemaTags=null,ts=null,deleted=null}",
		subject, version, id, c.guid(), c.Type, describeReferences(c.References), describeMetadata(c.Metadata), describeRuleSet(c.RuleSet), text)
}

func describeReference(ref api.Reference) string {
	return fmt.Sprintf("{name='%s', subject='%s', version=%d}", ref.Name, ref.Subject, ref.Version)
}

func describeReferences(refs []api.Reference) string {
	parts := make([]string, len(refs))
	for i, ref := range refs {
		parts[i] = describeReference(ref)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func describeMetadata(m *api.Metadata) string {
	if m == nil {
		return "null"
	}
	return fmt.Sprintf("Metadata{tags=%s, properties=%s, sensitive=[%s]}", describeMap(m.Tags), describeMap(m.Properties), strings.Join(m.Sensitive, ", "))
}

func describeMap[V any](m map[string]V) string {
	parts := make([]string, 0, len(m))
	for k, v := range m {
		if list, ok := any(v).([]string); ok {
			parts = append(parts, k+"=["+strings.Join(list, ", ")+"]")
		} else {
			parts = append(parts, fmt.Sprintf("%s=%v", k, v))
		}
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ", ") + "}"
}

func describeRuleSet(rs *api.RuleSet) string {
	if rs == nil {
		return "null"
	}
	return fmt.Sprintf("Rules{migrationRules=%s, domainRules=%s, encodingRules=%s, enableAt=%s}",
		describeRules(rs.MigrationRules), describeRules(rs.DomainRules), describeRules(rs.EncodingRules), orNull(rs.EnableAt))
}

func describeRules(rules []api.Rule) string {
	parts := make([]string, len(rules))
	for i, r := range rules {
		parts[i] = fmt.Sprintf("Rule{name=%s, doc=%s, kind=%s, mode=%s, type='%s', tags='[%s]', params='%s', expr='%s', onSuccess='%s', onFailure='%s', disabled='%t'}",
			r.Name, orNull(r.Doc), r.Kind, r.Mode, r.Type, strings.Join(r.Tags, ", "), describeMap(r.Params), orNull(r.Expr), orNull(r.OnSuccess), orNull(r.OnFailure), r.Disabled)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// asInvalid gives the error of the registry that a language's error is answered with.
func asInvalid(err error) error {
	var e *api.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return api.InvalidSchema("%v", err)
}
