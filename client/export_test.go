package client

import "time"

// WithClock has a client tell the time by a clock of the test's.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }
