package jsonschema

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema/javaregexp"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Error says what is wrong with a schema, and where.
type Error struct {
	Path    []string // the steps from the root
	Message string
}

func (e *Error) Error() string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	b.WriteByte('#')
	for _, step := range e.Path {
		b.WriteByte('/')
		escape.WriteString(&b, step)
	}
	b.WriteString(": ")
	b.WriteString(e.Message)
	return b.String()
}

func refuse(format string, args ...any) error { return &Error{Message: fmt.Sprintf(format, args...)} }

// under places an error of a child at the steps that lead to the child.
func under(err error, steps ...string) error {
	if e, ok := err.(*Error); ok {
		e.Path = append(steps, e.Path...)
	}
	return err
}

// of places an error of a keyword's own value; those of schemas below it have
// their place already.
func of(err error, keyword string) error {
	if e, ok := err.(*Error); ok && len(e.Path) == 0 {
		e.Path = []string{keyword}
	}
	return err
}

// builder makes the node of one schema object.
type builder struct {
	*loader
	scope scope
	from  *jsontree.Value

	id, title, description *string
	fallback               *jsontree.Value

	types       []string // of the keyword type
	typed       bool
	typeArray   bool
	parts       []*Node // what the schema says, except for the rules below
	conditional bool

	stringRules *StringRules
	numberRules *NumberRules
	objectRules *ObjectRules
	arrayRules  *ArrayRules
}

func (b *builder) string() *StringRules {
	if b.stringRules == nil {
		b.stringRules = new(StringRules)
	}
	return b.stringRules
}

func (b *builder) number() *NumberRules {
	if b.numberRules == nil {
		b.numberRules = new(NumberRules)
	}
	return b.numberRules
}

func (b *builder) object() *ObjectRules {
	if b.objectRules == nil {
		b.objectRules = new(ObjectRules)
	}
	return b.objectRules
}

func (b *builder) array() *ArrayRules {
	if b.arrayRules == nil {
		b.arrayRules = new(ArrayRules)
	}
	return b.arrayRules
}

// build makes the node of a schema; references in it are left to be resolved.
func (l *loader) build(v *jsontree.Value, sc scope) (*Node, error) {
	if n, ok := l.targets[v]; ok {
		return n, nil
	}
	n, err := l.anew(v, sc)
	if err == nil && l.targets != nil {
		l.targets[v] = n
	}
	return n, err
}

func (l *loader) anew(v *jsontree.Value, sc scope) (*Node, error) {
	switch {
	case v.Kind == jsontree.Bool && sc.dialect.booleans:
		if v.Bool {
			return &Node{Kind: True}, nil
		}
		return &Node{Kind: False}, nil
	case v.Kind != jsontree.Object && sc.dialect.booleans:
		return nil, refuse("expected a boolean or an object, found %s", found(v))
	case v.Kind != jsontree.Object:
		return nil, refuse("expected an object, found %s", found(v))
	}
	sc, err := sc.enter(v)
	if err != nil {
		return nil, err
	}
	b := builder{loader: l, scope: sc, from: v}
	if !sc.dialect.modern {
		if ref := v.Get("$ref"); ref != nil {
			return b.onlyReference(ref)
		}
	}
	if t := v.Get("type"); t != nil {
		if err := b.readTypes(t); err != nil {
			return nil, err
		}
	}
	var extra []jsontree.Member
	for i := range v.Members {
		m := &v.Members[i]
		r, known := sc.dialect.rules[m.Name]
		if !known {
			extra = append(extra, *m)
			continue
		}
		if r == nil {
			continue
		}
		if err := r(&b, &m.Value); err != nil {
			return nil, of(err, m.Name)
		}
	}
	n := b.finish()
	b.annotate(n, extra)
	return n, nil
}

// annotations are the keywords read beside a $ref that hides all others.
var annotations = []string{"id", "$id", "title", "description", "default", "readOnly", "writeOnly"}

// onlyReference reads a schema of the drafts up to 7 with a $ref.
func (b *builder) onlyReference(ref *jsontree.Value) (*Node, error) {
	if err := referenceRule(b, ref); err != nil {
		return nil, err
	}
	for _, name := range annotations {
		if r, v := b.scope.dialect.rules[name], b.from.Get(name); r != nil && v != nil {
			if err := r(b, v); err != nil {
				return nil, of(err, name)
			}
		}
	}
	var extra []jsontree.Member
	for _, m := range b.from.Members {
		if m.Name != "$ref" {
			extra = append(extra, m)
		}
	}
	b.annotate(b.parts[0], extra)
	return b.parts[0], nil
}

