package cel

import (
	"fmt"
	"strconv"

	avroschema "github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// defaultValue makes a value of a field's default. That of a union is of the
// first branch that takes it; fields that the default of a record lacks have their own.
func defaultValue(v *jsontree.Value, t *avroschema.Type) (any, error) {
	switch t.Kind {
	case avroschema.Null:
		if v.Kind == jsontree.Null {
			return nil, nil
		}
	case avroschema.Boolean:
		if v.Kind == jsontree.Bool {
			return v.Bool, nil
		}
	case avroschema.Int, avroschema.Long, avroschema.Float, avroschema.Double:
		if v.Kind == jsontree.Number {
			return defaultNumber(v.Text, t.Kind)
		}
	case avroschema.String, avroschema.Enum:
		if v.Kind == jsontree.String {
			return v.Text, nil
		}
	case avroschema.Bytes, avroschema.Fixed:
		if v.Kind == jsontree.String {
			b := make([]byte, 0, len(v.Text))
			for _, r := range v.Text {
				b = append(b, byte(r))
			}
			return b, nil
		}
	case avroschema.Array:
		if v.Kind == jsontree.Array {
			items := make([]any, len(v.Items))
			for i := range v.Items {
				var err error
				if items[i], err = defaultValue(&v.Items[i], t.Items); err != nil {
					return nil, err
				}
			}
			return items, nil
		}
	case avroschema.Map:
		if v.Kind == jsontree.Object {
			members := make(map[string]any, len(v.Members))
			for i := range v.Members {
				item, err := defaultValue(&v.Members[i].Value, t.Items)
				if err != nil {
					return nil, err
				}
				members[v.Members[i].Name] = item
			}
			return members, nil
		}
	case avroschema.Record:
		if v.Kind == jsontree.Object {
			return defaultRecord(v, t.Named)
		}
	case avroschema.Union:
		for _, b := range t.Branches {
			if made, err := defaultValue(v, b); err == nil {
				return made, nil
			}
		}
	}
	return nil, fmt.Errorf("the default is no %s", t.FullName())
}

func defaultRecord(v *jsontree.Value, n *avroschema.Named) (any, error) {
	fields := make(map[string]any, len(n.Fields))
	for i := range n.Fields {
		f := &n.Fields[i]
		given := v.Get(f.Name)
		if given == nil {
			given = f.Default
		}
		if given == nil {
			return nil, fmt.Errorf("the default lacks the field %s", f.Name)
		}
		var err error
		if fields[f.Name], err = defaultValue(given, f.Type); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

func defaultNumber(text string, k avroschema.Kind) (any, error) {
	switch k {
	case avroschema.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		return int32(n), err
	case avroschema.Long:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err
	case avroschema.Float:
		f, err := strconv.ParseFloat(text, 32)
		return float32(f), err
	}
	return strconv.ParseFloat(text, 64)
}
