package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
)

// A request that has begun is waited for after one signal, and not after two.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	s, err := startServer(t.TempDir(), "--limits.shutdown-grace", "1m")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.process.Process.Kill() }() // it has ended already if all went well
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The server asks for the body only once the request has reached its handler.
	_, err = conn.Write([]byte("POST /subjects/s/versions HTTP/1.1\r\nHost: s\r\nContent-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := s.process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
		t.Fatal("ended while a request was under way")
	case <-time.After(200 * time.Millisecond):
	}
	begin := time.Now()
	if err := s.stop(syscall.SIGTERM); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("ended with %v after %v, want the signal at once", err, time.Since(begin))
	}
}

func TestGreetingForMachines(t *testing.T) {
	var out bytes.Buffer
	g := greeting{"1.2.3", "http://127.0.0.1:8081", "/var/lib/concordat.db", registry.Stats{Subjects: 2, Schemas: 3}, false}
	g.log(slog.New(slog.NewJSONHandler(&out, nil)))
	var line struct {
		Msg, Version, URL, Data string
		Subjects, Schemas       int
		Try                     []string
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.URL != g.url || line.Data != g.data || line.Subjects != 2 || line.Schemas != 3 || len(line.Try) != 2 {
		t.Errorf("got %s", &out)
	}
}

func TestBaseURL(t *testing.T) {
	for _, test := range []struct{ addr, cert, want string }{
		{"127.0.0.1:8081", "", "http://127.0.0.1:8081"},
		{"127.0.0.1:8081", "cert.pem", "https://127.0.0.1:8081"},
		{"0.0.0.0:8081", "", "http://127.0.0.1:8081"},
		{":8081", "", "http://127.0.0.1:8081"},
		{"[::]:8081", "", "http://127.0.0.1:8081"},
		{"[::1]:8081", "", "http://[::1]:8081"},
		{"registry.example.com:80", "", "http://registry.example.com:80"},
	} {
		if got := baseURL(test.addr, server.Settings{TLSCert: test.cert}); got != test.want {
			t.Errorf("%s: got %s, want %s", test.addr, got, test.want)
		}
	}
}

// Who listens wider than this machine is told what that means.
func TestExposures(t *testing.T) {
	for _, test := range []struct {
		settings server.Settings
		want     string // a part of the warning; empty for none
	}{
		{server.Settings{Listen: "127.0.0.1:8081"}, ""},
		{server.Settings{Listen: "[::1]:8081"}, ""},
		{server.Settings{Listen: "localhost:8081"}, ""},
		{server.Settings{Listen: ":8081"}, "everyone who can reach :8081"},
		{server.Settings{Listen: "0.0.0.0:8081"}, "set auth.file"},
		{server.Settings{Listen: "[::]:8081", TLSCert: "c"}, "set auth.file"},
		{server.Settings{Listen: "example.com:8081", TLSCert: "c", TLSClientAuth: "request"}, "set auth.file"},
		{server.Settings{Listen: "10.0.0.7:8081", TLSCert: "c", TLSClientAuth: "require"}, ""},
		{server.Settings{Listen: "10.0.0.7:8081", AuthFile: "f"}, "passwords sent to 10.0.0.7:8081 can be read"},
		{server.Settings{Listen: "10.0.0.7:8081", AuthFile: "f", TLSCert: "c"}, ""},
	} {
		got := strings.Join(exposures(test.settings), "\n")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.settings.Listen, got, test.want)
		}
	}
}
