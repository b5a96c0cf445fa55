package avro

import (
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// typed is a question: is the value one of the type?
type typed struct {
	t *Type
	v *jsontree.Value
}

type validity uint8

const (
	open validity = iota + 1 // being asked
	yes
	no
)

// maxWork bounds the questions about the defaults of one text. Defaults of
// unions of records can need as many as there are values times branches.
const maxWork = 1 << 22

func (p *parser) checkDefault(f *Field, offset int) error {
	if p.validDefault(f.Type, f.Default, 0) {
		return nil
	}
	if p.work > maxWork {
		return p.fail(offset, "Invalid default for field %s: too many types to try", f.Name)
	}
	return p.fail(offset, "Invalid default for field %s: %s not a %s", f.Name, written(f.Default), p.describe(f.Type))
}

// describe prints a type for a message, if it is small and whole.
func (p *parser) describe(t *Type) string {
	if len(p.pending) > 0 {
		return t.FullName()
	}
	const most = 500
	if s := t.String(); len(s) <= most {
		return s
	}
	return t.FullName()
}

// validDefault reports whether a default is a value of a type. The default of
// a union may be one of any branch; a record takes the defaults of its own
// fields for what is missing, and one that would need itself for that has no value.
func (p *parser) validDefault(t *Type, v *jsontree.Value, depth int) bool {
	p.work++
	if v == nil || depth > schema.MaxDepth || p.work > maxWork {
		return false
	}
	switch t.Kind {
	case Null:
		return v.Kind == jsontree.Null
	case Boolean:
		return v.Kind == jsontree.Bool
	case Int:
		return v.Kind == jsontree.Number && fits(v.Text, 32)
	case Long:
		return v.Kind == jsontree.Number && fits(v.Text, 64)
	case Float, Double:
		return v.Kind == jsontree.Number
	case Bytes, String, Enum, Fixed:
		return v.Kind == jsontree.String
	case Array:
		if v.Kind != jsontree.Array {
			return false
		}
		for i := range v.Items {
			if !p.validDefault(t.Items, &v.Items[i], depth+1) {
				return false
			}
		}
		return true
	case Map:
		if v.Kind != jsontree.Object {
			return false
		}
		for i := range v.Members {
			if !p.validDefault(t.Items, &v.Members[i].Value, depth+1) {
				return false
			}
		}
		return true
	case Union:
		for _, b := range t.Branches {
			if p.validDefault(b, v, depth) {
				return true
			}
		}
		return false
	case Record:
		return v.Kind == jsontree.Object && p.validRecord(t, v, depth)
	}
	return v.Kind == jsontree.Object // a type that is yet to come: a record, for all that is known
}

// validRecord remembers its answers, without which unions of records nested in
// each other would be asked over and over.
func (p *parser) validRecord(t *Type, v *jsontree.Value, depth int) bool {
	q := typed{t, v}
	switch p.valid[q] {
	case yes:
		return true
	case no, open:
		return false
	}
	if p.valid == nil {
		p.valid = make(map[typed]validity)
	}
	p.valid[q] = open
	p.work += len(v.Members)
	find := finder(v.Members)
	answer := yes
	for i := range t.Named.Fields {
		f := &t.Named.Fields[i]
		given := find(f.Name)
		if given == nil {
			given = f.Default
		}
		if !p.validDefault(f.Type, given, depth+1) {
			answer = no
			break
		}
	}
	p.valid[q] = answer
	return answer == yes
}
