package serde

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// avroBinding codes Avro records.
type avroBinding struct{ *config }

func (avroBinding) name(any) (string, error) { return "", nil }

func (b avroBinding) own(any) (*own, error) { return b.ownAvro() }

func (avroBinding) message(k *contract, _ string) (record.Format, []int, error) {
	return k.format, nil, nil
}

func (avroBinding) indexed() bool { return false }

func (avroBinding) at(k *contract, _ []int) (record.Format, error) { return k.format, nil }

// struct reports whether values are structs, which rules see as they are.
func (c *config) ofStruct() bool {
	_, ok := structOf(c.goType)
	return ok
}

func (b avroBinding) writes(f record.Format, domain *rules.Chain) (writeFunc, error) {
	format := f.(*recordavro.Format)
	encode := format.Append
	foreign := b.codec != nil && !format.RawBytes()
	if foreign {
		text, err := wholeText(format)
		if err != nil {
			return nil, err
		}
		if encode, err = b.codec.Encoder(text); err != nil {
			return nil, fmt.Errorf("the codec refuses the schema: %w", err)
		}
	}
	if domain == nil {
		return func(_ context.Context, dst []byte, v any, _ *rules.Env) ([]byte, error) { return encode(dst, v) }, nil
	}
	changes := transforms(domain)
	if foreign && !b.ofStruct() {
		return func(ctx context.Context, dst []byte, v any, env *rules.Env) ([]byte, error) {
			body, err := encode(nil, v)
			if err != nil {
				return nil, err
			}
			rec, err := format.Decode(body)
			if err != nil {
				return nil, err
			}
			if rec, err = domain.Run(ctx, rec, env); err != nil {
				return nil, err
			}
			return format.Append(dst, rec)
		}, nil
	}
	return func(ctx context.Context, dst []byte, v any, env *rules.Env) ([]byte, error) {
		rec, err := v, error(nil)
		if changes {
			if rec, err = clone(v); err != nil { // the caller's own stays as it is
				return nil, err
			}
		}
		if rec, err = domain.Run(ctx, rec, env); err != nil {
			return nil, err
		}
		if foreign && reflect.TypeOf(rec) != reflect.TypeOf(v) {
			return format.Append(dst, rec)
		}
		return encode(dst, rec)
	}, nil
}

// wholeText is the schema with all that it refers to.
func wholeText(f *recordavro.Format) (string, error) { return f.Schema().Format(avro.FormatResolved) }

func (b avroBinding) reads(w way) (readFunc, error) {
	read, err := b.readsInto(w)
	if err != nil || !b.dynamic() || !b.foreign(w) {
		return read, err
	}
	of := b.goType // which the codec fills
	if of.Kind() == reflect.Interface {
		of = reflect.TypeFor[any]()
	}
	return func(ctx context.Context, payload []byte, _ any, env *rules.Env) (any, error) {
		target := reflect.New(of)
		if _, err := read(ctx, payload, target.Interface(), env); err != nil {
			return nil, err
		}
		return target.Elem().Interface(), nil
	}, nil
}

// foreign reports whether another library makes the values that are read.
func (b avroBinding) foreign(w way) bool {
	return b.codec != nil && !w.writer.(*recordavro.Format).RawBytes() && !w.reader.(*recordavro.Format).RawBytes()
}

// readsInto prepares reading into targets, and of dynamic records where no other library is to make them.
func (b avroBinding) readsInto(w way) (readFunc, error) {
	writer, reader := w.writer.(*recordavro.Format), w.reader.(*recordavro.Format)
	switch {
	case b.dynamic() && !b.foreign(w):
		return b.readsRecords(w), nil
	case w.path != nil && w.domain == nil && b.ofStruct() && !b.foreign(w): // what the rules give goes right into the struct
		return func(ctx context.Context, payload []byte, target any, env *rules.Env) (any, error) {
			j, err := b.migrate(ctx, w, payload, env)
			if err == nil {
				err = migrated(reader.FromJSONInto(j, target))
			}
			return target, err
		}, nil
	}
	again, err := b.into(reader, reader)
	if err != nil {
		return nil, err
	}
	// give puts what rules have made into the target.
	give := func(rec, target any) (any, error) {
		body, err := reader.Append(nil, rec)
		if err != nil {
			return nil, err
		}
		reflect.ValueOf(target).Elem().SetZero() // of what was read before, nothing is to stay
		return target, again(body, target)
	}
	if w.path != nil || w.domain != nil && !b.ofStruct() {
		rec := b.ruledRecord(w)
		return func(ctx context.Context, payload []byte, target any, env *rules.Env) (any, error) {
			v, err := rec(ctx, payload, env)
			if err != nil {
				return nil, err
			}
			return give(v, target)
		}, nil
	}
	into := again
	if writer != reader {
		if into, err = b.into(writer, reader); err != nil {
			return nil, err
		}
	}
	if w.domain == nil {
		return func(_ context.Context, payload []byte, target any, _ *rules.Env) (any, error) {
			return target, into(payload, target)
		}, nil
	}
	return func(ctx context.Context, payload []byte, target any, env *rules.Env) (any, error) {
		if err := into(payload, target); err != nil {
			return nil, err
		}
		v, err := w.domain.Run(ctx, target, env)
		if err != nil || v == target {
			return target, err
		}
		return give(v, target)
	}, nil
}

