package client

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
)

// UsageReporter tells the registry, from time to time, which versions of which subjects are in use: those touched since the
// last time. Its failures disturb nobody; they are counted, and what was not told is told the next time.
type UsageReporter struct {
	client      *Client
	application string
	interval    time.Duration
	batch       int
	capacity    int

	mu   sync.Mutex
	uses map[api.Usage]*Use

	sending  sync.Mutex // one report at a time
	stop     context.CancelFunc
	done     chan struct{}
	failures atomic.Uint64
	reported atomic.Uint64
	refused  atomic.Uint64
}

// Use is a use of a version to be reported as long as it is touched.
type Use struct {
	touched atomic.Bool
	usage   api.Usage
}

// Touch says that the use goes on. It costs next to nothing. A nil Use is touched in vain.
func (u *Use) Touch() {
	// Most find it touched, and a load leaves the cache line with all cores.
	if u != nil && !u.touched.Load() {
		u.touched.Store(true)
	}
}

// UsageOption is a choice about a UsageReporter.
type UsageOption func(*UsageReporter)

// WithUsageBatch is how many uses are reported at once, from 1 to api.MaxUses; 500 by default.
func WithUsageBatch(n int) UsageOption {
	return func(r *UsageReporter) { r.batch = min(max(n, 1), api.MaxUses) }
}

// WithUsageCapacity is how many uses are tracked; 10,000 by default. What is beyond is not reported.
func WithUsageCapacity(n int) UsageOption { return func(r *UsageReporter) { r.capacity = max(n, 0) } }

// NewUsageReporter begins to report, every interval; 0 is a minute. The application is what the user calls itself: a client.id, a
// group, the name of a service. The reporter must be closed, before the client is.
func NewUsageReporter(c *Client, application string, interval time.Duration, opts ...UsageOption) *UsageReporter {
	const defaultBatch, defaultUses = 500, 10_000
	if interval <= 0 {
		interval = time.Minute
	}
	ctx, stop := context.WithCancel(c.life)
	r := &UsageReporter{client: c, application: application, interval: interval, batch: defaultBatch, capacity: defaultUses, uses: map[api.Usage]*Use{}, stop: stop, done: make(chan struct{})}
	for _, o := range opts {
		o(r)
	}
	go r.run(ctx)
	return r
}

// Track begins the report of a use, which counts as touched once. The reporter's application stands where the use names none. The same use
// is tracked once, and a use that is not touched between two reports costs a place, but is not reported. It is nil where there is no room, where
// the registry would refuse the use for its names or its version, and for a nil reporter.
func (r *UsageReporter) Track(use api.Usage) *Use {
	if r == nil {
		return nil
	}
	use.Application = cmp.Or(use.Application, r.application)
	use.Principal, use.LastSeen = "", 0
	if use.Check() != nil {
		r.refused.Add(1)
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.uses[use]
	if u == nil {
		if len(r.uses) >= r.capacity {
			r.refused.Add(1)
			return nil
		}
		u = &Use{usage: use}
		r.uses[use] = u
	}
	u.Touch()
	return u
}

// UsageStats is what became of reports so far.
type UsageStats struct {
	Reported uint64 // uses told, each as often as it was
	Failures uint64 // requests that failed
	Refused  uint64 // uses that were not tracked
}

// Stats tells what became of reports so far.
func (r *UsageReporter) Stats() UsageStats {
	return UsageStats{Reported: r.reported.Load(), Failures: r.failures.Load(), Refused: r.refused.Load()}
}

// Flush reports at once what was touched since the last time.
func (r *UsageReporter) Flush(ctx context.Context) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	touched := r.touched()
	for batch := range slices.Chunk(touched, r.batch) {
		list := make([]api.Usage, len(batch))
		for i, u := range batch {
			list[i] = u.usage
			u.touched.Store(false) // before it is sent: a touch from now on is one for the next time
		}
		if _, err := r.client.ReportUsage(ctx, list); err != nil {
			r.failures.Add(1)
			for _, u := range batch {
				u.touched.Store(true)
			}
			return err
		}
		r.reported.Add(uint64(len(batch)))
	}
	return nil
}

// touched lists the uses to be reported, in an order of its own.
func (r *UsageReporter) touched() []*Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*Use
	for _, u := range r.uses {
		if u.touched.Load() {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *Use) int {
		x, y := &a.usage, &b.usage
		return cmp.Or(cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Version, y.Version), cmp.Compare(x.Role, y.Role),
			cmp.Compare(x.Topic, y.Topic), cmp.Compare(x.Application, y.Application))
	})
	return list
}

func (r *UsageReporter) run(ctx context.Context) {
	defer close(r.done)
	t := time.NewTicker(r.interval)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_ = r.Flush(ctx) // counted
		case <-ctx.Done():
			return
		}
	}
}

// Close ends the reports with a last one, which obeys ctx.
func (r *UsageReporter) Close(ctx context.Context) error {
	r.stop()
	<-r.done
	return r.Flush(ctx)
}
