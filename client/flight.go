package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// flight is work that many may wait for. It belongs to none of them: it goes on when the one who began it gives up.
type flight[V any] struct {
	done  chan struct{} // closed when value and err are set
	value V
	err   error
}

var errNoReturn = errors.New("the work ended without a result")

// launch begins work on a goroutine of its own, with the values of ctx but neither its end nor its deadline; it has
// until the timeout. A panic of work is an error for those who wait. Then landed is called, before they go on.
func launch[V any](ctx context.Context, timeout time.Duration, work func(context.Context) (V, error), landed func(*flight[V])) *flight[V] {
	f := &flight[V]{done: make(chan struct{})}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	go func() {
		f.err = errNoReturn
		defer func() {
			if p := recover(); p != nil {
				f.err = fmt.Errorf("panic: %v", p)
			}
			cancel()
			landed(f)
			close(f.done)
		}()
		f.value, f.err = work(ctx)
	}()
	return f
}

// wait gives what the flight comes to, or the error of ctx if that ends before.
func (f *flight[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}
