package serde_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/schema"
)

const nestedProto = `syntax = "proto3"; message A { message B { message C { } message D { } } message E { } } message F { }`

// framedMessage is what a frame says, as the reference describes it: the name of the message and how many bytes there are before the payload.
func framedMessage(file protoreflect.FileDescriptor, id int, guid schema.GUID, frame []byte) (name string, size int, ok bool) {
	switch {
	case len(frame) >= 5 && frame[0] == 0 && int(binary.BigEndian.Uint32(frame[1:])) == id:
		size = 5
	case len(frame) >= 17 && frame[0] == 1 && schema.GUID(frame[1:17]) == guid:
		size = 17
	default:
		return "", 0, false
	}
	number := func() int64 {
		v, n := binary.Varint(frame[size:])
		if n <= 0 {
			return -1
		}
		size += n
		return v
	}
	count := number()
	var path []int64
	for range min(count, 10) {
		path = append(path, number())
	}
	if count == 0 {
		path = []int64{0}
	}
	messages := file.Messages()
	for _, i := range path {
		if i < 0 || i >= int64(messages.Len()) {
			return "", 0, false
		}
		m := messages.Get(int(i))
		name, messages = string(m.FullName()), m.Messages()
	}
	return name, size, count >= 0 && count <= 10
}

// FuzzFrame holds the frames that are read against the plainest way to read them.
func FuzzFrame(f *testing.F) {
	c := fuzzRegistry()
	stored, err := c.Cache().Register(f.Context(), "frames-value", &api.Schema{SchemaType: api.Protobuf, Schema: nestedProto}, false)
	if err != nil {
		f.Fatal(err)
	}
	guid, _ := schema.ParseGUID(stored.GUID)
	file := compiled(f, "a.proto", map[string]string{"a.proto": nestedProto})
	for _, indexes := range [][]int64{{}, {0}, {1}, {0, 0}, {0, 1}, {0, 0, 0}, {0, 0, 1}, {2}, {0, 0, 0, 0}, {-1}} {
		frame := binary.AppendVarint(framed(stored.ID), int64(len(indexes)))
		for _, i := range indexes {
			frame = binary.AppendVarint(frame, i)
		}
		f.Add(frame)
		f.Add(append(append([]byte{1}, guid[:]...), frame[5:]...))
	}
	f.Add(framed(stored.ID))
	f.Add(framed(stored.ID, 0x80, 0x00))             // a zero of two bytes
	f.Add(framed(stored.ID, 0x82, 0x00, 0x82, 0x00)) // longer than they need be
	f.Add([]byte{2})
	topics := serde.WithSubjectNameStrategy(serde.TopicNameStrategy)
	readers := map[string]*serde.Deserializer[any]{"Protobuf": reads[any](f, c, serde.Protobuf, topics), "any": reads[any](f, c, serde.Any, topics)}
	f.Fuzz(func(t *testing.T, frame []byte) {
		switch {
		case len(frame) >= 5 && frame[0] == 0 && int(binary.BigEndian.Uint32(frame[1:])) != stored.ID,
			len(frame) >= 17 && frame[0] == 1 && schema.GUID(frame[1:17]) != guid:
			t.Skip() // an id that something else has, or nothing
		}
		name, size, ok := framedMessage(file, stored.ID, guid, frame)
		for kind, d := range readers {
			holds(t, kind+", prefix", d, frame, nil, name, ok)
			if !ok || size == len(frame) {
				holds(t, kind+", header", d, []byte{}, []serde.Header{{Key: serde.HeaderValueSchemaID, Value: frame}}, name, ok)
			}
		}
	})
}

func holds(t *testing.T, kind string, d *serde.Deserializer[any], data []byte, headers []serde.Header, name string, ok bool) {
	t.Helper()
	v, err := d.Deserialize(t.Context(), "frames", data, headers...)
	var e *serde.Error
	var frame *serde.FrameError
	var answer *client.Error
	switch {
	case err == nil && !ok:
		t.Errorf("%s: read as %v", kind, v)
	case err == nil:
		if got := v.(proto.Message).ProtoReflect().Descriptor().FullName(); string(got) != name {
			t.Errorf("%s: read as a %s, not a %s", kind, got, name)
		}
	case errors.As(err, &answer):
		t.Errorf("%s: the registry was asked for what is no frame: %v", kind, err)
	case !errors.As(err, &e):
		t.Errorf("%s: %v is a %T", kind, err, err)
	case ok && e.Stage != serde.StageCodec, !ok && !errors.As(err, &frame):
		t.Errorf("%s: stage %s: %v", kind, e.Stage, err)
	}
}
