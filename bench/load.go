package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// client is a keep-alive connection of few instructions, so that the load costs
// little of the machine that it shares with the server.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(addr string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReaderSize(c, 16<<10)}, nil
}

const accept = "application/vnd.schemaregistry.v1+json"

func get(path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: %s\r\n\r\n", path, accept)
}

func post(path string, body []byte) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: bench\r\nAccept: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, accept, accept, len(body), body)
}

// do sends a ready request and reads the answer away.
func (c *client) do(request []byte) (status int, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if first {
			status, _ = strconv.Atoi(string(line[9:12]))
			continue
		}
		if i := bytes.IndexByte(line, ':'); i == 14 && bytes.EqualFold(line[:i], []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(line[i+1:])))
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("an answer without Content-Length")
	}
	_, err = c.r.Discard(length)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return status, err
}

// result is what a run of load saw.
type result struct {
	n         int
	wall      time.Duration
	latencies []time.Duration
}

func (r result) p50() time.Duration {
	slices.Sort(r.latencies)
	return r.latencies[len(r.latencies)/2]
}

// drive sends requests at random for a time, each connection the next when it
// has the answer to the last.
func drive(addr string, connections int, d time.Duration, requests [][]byte) result {
	deadline := time.Now().Add(d)
	return run(addr, connections, func() []byte {
		if time.Now().After(deadline) {
			return nil
		}
		return requests[rand.IntN(len(requests))]
	})
}

// once sends each request once.
func once(addr string, connections int, requests [][]byte) result {
	var next atomic.Int64
	return run(addr, connections, func() []byte {
		i := int(next.Add(1)) - 1
		if i >= len(requests) {
			return nil
		}
		return requests[i]
	})
}

func run(addr string, connections int, request func() []byte) result {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var r result
	began := time.Now()
	for range connections {
		wg.Go(func() {
			c, err := dial(addr)
			check(err)
			defer c.conn.Close()
			var mine []time.Duration
			for {
				q := request()
				if q == nil {
					break
				}
				t := time.Now()
				status, err := c.do(q)
				check(err)
				if status != 200 {
					check(fmt.Errorf("status %d for %.200s", status, q))
				}
				mine = append(mine, time.Since(t))
			}
			mu.Lock()
			defer mu.Unlock()
			r.n += len(mine)
			r.latencies = append(r.latencies, mine...)
		})
	}
	wg.Wait()
	r.wall = time.Since(began)
	return r
}
