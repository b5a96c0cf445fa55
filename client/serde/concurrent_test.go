package serde_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// goroutines are those that run code of the client or of a serde.
func goroutines() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for g := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(g, "concordat/client.") || strings.Contains(g, "concordat/client/serde.") {
			found = append(found, g)
		}
	}
	return found
}

// One serde serves many goroutines, several topics and all formats, while new versions appear and are taken up. After it, nothing
// of it runs on.
func TestConcurrentUse(t *testing.T) {
	f := start(t, client.WithLatestTTL(time.Millisecond))
	reports := client.NewUsageReporter(f.Client, "test", time.Millisecond)
	seen := &watcher{}
	opts := []serde.Option{serde.UseLatestVersion(), serde.WithObserver(seen), serde.WithUsageReports(reports)}
	const topics, workers = 3, 8
	condition := withRules(api.RuleSet{DomainRules: []api.Rule{{Name: "positive", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "message.a >= 0"}}})
	for i := range topics {
		f.Register(fmt.Sprintf("avro%d-value", i), withA, condition)
		f.Register(fmt.Sprintf("json%d-value", i), `{"type":"object"}`, condition, ofJSON)
		f.Register(fmt.Sprintf("proto%d-value", i), `syntax = "proto3"; message M { int32 a = 1; }`, condition, ofProtobuf)
	}
	type row struct {
		A int32 `avro:"a" json:"a"`
	}
	c := f.Client
	pairs := []func(ctx context.Context, n, topic int) error{
		pair2(writes[row](t, c, serde.Avro, opts...), reads[*row](t, c, serde.Avro, opts...), "avro", func(n int) row { return row{int32(n)} }, func(v *row) int { return int(v.A) }),
		pair2(writes[any](t, c, serde.Avro, opts...), reads[any](t, c, serde.Any, opts...), "avro", func(n int) any { return map[string]any{"a": n} }, func(v any) int { return int(v.(map[string]any)["a"].(int32)) }),
		pair2(writes[*row](t, c, serde.JSON, opts...), reads[row](t, c, serde.JSON, opts...), "json", func(n int) *row { return &row{int32(n)} }, func(v row) int { return int(v.A) }),
		pair2(writes[any](t, c, serde.Protobuf, opts...), reads[proto.Message](t, c, serde.Protobuf, opts...), "proto", func(n int) any { return map[string]any{"a": n} }, func(m proto.Message) int {
			return int(m.ProtoReflect().Get(m.ProtoReflect().Descriptor().Fields().ByName("a")).Int())
		}),
	}
	var stop atomic.Bool
	var messages atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				if err := pairs[(w+n)%len(pairs)](t.Context(), n%1000, n/7%topics); err != nil {
					t.Error(err)
					return
				}
				messages.Add(1)
			}
		})
	}
	last := map[string]int{}
	for i := range topics {
		last[fmt.Sprintf("avro%d-value", i)] = f.Register(fmt.Sprintf("avro%d-value", i), withAB, condition).ID
		last[fmt.Sprintf("json%d-value", i)] = f.Register(fmt.Sprintf("json%d-value", i), `{"type":"object","title":"new"}`, condition, ofJSON).ID
		last[fmt.Sprintf("proto%d-value", i)] = f.Register(fmt.Sprintf("proto%d-value", i), `syntax = "proto3"; message M { int32 a = 1; int32 b = 2; }`, condition, ofProtobuf).ID
	}
	eventually(t, "all serdes have taken the new versions up", func() bool {
		if t.Failed() {
			return true
		}
		taken := map[string]bool{}
		for _, s := range seen.all() {
			if s.Reader.ID == last[s.Subject] {
				taken[s.Role+s.Subject] = true
			}
		}
		return len(taken) == 2*len(last) && messages.Load() > 2000
	})
	stop.Store(true)
	wg.Wait()
	for _, f := range seen.failures() {
		t.Errorf("told of %v", f.Err)
	}
	if err := reports.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	c.Close()
	var left []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if left = goroutines(); len(left) == 0 {
			break
		}
	}
	for _, g := range left {
		if !strings.Contains(g, "TestConcurrentUse") {
			t.Errorf("left behind:\n%s", g)
		}
	}
}

