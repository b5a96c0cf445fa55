// Package orderpb is the order that the serde benchmarks write as Protobuf.
package orderpb

import _ "embed"

//go:generate go run ../protogen order.proto

// Text is the schema.
//
//go:embed order.proto
var Text string