func (b *builder) annotate(n *Node, extra []jsontree.Member) {
	n.ID, n.Title, n.Description, n.Default, n.Extra = b.id, b.title, b.description, b.fallback, extra
	switch {
	case len(extra) == 0:
	case b.scope.dialect.modern && n.Kind == Object:
		// The reference keeps this keyword among the members without meaning,
		// where such members replace it.
		n.Object.Unevaluated = nil
	case b.scope.dialect.modern && n.Kind == Array:
		n.Array.Unevaluated, n.Array.MinContains, n.Array.MaxContains = nil, Limit{}, Limit{}
	case n.Kind == Array:
		// In the drafts up to 7 it finds these two there, if they are numbers.
		for _, m := range extra {
			switch m.Name {
			case "minContains":
				_ = number(&m.Value, &n.Array.MinContains)
			case "maxContains":
				_ = number(&m.Value, &n.Array.MaxContains)
			}
		}
	}
}

var typeKinds = map[string]Kind{
	"string": String, "number": Number, "integer": Number, "boolean": Boolean, "null": Null, "object": Object, "array": Array,
}

func (b *builder) readTypes(v *jsontree.Value) error {
	b.typed = true
	switch v.Kind {
	case jsontree.String:
		b.types = []string{v.Text}
	case jsontree.Array:
		b.typeArray = true
		seen := make(map[string]bool, len(v.Items))
		for i := range v.Items {
			name, err := text(&v.Items[i])
			if err != nil {
				return under(err, "type", strconv.Itoa(i))
			}
			if !seen[*name] {
				seen[*name] = true
				b.types = append(b.types, *name)
			}
		}
	default:
		return under(refuse("expected an array or a string, found %s", found(v)), "type")
	}
	for _, name := range b.types {
		if _, known := typeKinds[name]; !known {
			return under(refuse("unknown type: [%s]", name), "type")
		}
	}
	return nil
}

// finish joins the parts: the types take the rules of their kind, rules
// without a type make a part of their own, several parts are all required.
func (b *builder) finish() *Node {
	var parts []*Node
	var taken [Reference + 1]bool
	if b.typed {
		typed := make([]*Node, len(b.types))
		for i, name := range b.types {
			kind := typeKinds[name]
			taken[kind] = true
			typed[i] = b.ofKind(kind, name == "integer")
		}
		if b.typeArray {
			parts = append(parts, &Node{Kind: Combined, Criterion: Any, Members: typed, Listed: len(typed)})
		} else {
			parts = append(parts, typed[0])
		}
	}
	parts = append(parts, b.parts...)
	for _, k := range [...]struct {
		kind Kind
		has  bool
	}{{Array, b.arrayRules != nil}, {Object, b.objectRules != nil}, {Number, b.numberRules != nil}, {String, b.stringRules != nil}} {
		if k.has && !taken[k.kind] {
			parts = append(parts, b.ofKind(k.kind, false))
		}
	}
	switch len(parts) {
	case 0:
		return &Node{Kind: Empty}
	case 1:
		return parts[0]
	}
	return &Node{Kind: Combined, Criterion: All, Members: parts, Listed: len(parts)}
}

// ofKind makes a node of a kind with the rules of that kind.
func (b *builder) ofKind(kind Kind, integer bool) *Node {
	n := &Node{Kind: kind}
	switch kind {
	case String:
		n.String = b.string()
	case Number:
		n.Number = b.number()
		if integer {
			rules := *n.Number
			rules.Integer = true
			n.Number = &rules
		}
	case Object:
		n.Object = b.object()
	case Array:
		n.Array = b.array()
	}
	return n
}

// child builds a schema below the one at hand.
func (b *builder) child(step string, v *jsontree.Value) (*Node, error) {
	n, err := b.build(v, b.scope)
	if err != nil {
		return nil, under(err, step)
	}
	return n, nil
}

// check builds a schema that has to be right and does not count.
func (b *builder) check(step string, v *jsontree.Value) error {
	_, err := b.child(step, v)
	return err
}

func (b *builder) children(step string, v *jsontree.Value) ([]*Node, error) {
	if v.Kind != jsontree.Array {
		return nil, refuse("expected an array, found %s", found(v))
	}
	nodes := make([]*Node, len(v.Items))
	for i := range v.Items {
		n, err := b.build(&v.Items[i], b.scope)
		if err != nil {
			return nil, under(err, step, strconv.Itoa(i))
		}
		nodes[i] = n
	}
	return nodes, nil
}

func (b *builder) named(step string, v *jsontree.Value) ([]Property, error) {
	if v.Kind != jsontree.Object {
		return nil, refuse("expected an object, found %s", found(v))
	}
	all := make([]Property, len(v.Members))
	for i := range v.Members {
		n, err := b.build(&v.Members[i].Value, b.scope)
		if err != nil {
			return nil, under(err, step, v.Members[i].Name)
		}
		all[i] = Property{v.Members[i].Name, n}
	}
	return all, nil
}

