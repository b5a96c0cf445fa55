package main

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// messageType is the message of a request, as its descriptors have it.
func (q *request) messageType() (protoreflect.MessageType, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(q.Descriptors, &set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, err
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(q.Message))
	if err != nil {
		return nil, err
	}
	return dynamicpb.NewMessageType(found.(protoreflect.MessageDescriptor)), nil
}

func (q *request) nativeProtobuf() (any, error) {
	t, err := q.messageType()
	if err != nil {
		return nil, err
	}
	m := t.New().Interface()
	return m, protojson.Unmarshal(q.Value, m)
}

func (q *request) rawProtobuf(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("a message is a %T", v)
	}
	return protojson.Marshal(m)
}
