package main

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"concordat": main})
}

// The scripts are the manual of the command line. Besides testscript's own
// commands they have
//
//	serve [FLAG…]          starts a server on a free port; its address is then $URL
//	stop                   ends it with SIGTERM and shows what it printed
//	certificate NAME       writes NAME.pem and NAME.key, for 127.0.0.1 and its own authority
//	request METHOD URL STATUS [BODY]
//	                       sends a request, as the user in $LOGIN if there is one, and
//	                       shows the answer's body
func TestScripts(t *testing.T) {
	var servers sync.Map // of scripts, which run in parallel
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, _ bool, args []string) {
				s, err := startServer(ts.MkAbs("."), args...)
				ts.Check(err)
				ts.Defer(func() { _ = s.process.Process.Kill() }) // it has ended already if the script went well
				ts.Setenv("URL", s.url)
				servers.Store(ts, s)
			},
			"stop": func(ts *testscript.TestScript, _ bool, _ []string) {
				found, _ := servers.Load(ts)
				s := found.(*scriptServer)
				err := s.stop(syscall.SIGTERM)
				fmt.Fprint(ts.Stdout(), s.stdout.String())
				fmt.Fprint(ts.Stderr(), s.stderr.String())
				ts.Check(err)
			},
			"certificate": certificate,
			"request":     request,
		},
	})
}

// scriptServer is a server in a process of its own.
type scriptServer struct {
	process *exec.Cmd
	url     string
	stdout  strings.Builder
	stderr  strings.Builder
	ended   chan struct{} // closed when all of stdout was read
}

// startServer runs `concordat serve` in a folder, on a free port.
func startServer(dir string, args ...string) (*scriptServer, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &scriptServer{ended: make(chan struct{})}
	s.process = &exec.Cmd{
		Path:   program, // which is concordat when it is called so, see TestMain
		Args:   append([]string{"concordat", "serve", "--listen", "127.0.0.1:0", "--log.format", "text"}, args...),
		Dir:    dir,
		Env:    []string{"HOME=" + dir},
		Stderr: &s.stderr,
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	first := make(chan string, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Fprintln(&s.stdout, lines.Text())
			select {
			case first <- lines.Text():
			default:
			}
		}
		close(first)
	}()
	select {
	case line := <-first:
		var ok bool
		if _, s.url, ok = strings.Cut(line, " serves "); ok {
			return s, nil
		}
		err = s.process.Wait()
		return nil, fmt.Errorf("the server did not start: %w: %s%s", err, line, s.stderr.String())
	case <-time.After(20 * time.Second):
		return nil, errors.Join(errors.New("the server did not start in time"), s.process.Process.Kill())
	}
}

// stop ends the server with a signal and returns how it ended.
func (s *scriptServer) stop(signal os.Signal) error {
	if err := s.process.Process.Signal(signal); err != nil {
		return err
	}
	<-s.ended
	return s.process.Wait()
}

func request(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: request METHOD URL STATUS [BODY]")
	}
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(strings.Join(args[3:], " ")))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/json")
	if name, password, ok := strings.Cut(ts.Getenv("LOGIN"), ":"); ok {
		r.SetBasicAuth(name, password)
	}
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", body)
	if strconv.Itoa(answer.StatusCode) != args[2] {
		ts.Fatalf("%s %s: got %s %s, want %s", args[0], args[1], answer.Status, body, args[2])
	}
}

func certificate(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: certificate NAME")
	}
	borrowed := httptest.NewTLSServer(nil)
	defer borrowed.Close()
	pair := borrowed.TLS.Certificates[0]
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	ts.Check(err)
	for name, block := range map[string]*pem.Block{
		".pem": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		".key": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+name), pem.EncodeToMemory(block), 0o600))
	}
}
