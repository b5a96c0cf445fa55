package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
)

// reference is the reference at work in a process of its own, which answers in
// the order it is asked.
type reference struct {
	in  *bufio.Writer
	end io.Closer
	out *bufio.Reader
}

func startReference(folder string) (*reference, error) {
	cmd := exec.Command("node", "--max-old-space-size=512", "reference.mjs")
	cmd.Dir = folder
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &reference{in: bufio.NewWriter(in), end: in, out: bufio.NewReader(out)}, cmd.Start()
}

// ask sends a case. An error means that the reference has ended.
func (r *reference) ask(c testCase) error {
	line, err := json.Marshal(c)
	if err != nil {
		fatal(err)
	}
	_, err = r.in.Write(append(line, '\n'))
	return err
}

// askAll sends the cases from a number on up to the count.
func (r *reference) askAll(seed uint64, from, count int) {
	for i := from; i < count && r.ask(newCase(seed, i)) == nil; i++ {
	}
	r.finish()
}

func (r *reference) finish() {
	r.in.Flush()
	r.end.Close()
}

func (r *reference) answer() (outcome, error) {
	var o outcome
	line, err := r.out.ReadBytes('\n')
	if err != nil {
		return o, fmt.Errorf("the reference ended early: %w", err)
	}
	return o, json.Unmarshal(line, &o)
}

// evaluate asks and waits for the answer.
func (r *reference) evaluate(c testCase) (outcome, error) {
	r.ask(c)
	r.in.Flush()
	return r.answer()
}
