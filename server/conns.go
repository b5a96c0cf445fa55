package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// conns closes connections whose client is slow to send a header, or silent
// for too long. The timeouts of net/http do the same by setting a deadline or two at every
// request, which costs a thirtieth of a short request; looking at all connections now and then costs none.
type conns struct {
	header, idle time.Duration
	now          atomic.Int64 // the time as of the last look, in nanoseconds
	mu           sync.Mutex
	open         map[*trackedConn]struct{}
}

// trackedConn is a connection and what is being waited for on it.
type trackedConn struct {
	net.Conn
	waiting atomic.Int32 // for what
	since   atomic.Int64
}

const (
	forHeader int32 = iota
	forAnswer
	forRequest
)

func newConns(header, idle time.Duration) *conns {
	c := &conns{header: header, idle: idle, open: map[*trackedConn]struct{}{}}
	c.now.Store(time.Now().UnixNano())
	return c
}

type connKey struct{}

// attach has a server tell of its connections, and returns the listener to serve.
func (c *conns) attach(hs *http.Server, ln net.Listener) net.Listener {
	hs.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if t := tracked(conn); t != nil {
			return context.WithValue(ctx, connKey{}, t)
		}
		return ctx
	}
	hs.ConnState = func(conn net.Conn, state http.ConnState) {
		t := tracked(conn)
		if t == nil {
			return
		}
		switch state {
		case http.StateNew, http.StateActive:
			c.wait(t, forHeader)
		case http.StateIdle:
			c.wait(t, forRequest)
		case http.StateHijacked, http.StateClosed:
			c.mu.Lock()
			delete(c.open, t)
			c.mu.Unlock()
		}
	}
	return trackingListener{ln, c}
}

func tracked(conn net.Conn) *trackedConn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	t, _ := conn.(*trackedConn)
	return t
}

func (c *conns) wait(t *trackedConn, what int32) {
	t.since.Store(c.now.Load())
	t.waiting.Store(what)
}

// answering notes that the header of a request is there.
func answering(r *http.Request) {
	if t, ok := r.Context().Value(connKey{}).(*trackedConn); ok {
		t.waiting.Store(forAnswer)
	}
}

type trackingListener struct {
	net.Listener
	conns *conns
}

func (l trackingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &trackedConn{Conn: conn}
	l.conns.wait(t, forHeader)
	l.conns.mu.Lock()
	l.conns.open[t] = struct{}{}
	l.conns.mu.Unlock()
	return t, nil
}

// watch looks at the connections until ctx ends.
func (c *conns) watch(ctx context.Context) {
	shortest := time.Hour
	for _, d := range []time.Duration{c.header, c.idle} {
		if d > 0 {
			shortest = min(shortest, d)
		}
	}
	tick := time.NewTicker(min(max(shortest/8, 5*time.Millisecond), time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			c.look(now.UnixNano())
		}
	}
}

func (c *conns) look(now int64) {
	c.now.Store(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.open {
		limit := c.header
		switch t.waiting.Load() {
		case forAnswer:
			continue
		case forRequest:
			limit = c.idle
		}
		if limit > 0 && now-t.since.Load() > int64(limit) {
			t.Close()
		}
	}
}