// found names what a value is, for messages.
func found(v *jsontree.Value) string {
	if v.Kind == jsontree.Number && strings.ContainsAny(v.Text, ".E") {
		return "a fraction"
	}
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[v.Kind]
}

func text(v *jsontree.Value) (*string, error) {
	if v.Kind != jsontree.String {
		return nil, refuse("expected a string, found %s", found(v))
	}
	return &v.Text, nil
}

func textOrNil(v *jsontree.Value) *string {
	if v.Kind != jsontree.String {
		return nil
	}
	return &v.Text
}

func boolean(v *jsontree.Value) (bool, error) {
	if v.Kind != jsontree.Bool {
		return false, refuse("expected a boolean, found %s", found(v))
	}
	return v.Bool, nil
}

func number(v *jsontree.Value, to *Limit) error {
	if v.Kind != jsontree.Number {
		return refuse("expected a number, found %s", found(v))
	}
	to.Set = true
	to.Value, _ = strconv.ParseFloat(v.Text, 64) // beyond the range: infinite, as in Java
	return nil
}

// integer reads a count: an integer of 32 bits that is written as one.
func integer(v *jsontree.Value, to *Limit) error {
	n, err := strconv.ParseInt(v.Text, 10, 32)
	if v.Kind != jsontree.Number || err != nil {
		return refuse("expected an integer, found %s", found(v))
	}
	*to = Limit{true, float64(n)}
	return nil
}

func idRule(b *builder, v *jsontree.Value) (err error) {
	b.id, err = text(v)
	return err
}

func referenceRule(b *builder, v *jsontree.Value) error {
	ref, err := text(v)
	if err != nil {
		return of(err, "$ref")
	}
	n := &Node{Kind: Reference, Copied: b.scope.dialect.modern}
	b.parts = append(b.parts, n)
	b.pending = append(b.pending, pending{n, *ref, b.scope})
	return nil
}

func enumRule(b *builder, v *jsontree.Value) error {
	if v.Kind != jsontree.Array {
		return refuse("expected an array, found %s", found(v))
	}
	n := &Node{Kind: Enum}
	seen := make(map[string]bool, len(v.Items))
	for i := range v.Items {
		if key := valueKey(&v.Items[i]); !seen[key] {
			seen[key] = true
			n.Values = append(n.Values, key)
		}
	}
	b.parts = append(b.parts, n)
	return nil
}

func constRule(b *builder, v *jsontree.Value) error {
	b.parts = append(b.parts, &Node{Kind: Const, Values: []string{valueKey(v)}})
	return nil
}

func combinedRule(c Criterion) rule {
	return func(b *builder, v *jsontree.Value) error {
		members, err := b.children(c.Keyword(), v)
		if err != nil {
			return err
		}
		b.parts = append(b.parts, &Node{Kind: Combined, Criterion: c, Members: b.distinct(members, v.Items), Listed: len(v.Items)})
		return nil
	}
}

func notRule(b *builder, v *jsontree.Value) error {
	inner, err := b.child("not", v)
	b.parts = append(b.parts, &Node{Kind: Not, Inner: inner})
	return err
}

// conditionalRule reads if, then and else together, at the first of them.
func conditionalRule(b *builder, _ *jsontree.Value) (err error) {
	if b.conditional {
		return nil
	}
	b.conditional = true
	n := &Node{Kind: Conditional}
	for _, branch := range []struct {
		step string
		to   **Node
	}{{"if", &n.If}, {"then", &n.Then}, {"else", &n.Else}} {
		if v := b.from.Get(branch.step); v != nil {
			if *branch.to, err = b.child(branch.step, v); err != nil {
				return err
			}
		}
	}
	b.parts = append(b.parts, n)
	return nil
}

func patternRule(b *builder, v *jsontree.Value) error {
	pattern, err := text(v)
	if err == nil {
		b.string().Pattern = pattern
		_, err = javaregexp.Compile(*pattern)
		if err != nil {
			err = refuse("%v", err)
		}
	}
	return err
}

func multipleOfRule(zero bool) rule {
	return func(b *builder, v *jsontree.Value) error {
		var l Limit
		if err := number(v, &l); err != nil {
			return err
		}
		if l.Value == 0 && !zero {
			return refuse("multipleOf should not be 0")
		}
		b.number().MultipleOf = v.Text
		return nil
	}
}

func propertiesRule(b *builder, v *jsontree.Value) error {
	properties, err := b.named("properties", v)
	if err != nil {
		return err
	}
	o := b.object()
	o.Properties = properties
	o.index = make(map[string]int, len(properties))
	for i := range properties {
		o.index[properties[i].Name] = i
	}
	return nil
}

