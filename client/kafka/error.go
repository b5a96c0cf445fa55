package kafka

import "fmt"

// Part is a part of a record.
type Part string

// The parts. What failed to be fetched is no part.
const (
	Key   Part = "key"
	Value Part = "value"
)

// Error is a record that could not be read, or, where Part is "", a partition that could not be fetched.
type Error struct {
	Topic     string
	Partition int32
	Offset    int64 // of the record; -1 where there is none
	Part      Part
	Err       error
}

func (e *Error) Error() string {
	switch {
	case e.Part != "":
		return fmt.Sprintf("%s of %s/%d at offset %d: %v", e.Part, e.Topic, e.Partition, e.Offset, e.Err)
	case e.Topic != "":
		return fmt.Sprintf("cannot fetch from %s/%d: %v", e.Topic, e.Partition, e.Err)
	}
	return fmt.Sprintf("cannot fetch: %v", e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
