// Package people is the data contract of the examples. Its second version calls the field ssn
// national_id, which nobody who knows the first could read: so it has rules that take records from one version to
// the other, in both directions.
package people

import (
	"context"
	_ "embed"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// V1 is a person as programs of version 1 know it.
type V1 struct {
	Name string `avro:"name" json:"name"`
	SSN  string `avro:"ssn" json:"ssn"`
}

// V2 is a person as programs of version 2 know it.
type V2 struct {
	Name       string `avro:"name" json:"name"`
	NationalID string `avro:"national_id" json:"national_id"`
}

//go:embed v1.avsc
var v1 string

//go:embed v2.avsc
var v2 string

// majorVersion is the metadata property that says which version of the contract a schema is. It keeps
// schemas of different versions from being held against each other.
const majorVersion = "major_version"

// Version has a serializer write, or a deserializer read, by the newest schema of a version: "1" or "2".
func Version(major string) serde.Option {
	return serde.UseLatestWithMetadata(map[string]string{majorVersion: major})
}

// Register registers the contract under a subject. Doing so again changes nothing.
func Register(ctx context.Context, registry *client.Client, subject string) error {
	level, group := "BACKWARD", majorVersion
	if _, err := registry.UpdateConfig(ctx, subject, &api.ConfigUpdate{Config: api.Config{CompatibilityGroup: &group}, Level: &level}); err != nil {
		return err
	}
	first := &api.RegisterRequest{Schema: v1, Metadata: &api.Metadata{Properties: map[string]string{majorVersion: "1"}}}
	if _, err := registry.Register(ctx, subject, first); err != nil {
		return err
	}
	second := &api.RegisterRequest{Schema: v2, Metadata: &api.Metadata{Properties: map[string]string{majorVersion: "2"}},
		RuleSet: &api.RuleSet{MigrationRules: []api.Rule{
			{Name: "ssnToNationalId", Kind: api.KindTransform, Type: "JSONATA", Mode: api.ModeUpgrade,
				Expr: "$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])"},
			{Name: "nationalIdToSsn", Kind: api.KindTransform, Type: "JSONATA", Mode: api.ModeDowngrade,
				Expr: "$merge([$sift($, function($v, $k) {$k != 'national_id'}), {'ssn': $.'national_id'}])"},
		}}}
	_, err := registry.Register(ctx, subject, second)
	return err
}
