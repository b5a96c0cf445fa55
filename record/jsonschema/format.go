package jsonschema

import (
	"sync"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema"

	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// Format knows the records of one JSON Schema. It implements record.Format.
//
// Reading and writing records holds them against nothing: that is what
// Validator is for, before or after rules.
type Format struct {
	schema *source.Schema
	shape  *shape
	shapes []*shape        // all that the schema consists of
	named  map[*shape]bool // values may have properties with names of their own in them, without a property between

	// The positions of the schema belong to one goroutine at a time.
	preparing sync.Mutex
	start     source.Position
	branches  []source.Position // that records are held against by themselves

	strict, loose prepared

	measure sync.Once
	heights map[*shape]int // see leastHeights
}

var _ record.Format = (*Format)(nil)

// NewFormat prepares the records of a schema. It fails where Validate of the
// schema does, and with a *LimitError where the schema is too large.
func NewFormat(s *source.Schema) (*Format, error) {
	start, err := s.Start()
	if err != nil {
		return nil, err
	}
	b := newShaper()
	root, err := b.shape(start)
	if err != nil {
		return nil, err
	}
	f := &Format{schema: s, shape: root, shapes: b.all, start: start, branches: b.branches}
	f.named = leadingTo(b.all, func(s *shape) bool { return len(s.properties) > 0 }, (*shape).sameField)
	return f, nil
}

// Type is api.JSON.
func (f *Format) Type() string { return api.JSON }

// Name is "": JSON has no names for its records.
func (f *Format) Name() string { return "" }

// Schema is the schema of the records.
func (f *Format) Schema() schema.Schema { return f.schema }

// Validator holds records against the schema. It is made when it is first
// asked for. Where it cannot be made, for reasons that New tells, it refuses every record for
// that reason.
func (f *Format) Validator() *Validator {
	return f.validator(false)
}

// Validate holds a record against the schema, structs and the like by their JSON. Errors
// are those of Validator.
func (f *Format) Validate(v any) error {
	v, err := generic(v)
	if err != nil {
		return err
	}
	return f.Validator().ValidateValue(v)
}

// prepared is a validator, made when it is first needed.
type prepared struct {
	once      sync.Once
	validator *Validator
}

// validator is the strict or the loose one.
func (f *Format) validator(loose bool) *Validator {
	p := &f.strict
	if loose {
		p = &f.loose
	}
	p.once.Do(func() {
		f.preparing.Lock()
		defer f.preparing.Unlock()
		var err error
		if p.validator, err = newValidator(f.start, f.branches, loose); err != nil {
			p.validator = &Validator{err: err}
		}
	})
	return p.validator
}

// Decode reads UTF-8 JSON text. Of members with one name the last counts. Errors are *SyntaxError.
func (f *Format) Decode(payload []byte) (any, error) { return decode(payload) }

// Append writes a record as compact JSON: of what Decode yields, of Go's
// numbers, of values with the methods Names and Get or Len and At, and of what else encoding/json
// writes. Names of maps are sorted, others keep their order. Errors are *record.MismatchError,
// for what is no JSON, and *LimitError; whether the record fits the schema is for Validator to tell.
func (f *Format) Append(dst []byte, v any) ([]byte, error) { return appendJSON(dst, v, 0) }

// ToJSON is the record itself, but structs and the like as Decode would yield them.
func (f *Format) ToJSON(v any) (any, error) { return generic(v) }

// FromJSON makes a record of what encoding/json yields or of values with the methods
// Names and Get or Len and At, which is not held against the schema. It shares no maps and slices with them.
func (f *Format) FromJSON(j any) (any, error) { return settled(j, 0) }

// Read is Decode.
func (f *Format) Read(text []byte) (any, error) { return decode(text) }

// Print is Append.
func (f *Format) Print(v any) ([]byte, error) { return appendJSON(nil, v, 0) }
