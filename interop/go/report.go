package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rest"
	"github.com/twmb/franz-go/pkg/sr"
)

// A section is a group of checks that build on one another: the first that fails ends it.
type section struct {
	name   string
	checks func(*report)
}

// A report prints one line for each check and counts them. It is not safe for concurrent use.
type report struct {
	section  string
	sections int
	failed   int // sections
	passed   int // checks
}

// failure is what a failed check panics with, for run to recover.
type failure string

// run does the checks of one section.
func (r *report) run(name string, checks func(*report)) {
	r.section = name
	r.sections++
	defer func() {
		switch f := recover().(type) {
		case nil:
		case failure:
			r.failed++
			fmt.Printf("FAIL %s: %s\n", name, f)
		default:
			panic(f)
		}
	}()
	checks(r)
}

// summary prints the outcome of all and reports whether every check passed.
func (r *report) summary() bool {
	if r.failed > 0 {
		fmt.Fprintf(os.Stderr, "FAIL %d of %d sections; %d checks passed\n", r.failed, r.sections, r.passed)
		return false
	}
	fmt.Printf("OK %d checks\n", r.passed)
	return true
}

func (r *report) ok(name string) {
	r.passed++
	fmt.Printf("ok   %s: %s\n", r.section, name)
}

// equal passes if got and want are deeply equal.
func (r *report) equal(name string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		panic(failure(fmt.Sprintf("%s: got %+v (%T), want %+v (%T)", name, got, got, want, want)))
	}
	r.ok(name)
}

// messages are what the message of an error says whatever it is about.
var messages = map[int]string{
	40401: "not found.",
	40402: "not found.",
	40403: "not found",
	40404: "was soft deleted.Set permanent=true to delete permanently",
	40405: "was not deleted first before being permanently deleted",
	40406: "was soft deleted.Set permanent=true to delete permanently",
	40407: "was not deleted first before being permanently deleted",
	40408: "does not have subject-level compatibility configured",
	40409: "does not have subject-level mode configured",
	40901: "Schema being registered is incompatible with an earlier schema for subject",
	42201: "Invalid schema",
	42206: "One or more references exist to the schema",
	42211: "is not empty.",
}

// refused passes if err is the registry's error with this code, of the HTTP status that goes with it, and its message says what is
// common to the code and every text.
func (r *report) refused(name string, err error, code int, texts ...string) {
	status, got, message := refusal(err)
	if got != code {
		panic(failure(fmt.Sprintf("%s: got error %v (code %d), want code %d", name, err, got, code)))
	}
	if status != 0 && status != code/100 {
		panic(failure(fmt.Sprintf("%s: code %d came with HTTP status %d", name, code, status)))
	}
	for _, text := range append(texts, messages[code]) {
		if !strings.Contains(message, text) {
			panic(failure(fmt.Sprintf("%s: %q is not in the message %q", name, text, message)))
		}
	}
	r.ok(name)
}

// refusal is what a client tells of the registry's error. The status is 0 if the client keeps it to itself.
func refusal(err error) (status, code int, message string) {
	var franzError *sr.ResponseError
	var confluentError *rest.Error
	switch {
	case errors.As(err, &franzError):
		return franzError.StatusCode, franzError.ErrorCode, franzError.Message
	case errors.As(err, &confluentError):
		return 0, confluentError.Code, confluentError.Message
	}
	return 0, 0, ""
}

// must returns v; an error ends the section.
func must[T any](v T, err error) T {
	done(err)
	return v
}

// errorOf drops an answer that a check expects not to come.
func errorOf[T any](_ T, err error) error { return err }

func done(err error) {
	if err != nil {
		panic(failure(fmt.Sprintf("unexpected error: %v", err)))
	}
}
