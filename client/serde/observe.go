package serde

import (
	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// Observer is told what serializers and deserializers learn. Its methods are
// called from the goroutines that serialize, several at once; they must not block.
type Observer interface {
	// SchemaSeen is told of each plan made: a schema met for the first time by a topic, or anew.
	SchemaSeen(*Seen)
	// RuleRan is told of each rule that ran on a message, or was passed over.
	RuleRan(*RuleRun)
	// Failed is told of each message, and each plan, that failed.
	Failed(*Failure)
}

// Source says where something was observed. It may be kept.
type Source struct {
	Role    string // api.Producer or api.Consumer
	Topic   string
	IsKey   bool
	Subject string // "" while not known
	Format  Format
}

// Seen is a schema that messages are written or read with. It may be kept, and
// must not be changed.
type Seen struct {
	Source
	Writer *api.Schema // that the data is in; the version may be 0 where nobody needed it
	Reader *api.Schema // that it is read by: Writer itself unless another was asked for
	// Migration is UPGRADE or DOWNGRADE where rules take records from one version to the other, "" else.
	Migration string
}

// RuleRun is one rule on one message. Neither it nor its Step must be kept.
type RuleRun struct {
	Source
	Step *rules.Step
}

// Failure is a message that could not be written or read, or a schema that could not be renewed.
type Failure struct {
	Source
	Stage Stage
	Err   error // *Error for messages
}

// Stage is how far a message came.
type Stage string

// The stages.
const (
	StageFrame    Stage = "FRAME"
	StageSchema   Stage = "SCHEMA"
	StageRule     Stage = "RULE"
	StageMigrate  Stage = "MIGRATE"
	StageValidate Stage = "VALIDATE"
	StageCodec    Stage = "CODEC"
)

const producer, consumer = api.Producer, api.Consumer

// observers are told one after the other.
type observers []Observer

func (o observers) seen(s *Seen) {
	for _, x := range o {
		x.SchemaSeen(s)
	}
}

func (o observers) failed(f *Failure) {
	for _, x := range o {
		x.Failed(f)
	}
}

// steps passes rules that run on to the observers; nil for nobody.
func (o observers) steps(src Source) func(*rules.Step) {
	if len(o) == 0 {
		return nil
	}
	return func(s *rules.Step) {
		run := RuleRun{src, s}
		for _, x := range o {
			x.RuleRan(&run)
		}
	}
}
