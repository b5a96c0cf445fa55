package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
)

// ledger keeps what is reported.
type ledger struct {
	mu      sync.Mutex
	reports [][]api.Usage
	down    atomic.Bool
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var u api.Usages
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil || r.Method != http.MethodPost || r.URL.Path != "/concordat/v1/usage" {
		says(400, vendorJSON, `{"error_code":400,"message":"no"}`)(w, r)
		return
	}
	if l.down.Load() {
		w.WriteHeader(503)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reports = append(l.reports, u.Usages)
	says(200, vendorJSON, `{"unknown":[]}`)(w, r)
}

// take gives what was reported since the last time.
func (l *ledger) take() [][]api.Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.reports = nil }()
	return l.reports
}

func use(version int) api.Usage {
	return api.Usage{Subject: "s", Version: version, Role: api.Producer, Topic: "t"}
}

func TestUsageReports(t *testing.T) {
	l := &ledger{}
	addr, _ := serve(t, l)
	c := connect(t, addr, client.WithRetries(0, 0, 0))
	r := client.NewUsageReporter(c, "app", time.Hour, client.WithUsageBatch(2), client.WithUsageCapacity(3))
	one, two, three := r.Track(use(1)), r.Track(use(2)), r.Track(use(3))
	if r.Track(use(1)) != one {
		t.Error("the same use is tracked twice")
	}
	if four := r.Track(use(4)); four != nil {
		t.Error("a use was tracked beyond the capacity")
	} else {
		four.Touch()
	}
	var none *client.UsageReporter
	none.Track(use(1)).Touch()

	flush := func() {
		t.Helper()
		if err := r.Flush(background); err != nil {
			t.Fatal(err)
		}
	}
	of := func(version int) api.Usage { u := use(version); u.Application = "app"; return u }
	flush()
	same(t, "reports", l.take(), [][]api.Usage{{of(1), of(2)}, {of(3)}})
	flush()
	same(t, "reports of what is not used", l.take(), nil)
	two.Touch()
	l.down.Store(true)
	if err := r.Flush(background); err == nil {
		t.Error("a failure was not told")
	}
	l.down.Store(false)
	three.Touch()
	flush()
	same(t, "reports after a failure", l.take(), [][]api.Usage{{of(2), of(3)}})
	same(t, "stats", r.Stats(), client.UsageStats{Reported: 5, Failures: 1, Refused: 1})
	one.Touch()
	if err := r.Close(background); err != nil {
		t.Error(err)
	}
	same(t, "last report", l.take(), [][]api.Usage{{of(1)}})
	one.Touch()
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := r.Close(ctx); err == nil {
		t.Error("a report without time was sent")
	}
}

func TestUsageReportsConcurrent(t *testing.T) {
	l := &ledger{}
	addr, _ := serve(t, l)
	c := connect(t, addr)
	r := client.NewUsageReporter(c, "app", time.Millisecond)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				u := r.Track(use(i%10 + 1))
				u.Touch()
				if g == 0 && i%50 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	for r.Stats().Reported < 10 {
		time.Sleep(time.Millisecond)
	}
	if err := r.Close(background); err != nil {
		t.Error(err)
	}
	seen := map[int]bool{}
	for _, list := range l.take() {
		for _, u := range list {
			seen[u.Version] = true
		}
	}
	same(t, "versions", len(seen), 10)
}

// The registry knows what it was told.
func TestUsage(t *testing.T) {
	c, _ := ofRegistry(t)
	must(c.Register(background, "s", avro(`"int"`)))(t)
	r := client.NewUsageReporter(c, "app", time.Hour)
	if r.Track(use(0)) != nil || r.Track(api.Usage{Subject: "s", Version: 1, Role: "?"}) != nil {
		t.Error("a use that would be refused was taken")
	}
	r.Track(use(1)).Touch()
	r.Track(use(7)).Touch()
	if err := r.Close(background); err != nil {
		t.Fatal(err)
	}
	for want, params := range map[int][]client.Param{
		1: {client.InSubject("s"), client.OfVersion(-1), client.Role(api.Producer), client.Principal("")},
		0: {client.Role(api.Consumer)},
	} {
		same(t, "uses", len(must(c.Usage(background, params...))(t)), want)
	}
	got := must(c.Usage(background))(t)[0]
	same(t, "application and topic", got.Application+" "+got.Topic, "app t")
	unknown := must(c.ReportUsage(background, []api.Usage{use(9)}))(t)
	same(t, "unknown", unknown.Unknown, []api.SubjectVersion{{Subject: "s", Version: 9}})
}

func BenchmarkTouch(b *testing.B) {
	c := connect(b, "http://127.0.0.1:1")
	r := client.NewUsageReporter(c, "app", time.Hour)
	u := r.Track(use(1))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			u.Touch()
		}
	})
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := r.Close(ctx); err == nil {
		b.Error(fmt.Errorf("reported to nobody"))
	}
}
