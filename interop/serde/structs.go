package main

import (
	"context"
	"encoding/json"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// A structType exchanges the values of a case as structs.
type structType struct {
	write func(context.Context, ours, *exchange, []serde.Option) (message, error)
	read  func(context.Context, ours, *exchange, []serde.Option, message) (any, error)
}

// structs are the types of the cases that are typed: W is written, R is read.
var structs = map[string]structType{
	"avro-plain":      typed[order, order](),
	"avro-nullable":   typed[contact, contact](),
	"avro-reference":  typed[customer, customer](),
	"avro-resolution": typed[oldOrder, newOrder](),
	"avro-upgrade":    typed[personSSN, personNationalID](),
	"avro-downgrade":  typed[personNationalID, personSSN](),
	"json-upgrade":    typed[personSSN, personNationalID](),
	"json-downgrade":  typed[personNationalID, personSSN](),
}

type order struct {
	ID     int64   `avro:"id" json:"id"`
	Note   string  `avro:"note" json:"note"`
	Count  int32   `avro:"count" json:"count"`
	Price  float64 `avro:"price" json:"price"`
	Weight float32 `avro:"weight" json:"weight"`
	Paid   bool    `avro:"paid" json:"paid"`
}

type contact struct {
	Name  string  `avro:"name" json:"name"`
	Email *string `avro:"email" json:"email"`
	Age   *int    `avro:"age" json:"age"`
}

type customer struct {
	Home address  `avro:"home" json:"home"`
	Work *address `avro:"work" json:"work"`
}

type address struct {
	City string `avro:"city" json:"city"`
	Zip  int32  `avro:"zip" json:"zip"`
}

type oldOrder struct {
	ID  int32  `avro:"id" json:"id"`
	Old string `avro:"old" json:"old"`
}

type newOrder struct {
	ID   int64  `avro:"id" json:"id"`
	Note string `avro:"note" json:"note"`
}

type personSSN struct {
	Name string `avro:"name" json:"name"`
	SSN  string `avro:"ssn" json:"ssn"`
}

type personNationalID struct {
	Name       string `avro:"name" json:"name"`
	NationalID string `avro:"national_id" json:"national_id"`
}

// typed writes pointers and reads values, so that both are tried.
func typed[W, R any]() structType {
	return structType{
		write: func(ctx context.Context, o ours, x *exchange, options []serde.Option) (message, error) {
			var value W
			if err := json.Unmarshal(x.Value, &value); err != nil {
				return message{}, err
			}
			return write(ctx, o, x, options, &value)
		},
		read: func(ctx context.Context, o ours, x *exchange, options []serde.Option, m message) (any, error) {
			got, err := read[R](ctx, o, x, options, m)
			if err != nil {
				return nil, err
			}
			text, err := json.Marshal(got)
			if err != nil {
				return nil, err
			}
			return decode(text)
		},
	}
}
