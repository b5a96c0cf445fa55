package serde

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	recordjson "github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/rules"
)

// Error reports a value that could not be written or a message that could not
// be read. What lies beneath is, by stage:
//
//   - FRAME: *FrameError
//   - SCHEMA: what package client returns (*api.Error for what the registry refuses), *FormatError,
//     *IncompatibleError, or what is wrong with a schema
//   - RULE, MIGRATE: *rules.Error, *rules.NoActionError, *record.MismatchError
//   - VALIDATE: *ValidationError
//   - CODEC: *record.MismatchError and what the codecs return
type Error struct {
	Source
	Schema string // "id 7" or "GUID …", "" where it is not known
	Stage  Stage
	Err    error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("cannot ")
	if e.Role == producer {
		b.WriteString("serialize")
	} else {
		b.WriteString("deserialize")
	}
	if e.IsKey {
		b.WriteString(" a key")
	} else {
		b.WriteString(" a value")
	}
	fmt.Fprintf(&b, " of topic %s", e.Topic)
	if e.Subject != "" {
		fmt.Fprintf(&b, " (subject %s", e.Subject)
		if e.Schema != "" {
			fmt.Fprintf(&b, ", schema %s", e.Schema)
		}
		b.WriteByte(')')
	} else if e.Schema != "" {
		fmt.Fprintf(&b, " (schema %s)", e.Schema)
	}
	return b.String() + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// FormatError reports a schema of another language than the one that was asked for.
type FormatError struct{ Want, Got Format }

func (e *FormatError) Error() string {
	return fmt.Sprintf("the schema is %s, this is a serde for %s", e.Got, e.Want)
}

// IncompatibleError reports a schema in the registry that could not read what the record's own schema writes.
type IncompatibleError struct {
	What        string // of the registry: "the latest version"
	Differences []compat.Difference
}

func (e *IncompatibleError) Error() string {
	texts := make([]string, 0, len(e.Differences))
	for i := range e.Differences {
		texts = append(texts, e.Differences[i].Text("registered", "record's"))
	}
	return fmt.Sprintf("%s cannot read what the record's own schema says: %s", e.What, strings.Join(texts, "; "))
}

// ValidationError reports a record that does not match its JSON Schema.
type ValidationError struct{ Err error }

func (e *ValidationError) Error() string { return e.Err.Error() }

func (e *ValidationError) Unwrap() error { return e.Err }

// staged is an error with the stage in which it happened.
type staged struct {
	stage Stage
	err   error
}

func (e *staged) Error() string { return e.err.Error() }

func at(stage Stage, err error) error {
	if err == nil {
		return nil
	}
	return &staged{stage, err}
}

// stageOf takes the stage off an error.
func stageOf(err error, otherwise Stage) (Stage, error) {
	var s *staged
	if errors.As(err, &s) {
		return s.stage, s.err
	}
	var rule *rules.Error
	var action *rules.NoActionError
	var mismatch *record.MismatchError
	var payload *recordavro.PayloadError
	var syntax *recordjson.SyntaxError
	var frame *FrameError
	switch {
	case errors.As(err, &frame):
		return StageFrame, err
	case errors.As(err, &rule), errors.As(err, &action):
		return StageRule, err
	case errors.As(err, &mismatch), errors.As(err, &payload), errors.As(err, &syntax):
		return StageCodec, err
	}
	return otherwise, err
}