func patternPropertiesRule(b *builder, v *jsontree.Value) error {
	properties, err := b.named("patternProperties", v)
	if err != nil {
		return err
	}
	o := b.object()
	for _, p := range properties {
		pattern, err := javaregexp.Compile(p.Name)
		if err != nil {
			return under(refuse("%v", err), "patternProperties", p.Name)
		}
		o.Patterns = append(o.Patterns, PatternProperty{pattern, p.Node})
	}
	return nil
}

func additionalPropertiesRule(b *builder, v *jsontree.Value) (err error) {
	o := b.object()
	if v.Kind == jsontree.Bool {
		o.NoAdditional = !v.Bool
		return nil
	}
	o.Additional, err = b.child("additionalProperties", v)
	return err
}

func requiredRule(b *builder, v *jsontree.Value) (err error) {
	b.object().Required, err = names(v)
	return under(err, "required")
}

// names reads an array of strings as a set.
func names(v *jsontree.Value) (map[string]bool, error) {
	if v.Kind != jsontree.Array {
		return nil, refuse("expected an array, found %s", found(v))
	}
	set := make(map[string]bool, len(v.Items))
	for i := range v.Items {
		name, err := text(&v.Items[i])
		if err != nil {
			return nil, under(err, strconv.Itoa(i))
		}
		set[*name] = true
	}
	return set, nil
}

func dependenciesRule(b *builder, v *jsontree.Value) error {
	if v.Kind != jsontree.Object {
		return refuse("expected an object, found %s", found(v))
	}
	o := b.object()
	for i := range v.Members {
		m := &v.Members[i]
		if m.Value.Kind == jsontree.Array {
			set, err := names(&m.Value)
			if err != nil {
				return under(err, "dependencies", m.Name)
			}
			o.DependentRequired = append(o.DependentRequired, Dependents{m.Name, set})
			continue
		}
		n, err := b.build(&m.Value, b.scope)
		if err != nil {
			return under(err, "dependencies", m.Name)
		}
		o.DependentSchemas = append(o.DependentSchemas, Property{m.Name, n})
	}
	return nil
}

func dependentRequiredRule(b *builder, v *jsontree.Value) error {
	if v.Kind != jsontree.Object {
		return refuse("expected an object, found %s", found(v))
	}
	o := b.object()
	for i := range v.Members {
		set, err := names(&v.Members[i].Value)
		if err != nil {
			return under(err, "dependentRequired", v.Members[i].Name)
		}
		o.DependentRequired = append(o.DependentRequired, Dependents{v.Members[i].Name, set})
	}
	return nil
}

func dependentSchemasRule(b *builder, v *jsontree.Value) (err error) {
	b.object().DependentSchemas, err = b.named("dependentSchemas", v)
	return err
}

func classicItemsRule(b *builder, v *jsontree.Value) (err error) {
	a := b.array()
	if v.Kind == jsontree.Array {
		a.Tuple, err = b.children("items", v)
		return err
	}
	a.NoAdditional = false // one schema for all items leaves none to refuse
	a.Items, err = b.child("items", v)
	return err
}

func additionalItemsRule(b *builder, v *jsontree.Value) (err error) {
	a := b.array()
	if v.Kind == jsontree.Bool {
		a.NoAdditional = !v.Bool && a.Items == nil
		return nil
	}
	a.Additional, err = b.child("additionalItems", v)
	return err
}

func prefixItemsRule(b *builder, v *jsontree.Value) (err error) {
	a := b.array()
	if a.Tuple, err = b.children("prefixItems", v); err == nil {
		a.Additional, a.Items = a.Items, nil
	}
	return err
}

// laterItemsRule reads items: true counts as absent, false allows no items
// beyond the tuple, and behind prefixItems a schema is that of the others.
func laterItemsRule(b *builder, v *jsontree.Value) (err error) {
	a := b.array()
	if v.Kind == jsontree.Bool {
		a.NoAdditional = !v.Bool
		return nil
	}
	n, err := b.child("items", v)
	if a.Tuple != nil {
		a.Additional = n
	} else {
		a.Items = n
	}
	return err
}

// containsRule reads contains with its bounds; without minContains it asks for one item.
func containsRule(b *builder, v *jsontree.Value) error {
	a := b.array()
	a.MinContains = Limit{true, 1}
	for _, bound := range []struct {
		name string
		to   *Limit
	}{{"minContains", &a.MinContains}, {"maxContains", &a.MaxContains}} {
		if v := b.from.Get(bound.name); v != nil {
			if err := number(v, bound.to); err != nil {
				return under(err, bound.name)
			}
		}
	}
	return b.check("contains", v)
}
