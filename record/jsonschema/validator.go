// Package jsonschema knows the records of a JSON Schema as it is stored: [Format]
// reads and writes them, walks over their fields and makes some up, [Validator]
// holds them against the schema.
//
// How a text is read, by which dialect and with what its references lead to,
// is known by the package of the same name below schema. Validation itself is
// done by github.com/santhosh-tekuri/jsonschema, which is given the schema as
// documents whose references are settled (bundle.go), so that it has nothing to
// decide and nothing to fetch. Regular expressions are those of Java, and format
// is an assertion up to draft 7 and an annotation later, as in the reference.
//
// Schemas and records may be hostile: nesting, numbers, regular expressions and
// the steps of one validation are bounded (limit.go).
package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	lib "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"

	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// Validator holds records against one schema. It is immutable and safe for
// concurrent use.
type Validator struct {
	bundle *bundle
	err    error // why there is no bundle
	// idle holds the programs that no record is held against; made counts all.
	idle chan *program
	made atomic.Int32
}

// New prepares the validation of records by a schema. It fails where Validate
// of the schema does, where references lead in a circle, and with a *LimitError
// where the schema is too large.
func New(s *source.Schema) (*Validator, error) {
	start, err := s.Start()
	if err != nil {
		return nil, err
	}
	return newValidator(start, nil, false)
}

// newValidator prepares a validator that also tells whether branches accept a
// value. A loose one passes over what is asked of the text of strings.
func newValidator(start source.Position, branches []source.Position, loose bool) (*Validator, error) {
	b, err := newBundle(start, branches, loose)
	if err != nil {
		return nil, err
	}
	v := &Validator{bundle: b, idle: make(chan *program, runtime.GOMAXPROCS(0))}
	p, err := newProgram(b)
	if err != nil {
		return nil, err
	}
	v.made.Add(1)
	v.idle <- p
	return v, nil
}

// Validate holds a record, as JSON text, against the schema. A record that does
// not match is an *InvalidError, one that asks for too much a *LimitError, a
// text that is no JSON another error.
func (v *Validator) Validate(record []byte) error {
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errors.New("there is more behind the first value")
		}
	}
	if err != nil {
		return fmt.Errorf("the record is no JSON: %w", err)
	}
	return v.ValidateValue(value)
}

// ValidateValue is Validate for a decoded record: of nil, bool, string,
// json.Number or Go's numbers, []any and map[string]any. The record stays as it is.
func (v *Validator) ValidateValue(record any) error {
	if v.err != nil {
		return v.err
	}
	err := v.run(v.bundle.entry, record)
	var mismatch *lib.ValidationError
	if errors.As(err, &mismatch) {
		return v.bundle.explain(mismatch)
	}
	return err
}

// accepts tells whether a value matches one of the branches.
func (v *Validator) accepts(branch *jsontree.Value, value any) (bool, error) {
	if v.err != nil {
		return false, v.err
	}
	err := v.run(v.bundle.branches[branch], value)
	var mismatch *lib.ValidationError
	if errors.As(err, &mismatch) {
		return false, nil
	}
	return err == nil, err
}

// run holds a value against the schema at a URL of the bundle.
func (v *Validator) run(at string, value any) error {
	var size survey
	if err := size.add(value, 0); err != nil {
		return err
	}
	if size.depth*v.bundle.longest > maxNesting {
		return &LimitError{fmt.Sprintf("a record nested %d deep is too much for a schema that applies %d schemas to one value, one within the other", size.depth, v.bundle.longest)}
	}
	p, err := v.take()
	if err != nil {
		return err
	}
	defer func() { v.idle <- p }()
	return p.run(at, value, budget+budgetPerValue*size.values)
}

// take gives a program that nobody uses, a new one as long as there are fewer than processors.
func (v *Validator) take() (*program, error) {
	select {
	case p := <-v.idle:
		return p, nil
	default:
	}
	if int(v.made.Add(1)) <= cap(v.idle) {
		return newProgram(v.bundle)
	}
	v.made.Add(-1)
	return <-v.idle, nil
}
