package serde

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/seed-9f7c7091/concordat/record"
	recordjson "github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/rules"
)

// jsonBinding codes JSON records.
type jsonBinding struct{ *config }

func (jsonBinding) name(any) (string, error) { return "", nil }

func (b jsonBinding) own(any) (*own, error) { return b.ownJSON() }

func (jsonBinding) message(k *contract, _ string) (record.Format, []int, error) {
	return k.format, nil, nil
}

func (jsonBinding) indexed() bool { return false }

func (jsonBinding) at(k *contract, _ []int) (record.Format, error) { return k.format, nil }

// check holds a record against its schema.
func check(f *recordjson.Format, rec any) error {
	if err := f.Validate(rec); err != nil {
		return at(StageValidate, &ValidationError{err})
	}
	return nil
}

func (b jsonBinding) writes(f record.Format, domain *rules.Chain) (writeFunc, error) {
	format := f.(*recordjson.Format)
	plain := appendJSON
	if b.dynamic() {
		plain = format.Append
	}
	switch {
	case domain == nil && !b.validate:
		return func(_ context.Context, dst []byte, v any, _ *rules.Env) ([]byte, error) { return plain(dst, v) }, nil
	case domain == nil:
		return func(_ context.Context, dst []byte, v any, _ *rules.Env) ([]byte, error) {
			begin := len(dst)
			dst, err := plain(dst, v)
			if err != nil {
				return nil, err
			}
			rec, err := format.Decode(dst[begin:])
			if err != nil {
				return nil, err
			}
			return dst, check(format, rec)
		}, nil
	}
	changes := transforms(domain)
	return func(ctx context.Context, dst []byte, v any, env *rules.Env) ([]byte, error) {
		rec, err := format.ToJSON(v)
		if err != nil {
			return nil, err
		}
		if b.validate && b.validateFirst {
			if err := check(format, rec); err != nil {
				return nil, err
			}
		}
		if changes {
			if rec, err = clone(rec); err != nil { // the caller's own stays as it is
				return nil, err
			}
		}
		if rec, err = domain.Run(ctx, rec, env); err != nil {
			return nil, err
		}
		if b.validate && !b.validateFirst {
			if err := check(format, rec); err != nil {
				return nil, err
			}
		}
		return format.Append(dst, rec)
	}, nil
}

func (b jsonBinding) reads(w way) (readFunc, error) {
	writer, reader := w.writer.(*recordjson.Format), w.reader.(*recordjson.Format)
	if !b.dynamic() && w.path == nil && w.domain == nil {
		return func(_ context.Context, payload []byte, target any, _ *rules.Env) (any, error) {
			if b.validate {
				rec, err := reader.Decode(payload)
				if err != nil {
					return nil, err
				}
				if err := check(reader, rec); err != nil {
					return nil, err
				}
			}
			return target, b.unmarshal(payload, target)
		}, nil
	}
	return func(ctx context.Context, payload []byte, target any, env *rules.Env) (any, error) {
		rec, err := writer.Decode(payload)
		if err != nil {
			return nil, err
		}
		if w.path != nil {
			if rec, err = w.path.Run(ctx, rec, env); err != nil {
				return nil, migrated(err)
			}
		}
		if b.validate && b.validateFirst {
			if err := check(reader, rec); err != nil {
				return nil, err
			}
		}
		if rec, err = w.domain.Run(ctx, rec, env); err != nil {
			return nil, err
		}
		if b.validate && !b.validateFirst {
			if err := check(reader, rec); err != nil {
				return nil, err
			}
		}
		if b.dynamic() {
			return rec, nil
		}
		body, err := reader.Append(nil, rec)
		if err != nil {
			return nil, err
		}
		return target, b.unmarshal(body, target)
	}, nil
}

func (c *config) unmarshal(text []byte, target any) error {
	if !c.unknown {
		return json.Unmarshal(text, target)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(target); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the JSON value")
	}
	return nil
}

// jsonEncoder writes into a buffer that is used again.
type jsonEncoder struct {
	bytes.Buffer
	*json.Encoder
}

var jsonEncoders = sync.Pool{New: func() any {
	e := &jsonEncoder{}
	e.Encoder = json.NewEncoder(&e.Buffer)
	e.SetEscapeHTML(false) // as the Java client writes it
	return e
}}

// appendJSON writes a Go value as encoding/json does.
func appendJSON(dst []byte, v any) ([]byte, error) {
	e := jsonEncoders.Get().(*jsonEncoder)
	defer jsonEncoders.Put(e)
	e.Reset()
	if err := e.Encode(v); err != nil {
		// An encoder that has failed fails for ever.
		e.Encoder = json.NewEncoder(&e.Buffer)
		e.SetEscapeHTML(false)
		return dst, err
	}
	return append(dst, bytes.TrimSuffix(e.Bytes(), []byte{'\n'})...), nil
}
