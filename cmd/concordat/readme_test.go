package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The tour of the README is a script: every command in it is run, and answers
// what the README says. … stands for what differs each time.
func TestReadmeTour(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	addr, cmd := startProgram(t, filepath.Join(t.TempDir(), "tour.db"))
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	var script strings.Builder
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands++
				script.WriteString(strings.ReplaceAll(command, "http://localhost:8081", "http://"+addr))
				continue
			}
			fmt.Fprintf(&script, "answered '%s'\n", strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "'", "''"))
		}
	}
	if commands < 12 {
		t.Fatalf("the README has %d commands; its tour was longer", commands)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tour.txt"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("CONCORDAT_URL", "http://"+addr)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"curl":      curl,
			"answered":  answered,
			"concordat": inProcess,
		},
	})
}

// curl is as much of curl as the tour needs, so that it can be taken without curl.
func curl(ts *testscript.TestScript, neg bool, args []string) {
	method, url, body, header := "", "", "", http.Header{}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-s":
		case "-X", "-d", "-H":
			value := args[i+1]
			switch args[i] {
			case "-X":
				method = value
			case "-d":
				body = value
			default:
				k, v, _ := strings.Cut(value, ":")
				header.Set(k, strings.TrimSpace(v))
			}
			i++
		default:
			url = args[i]
		}
	}
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Setenv("ANSWER", string(got))
	ts.Logf("%d %s", res.StatusCode, got)
}

// answered holds the last answer against what the README shows.
func answered(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.QuoteMeta(args[0])
	want = "^" + strings.ReplaceAll(want, "…", "[^\"]*") + "$"
	if got := ts.Getenv("ANSWER"); !regexp.MustCompile(want).MatchString(got) {
		ts.Fatalf("the answer is\n%s\nthe README says\n%s", got, args[0])
	}
}

// inProcess runs a command of the program.
func inProcess(ts *testscript.TestScript, neg bool, args []string) {
	code := run(context.Background(), args, strings.NewReader(""), ts.Stdout(), ts.Stderr(), []string{"CONCORDAT_URL=" + ts.Getenv("CONCORDAT_URL")})
	if (code != 0) != neg {
		ts.Fatalf("concordat %s: exit %d", strings.Join(args, " "), code)
	}
}
