package serde_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// shortTTL is how long the latest version is believed in these tests: as short as a plan lives.
const shortTTL = 100 * time.Millisecond

// together runs a function on so many goroutines, and ends the test with the first error.
func together(t *testing.T, n int, work func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = work(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A new version is picked up in the background: no message waits for the registry, or fails when it is down.
func TestConcurrentRenewal(t *testing.T) {
	f := start(t, client.WithLatestTTL(shortTTL), client.WithRetries(0, time.Millisecond, time.Millisecond))
	first := f.Register("t-value", withA)
	seen := &watcher{}
	ser := writes[any](t, f.Client, serde.Avro, serde.UseLatestVersion(), serde.WithObserver(seen))
	des := reads[map[string]any](t, f.Client, serde.Avro, serde.UseLatestVersion(), serde.WithObserver(seen))
	ctx := t.Context()
	// round writes and reads values on several goroutines, and tells by which versions, each a number of fields.
	round := func() (written, read map[int]bool) {
		written, read = map[int]bool{}, map[int]bool{}
		var mu sync.Mutex
		together(t, 8, func(int) error {
			for range 20 {
				b, err := ser.Serialize(ctx, "t", map[string]any{"a": 1})
				if err != nil {
					return err
				}
				v, err := des.Deserialize(ctx, "t", framed(first.ID, 2))
				if err != nil {
					return err
				}
				mu.Lock()
				written[len(b)-5], read[len(v)] = true, true
				mu.Unlock()
			}
			return nil
		})
		return written, read
	}
	only := func(version int) func() bool {
		return func() bool {
			written, read := round()
			return len(written) == 1 && written[version] && len(read) == 1 && read[version]
		}
	}
	if !only(1)() {
		t.Fatal("it does not begin with the first version")
	}

	// The registry takes its time.
	f.Register("t-value", withAB)
	var waiting atomic.Int32
	release := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() {
		select {
		case <-release:
		default:
			close(release)
		}
	}))
	f.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		waiting.Add(1)
		<-release
		return false
	})
	eventually(t, "the registry is asked again", func() bool { round(); return waiting.Load() > 0 })
	for range 5 {
		if !only(1)() {
			t.Error("a version came from nowhere")
		}
	}
	if n := waiting.Load(); n > 2 {
		t.Errorf("%d requests for the same", n)
	}
	close(release)
	eventually(t, "the second version is in use", only(2))
	f.answer(nil)

	// The registry is down.
	f.Register("t-value", withABC)
	f.down()
	eventually(t, "renewals of both fail", func() bool {
		if !only(2)() {
			t.Error("a version came from nowhere")
		}
		roles := map[string]bool{}
		for _, failed := range seen.failures() {
			roles[failed.Role] = true
			if failed.Stage != serde.StageSchema || !is(client.ErrUnavailable)(failed.Err) || failed.Subject != "t-value" {
				t.Errorf("observed %+v", failed)
			}
		}
		return len(roles) == 2
	})
	f.answer(nil)
	eventually(t, "the third version is in use", only(3))
}

// A serde goes on with more topics than it keeps plans of.
func TestConcurrentTopics(t *testing.T) {
	f := start(t)
	stored := f.Register("all", withA)
	one := serde.WithSubjectNameStrategy(serde.SubjectNames(false, func(serde.SubjectQuestion) (string, error) { return "all", nil }))
	ser, des := writes[any](t, f.Client, serde.Avro, serde.UseLatestVersion(), one), reads[any](t, f.Client, serde.Avro, one)
	together(t, 4, func(g int) error {
		for i := range 400 {
			for _, topic := range []string{fmt.Sprint(g, "-", i), "of all"} {
				b, err := ser.Serialize(t.Context(), topic, map[string]any{"a": i})
				if err != nil || idOf(t, b) != stored.ID {
					return fmt.Errorf("wrote %x, %w", b, err)
				}
				if v, err := des.Deserialize(t.Context(), topic, b); err != nil || v.(map[string]any)["a"] != int32(i) {
					return fmt.Errorf("read %v, %w", v, err)
				}
			}
		}
		return nil
	})
	if n := len(f.requests("")); n > 4 {
		t.Errorf("asked %q", f.requests(""))
	}
}

// Whoever closes the client ends nothing that is known; what is not known is an error.
func TestConcurrentClose(t *testing.T) {
	f := start(t, client.WithLatestTTL(shortTTL))
	f.Register("t-value", withA)
	ser := writes[any](t, f.Client, serde.Avro, serde.UseLatestVersion())
	write(t, ser, "t", any(map[string]any{"a": 1}))
	f.Client.Close()
	for end := time.Now().Add(3 * shortTTL); time.Now().Before(end); time.Sleep(time.Millisecond) {
		write(t, ser, "t", any(map[string]any{"a": 1}))
	}
	_, err := ser.Serialize(t.Context(), "new", map[string]any{"a": 1})
	if fails(t, err, serde.StageSchema); !is(client.ErrClosed)(err) {
		t.Errorf("got %v", err)
	}
}
