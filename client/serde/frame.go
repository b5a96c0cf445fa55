package serde

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/schema"
)

// The first byte of a frame tells what names the schema.
const (
	magicID   = 0 // then four bytes of id, big endian
	magicGUID = 1 // then the sixteen bytes of a GUID
)

// The headers that hold frames.
const (
	HeaderKeySchemaID   = "__key_schema_id"
	HeaderValueSchemaID = "__value_schema_id"
)

// headerName is the header of the part that the serde is for.
func (c *config) headerName() string {
	if c.isKey {
		return HeaderKeySchemaID
	}
	return HeaderValueSchemaID
}

// ErrUnknownMagicByte reports data, or a header, whose first byte is that of no frame.
var ErrUnknownMagicByte = errors.New("unknown magic byte")

// FrameError reports data whose framing cannot be read.
type FrameError struct {
	Reason string
	Err    error // ErrUnknownMagicByte, or nil
}

func (e *FrameError) Error() string { return "the frame of the message cannot be read: " + e.Reason }

func (e *FrameError) Unwrap() error { return e.Err }

// named is what a frame says of the schema.
type named struct {
	id   int
	guid schema.GUID
	byID bool
}

func (n named) String() string {
	if n.byID {
		return fmt.Sprintf("id %d", n.id)
	}
	return "GUID " + n.guid.String()
}

// frameSize is the number of bytes that name the schema at the beginning of data.
func frameSize(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, &FrameError{Reason: "there are no bytes"}
	}
	size := 0
	switch data[0] {
	case magicID:
		size = 5
	case magicGUID:
		size = 17
	default:
		return 0, &FrameError{Reason: fmt.Sprintf("unknown magic byte 0x%02x", data[0]), Err: ErrUnknownMagicByte}
	}
	if len(data) < size {
		return 0, &FrameError{Reason: fmt.Sprintf("%d bytes are needed to name the schema, there are %d", size, len(data))}
	}
	return size, nil
}

// naming reads what the bytes of a frame say.
func naming(frame []byte) named {
	if frame[0] == magicID {
		return named{id: int(int32(binary.BigEndian.Uint32(frame[1:]))), byID: true}
	}
	var n named
	copy(n.guid[:], frame[1:])
	return n
}

// maxIndexes bounds how deep a message may be nested in others.
const maxIndexes = schema.MaxDepth

// indexSize is the number of bytes that the message indexes at the beginning of data take.
func indexSize(data []byte) (int, error) {
	count, at := binary.Varint(data)
	switch {
	case at <= 0:
		return 0, &FrameError{Reason: "the number of message indexes is cut off"}
	case count < 0 || count > maxIndexes:
		return 0, &FrameError{Reason: fmt.Sprintf("%d message indexes", count)}
	}
	for range count {
		_, n := binary.Varint(data[at:])
		if n <= 0 {
			return 0, &FrameError{Reason: "the message indexes are cut off"}
		}
		at += n
	}
	return at, nil
}

// indexesOf reads message indexes that indexSize has measured.
func indexesOf(data []byte) ([]int, error) {
	count, at := binary.Varint(data)
	if count == 0 {
		return []int{0}, nil
	}
	indexes := make([]int, count)
	for i := range indexes {
		index, n := binary.Varint(data[at:])
		if index < 0 || index > 1<<31-1 {
			return nil, &FrameError{Reason: fmt.Sprintf("message index %d", index)}
		}
		indexes[i] = int(index)
		at += n
	}
	return indexes, nil
}

// appendIndexes writes message indexes; those of the first message of a file are one zero.
func appendIndexes(dst []byte, indexes []int) []byte {
	if len(indexes) == 1 && indexes[0] == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, int64(len(indexes)))
	for _, i := range indexes {
		dst = binary.AppendVarint(dst, int64(i))
	}
	return dst
}

func appendID(dst []byte, id int) []byte {
	return binary.BigEndian.AppendUint32(append(dst, magicID), uint32(id))
}

func appendGUID(dst []byte, guid schema.GUID) []byte {
	return append(append(dst, magicGUID), guid[:]...)
}
