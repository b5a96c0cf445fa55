// Package record is the data that schemas describe: payload bytes and the
// values they stand for, records made up for tests, and the walk over a record
// beside its schema. The packages below it do this for one schema language
// each; rules, the playground and the client stand on it.
//
// A payload is a record without framing: no magic byte, no schema id, and for
// Protobuf no message indexes.
package record

import "fmt"

// Format knows the records of one schema. It is immutable and safe for
// concurrent use.
//
// A record is, by language:
//
//   - Avro: map[string]any for records and maps, []any, string (enums too), []byte
//     (fixed too), bool, int32, int64, float32, float64, nil; a value of a union is the value of its
//     branch. What a value of more than one branch could be is a *Branch. Structs with avro tags,
//     and pointers to them, are records too; they stay what they are.
//   - JSON Schema: what encoding/json yields, but numbers are int64 where they are written as integers
//     that fit, float64 where that tells them exactly, json.Number else.
//   - Protobuf: a proto.Message, a dynamic one unless the caller has made another.
type Format interface {
	// Type is the schema type, as in api.Avro.
	Type() string
	// Name is the full name of the record or message, "" for JSON.
	Name() string

	// Decode reads a payload. The record shares no memory with it.
	Decode(payload []byte) (any, error)
	// Append encodes a record and appends it to dst. Errors are *MismatchError
	// where the record does not fit the schema.
	Append(dst []byte, v any) ([]byte, error)

	// ToJSON is the record as migration rules see it, in a form that the JSONATA
	// engine reads lazily: for Avro the JSON encoding of the specification, where
	// a value of a union that is not null stands under the name of its branch and bytes are
	// text of their characters; for Protobuf proto3's JSON with lowerCamelCase names and
	// default values; JSON as it is. The record must not change while the result is read.
	ToJSON(v any) (any, error)
	// FromJSON makes a record of such JSON: of what encoding/json yields, or of values with
	// the methods Names and Get (objects) or Len and At (arrays). Every field of an Avro record must be
	// there, defaults are not filled in, and fields it does not have are passed over; Protobuf refuses
	// unknown fields. Errors are *MismatchError.
	FromJSON(j any) (any, error)

	// Read makes a record of JSON as people write it: values of unions with or
	// without the name of their branch, Avro bytes as {"$bytes": "hex"} or as text,
	// missing Avro fields filled from their defaults; Protobuf by either kind of names.
	Read(text []byte) (any, error)
	// Print writes a record as people read it: values of unions bare, Avro bytes as
	// {"$bytes": "hex"}, Protobuf as proto3 JSON without defaults. It can be read again by Read.
	Print(v any) ([]byte, error)

	// Fields prepares a walk over the fields that have one of the tags wanted,
	// all fields if none are wanted. more are tags beside those in the schema; nil for none.
	Fields(more *Tags, wanted []string) Walk
	// Generate makes a record up. It may be one that a rule refuses, but it always fits the schema.
	Generate(g *Generator) any
}

// Walk visits the fields of a record. It is immutable and safe for concurrent use.
type Walk interface {
	// Empty reports that no record has a field to visit.
	Empty() bool
	// Visit calls visit for each leaf of the record that is to be visited, in the
	// order of the schema: values that are no record, array or map, and the items and
	// values of those with the field they belong to. What visit returns takes the place of the value,
	// in the record itself where it can be changed. The record with
	// the changes is returned. An error of visit ends the walk and is returned as it is; what was
	// changed before stays changed.
	Visit(v any, visit func(f *Field, in any, value any) (any, error)) (any, error)
	// All lists the fields that may be visited, in the order of the schema.
	All() []*Field
}

// Field is a field of a record as rules see it. It must not be changed.
type Field struct {
	// FullName is, by language: "com.example.Person.ssn", the full name of the record
	// or message and the name of the field; for JSON Schema the path "$.address.zip", with indices in
	// arrays ("$.lines[0].sku") where one is visited, and without in Walk.All.
	FullName string
	Name     string
	Type     Type
	Tags     []string // of the schema and others, sorted, each once
}

// Type is the type of a field's value as rules see it.
type Type string

// The types of fields.
const (
	Record   Type = "RECORD"
	Enum     Type = "ENUM"
	Array    Type = "ARRAY"
	Map      Type = "MAP"
	Combined Type = "COMBINED"
	Fixed    Type = "FIXED"
	String   Type = "STRING"
	Bytes    Type = "BYTES"
	Int      Type = "INT"
	Long     Type = "LONG"
	Float    Type = "FLOAT"
	Double   Type = "DOUBLE"
	Boolean  Type = "BOOLEAN"
	Null     Type = "NULL"
)

// Primitive reports whether values of the type have no parts and no names: the types that rules on fields act upon.
func (t Type) Primitive() bool {
	switch t {
	case String, Bytes, Int, Long, Float, Double, Boolean, Null:
		return true
	}
	return false
}

// Branch is a value of an Avro union that more than one branch would take: which it is of.
type Branch struct {
	Name  string // full name of the type, or of the primitive
	Value any
}

// MismatchError reports a value that does not fit its schema.
type MismatchError struct {
	Path   string // where: a JSON pointer into the value, "" for the whole
	Reason string
	Err    error // what lies beneath, if anything
}

func (e *MismatchError) Error() string {
	path := e.Path
	if path == "" {
		path = "the record"
	}
	return fmt.Sprintf("%s does not fit the schema: %s", path, e.Reason)
}

func (e *MismatchError) Unwrap() error { return e.Err }