// readsRecords prepares reading dynamic records.
func (b avroBinding) readsRecords(w way) readFunc {
	reader, rec := w.reader.(*recordavro.Format), b.ruledRecord(w)
	return func(ctx context.Context, payload []byte, _ any, env *rules.Env) (any, error) {
		v, err := rec(ctx, payload, env)
		if err != nil {
			return nil, err
		}
		if w.domain != nil && b.view != (recordavro.View{}) {
			if v, err = settled(reader, v); err != nil {
				return nil, err
			}
		}
		return reader.View(v, b.view), nil
	}
}

// ruledRecord is the record of the reader after all rules.
func (b avroBinding) ruledRecord(w way) func(context.Context, []byte, *rules.Env) (any, error) {
	writer, reader := w.writer.(*recordavro.Format), w.reader.(*recordavro.Format)
	if w.path != nil {
		return func(ctx context.Context, payload []byte, env *rules.Env) (any, error) {
			j, err := b.migrate(ctx, w, payload, env)
			if err != nil {
				return nil, err
			}
			v, err := reader.FromJSON(j)
			if err != nil {
				return nil, migrated(err)
			}
			return w.domain.Run(ctx, v, env)
		}
	}
	reading := reader.Reading(writer, b.whole)
	return func(ctx context.Context, payload []byte, env *rules.Env) (any, error) {
		v, err := reading.Record(payload)
		if err != nil {
			return nil, err
		}
		return w.domain.Run(ctx, v, env)
	}
}

// migrate is the JSON that the rules of a migration make of a payload.
func (b avroBinding) migrate(ctx context.Context, w way, payload []byte, env *rules.Env) (any, error) {
	old, err := w.writer.(*recordavro.Format).DecodeJSON(payload, b.whole)
	if err != nil {
		return nil, err
	}
	j, err := w.path.RunJSON(ctx, old, env)
	return j, migrated(err)
}

// settled is what a rule has made, as Decode would give it.
func settled(f record.Format, rec any) (any, error) {
	body, err := f.Append(nil, rec)
	if err != nil {
		return nil, err
	}
	return f.Decode(body)
}

// into reads payloads into pointers.
func (b avroBinding) into(writer, reader *recordavro.Format) (func(payload []byte, target any) error, error) {
	if b.codec == nil || writer.RawBytes() || reader.RawBytes() {
		return reader.Reading(writer, b.whole).Into, nil
	}
	from, err := wholeText(writer)
	if err != nil {
		return nil, err
	}
	to, err := wholeText(reader)
	if err != nil {
		return nil, err
	}
	decode, err := b.codec.Decoder(from, to)
	if err != nil {
		return nil, fmt.Errorf("the codec refuses the schema: %w", err)
	}
	return func(payload []byte, target any) error {
		rest, err := decode(payload, target)
		if err == nil && b.whole && len(rest) > 0 {
			return fmt.Errorf("%d bytes follow the record", len(rest))
		}
		return err
	}, nil
}

// migrated is an error of a migration: what is no failure of a rule is what the rules made not being what the reader's schema says.
func migrated(err error) error {
	if err == nil {
		return nil
	}
	var rule *rules.Error
	var action *rules.NoActionError
	if errors.As(err, &rule) || errors.As(err, &action) {
		return err
	}
	return at(StageMigrate, err)
}
