package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// With this set, the test binary is the program.
const asProgram = "CONCORDAT_TEST_AS_PROGRAM"

func init() {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
	}
}

// startProgram runs `concordat serve` in a process of its own.
func startProgram(t *testing.T, data string, args ...string) (addr string, cmd *exec.Cmd) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	ln.Close()
	cmd = exec.Command(os.Args[0], append([]string{"serve", "--listen", addr, "--data", data}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Dir = filepath.Dir(data)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = io.Discard, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + addr + "/health/ready")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return addr, cmd
			}
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			cmd.Wait()
			t.Fatalf("the server does not answer:\n%s", log.String())
		}
	}
}

// acknowledged is a registration that was answered.
type acknowledged struct{ subject, schema string }

type idVersion struct{ ID, Version int }

// A server killed at any moment has everything it had acknowledged, nothing by
// halves, and goes on counting where it was.
func TestKillNineLosesNothing(t *testing.T) {
	rounds := 5
	if n, err := strconv.Atoi(os.Getenv("KILL_ROUNDS")); err == nil {
		rounds = n
	}
	data := filepath.Join(t.TempDir(), "kill.db")
	known := map[acknowledged]idVersion{}
	n := 0
	for round := range rounds {
		addr, cmd := startProgram(t, data)
		check(t, addr, known)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				client := replaytest.NewClient(addr)
				defer client.Close()
				for {
					mu.Lock()
					n++
					k := acknowledged{fmt.Sprintf("s%d", n%16), fmt.Sprintf(`{"type":"record","name":"R%d","fields":[]}`, n%16)}
					if n%3 == 0 {
						k.schema = fmt.Sprintf(`{"type":"record","name":"R%d","doc":"%d","fields":[]}`, n%16, n)
					}
					mu.Unlock()
					body, _ := json.Marshal(map[string]string{"schema": k.schema})
					text := string(body)
					a, err := client.Do(&replaytest.Request{Method: "POST", Path: "/subjects/" + k.subject + "/versions", BodyText: &text})
					if err != nil {
						return // killed
					}
					var r idVersion
					if a.Status != http.StatusOK || json.Unmarshal(a.Body, &r) != nil {
						t.Errorf("writer %d: %d %s", w, a.Status, a.Body)
						return
					}
					mu.Lock()
					if before, ok := known[k]; ok && before != r {
						t.Errorf("%v was %v and is now %v", k, before, r)
					}
					known[k] = r
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(20+rand.IntN(180)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		wg.Wait()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	addr, cmd := startProgram(t, data)
	check(t, addr, known)
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
	t.Logf("%d rounds, %d schemas acknowledged", rounds, len(known))
}

// check asks the server for everything, and holds it against what was acknowledged:
// all of it is there, versions and ids have neither gaps nor repeats.
func check(t *testing.T, addr string, known map[acknowledged]idVersion) {
	t.Helper()
	type schemaOf struct {
		Subject string
		Version int
		ID      int
		Schema  string
	}
	var all []schemaOf
	for offset := 0; ; offset += 1000 {
		res, err := http.Get(fmt.Sprintf("http://%s/schemas?subjectPrefix=:*:&offset=%d", addr, offset))
		if err != nil {
			t.Fatal(err)
		}
		var part []schemaOf
		err = json.NewDecoder(bufio.NewReader(res.Body)).Decode(&part)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, part...); len(part) < 1000 {
			break
		}
	}
	found := map[acknowledged]idVersion{}
	ids, highest := map[int]string{}, 0
	next := map[string]int{}
	for _, s := range all {
		found[acknowledged{s.Subject, s.Schema}] = idVersion{s.ID, s.Version}
		if text, ok := ids[s.ID]; ok && text != s.Schema {
			t.Errorf("id %d stands for %s and %s", s.ID, text, s.Schema)
		}
		ids[s.ID] = s.Schema
		highest = max(highest, s.ID)
		next[s.Subject]++
		if s.Version != next[s.Subject] {
			t.Errorf("%s has version %d where %d should be", s.Subject, s.Version, next[s.Subject])
		}
	}
	if highest != len(ids) {
		t.Errorf("%d ids up to %d: there is a gap", len(ids), highest)
	}
	for k, want := range known {
		if got, ok := found[k]; !ok || got != want {
			t.Errorf("%v was acknowledged as %v; now there is %v", k, want, got)
		}
	}
}