// pair2 writes a number and reads it.
func pair2[T, R any](s *serde.Serializer[T], d *serde.Deserializer[R], topic string, make func(int) T, number func(R) int) func(context.Context, int, int) error {
	return func(ctx context.Context, n, i int) error {
		topic := fmt.Sprint(topic, i)
		b, err := s.Append(ctx, nil, topic, make(n))
		if err != nil {
			return err
		}
		v, err := d.Deserialize(ctx, topic, b)
		if err == nil && number(v) != n {
			err = fmt.Errorf("%d is read as %d", n, number(v))
		}
		return err
	}
}

// Many who write the first message of a topic cause it to be registered once, and so with reading.
func TestConcurrentFirst(t *testing.T) {
	f := start(t)
	s := writes[any](t, f.Client, serde.Avro, serde.WithSchema(api.Schema{Schema: withA}))
	fresh := f.connect(t)
	d := reads[any](t, fresh, serde.Avro)
	for topic := range 5 {
		topic := fmt.Sprint("t", topic)
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for range 20 {
			wg.Go(func() {
				<-begin
				b, err := s.Serialize(t.Context(), topic, map[string]any{"a": 1})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := d.Deserialize(t.Context(), topic, b); err != nil {
					t.Error(err)
				}
			})
		}
		close(begin)
		wg.Wait()
	}
	if n := len(f.requests("POST")); n != 5 {
		t.Errorf("registered %d times", n)
	}
	if n := len(f.requests("GET /schemas/ids/")); n != 5 {
		t.Errorf("asked for the id %d times", n)
	}
}

// Who gives up has the value back at once: nobody looks at it any more, though the plan is made all the same.
func TestConcurrentGivingUp(t *testing.T) {
	f := start(t)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	f.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case asked <- struct{}{}:
		default:
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return false
	})
	s := writes[*timestamppb.Timestamp](t, f.Client, serde.Protobuf)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	m := timestamppb.Now()
	_, err := s.Serialize(ctx, "t", m)
	if fails(t, err, serde.StageSchema); !is(context.Canceled)(err) {
		t.Errorf("got %v", err)
	}
	close(release)
	for range 1000 { // the race detector sees who else does
		proto.Reset(m)
		m.Seconds++
	}
	f.answer(nil)
	if _, err := s.Serialize(t.Context(), "t", m); err != nil {
		t.Error(err)
	}
	if n := len(f.requests("POST")); n != 1 {
		t.Errorf("registered %d times", n)
	}
}

// A strategy of the program's that panics does so for the messages that need it, on nobody's goroutine but as an error.
func TestConcurrentPanics(t *testing.T) {
	f := start(t)
	panics := serde.WithSubjectNameStrategy(serde.SubjectNames(false, func(serde.SubjectQuestion) (string, error) { panic("not today") }))
	_, err := writes[*durationpb.Duration](t, f.Client, serde.Protobuf, panics).Serialize(t.Context(), "t", durationpb.New(1))
	if e := fails(t, err, serde.StageSchema); !strings.Contains(e.Err.Error(), "not today") {
		t.Error(err)
	}
	_, err = reads[any](t, f.Client, serde.Protobuf, panics).Deserialize(t.Context(), "t", framed(1, 0))
	if e := fails(t, err, serde.StageSchema); !strings.Contains(e.Err.Error(), "not today") {
		t.Error(err)
	}
}

// A struct that is written by the latest version into a buffer used again costs no memory.
func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector pools forget on purpose")
	}
	type row struct {
		ID    int64    `avro:"id"`
		Name  string   `avro:"name"`
		Price float64  `avro:"price"`
		Tags  []string `avro:"tags"`
		Nick  *string  `avro:"nick"`
	}
	f := start(t)
	f.Register("t-value", `{"type":"record","name":"Row","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"},{"name":"price","type":"double"},{"name":"tags","type":{"type":"array","items":"string"}},{"name":"nick","type":["null","string"]}]}`)
	nick := "b"
	v := row{1 << 40, "a name", 1.5, []string{"x", "y"}, &nick}
	ctx := t.Context()
	pointers := writes[*row](t, f.Client, serde.Avro, serde.UseLatestVersion())
	structs := writes[row](t, f.Client, serde.Avro, serde.UseLatestVersion())
	buffer := make([]byte, 0, 1024)
	var err error
	for name, encode := range map[string]func(){
		"*struct": func() { buffer, err = pointers.Append(ctx, buffer[:0], "t", &v) },
		"struct":  func() { buffer, err = structs.Append(ctx, buffer[:0], "t", v) },
	} {
		encode()
		if n := testing.AllocsPerRun(1000, encode); n > 0 || err != nil || len(buffer) < 20 {
			t.Errorf("%s: %v allocations, %v", name, n, err)
		}
	}
}
