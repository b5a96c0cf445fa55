package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

// Trial is a record to be tried: what would be done with it, and by which rule.
type Trial struct {
	Subject string
	// Direction is WRITE, READ, or UPGRADE or DOWNGRADE for a migration and the reading after it.
	Direction string
	// From and To are the versions of a migration, and To the version whose rules are run otherwise.
	From, To int
	Versions []Version
	// Record is JSON as people write it; Payload the bytes of a record without framing. One is given.
	Record  []byte
	Payload []byte
	Now     time.Time // of the rules; the zero Time is the real one
}

// Trace tells what was done with a record.
type Trace struct {
	Steps  []TraceStep     `json:"steps"`
	Record json.RawMessage `json:"record,omitempty"` // what came out, as people read it
	// Payload is what would be sent, for the direction WRITE.
	Payload []byte       `json:"payload,omitempty"`
	Error   *TraceFailed `json:"error,omitempty"`
}

// TraceStep is a rule that ran.
type TraceStep struct {
	Rule    string          `json:"rule"`
	Type    string          `json:"type"`
	Kind    string          `json:"kind"`
	Mode    string          `json:"mode"`
	Input   json.RawMessage `json:"input,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	Action  string          `json:"action,omitempty"`
	Skipped string          `json:"skipped,omitempty"`
	Error   string          `json:"error,omitempty"`
	Nanos   int64           `json:"nanos"`
}

// TraceFailed is why a record does not come through.
type TraceFailed struct {
	Rule    string `json:"rule,omitempty"`
	Message string `json:"message"`
}

// maxTraced bounds the JSON that a step of a trace shows.
const maxTraced = 1 << 20

// Try runs the rules on a record and tells each step. An error is one of the
// question; what goes wrong with the record is in the trace.
func (e *Engine) Try(ctx context.Context, q *Trial) (*Trace, error) {
	to := find(q.Versions, q.To)
	if to == nil {
		return nil, fmt.Errorf("there is no version %d", q.To)
	}
	start := to
	migrates := q.Direction == Upgrade || q.Direction == Downgrade
	if migrates {
		if start = find(q.Versions, q.From); start == nil {
			return nil, fmt.Errorf("there is no version %d", q.From)
		}
	}
	t := &Trace{Steps: []TraceStep{}}
	rec, err := q.read(start.Format)
	if err != nil {
		return nil, err
	}
	w := &watcher{trace: t, format: to.Format, current: printed(start.Format, rec)}
	env := &Env{Subject: q.Subject, Now: q.Now, Original: rec, Observe: w.observe}
	if migrates {
		view, err := start.Format.ToJSON(rec)
		if err != nil {
			return t.failed(err), nil
		}
		w.current = printedJSON(view)
		path := e.Migrate(q.Subject, q.From, q.To, q.Versions)
		if path == nil {
			return nil, fmt.Errorf("no version from %d to %d has a rule for %s: records are read by schema resolution", q.From, q.To, q.Direction)
		}
		if rec, err = path.Run(ctx, rec, env); err != nil {
			return t.failed(err), nil
		}
		w.current = printed(to.Format, rec)
	}
	mode := Read
	if q.Direction == Write {
		mode = Write
	}
	chain := e.Compile(to.RuleSet, Domain, mode, Scope{Subject: q.Subject, Format: to.Format, Metadata: to.Metadata})
	if rec, err = chain.Run(ctx, rec, env); err != nil {
		return t.failed(err), nil
	}
	if v, ok := to.Format.(Validating); ok {
		if err := v.Validate(rec); err != nil {
			return t.failed(err), nil
		}
	}
	if t.Record, err = to.Format.Print(rec); err != nil {
		return t.failed(err), nil
	}
	if mode == Write {
		if t.Payload, err = to.Format.Append(nil, rec); err != nil {
			return t.failed(err), nil
		}
	}
	return t, nil
}

// Validating is a format whose schema says more than what its encoding holds records to.
type Validating interface {
	Validate(v any) error
}

func find(list []Version, number int) *Version {
	for i := range list {
		if list[i].Number == number {
			return &list[i]
		}
	}
	return nil
}

func (q *Trial) read(f record.Format) (any, error) {
	switch {
	case q.Payload != nil && q.Record != nil:
		return nil, errors.New("a record is given either as JSON or as bytes")
	case q.Payload != nil:
		return f.Decode(q.Payload)
	case q.Record != nil:
		return f.Read(q.Record)
	}
	return nil, errors.New("there is no record")
}

// watcher notes the steps. Messages are printed at once, for later rules may change them.
type watcher struct {
	trace   *Trace
	format  record.Format
	current json.RawMessage // the message before the next step
}

func (w *watcher) observe(s *Step) {
	n := TraceStep{Rule: s.Rule.Name, Type: s.Rule.Type, Kind: s.Rule.Kind, Mode: s.Mode, Action: s.Action, Skipped: s.Skipped, Nanos: s.Took.Nanoseconds(), Input: w.current}
	if s.Err != nil {
		n.Error = s.Err.Error()
	}
	switch {
	case s.Output == nil:
	case s.Rule.Kind == api.KindCondition:
		n.Output = printedJSON(s.Output)
	case s.Mode == Upgrade || s.Mode == Downgrade:
		n.Output = printedJSON(s.Output)
	default:
		n.Output = printed(w.format, s.Output)
	}
	if s.Rule.Kind != api.KindCondition && s.Err == nil && s.Skipped == "" {
		w.current = n.Output
	}
	w.trace.Steps = append(w.trace.Steps, n)
}

// printed is a record as people read it, and what is no record as JSON.
func printed(f record.Format, v any) json.RawMessage {
	b, err := f.Print(v)
	if err != nil {
		return printedJSON(v)
	}
	return shortened(b)
}

// printedJSON is a message as rules see it on the way of a migration, or what a condition gave.
func printedJSON(v any) json.RawMessage {
	b, err := jsonata.AppendJSON(nil, v)
	if err != nil {
		return nil
	}
	return shortened(b)
}

func shortened(b []byte) json.RawMessage {
	if len(b) > maxTraced {
		return json.RawMessage(fmt.Sprintf(`"(%d bytes)"`, len(b)))
	}
	return b
}

func (t *Trace) failed(err error) *Trace {
	t.Error = &TraceFailed{Message: err.Error()}
	var e *Error
	if errors.As(err, &e) {
		t.Error.Rule = e.Rule.Name
		t.Error.Message = e.Err.Error()
	}
	return t
}
