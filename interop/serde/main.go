// Command serde exchanges messages between client/serde and a serde of others: what the other writes is read by ours, and
// the other way round, for each of the cases in cases.json. The registry at CONCORDAT_URL stands between them.
//
//	serde NAME COMMAND [ARGUMENT...]
//
// NAME is the other client as cases.json knows it. COMMAND is the program that drives it: it reads a request for each line
// of its input and writes a line with the answer, both in JSON; child.go has their form.
package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"time"
)

func main() {
	url := os.Getenv("CONCORDAT_URL")
	if url == "" {
		fatal("set CONCORDAT_URL to the base URL of a registry")
	}
	if len(os.Args) < 3 {
		fatal("usage: serde NAME COMMAND [ARGUMENT...]")
	}
	name := os.Args[1]
	cases, exceptions, err := load(name)
	if err != nil {
		fatal(err.Error())
	}
	other, err := start(os.Args[2:])
	if err != nil {
		fatal(err.Error())
	}
	m := &matrix{name: name, exceptions: exceptions, registry: registry{url}, ours: ours{url}, other: other}
	for _, c := range cases {
		m.check(c)
	}
	if complaints := other.stop(); m.failed > 0 && complaints != "" {
		fmt.Printf("what %s wrote besides:\n%s\n", name, complaints)
	}
	if !m.summary() {
		os.Exit(1)
	}
}

func fatal(message string) {
	fmt.Fprintln(os.Stderr, "FAIL "+message)
	os.Exit(1)
}

// Directions, as the other client sees them.
const (
	writes = "write" // it writes, we read
	reads  = "read"  // we write, it reads
)

var directions = []string{writes, reads}

// A party writes and reads messages.
type party interface {
	write(context.Context, *exchange) (message, error)
	read(context.Context, *exchange, message) (value any, err error)
}

// An exchange is a case as the two parties carry it out.
type exchange struct {
	*testCase
	topic string
	typed bool // ours has a struct for the value
}

// A message is a key or value as Kafka would carry it. nil is null.
type message struct {
	data    []byte
	headers []header
}

type header struct {
	name  string
	value []byte
}

// A matrix counts the outcomes of one client.
type matrix struct {
	name       string
	exceptions []*exception
	registry   registry
	ours       party
	other      *child

	tried, passed, excepted, untried, failed int
	by                                       map[string]int // passed, by direction
}

func (m *matrix) check(c *testCase) {
	for _, direction := range directions {
		var except *exception
		for _, e := range m.exceptions {
			if e.matches(c.Name, direction) {
				except = e
				break
			}
		}
		if except != nil && except.Untried {
			m.untried++
			continue
		}
		// A subject of its own for each direction, so that neither finds what the other has registered.
		x := &exchange{testCase: c, topic: strings.Join([]string{m.name, direction, c.Name}, ".")}
		if err := m.registry.prepare(x); err != nil {
			m.outcome(x, direction, except, err)
			continue
		}
		m.outcome(x, direction, except, m.run(x, direction))
		if c.Typed && except == nil {
			x.typed = true
			m.outcome(x, direction, nil, m.run(x, direction))
		}
	}
}

// run lets one write and the other read, and compares.
func (m *matrix) run(x *exchange, direction string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var writer, reader party = m.other, m.ours
	if direction == reads {
		writer, reader = reader, writer
	}
	sent, err := writer.write(ctx, x)
	if x.RefusedBy == "writer" {
		return refused("writing", err, x.Says)
	}
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if err := x.framed(sent); err != nil {
		return err
	}
	got, err := reader.read(ctx, x, sent)
	if x.RefusedBy == "reader" {
		return refused("reading", err, x.Says)
	}
	if err != nil {
		return fmt.Errorf("reading %x %v: %w", sent.data, sent.headers, err)
	}
	want, err := x.want()
	if err != nil {
		return err
	}
	if !equal(got, want) {
		return fmt.Errorf("reading %x %v: got %s, want %s", sent.data, sent.headers, text(got), text(want))
	}
	return nil
}

func refused(what string, err error, says []string) error {
	if err == nil {
		return fmt.Errorf("%s was not refused", what)
	}
	for _, text := range says {
		if strings.Contains(err.Error(), text) {
			return nil
		}
	}
	if len(says) > 0 {
		return fmt.Errorf("%s: none of %q is in the error %q", what, says, err)
	}
	return nil
}

// framed checks that a message says in the way it should what schema it is of.
func (x *exchange) framed(sent message) error {
	if sent.data == nil || string(x.Value) == "null" {
		if sent.data != nil || string(x.Value) != "null" {
			return fmt.Errorf("writing: %s became %x", x.Value, sent.data)
		}
		return nil
	}
	name := "__value_schema_id"
	if x.Key {
		name = "__key_schema_id"
	}
	switch {
	case !x.Header && (len(sent.data) < 5 || sent.data[0] != 0 || len(sent.headers) != 0):
		return fmt.Errorf("writing: the frame of %x %v is not a prefix", sent.data, sent.headers)
	case x.Header && (len(sent.headers) != 1 || sent.headers[0].name != name || len(sent.headers[0].value) < 17 || sent.headers[0].value[0] != 1):
		return fmt.Errorf("writing: the frame of %x %v is not the header %s", sent.data, sent.headers, name)
	}
	return nil
}

// outcome counts what came of an exchange. An exception is a failure that is known: it must still be there.
func (m *matrix) outcome(x *exchange, direction string, except *exception, err error) {
	label := fmt.Sprintf("%s, %s %ss", x.Name, m.name, direction)
	if x.typed {
		label += ", ours has a struct"
	}
	if except != nil {
		switch {
		case err == nil:
			m.failed++
			fmt.Printf("FAIL %s: passes, so that the exception %q no longer holds\n", label, except.Why)
		case !strings.Contains(err.Error(), except.Fails):
			m.failed++
			fmt.Printf("FAIL %s: the exception %q should say %q, but: %v\n", label, except.Why, except.Fails, err)
		default:
			m.excepted++
			fmt.Printf("known %s: %s\n", label, except.Why)
		}
		return
	}
	m.tried++
	if err != nil {
		m.failed++
		fmt.Printf("FAIL %s: %s\n", label, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	m.passed++
	if m.by == nil {
		m.by = map[string]int{}
	}
	m.by[direction]++
	fmt.Printf("ok   %s\n", label)
}

// summary prints the outcome of all and tells whether it is as it should be. An exception that no case met is a failure.
func (m *matrix) summary() bool {
	for _, e := range m.exceptions {
		if !e.met {
			m.failed++
			fmt.Printf("FAIL the exception for %s %s of %s is of no case\n", e.Cases, e.Direction, m.name)
		}
	}
	fmt.Printf("serde %s  %d/%d  (%s writes %d, reads %d; exceptions %d, not tried %d)\n",
		m.name, m.passed, m.tried, m.name, m.by[writes], m.by[reads], m.excepted, m.untried)
	if m.failed > 0 {
		fmt.Fprintf(os.Stderr, "FAIL %d of %d exchanges\n", m.failed, m.tried+m.excepted)
		return false
	}
	fmt.Printf("OK %d checks, %d exceptions\n", m.passed, m.excepted)
	return true
}

func (e *exception) matches(name, direction string) bool {
	if e.Direction != "" && e.Direction != direction {
		return false
	}
	for _, pattern := range e.Cases {
		if ok, _ := path.Match(pattern, name); ok {
			e.met = true
			return true
		}
	}
	return false
}
