// Package metrics counts for Prometheus what serializers and deserializers tell:
//
//	m, err := metrics.New(prometheus.DefaultRegisterer)
//	s, err := serde.NewSerializer[*Order](c, serde.Avro, serde.WithObserver(m))
//
// One observer may serve all the serializers and deserializers of a program. The metrics are
//
//   - concordat_serde_schemas_total, by role, subject, format and migration: schemas met for the first time by a topic, or anew.
//     migration is UPGRADE or DOWNGRADE where rules take records from one version to another, and empty elsewhere.
//   - concordat_serde_rules_total, by role, subject, rule and outcome, which is passed, failed or skipped: rules on messages.
//     A condition that does not hold has failed, whatever the action then is.
//   - concordat_serde_rule_duration_seconds, by role, subject and rule: the time that rules took which were not skipped, as a histogram.
//   - concordat_serde_failures_total, by role, stage and subject: messages that could not be written or read, and
//     schemas that could not be renewed. The subject is empty where the failure came before it was known.
//
// role is PRODUCER or CONSUMER, format one of those of package serde, stage one of the stages of package serde. Subjects and rules are as many as the program has topics and their
// contracts rules, which nobody bounds, so the series are bounded here: each metric tells at most so many subjects, or pairs
// of subject and rule, apart as MaxSets says, and counts all that come later as subject and rule "other".
// Versions and topics are no labels; which versions are in use is what usage reports tell the registry.
package metrics

import (
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Other is the subject and the rule of what is beyond MaxSets.
const Other = "other"

// Metrics is a serde.Observer. It is safe for concurrent use, and where it has counted something
// before, it waits for nobody and allocates nothing.
type Metrics struct {
	schemas  *sets[schemaSet, prometheus.Counter]
	rules    *sets[ruleSet, *ruleCounts]
	failures *sets[failureSet, prometheus.Counter]
}

var _ serde.Observer = (*Metrics)(nil)

type (
	schemaSet struct {
		role, subject string
		format        serde.Format
		migration     string
	}
	ruleSet    struct{ role, subject, rule string }
	failureSet struct {
		role    string
		stage   serde.Stage
		subject string
	}
)

// ruleCounts are the counts of one rule.
type ruleCounts struct {
	passed, failed, skipped prometheus.Counter
	took                    prometheus.Observer
}

// Option is a choice about the metrics.
type Option func(*config)

type config struct {
	most    int
	buckets []float64
}

// MaxSets is how many sets of labels a metric tells apart for its subjects and rules before it
// counts under "other". The default is 500; a rule is some ten series, a subject one.
func MaxSets(n int) Option { return func(c *config) { c.most = n } }

// Buckets are the upper bounds of the histogram's buckets, in seconds. By default they are the powers of ten from 10 µs to 1 s.
func Buckets(bounds ...float64) Option { return func(c *config) { c.buckets = bounds } }

// New makes metrics and registers them. Those of one name can be registered once: a program with several keeps all of them apart by a label,
// as prometheus.WrapRegistererWith gives it. On an error nothing is registered.
func New(to prometheus.Registerer, opts ...Option) (*Metrics, error) {
	c := &config{most: 500, buckets: []float64{1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}}
	for _, opt := range opts {
		opt(c)
	}
	schemas := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "concordat_serde_schemas_total",
		Help: "Schemas met for the first time by a topic, or anew, by role, subject, format and migration."}, []string{"role", "subject", "format", "migration"})
	ran := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "concordat_serde_rules_total",
		Help: "Rules on messages, by role, subject, rule and outcome."}, []string{"role", "subject", "rule", "outcome"})
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "concordat_serde_rule_duration_seconds",
		Help: "Time that rules took on messages, by role, subject and rule.", Buckets: c.buckets}, []string{"role", "subject", "rule"})
	failures := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "concordat_serde_failures_total",
		Help: "Messages that could not be written or read, and schemas that could not be renewed, by role, stage and subject."}, []string{"role", "stage", "subject"})

	if err := register(to, schemas, ran, took, failures); err != nil {
		return nil, err
	}
	return &Metrics{
		schemas: newSets(c.most, func(s schemaSet) prometheus.Counter {
			return schemas.WithLabelValues(s.role, label(s.subject), string(s.format), s.migration)
		}, func(s schemaSet) schemaSet { return schemaSet{s.role, Other, s.format, s.migration} }),
		rules: newSets(c.most, func(s ruleSet) *ruleCounts {
			subject, rule := label(s.subject), label(s.rule)
			return &ruleCounts{
				passed:  ran.WithLabelValues(s.role, subject, rule, "passed"),
				failed:  ran.WithLabelValues(s.role, subject, rule, "failed"),
				skipped: ran.WithLabelValues(s.role, subject, rule, "skipped"),
				took:    took.WithLabelValues(s.role, subject, rule),
			}
		}, func(s ruleSet) ruleSet { return ruleSet{s.role, Other, Other} }),
		failures: newSets(c.most, func(s failureSet) prometheus.Counter {
			return failures.WithLabelValues(s.role, string(s.stage), label(s.subject))
		}, func(s failureSet) failureSet { return failureSet{s.role, s.stage, Other} }),
	}, nil
}

// register registers all or nothing.
func register(to prometheus.Registerer, all ...prometheus.Collector) error {
	for i, c := range all {
		if err := to.Register(c); err != nil {
			for _, done := range all[:i] {
				to.Unregister(done)
			}
			if errors.As(err, new(prometheus.AlreadyRegisteredError)) {
				return errors.New("there are metrics of serdes in the registerer already: give their observer to all serdes, or each its registerer wrapped with a label")
			}
			return err
		}
	}
	return nil
}

// label is a text as Prometheus takes it.
func label(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// SchemaSeen counts a schema.
func (m *Metrics) SchemaSeen(s *serde.Seen) {
	m.schemas.get(schemaSet{s.Role, s.Subject, s.Format, s.Migration}).Inc()
}

// RuleRan counts a rule.
func (m *Metrics) RuleRan(r *serde.RuleRun) {
	counts := m.rules.get(ruleSet{r.Role, r.Subject, r.Step.Rule.Name})
	switch {
	case r.Step.Skipped != "":
		counts.skipped.Inc()
		return
	case r.Step.Err != nil:
		counts.failed.Inc()
	default:
		counts.passed.Inc()
	}
	counts.took.Observe(r.Step.Took.Seconds())
}

// Failed counts a failure.
func (m *Metrics) Failed(f *serde.Failure) {
	m.failures.get(failureSet{f.Role, f.Stage, f.Subject}).Inc()
}
