package serde

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/client"
)

// SubjectNameStrategy names the subject under which the schemas of a topic's
// keys or values are registered.
type SubjectNameStrategy struct {
	// needsRecord: the name of the record is part of the subject.
	needsRecord bool
	name        func(ctx context.Context, c *client.Cache, q SubjectQuestion) (string, error)
	// otherwise is asked where there is no associated subject.
	otherwise *SubjectNameStrategy
}

// SubjectQuestion is what a subject is named by.
type SubjectQuestion struct {
	Topic string
	IsKey bool
	// Record is the full name of an Avro record or a Protobuf message, or the title of a JSON Schema; "" where there is none.
	Record string
}

// part is the kind of association, and the end of a topic's subject.
func (q SubjectQuestion) part() string {
	if q.IsKey {
		return "key"
	}
	return "value"
}

// errNoName reports a record without a name where one is needed.
var errNoName = errors.New("the subject is named by the record, and the schema has no name")

// The strategies of the reference.
var (
	// TopicNameStrategy names "<topic>-key" and "<topic>-value".
	TopicNameStrategy = SubjectNames(false, func(q SubjectQuestion) (string, error) { return q.Topic + "-" + q.part(), nil })
	// RecordNameStrategy names the record's own name.
	RecordNameStrategy = SubjectNames(true, func(q SubjectQuestion) (string, error) {
		if q.Record == "" {
			return "", errNoName
		}
		return q.Record, nil
	})
	// TopicRecordNameStrategy names "<topic>-<record>".
	TopicRecordNameStrategy = SubjectNames(true, func(q SubjectQuestion) (string, error) {
		if q.Record == "" {
			return "", errNoName
		}
		return q.Topic + "-" + q.Record, nil
	})
	// NoSubjectName is the end of AssociatedNameStrategy for those who want no other: an error.
	NoSubjectName = SubjectNames(false, func(q SubjectQuestion) (string, error) {
		return "", fmt.Errorf("the topic %s is associated with no subject for its %ss", q.Topic, q.part())
	})
)

// SubjectNames is a strategy of one's own. With needsRecord set the record's name is asked for.
func SubjectNames(needsRecord bool, name func(SubjectQuestion) (string, error)) SubjectNameStrategy {
	return SubjectNameStrategy{needsRecord: needsRecord, name: func(_ context.Context, _ *client.Cache, q SubjectQuestion) (string, error) { return name(q) }}
}

// AssociatedNameStrategy asks the registry which subject a topic of a Kafka cluster is associated with, and
// where there is none names it by another strategy. It is the default, with TopicNameStrategy and the namespace "-", which is
// that of every cluster. A topic with several associated subjects is an error.
func AssociatedNameStrategy(clusterID string, otherwise SubjectNameStrategy) SubjectNameStrategy {
	if clusterID == "" {
		clusterID = "-"
	}
	return SubjectNameStrategy{
		name: func(ctx context.Context, c *client.Cache, q SubjectQuestion) (string, error) {
			return c.AssociatedSubject(ctx, clusterID, q.Topic, q.part())
		},
		otherwise: &otherwise,
	}
}

// subject names the subject. record is asked for the record's name only where it is needed.
func (s *SubjectNameStrategy) subject(ctx context.Context, c *client.Cache, q SubjectQuestion, record func() (string, error)) (string, error) {
	if s.needsRecord && record != nil {
		var err error
		if q.Record, err = record(); err != nil {
			return "", err
		}
	}
	name, err := s.name(ctx, c, q)
	if err == nil && name == "" && s.otherwise != nil {
		return s.otherwise.subject(ctx, c, q, record)
	}
	if err == nil && name == "" {
		err = errors.New("the subject name strategy gives no name")
	}
	return name, err
}

// ReferenceNameStrategy names the subject under which an imported Protobuf file is registered.
type ReferenceNameStrategy func(path string) string

// The strategies of the reference for imports.
var (
	// DefaultReferenceSubjectNameStrategy is the import path itself: "dir/x.proto".
	DefaultReferenceSubjectNameStrategy ReferenceNameStrategy = func(path string) string { return path }
	// QualifiedReferenceSubjectNameStrategy is the path with dots, without its extension: "dir.x".
	QualifiedReferenceSubjectNameStrategy ReferenceNameStrategy = qualified
)
