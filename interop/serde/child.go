package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
)

// A child is a program that drives a client of others. It lives for all exchanges; each of its answers comes from a client with empty caches.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	answers <-chan []byte
	stderr  *tail
}

// A request is a line to a child.
type request struct {
	Op     string            `json:"op"` // "write" or "read"
	Format string            `json:"format"`
	Topic  string            `json:"topic"`
	Key    bool              `json:"key"`
	Header bool              `json:"header"`
	Config map[string]string `json:"config"` // Confluent's names
	// Schema is what a writer registers or looks up where it is told to, and what tells a child of the types of values.
	Schema api.Schema `json:"schema"`
	// Named are the texts that the schema refers to, each before what needs it.
	Named []string `json:"named"`
	// Descriptors is a FileDescriptorSet in base64, each file before what imports it, and Message the full name of one of the
	// messages of the last. For Protobuf.
	Descriptors []byte          `json:"descriptors,omitempty"`
	Message     string          `json:"message,omitempty"`
	Value       json.RawMessage `json:"value,omitempty"`
	Data        *string         `json:"data"` // hex
	Headers     []wireHeader    `json:"headers"`
}

// An answer is a line from a child.
type answer struct {
	Data    *string         `json:"data"` // hex; null is a tombstone
	Headers []wireHeader    `json:"headers"`
	Value   json.RawMessage `json:"value"`
	Error   string          `json:"error"`
}

type wireHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"` // hex
}

func start(command []string) (*child, error) {
	c := &child{command: exec.Command(command[0], command[1:]...), stderr: &tail{}}
	c.command.Stderr = c.stderr
	var err error
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	answers := make(chan []byte)
	c.answers = answers
	go func() {
		defer close(answers)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			answers <- line
		}
	}()
	return c, nil
}

// stop ends the child and gives the end of what it wrote to its standard error.
func (c *child) stop() string {
	c.in.Close()
	stopped := time.AfterFunc(10*time.Second, func() { c.command.Process.Kill() })
	for range c.answers {
	}
	c.command.Wait()
	stopped.Stop()
	return c.stderr.String()
}

func (c *child) write(ctx context.Context, x *exchange) (message, error) {
	q, err := x.request("write", x.Writer)
	if err != nil {
		return message{}, err
	}
	q.Value = x.Value
	a, err := c.ask(ctx, q)
	if err != nil || a.Data == nil {
		return message{}, err
	}
	var m message
	if m.data, err = hex.DecodeString(*a.Data); err != nil {
		return m, err
	}
	for _, h := range a.Headers {
		value, err := hex.DecodeString(h.Value)
		if err != nil {
			return m, err
		}
		m.headers = append(m.headers, header{h.Name, value})
	}
	return m, nil
}

func (c *child) read(ctx context.Context, x *exchange, m message) (any, error) {
	q, err := x.request("read", x.Reader)
	if err != nil {
		return nil, err
	}
	if m.data != nil {
		data := hex.EncodeToString(m.data)
		q.Data = &data
	}
	for _, h := range m.headers {
		q.Headers = append(q.Headers, wireHeader{h.name, hex.EncodeToString(h.value)})
	}
	a, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if a.Value == nil {
		return nil, errors.New("the answer has no value")
	}
	return decode(a.Value)
}

// request is what both requests of an exchange have.
func (x *exchange) request(op string, r role) (*request, error) {
	v := x.Versions[r.Version-1]
	q := &request{
		Op: op, Format: x.Format, Topic: x.topic, Key: x.Key, Header: x.Header, Config: r.Config,
		Schema: x.schema(v.Schema, v.Needs), Headers: []wireHeader{}, Named: []string{},
	}
	references, err := x.references(v.Needs)
	if err != nil {
		return nil, err
	}
	for _, r := range references {
		q.Named = append(q.Named, string(r.Schema))
	}
	if x.Message != "" {
		files, err := compile(x.testCase, v)
		if err != nil {
			return nil, err
		}
		q.Message = x.Message
		if q.Descriptors, err = files.marshal(); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func (c *child) ask(ctx context.Context, q *request) (*answer, error) {
	line, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("the program has ended: %w", err)
	}
	select {
	case line, ok := <-c.answers:
		if !ok {
			return nil, errors.New("the program has ended")
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("the answer %q: %w", bytes.TrimSpace(line), err)
		}
		if a.Error != "" {
			return nil, errors.New(a.Error)
		}
		return &a, nil
	case <-ctx.Done():
		// An answer that comes late would be taken for that to the next request.
		c.command.Process.Kill()
		return nil, fmt.Errorf("no answer: %w", ctx.Err())
	}
}

// A tail keeps the last of what is written to it.
type tail struct {
	mutex sync.Mutex
	lines []string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.lines = append(t.lines, strings.Split(strings.TrimRight(string(p), "\n"), "\n")...)
	t.lines = t.lines[max(0, len(t.lines)-30):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return strings.Join(t.lines, "\n")
}
