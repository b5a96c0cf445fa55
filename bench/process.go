package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// started are the servers that must not outlive a failure.
var started []*process

// process is a server under measurement.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func freeAddr() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer ln.Close()
	return ln.Addr().String()
}

func spawn(addr, probe string, name string, args ...string) *process {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	check(cmd.Start())
	p := &process{cmd, addr}
	started = append(started, p)
	deadline := time.Now().Add(2 * time.Minute)
	for {
		if c, err := dial(addr); err == nil {
			status, err := c.do(get(probe))
			c.conn.Close()
			if err == nil && status == 200 {
				return p
			}
		}
		if time.Now().After(deadline) {
			p.stop()
			check(fmt.Errorf("%s %v does not answer", name, args))
		}
		time.Sleep(500 * time.Microsecond)
	}
}

// serve starts a Concordat on a data file.
func (b *bench) serve(file string, flags ...string) *process {
	addr := freeAddr()
	return spawn(addr, "/subjects?limit=1", b.binary, append(append([]string{"serve", "--listen", addr, "--data", file}, flags...), strings.Fields(os.Getenv("BENCH_FLAGS"))...)...)
}

// ceiling starts the bare server. What it answers, it asks of a Concordat.
func (b *bench) ceiling(from string) *process {
	self, err := os.Executable()
	check(err)
	addr := freeAddr()
	return spawn(addr, "/up", self, "ceiling", addr, from)
}

func (b *bench) copy(file string) string {
	to := file + ".copy"
	in, err := os.ReadFile(file)
	check(err)
	check(os.WriteFile(to, in, 0o600))
	return to
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.cmd.Wait()
}

// cpu is the user and system time the process has used.
func (p *process) cpu() time.Duration {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	check(err)
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100)
}

// anonymous is the resident memory in MiB that is no page of a file.
func (p *process) anonymous() float64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	check(err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024
		}
	}
	return 0
}
