package cel

import (
	"errors"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
	avroschema "github.com/seed-9f7c7091/concordat/schema/avro"
	jsonschema "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// described is a format that tells its schema. Formats of no known schema are
// taken for ones whose records have fields of any name and type.
type described interface{ Schema() schema.Schema }

// message is a Protobuf format that tells its message.
type message interface {
	Descriptor() protoreflect.MessageDescriptor
}

// vocabulary is what the schema of a target gives to expressions: the types of
// messages with their fields, and how Go values are seen.
type vocabulary struct {
	types.Provider
	types.Adapter
	// typeOf is the type of the message: of the whole one, or of the record of the full name given.
	typeOf func(container string) *cel.Type
	missed []missed // fields asked for that are not there
}

type missed struct{ typeName, field string }

// FindStructFieldType finds the type of a field, and remembers fields that are not there.
func (v *vocabulary) FindStructFieldType(typeName, field string) (*types.FieldType, bool) {
	t, ok := v.Provider.FindStructFieldType(typeName, field)
	if !ok {
		v.missed = append(v.missed, missed{typeName, field})
	}
	return t, ok
}

func (v *vocabulary) fields(typeName string) []string {
	names, _ := v.FindStructFieldNames(typeName)
	return names
}

// vocabularies are those for the rules of one target.
type vocabularies struct {
	base   *cel.Env
	search *searcher
	typed  func() (*vocabulary, error) // makes one in the terms of the schema; nil if there is no schema
	plain  types.Adapter               // for messages of no known type
	strict bool                        // what does not fit the schema cannot run
	loose  bool                        // messages need not be what the schema says: it is only for Check
	result *result
}

func newVocabularies(rule *api.Rule, target *rules.Target) (*vocabularies, error) {
	d := standard
	switch engine, _ := target.Param(rule, paramRegex); strings.ToLower(engine) {
	case "", "re2":
	case "pcre":
		d = pcre
	default:
		return nil, &rules.CompileError{Message: paramRegex + " is neither pcre nor re2: " + engine}
	}
	base, err := d.base()
	if err != nil {
		return nil, err
	}
	v := &vocabularies{base: base, search: d.search, plain: jsonValues, result: &result{kind: genericResult}}
	if target.Format == nil || target.JSON {
		return v, nil
	}
	var s schema.Schema
	if d, ok := target.Format.(described); ok {
		s = d.Schema()
	}
	switch target.Format.Type() {
	case api.Avro:
		v.plain = avroValues
		if s, ok := s.(*avroschema.Schema); ok {
			v.typed = func() (*vocabulary, error) { return avroVocabulary(s.Root()), nil }
			v.result = &result{kind: avroResult, avro: s.Root()}
		}
	case api.JSON:
		if s, ok := s.(*jsonschema.Schema); ok {
			v.loose = true
			v.typed = func() (*vocabulary, error) { return jsonVocabulary(s) }
		}
	case api.Protobuf:
		if m, ok := target.Format.(message); ok {
			v.strict = true
			registry, err := registryOf(m.Descriptor())
			if err != nil {
				return nil, err
			}
			name := string(m.Descriptor().FullName())
			v.typed = func() (*vocabulary, error) {
				return &vocabulary{Provider: registry, Adapter: registry, typeOf: func(container string) *cel.Type {
					if container == "" {
						container = name
					}
					return cel.ObjectType(container)
				}}, nil
			}
			v.plain = registry
			v.result = &result{kind: protoResult, message: m.Descriptor()}
		}
	}
	return v, nil
}

// toRun are the environments to try one after the other. container is the
// record that holds the field, and field the variables of CEL_FIELD; "" and nil for CEL.
func (v *vocabularies) toRun(container string, field []cel.EnvOption) ([]*environment, error) {
	var envs []*environment
	if v.typed != nil && !v.loose {
		e, err := v.typedEnvironment(container, field)
		if err != nil {
			return nil, err
		}
		envs = append(envs, e)
	}
	if !v.strict {
		e, err := v.plainEnvironment(field)
		if err != nil {
			return nil, err
		}
		envs = append(envs, e)
	}
	return envs, nil
}

// toCheck is the environment that knows most.
func (v *vocabularies) toCheck(container string, field []cel.EnvOption) (*environment, error) {
	if v.typed == nil {
		return v.plainEnvironment(field)
	}
	return v.typedEnvironment(container, field)
}

func (v *vocabularies) plainEnvironment(field []cel.EnvOption) (*environment, error) {
	opts := append([]cel.EnvOption{cel.CustomTypeAdapter(v.plain), cel.Variable("message", cel.DynType)}, field...)
	env, err := v.base.Extend(opts...)
	return &environment{env: env, search: v.search}, err
}

func (v *vocabularies) typedEnvironment(container string, field []cel.EnvOption) (*environment, error) {
	names, err := v.typed()
	if err != nil {
		return nil, err
	}
	opts := append([]cel.EnvOption{
		cel.CustomTypeAdapter(names.Adapter), cel.CustomTypeProvider(names), cel.Variable("message", names.typeOf(container)),
	}, field...)
	env, err := v.base.Extend(opts...)
	return &environment{env, v.search, names}, err
}

// registryOf registers a message with all that it is made of.
func registryOf(d protoreflect.MessageDescriptor) (*types.Registry, error) {
	registry, err := types.NewProtoRegistry()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var register func(protoreflect.FileDescriptor) error
	register = func(f protoreflect.FileDescriptor) error {
		if f.IsPlaceholder() || seen[f.Path()] {
			return nil
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			if err := register(f.Imports().Get(i).FileDescriptor); err != nil {
				return err
			}
		}
		return registry.RegisterDescriptor(f)
	}
	return registry, register(d.ParentFile())
}

// avroVocabulary knows the records of an Avro schema.
func avroVocabulary(root *avroschema.Type) *vocabulary {
	p := &avroTypes{Provider: standardTypes(), records: map[string]*avroschema.Named{}}
	p.collect(root, map[*avroschema.Type]bool{})
	return &vocabulary{Provider: p, Adapter: avroValues, typeOf: func(container string) *cel.Type {
		if container == "" {
			return avroType(root)
		}
		if p.records[container] == nil {
			return cel.DynType
		}
		return cel.ObjectType(container)
	}}
}

type avroTypes struct {
	types.Provider
	records map[string]*avroschema.Named
}

func (p *avroTypes) collect(t *avroschema.Type, seen map[*avroschema.Type]bool) {
	if t == nil || seen[t] {
		return
	}
	seen[t] = true
	p.collect(t.Items, seen)
	for _, b := range t.Branches {
		p.collect(b, seen)
	}
	if t.Kind == avroschema.Record {
		p.records[t.FullName()] = t.Named
		for i := range t.Named.Fields {
			p.collect(t.Named.Fields[i].Type, seen)
		}
	}
}

func (p *avroTypes) FindStructType(name string) (*types.Type, bool) {
	if p.records[name] != nil {
		return types.NewTypeTypeWithParam(cel.ObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p *avroTypes) FindStructFieldNames(name string) ([]string, bool) {
	r := p.records[name]
	if r == nil {
		return p.Provider.FindStructFieldNames(name)
	}
	names := make([]string, len(r.Fields))
	for i := range r.Fields {
		names[i] = r.Fields[i].Name
	}
	return names, true
}

func (p *avroTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	r := p.records[name]
	if r == nil {
		return p.Provider.FindStructFieldType(name, field)
	}
	i := r.Field(field)
	if i < 0 {
		return nil, false
	}
	m := &member{values: avroValues, name: field}
	return &types.FieldType{
		Type: avroType(r.Fields[i].Type),
		IsSet: func(in any) bool {
			v, ok := m.of(in)
			return ok && v != nil && avroValues.NativeToValue(v) != types.NullValue
		},
		GetFrom: func(in any) (any, error) {
			v, ok := m.of(in)
			if !ok {
				return nil, errors.New("no such key: " + field)
			}
			return v, nil
		},
	}, true
}

// NewValue makes a record of the fields that an expression sets.
func (p *avroTypes) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if p.records[name] == nil {
		return p.Provider.NewValue(name, fields)
	}
	members := make(map[ref.Val]ref.Val, len(fields))
	for field, v := range fields {
		members[types.String(field)] = v
	}
	return types.NewRefValMap(avroValues, members)
}

// avroType is an Avro type as expressions see it. Values of logical types are
// those of the types beneath, which is not what an expression about them says: they are of any type.
func avroType(t *avroschema.Type) *cel.Type {
	if t.Prop("logicalType") != nil {
		return cel.DynType
	}
	switch t.Kind {
	case avroschema.Null:
		return cel.NullType
	case avroschema.Boolean:
		return cel.BoolType
	case avroschema.Int, avroschema.Long:
		return cel.IntType
	case avroschema.Float, avroschema.Double:
		return cel.DoubleType
	case avroschema.Bytes, avroschema.Fixed:
		return cel.BytesType
	case avroschema.String, avroschema.Enum:
		return cel.StringType
	case avroschema.Record:
		return cel.ObjectType(t.FullName())
	case avroschema.Array:
		return cel.ListType(avroType(t.Items))
	case avroschema.Map:
		return cel.MapType(cel.StringType, avroType(t.Items))
	case avroschema.Union:
		if len(t.Branches) == 1 {
			return avroType(t.Branches[0])
		}
		if len(t.Branches) == 2 {
			if t.Branches[0].Kind == avroschema.Null {
				return nullable(avroType(t.Branches[1]))
			}
			if t.Branches[1].Kind == avroschema.Null {
				return nullable(avroType(t.Branches[0]))
			}
		}
	}
	return cel.DynType
}

// nullable is a type with null. CEL has no lists and maps that may be null: they are of any type.
func nullable(t *cel.Type) *cel.Type {
	switch t.Kind() {
	case types.BoolKind, types.BytesKind, types.DoubleKind, types.IntKind, types.StringKind:
		return cel.NullableType(t)
	case types.StructKind, types.NullTypeKind:
		return t
	}
	return cel.DynType
}

// jsonVocabulary knows the objects of a JSON Schema by their paths, as in "$.address".
func jsonVocabulary(s *jsonschema.Schema) (*vocabulary, error) {
	root, err := s.Model()
	if err != nil {
		return nil, err
	}
	p := &jsonTypes{Provider: standardTypes(), names: map[*jsonschema.Node]string{}, objects: map[string]*jsonObject{}}
	whole := p.typeOf(root, "$", 0)
	return &vocabulary{Provider: p, Adapter: jsonValues, typeOf: func(container string) *cel.Type {
		if container == "" {
			return whole
		}
		return cel.DynType
	}}, nil
}

type jsonTypes struct {
	types.Provider
	names   map[*jsonschema.Node]string
	objects map[string]*jsonObject
}

// jsonObject is an object that one schema describes, or several that all hold.
type jsonObject struct{ parts []*jsonschema.ObjectRules }

// maxReferences is how many members of allOf and the like are entered one in another.
const maxReferences = 50

// typeOf is what expressions know of the values of a schema. Numbers that
// need not be integers are of any type: they are int where they are written so.
func (p *jsonTypes) typeOf(n *jsonschema.Node, path string, depth int) *cel.Type {
	if n = n.Resolve(); n == nil || depth > maxReferences {
		return cel.DynType
	}
	if name := p.names[n]; name != "" {
		return cel.ObjectType(name)
	}
	switch n.Kind {
	case jsonschema.String:
		return cel.StringType
	case jsonschema.Boolean:
		return cel.BoolType
	case jsonschema.Null:
		return cel.NullType
	case jsonschema.Number:
		if n.Number.Integer {
			return cel.IntType
		}
	case jsonschema.Enum, jsonschema.Const:
		for _, v := range n.Values {
			if !strings.HasPrefix(v, `"`) {
				return cel.DynType
			}
		}
		return cel.StringType
	case jsonschema.Object:
		if len(n.Object.Properties) > 0 {
			return p.object(n, path, n.Object)
		}
		if n.Object.Additional != nil {
			return cel.MapType(cel.StringType, p.typeOf(n.Object.Additional, path+".*", depth+1))
		}
		return cel.MapType(cel.StringType, cel.DynType)
	case jsonschema.Array:
		if n.Array.Items != nil && n.Array.Tuple == nil {
			return cel.ListType(p.typeOf(n.Array.Items, path+"[]", depth+1))
		}
		return cel.ListType(cel.DynType)
	case jsonschema.Combined:
		return p.combined(n, path, depth)
	}
	return cel.DynType
}

func (p *jsonTypes) combined(n *jsonschema.Node, path string, depth int) *cel.Type {
	if n.Criterion == jsonschema.All {
		var parts []*jsonschema.ObjectRules
		for _, m := range n.Members {
			if m = m.Resolve(); m != nil && m.Kind == jsonschema.Object && len(m.Object.Properties) > 0 {
				parts = append(parts, m.Object)
			}
		}
		if len(parts) > 0 {
			return p.object(n, path, parts...)
		}
		for _, m := range n.Members {
			if t := p.typeOf(m, path, depth+1); t.Kind() != types.DynKind {
				return t
			}
		}
		return cel.DynType
	}
	var other *jsonschema.Node
	for _, m := range n.Members {
		switch r := m.Resolve(); {
		case r != nil && r.Kind == jsonschema.Null:
		case other != nil:
			return cel.DynType
		default:
			other = m
		}
	}
	if other == nil {
		return cel.NullType
	}
	return nullable(p.typeOf(other, path, depth+1))
}

func (p *jsonTypes) object(n *jsonschema.Node, path string, parts ...*jsonschema.ObjectRules) *cel.Type {
	p.names[n] = path
	p.objects[path] = &jsonObject{parts}
	return cel.ObjectType(path)
}

func (p *jsonTypes) FindStructType(name string) (*types.Type, bool) {
	if p.objects[name] != nil {
		return types.NewTypeTypeWithParam(cel.ObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p *jsonTypes) FindStructFieldNames(name string) ([]string, bool) {
	o := p.objects[name]
	if o == nil {
		return p.Provider.FindStructFieldNames(name)
	}
	var names []string
	for _, part := range o.parts {
		for i := range part.Properties {
			names = append(names, part.Properties[i].Name)
		}
	}
	return names, true
}

func (p *jsonTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	o := p.objects[name]
	if o == nil {
		return p.Provider.FindStructFieldType(name, field)
	}
	open := false
	for _, part := range o.parts {
		if n := part.Property(field); n != nil {
			return &types.FieldType{Type: p.typeOf(n, name+"."+field, 0)}, true
		}
		open = open || part.Additional != nil || len(part.Patterns) > 0
	}
	if open { // to properties that have no names
		return &types.FieldType{Type: cel.DynType}, true
	}
	return nil, false
}

// standardTypes knows the types of CEL itself.
func standardTypes() types.Provider { return emptyRegistry }

var emptyRegistry = func() *types.Registry {
	r, err := types.NewRegistry()
	if err != nil {
		panic(err) // it depends on nothing
	}
	return r
}()
