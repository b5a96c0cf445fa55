package main

import (
	"fmt"
	"strings"
)

// A language names what the checks register in one schema language: a first version of a schema, a second that
// BACKWARD accepts, a third that it refuses for the difference named, and a source that refers to a target by name.
type language struct {
	name               string // as on the wire
	first, second, bad string
	difference         string
	reference          string
	target, source     string
}

const (
	idField   = `{"name":"id","type":"long"}`
	noteField = `{"name":"note","type":"string","default":""}`
)

var languages = []language{
	{
		name:       "AVRO",
		first:      record("Order", idField),
		second:     record("Order", idField, noteField),
		bad:        record("Order", `{"name":"id","type":"string"}`),
		difference: "TYPE_MISMATCH",
		reference:  "interop.Address",
		target:     record("Address", `{"name":"city","type":"string"}`),
		source:     record("Customer", `{"name":"home","type":"Address"}`),
	},
	{
		name:       "JSON",
		first:      object(`"id":{"type":"integer"}`),
		second:     object(`"id":{"type":"integer"}`, `"note":{"type":"string"}`),
		bad:        object(`"id":{"type":"string"}`),
		difference: "TYPE_CHANGED",
		reference:  "address.json",
		target:     object(`"city":{"type":"string"}`),
		source:     object(`"home":{"$ref":"address.json"}`),
	},
	{
		name:       "PROTOBUF",
		first:      message("", "Order", "int64 id = 1"),
		second:     message("", "Order", "int64 id = 1", "string note = 2"),
		bad:        message("", "Order", "string id = 1"),
		difference: "FIELD_SCALAR_KIND_CHANGED",
		reference:  "address.proto",
		target:     message("", "Address", "string city = 1"),
		source:     message("address.proto", "Customer", "Address home = 1"),
	},
}

// subject, base and referring are the subjects of the versions, of the target and of the source.
func (l language) subject() string   { return "orders-" + strings.ToLower(l.name) }
func (l language) base() string      { return "address-" + strings.ToLower(l.name) }
func (l language) referring() string { return "customers-" + strings.ToLower(l.name) }

func record(name string, fields ...string) string {
	return fmt.Sprintf(`{"type":"record","name":%q,"namespace":"interop","fields":[%s]}`, name, strings.Join(fields, ","))
}

func object(properties ...string) string {
	return fmt.Sprintf(`{"type":"object","properties":{%s},"additionalProperties":false}`, strings.Join(properties, ","))
}

func message(imported, name string, fields ...string) string {
	var b strings.Builder
	b.WriteString("syntax = \"proto3\";\npackage interop;\n\n")
	if imported != "" {
		fmt.Fprintf(&b, "import %q;\n\n", imported)
	}
	fmt.Fprintf(&b, "message %s {\n", name)
	for _, field := range fields {
		fmt.Fprintf(&b, "  %s;\n", field)
	}
	b.WriteString("}\n")
	return b.String()
}
