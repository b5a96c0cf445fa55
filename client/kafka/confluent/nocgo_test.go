//go:build !cgo

package confluent

import "testing"

func TestAdapter(t *testing.T) {
	t.Skip("confluent-kafka-go is librdkafka in C: run with CGO_ENABLED=1 and a C compiler")
}
