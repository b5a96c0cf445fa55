package client

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"testing"
	"time"
)

// Delays are between nothing and a time that doubles up to a bound.
func TestDelays(t *testing.T) {
	r := retries{max: 6, wait: time.Second, maxWait: 20 * time.Second}
	for n, most := range []time.Duration{1, 2, 4, 8, 16, 20, 20} {
		var greatest time.Duration
		for range 2000 {
			d := r.delay(n)
			if greatest = max(greatest, d); d < 0 || d > most*time.Second {
				t.Fatalf("delay %d is %v", n, d)
			}
		}
		if greatest < most*time.Second/2 {
			t.Errorf("the greatest of the delays %d is %v", n, greatest)
		}
	}
	if got := r.longest(); got != 51*time.Second {
		t.Errorf("all together %v", got)
	}
	for _, r := range []retries{{max: 100}, {max: 100, wait: 1, maxWait: 1 << 62}, {max: 3, wait: time.Second}} {
		for n := range 100 {
			if d := r.delay(n); d < 0 || d > r.maxWait {
				t.Errorf("%+v: delay %d is %v", r, n, d)
			}
		}
	}
}

func TestJAAS(t *testing.T) {
	for line, want := range map[string]map[string]string{
		"":      {},
		"a.B":   {},
		"a.B c": {},
		`a.B required username="u" password="p";`:               {"username": "u", "password": "p"},
		`a.B required username='u "x"' password = "p\"q\\" ;`:   {"username": `u "x"`, "password": `p"q\`},
		`a.B required username=u password=p;q`:                  {"username": "u", "password": "p"},
		"a.B required\n  username=\"u;v=w\"\n  password=\"\" ;": {"username": "u;v=w", "password": ""},
		`a.B required username="u`:                              {"username": "u"},
		`username=`:                                             {"username": ""},
		`=x username=u`:                                         {"": "x", "username": "u"},
	} {
		if got := readJAAS(line); !maps.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func FuzzJAAS(f *testing.F) {
	f.Add(`a.B required username="u" password="p\"";`)
	f.Add("=;=\\")
	f.Fuzz(func(t *testing.T, line string) { readJAAS(line) })
}

func FuzzPKCS8(f *testing.F) {
	f.Add([]byte("0\x82"))
	f.Fuzz(func(t *testing.T, der []byte) { _, _ = decryptPKCS8(der, []byte("x")) })
}

func TestRequestIDs(t *testing.T) {
	a, b := requestID(context.Background()), requestID(WithRequestID(context.Background(), ""))
	if a == b || len(a) != 36 || a[14] != '4' {
		t.Errorf("ids %s and %s", a, b)
	}
}

// Work that ends its goroutine is an error for those who wait, not a wait without end.
func TestFlightWithoutReturn(t *testing.T) {
	f := launch(context.Background(), time.Minute, func(context.Context) (int, error) { runtime.Goexit(); return 1, nil }, func(*flight[int]) {})
	if _, err := f.wait(context.Background()); !errors.Is(err, errNoReturn) {
		t.Errorf("error %v", err)
	}
	f = launch(context.Background(), time.Millisecond, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }, func(*flight[int]) {})
	if _, err := f.wait(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
