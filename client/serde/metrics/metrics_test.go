package metrics_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/client/serde/metrics"
	"github.com/seed-9f7c7091/concordat/concordattest"
	"github.com/seed-9f7c7091/concordat/rules"
)

func made(t testing.TB, opts ...metrics.Option) (*metrics.Metrics, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewRegistry()
	m, err := metrics.New(reg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return m, reg
}

// series are all that a registry tells, as name{label="value",…} value.
func series(t testing.TB, reg *prometheus.Registry) map[string][]string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			var labels []string
			for _, l := range x.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			value := fmt.Sprint(x.GetCounter().GetValue())
			if h := x.GetHistogram(); h != nil {
				value = fmt.Sprintf("%d in %g", h.GetSampleCount(), h.GetSampleSum())
				for _, b := range h.GetBucket() {
					value += fmt.Sprintf(", %d to %g", b.GetCumulativeCount(), b.GetUpperBound())
				}
			}
			found[f.GetName()] = append(found[f.GetName()], "{"+strings.Join(labels, ",")+"} "+value)
		}
	}
	return found
}

// counts compares what a metric tells with lines.
func counts(t testing.TB, reg *prometheus.Registry, name, lines string) {
	t.Helper()
	var want []string
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			want = append(want, line)
		}
	}
	if got := series(t, reg)[name]; !slices.Equal(got, want) {
		t.Errorf("%s tells\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func ran(role, subject, rule string, of rules.Step) *serde.RuleRun {
	of.Rule = &api.Rule{Name: rule}
	return &serde.RuleRun{Source: serde.Source{Role: role, Topic: "t", Subject: subject}, Step: &of}
}

// TestSerdes counts what serdes tell.
func TestSerdes(t *testing.T) {
	registry := concordattest.Start(t)
	registry.Register("orders-value", `{"type":"record","name":"Order","fields":[{"name":"total","type":"int"}]}`, func(q *api.RegisterRequest) {
		q.RuleSet = &api.RuleSet{DomainRules: []api.Rule{{Name: "paid", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "message.total > 0"}}}
	})
	m, reg := made(t)
	ser, err := serde.NewSerializer[any](registry.Client(), serde.Avro, serde.UseLatestVersion(), serde.WithObserver(m))
	if err != nil {
		t.Fatal(err)
	}
	des, err := serde.NewDeserializer[any](registry.Client(), serde.Avro, serde.WithObserver(m))
	if err != nil {
		t.Fatal(err)
	}
	for _, total := range []int{1, 2, 0} {
		data, err := ser.Serialize(t.Context(), "orders", map[string]any{"total": total})
		if (err == nil) != (total > 0) {
			t.Fatal(err)
		}
		if err == nil {
			if _, err := des.Deserialize(t.Context(), "orders", data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := des.Deserialize(t.Context(), "orders", []byte{9}); err == nil {
		t.Fatal("read without a frame")
	}
	counts(t, reg, "concordat_serde_schemas_total", `
		{format="AVRO",migration="",role="CONSUMER",subject="orders-value"} 1
		{format="AVRO",migration="",role="PRODUCER",subject="orders-value"} 1`)
	counts(t, reg, "concordat_serde_rules_total", `
		{outcome="failed",role="CONSUMER",rule="paid",subject="orders-value"} 0
		{outcome="failed",role="PRODUCER",rule="paid",subject="orders-value"} 1
		{outcome="passed",role="CONSUMER",rule="paid",subject="orders-value"} 2
		{outcome="passed",role="PRODUCER",rule="paid",subject="orders-value"} 2
		{outcome="skipped",role="CONSUMER",rule="paid",subject="orders-value"} 0
		{outcome="skipped",role="PRODUCER",rule="paid",subject="orders-value"} 0`)
	counts(t, reg, "concordat_serde_failures_total", `
		{role="CONSUMER",stage="FRAME",subject=""} 1
		{role="PRODUCER",stage="RULE",subject="orders-value"} 1`)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestOutcomes(t *testing.T) {
	m, reg := made(t, metrics.Buckets(0.001, 0.1))
	m.RuleRan(ran(api.Producer, "s", "r", rules.Step{Took: time.Microsecond}))
	m.RuleRan(ran(api.Producer, "s", "r", rules.Step{Took: 10 * time.Millisecond, Err: errors.New("no")}))
	m.RuleRan(ran(api.Producer, "s", "r", rules.Step{Skipped: "a dead letter"}))
	m.SchemaSeen(&serde.Seen{Source: serde.Source{Role: api.Consumer, Format: serde.JSON, Subject: "s"}, Migration: api.ModeUpgrade})
	m.SchemaSeen(&serde.Seen{Source: serde.Source{Role: api.Consumer, Format: serde.JSON, Subject: "\xff"}})
	counts(t, reg, "concordat_serde_rules_total", `
		{outcome="failed",role="PRODUCER",rule="r",subject="s"} 1
		{outcome="passed",role="PRODUCER",rule="r",subject="s"} 1
		{outcome="skipped",role="PRODUCER",rule="r",subject="s"} 1`)
	counts(t, reg, "concordat_serde_schemas_total", `
		{format="JSON",migration="",role="CONSUMER",subject="`+"\uFFFD"+`"} 1
		{format="JSON",migration="UPGRADE",role="CONSUMER",subject="s"} 1`)
	counts(t, reg, "concordat_serde_rule_duration_seconds", `
		{role="PRODUCER",rule="r",subject="s"} 2 in 0.010001, 1 to 0.001, 2 to 0.1`)
}

func TestMaxSets(t *testing.T) {
	m, reg := made(t, metrics.MaxSets(2))
	for i := range 10 {
		src := serde.Source{Role: api.Consumer, Format: serde.JSON, Subject: fmt.Sprintf("s%d", i)}
		for range 2 { // those told apart stay so
			m.SchemaSeen(&serde.Seen{Source: src})
			m.RuleRan(ran(src.Role, src.Subject, "r", rules.Step{}))
			m.Failed(&serde.Failure{Source: src, Stage: serde.StageCodec})
		}
	}
	m.Failed(&serde.Failure{Source: serde.Source{Role: api.Producer, Subject: "s0"}, Stage: serde.StageRule})
	m.Failed(&serde.Failure{Source: serde.Source{Role: api.Consumer, Subject: "s0"}, Stage: serde.StageCodec})
	counts(t, reg, "concordat_serde_schemas_total", `
		{format="JSON",migration="",role="CONSUMER",subject="other"} 16
		{format="JSON",migration="",role="CONSUMER",subject="s0"} 2
		{format="JSON",migration="",role="CONSUMER",subject="s1"} 2`)
	counts(t, reg, "concordat_serde_failures_total", `
		{role="CONSUMER",stage="CODEC",subject="other"} 16
		{role="CONSUMER",stage="CODEC",subject="s0"} 3
		{role="CONSUMER",stage="CODEC",subject="s1"} 2
		{role="PRODUCER",stage="RULE",subject="other"} 1`)
	if all := series(t, reg); len(all["concordat_serde_rules_total"]) != 3*3 || len(all["concordat_serde_rule_duration_seconds"]) != 3 {
		t.Errorf("rules of %d subjects are told apart, not of 2 and all others", len(all["concordat_serde_rule_duration_seconds"]))
	}
	none, reg := made(t, metrics.MaxSets(0))
	none.SchemaSeen(&serde.Seen{Source: serde.Source{Role: api.Producer, Format: serde.JSON, Subject: "s"}})
	counts(t, reg, "concordat_serde_schemas_total", `{format="JSON",migration="",role="PRODUCER",subject="other"} 1`)
}

func TestNewTwice(t *testing.T) {
	_, reg := made(t)
	if _, err := metrics.New(reg); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("made twice: %v", err)
	}
	reg = prometheus.NewRegistry()
	for _, part := range []string{"one", "two"} {
		if _, err := metrics.New(prometheus.WrapRegistererWith(prometheus.Labels{"part": part}, reg)); err != nil {
			t.Error(err)
		}
	}
	// What is there already is the last of ours: the others must be gone again.
	reg = prometheus.NewRegistry()
	last := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "concordat_serde_failures_total",
		Help: "Messages that could not be written or read, and schemas that could not be renewed, by role, stage and subject."}, []string{"role", "stage", "subject"})
	reg.MustRegister(last)
	if _, err := metrics.New(reg); err == nil {
		t.Error("made beside another's")
	}
	reg.Unregister(last)
	if _, err := metrics.New(reg); err != nil {
		t.Error(err)
	}
}

func TestAllocs(t *testing.T) {
	m, _ := made(t, metrics.MaxSets(1))
	for _, subject := range []string{"told", "beyond"} {
		run := ran(api.Producer, subject, "r", rules.Step{})
		m.RuleRan(run)
		if n := testing.AllocsPerRun(100, func() { m.RuleRan(run) }); n > 0 {
			t.Errorf("%s: %v allocations", subject, n)
		}
	}
}

func TestConcurrent(t *testing.T) {
	const goroutines, each, subjects = 8, 500, 20
	m, reg := made(t, metrics.MaxSets(subjects/2))
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := range each {
				src := serde.Source{Role: api.Producer, Subject: fmt.Sprintf("s%d", i%subjects)}
				m.SchemaSeen(&serde.Seen{Source: src})
				m.RuleRan(ran(src.Role, src.Subject, "r", rules.Step{}))
				m.Failed(&serde.Failure{Source: src, Stage: serde.StageRule})
				if i%100 == 0 {
					if _, err := reg.Gather(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		sum, sets := 0.0, map[string]bool{}
		for _, x := range f.GetMetric() {
			if f.GetName() == "concordat_serde_rule_duration_seconds" {
				sum += float64(x.GetHistogram().GetSampleCount())
			} else {
				sum += x.GetCounter().GetValue()
			}
			for _, l := range x.GetLabel() {
				if l.GetName() == "subject" {
					sets[l.GetValue()] = true
				}
			}
		}
		if sum != goroutines*each || len(sets) != subjects/2+1 {
			t.Errorf("%s: %v of %d, of %d subjects", f.GetName(), sum, goroutines*each, len(sets))
		}
	}
}
