package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-9f7c7091/concordat/rules"
)

// The tour of the README is a script: every command in it is run, and answers
// what the README says. … stands for what differs each time. Blocks that are named are the files
// that the commands read.
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
		var answer []string
		told := func() {
			if len(answer) > 0 {
				fmt.Fprintf(&script, "answered %s\n", strings.Join(answer, " "))
			}
			answer = nil
		}
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSuffix(line, "\n")
			command, ok := strings.CutPrefix(line, "$ ")
			if !ok {
				answer = append(answer, quoted(line))
				continue
			}
			told()
			commands++
			if command = strings.ReplaceAll(command, "http://localhost:8081", "http://"+addr); !strings.HasPrefix(command, "curl ") {
				command = "shell " + quoted(command)
			}
			script.WriteString(command + "\n")
		}
		told()
	}
	if commands < 20 {
		t.Fatalf("the README has %d commands; its tour was longer", commands)
	}
	for _, file := range regexp.MustCompile("(?s)```json (\\S+)\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		fmt.Fprintf(&script, "-- %s --\n%s", file[1], file[2])
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
			"curl":     curl,
			"answered": answered,
			"shell":    shell,
		},
	})
}

// quoted is a text as one argument of a script.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// curl is as much of curl as the tour needs, so that it can be taken without curl.
func curl(ts *testscript.TestScript, neg bool, args []string) {
	method, url, body, header := "", "", "", http.Header{}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-s":
		case "-X", "-d", "-H", "-o":
			value := args[i+1]
			switch args[i] {
			case "-X":
				method = value
			case "-o":
			case "-d":
				body = value
				if file, ok := strings.CutPrefix(value, "@"); ok {
					body = ts.ReadFile(file)
				}
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

// answered holds the last answer against the lines that the README shows.
func answered(ts *testscript.TestScript, neg bool, args []string) {
	shown := strings.Join(args, "\n")
	want := "^" + strings.ReplaceAll(regexp.QuoteMeta(shown), "…", "[^\"]*") + "$"
	if got := ts.Getenv("ANSWER"); !regexp.MustCompile(want).MatchString(got) {
		ts.Fatalf("the answer is\n%s\nthe README says\n%s", got, shown)
	}
}

// shell runs any other command. With exitNo the program says no, which is an answer.
func shell(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("sh", "-c", args[0])
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitNo) {
		ts.Fatalf("%s: %v", args[0], err)
	}
	ts.Setenv("ANSWER", strings.TrimSuffix(ts.ReadFile("stdout"), "\n"))
}

// The page about rules has the tables that the program has.
func TestRulesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range append(rules.ProblemKinds, rules.Properties...) {
		if want := fmt.Sprintf("| `%s` | %s |\n", row.Name, row.Meaning); !strings.Contains(string(page), want) {
			t.Errorf("docs/rules.md lacks the row %s", want)
		}
	}
	for _, c := range commands() {
		if strings.HasPrefix(c.name, "rules ") && !strings.Contains(string(page), "concordat "+c.name) {
			t.Errorf("docs/rules.md does not tell of concordat %s", c.name)
		}
	}
}
