package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/hamba/avro/v2"
)

// avroSchema is the schema of a request.
func (q *request) avroSchema() (avro.Schema, error) {
	names := &avro.SchemaCache{}
	for _, text := range q.Named {
		if _, err := avro.ParseWithCache(text, "", names); err != nil {
			return nil, err
		}
	}
	return avro.ParseWithCache(q.Schema.Schema, "", names)
}

// A value of Avro for the client. Where the client is to register a schema, or to look one up, it asks the value for it, and finds it in given.
type value map[string]any

var given avro.Schema

func (*value) Schema() avro.Schema { return given }

func (q *request) nativeAvro() (any, error) {
	s, err := q.avroSchema()
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(q.Value))
	d.UseNumber()
	var text any
	if err := d.Decode(&text); err != nil {
		return nil, err
	}
	v, err := nativeValue(s, text)
	if err != nil {
		return nil, err
	}
	record, ok := v.(map[string]any)
	switch {
	case ok && q.Config["use.latest.version"] != "true" && q.metadata() == nil:
		given = s
		v := value(record)
		return &v, nil
	case ok:
		return &record, nil
	}
	return &v, nil
}

// nativeValue is a value of a case as hamba/avro takes it: of Go's type for the schema's, and a record in a union under its name.
func nativeValue(s avro.Schema, v any) (any, error) {
	switch s := s.(type) {
	case *avro.RefSchema:
		return nativeValue(s.Schema(), v)
	case *avro.RecordSchema:
		record, out := v.(map[string]any), map[string]any{}
		for _, f := range s.Fields() {
			field, err := nativeValue(f.Type(), record[f.Name()])
			if err != nil {
				return nil, err
			}
			out[f.Name()] = field
		}
		return out, nil
	case *avro.ArraySchema:
		out := []any{}
		for _, item := range v.([]any) {
			made, err := nativeValue(s.Items(), item)
			if err != nil {
				return nil, err
			}
			out = append(out, made)
		}
		return out, nil
	case *avro.MapSchema:
		out := map[string]any{}
		for k, entry := range v.(map[string]any) {
			made, err := nativeValue(s.Values(), entry)
			if err != nil {
				return nil, err
			}
			out[k] = made
		}
		return out, nil
	case *avro.UnionSchema:
		for _, branch := range s.Types() {
			if ref, ok := branch.(*avro.RefSchema); ok {
				branch = ref.Schema()
			}
			if !fits(branch, v) {
				continue
			}
			made, err := nativeValue(branch, v)
			switch branch := branch.(type) {
			case *avro.RecordSchema:
				return map[string]any{branch.FullName(): made}, err
			case *avro.ArraySchema:
				return map[string]any{"array": made}, err
			}
			return made, err
		}
		return nil, fmt.Errorf("no branch for %v", v)
	case *avro.FixedSchema:
		raw, err := hex.DecodeString(v.(map[string]any)["$bytes"].(string))
		if err != nil {
			return nil, err
		}
		array := reflect.New(reflect.ArrayOf(s.Size(), reflect.TypeFor[byte]())).Elem()
		reflect.Copy(array, reflect.ValueOf(raw))
		return array.Interface(), nil
	}
	switch s.Type() {
	case avro.Bytes:
		raw, err := hex.DecodeString(v.(map[string]any)["$bytes"].(string))
		if logical, ok := s.(*avro.PrimitiveSchema).Logical().(*avro.DecimalLogicalSchema); ok {
			return decimal(raw, logical.Scale()), err
		}
		return raw, err
	case avro.Int, avro.Long:
		n, err := v.(json.Number).Int64()
		if err != nil {
			return nil, err
		}
		if logical := s.(*avro.PrimitiveSchema).Logical(); logical != nil {
			switch logical.Type() {
			case avro.Date:
				return time.Unix(n*24*60*60, 0).UTC(), nil
			case avro.TimestampMillis:
				return time.UnixMilli(n).UTC(), nil
			case avro.TimeMicros:
				return time.Duration(n) * time.Microsecond, nil
			}
		}
		if s.Type() == avro.Int {
			return int(n), nil
		}
		return n, nil
	case avro.Float:
		n, err := v.(json.Number).Float64()
		return float32(n), err
	case avro.Double:
		return v.(json.Number).Float64()
	}
	return v, nil
}

