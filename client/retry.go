package client

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// retries is how often, and after what, an attempt is repeated.
type retries struct {
	max     int // after the first attempt
	wait    time.Duration
	maxWait time.Duration
}

// delay is how long to wait after attempt number n, from 0: a random part of a time that doubles with each.
func (r retries) delay(n int) time.Duration {
	longest := r.maxWait
	if n < 62 && r.wait <= r.maxWait>>n {
		longest = r.wait << n
	}
	return time.Duration(rand.Float64() * float64(longest))
}

// longest is how long all delays of one URL can last together.
func (r retries) longest() (sum time.Duration) {
	for n := range r.max {
		sum += min(r.wait<<min(n, 30), r.maxWait)
	}
	return sum
}

// pause waits, or gives the error of a context that ends before.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// repeat says which failures of a request may be answered with another attempt.
type repeat int

const (
	// always is for what may be carried out twice with the effect of once: reads, look-ups, checks, registrations (the same
	// content gets the same id and version), changes of configuration and mode, which say what is to be, and usage reports.
	always repeat = iota
	// ifUndone is for what may not: deletions (after "latest" is deleted, "latest" is another version; and a repeated deletion
	// is refused although the first went well), edits of tags and registrations of a version by number, which go by
	// what is the latest. They are repeated only where the first attempt was certainly not carried out.
	ifUndone
	// never is for probes, which ask how things are now.
	never
)

// failure is a failed attempt.
type failure struct {
	err    error
	status int // 0 without an answer
	// passing is set where another attempt might go better, undone where this one was certainly not carried out.
	passing, undone bool
	cut             bool // no whole answer came, for which a context may be to blame
}

// allows reports whether a failed attempt may be followed by another.
func (r repeat) allows(f *failure) bool {
	return f.passing && (r == always || r == ifUndone && f.undone)
}

// passing reports whether a status may be gone with the next attempt.
func passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// undone reports whether a status tells that nothing was done.
func undone(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}