// fits tells whether a value of a case can be of a branch, by the kind of JSON that it is.
func fits(branch avro.Schema, v any) bool {
	switch v := v.(type) {
	case nil:
		return branch.Type() == avro.Null
	case string:
		return branch.Type() == avro.String
	case bool:
		return branch.Type() == avro.Boolean
	case json.Number:
		return branch.Type() == avro.Int || branch.Type() == avro.Long
	case []any:
		return branch.Type() == avro.Array
	case map[string]any:
		record, ok := branch.(*avro.RecordSchema)
		if !ok {
			return false
		}
		for _, f := range record.Fields() {
			if _, there := v[f.Name()]; !there {
				return false
			}
		}
		return true
	}
	return false
}

// decimal is the number that two's complement bytes stand for.
func decimal(raw []byte, scale int) *big.Rat {
	n := new(big.Int).SetBytes(raw)
	if len(raw) > 0 && raw[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	return new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

func (q *request) rawAvro(v any) ([]byte, error) {
	s, err := q.avroSchema()
	if err != nil {
		return nil, err
	}
	switch p := v.(type) {
	case *any:
		v = *p
	case *map[string]any:
		v = *p
	}
	return json.Marshal(rawValue(s, v))
}

// rawValue is a value of hamba/avro as the cases write it.
func rawValue(s avro.Schema, v any) any {
	switch s := s.(type) {
	case *avro.RefSchema:
		return rawValue(s.Schema(), v)
	case *avro.RecordSchema:
		record, ok := v.(map[string]any)
		if !ok {
			return fmt.Sprintf("a record is a %T", v)
		}
		out := map[string]any{}
		for k, field := range record {
			out[k] = field
			for _, f := range s.Fields() {
				if f.Name() == k {
					out[k] = rawValue(f.Type(), field)
				}
			}
		}
		return out
	case *avro.ArraySchema:
		out := []any{}
		for _, item := range v.([]any) {
			out = append(out, rawValue(s.Items(), item))
		}
		return out
	case *avro.MapSchema:
		out := map[string]any{}
		for k, entry := range v.(map[string]any) {
			out[k] = rawValue(s.Values(), entry)
		}
		return out
	case *avro.UnionSchema:
		// Records are wrapped under their names, arrays as "array"; all else is bare.
		if wrapped, ok := v.(map[string]any); ok && len(wrapped) == 1 {
			for _, branch := range s.Types() {
				if ref, ok := branch.(*avro.RefSchema); ok {
					branch = ref.Schema()
				}
				name := string(branch.Type())
				if named, ok := branch.(avro.NamedSchema); ok {
					name = named.FullName()
				}
				if inner, there := wrapped[name]; there {
					return rawValue(branch, inner)
				}
			}
		}
		return v
	case *avro.FixedSchema:
		return map[string]string{"$bytes": fmt.Sprintf("%x", v)}
	}
	switch v := v.(type) {
	case []byte:
		return map[string]string{"$bytes": hex.EncodeToString(v)}
	case *big.Rat:
		return map[string]string{"$bytes": hex.EncodeToString(unscaled(v, s))}
	case time.Time:
		if s.(*avro.PrimitiveSchema).Logical().Type() == avro.Date {
			return v.Unix() / (24 * 60 * 60)
		}
		return v.UnixMilli()
	case time.Duration:
		return v.Microseconds()
	}
	return v
}

// unscaled is a decimal in two's complement bytes, as few as there can be.
func unscaled(v *big.Rat, s avro.Schema) []byte {
	scale := s.(*avro.PrimitiveSchema).Logical().(*avro.DecimalLogicalSchema).Scale()
	n := new(big.Rat).Mul(v, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))).Num()
	size := uint(len(n.Bytes()) + 1)
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 8*size))
	}
	raw := n.FillBytes(make([]byte, size))
	for len(raw) > 1 && (raw[0] == 0 && raw[1] < 0x80 || raw[0] == 0xff && raw[1] >= 0x80) {
		raw = raw[1:]
	}
	return raw
}
