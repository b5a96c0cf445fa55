package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

type (
	avroError = *avro.Error
	jsonError = *jsonschema.Error
)

var checkCommand = command{
	name:    "check",
	args:    []string{"OLD", "NEW"},
	summary: "tell whether the schema NEW may follow OLD, and if not what to do; no server is needed",
	details: `OLD and NEW are files, and "-" is standard input. The schema type is known from
the file names (.avsc, .json, .proto) unless --type says it.

The verdict is the one the registry gives. The exit code is 0 for compatible schemas,
100 for incompatible ones, 1 where a schema cannot be read, 2 where the command line is
wrong. With -o github differences become annotations of a pull request.`,
	options: []option{
		{"--level", "LEVEL", "BACKWARD (default), FORWARD, FULL, NONE, or one with _TRANSITIVE, which is the same for two schemas"},
		{"--type", "TYPE", "AVRO, JSON or PROTOBUF"},
		{"--policy", "POLICY", "STRICT (default) or LENIENT, for JSON Schema"},
		{"--references", "DIR", "the folder of the schemas that OLD and NEW refer to"},
		{"-o", "FORMAT", "text, json or github"},
	},
	run: runCheck,
}

// checking is the question of one command line.
type checking struct {
	files  [2]string // old and new, as given
	texts  [2]string
	level  compat.Level
	policy compat.Policy
	format string
	kind   string // schema type
	lib    *library
}

func runCheck(_ context.Context, c *call) error {
	q, err := c.checking()
	if err != nil {
		return err
	}
	old, err := q.read(0, false)
	if err != nil {
		return q.unreadable(c.stdout, 0, err)
	}
	next, err := q.read(1, true)
	if err != nil {
		return q.unreadable(c.stdout, 1, err)
	}
	check := compat.Check{
		New:     compat.Version{Schema: next},
		History: []compat.Version{{Number: 1, Schema: old}},
		Level:   q.level,
		Policy:  q.policy,
		Diff: func(reader, writer compat.Version, p compat.Policy) []compat.Difference {
			return languages.ByType[q.kind].Diff(reader.Schema, writer.Schema, p)
		},
	}
	result := check.Run()
	if err := q.write(c.stdout, result); err != nil {
		return err
	}
	if !result.Compatible() {
		return errNo
	}
	return nil
}

// checking reads the command line and the files it names.
func (c *call) checking() (*checking, error) {
	q := &checking{files: [2]string{c.args[0], c.args[1]}}
	var ok bool
	if q.level, ok = compat.ParseLevel(cmp.Or(c.options["--level"], string(compat.Backward))); !ok {
		return nil, usagef("check: flag --level: %q is no compatibility level; allowed are %s", c.options["--level"], join(compat.Levels))
	}
	if q.policy, ok = compat.ParsePolicy(cmp.Or(c.options["--policy"], string(compat.Strict))); !ok {
		return nil, usagef("check: flag --policy: %q is no policy; allowed are STRICT and LENIENT", c.options["--policy"])
	}
	switch q.format = cmp.Or(c.options["-o"], "text"); q.format {
	case "text", "json", "github":
	default:
		return nil, usagef("check: flag -o: %q is not a format; allowed are text, json and github", q.format)
	}
	if q.files[0] == "-" && q.files[1] == "-" {
		return nil, usagef("check: only one of OLD and NEW can be standard input")
	}
	q.kind = strings.ToUpper(c.options["--type"])
	if q.kind == "" {
		old, next := typeOfFile(q.files[0]), typeOfFile(q.files[1])
		if old != "" && next != "" && old != next {
			return nil, usagef("check: %s is of type %s by its name, %s of type %s; say which with --type", q.files[0], old, q.files[1], next)
		}
		if q.kind = cmp.Or(next, old); q.kind == "" {
			return nil, usagef("check: the names do not tell the schema type; say AVRO, JSON or PROTOBUF with --type")
		}
	} else if _, known := languages.ByType[q.kind]; !known {
		return nil, usagef("check: flag --type: %q is no schema type; allowed are AVRO, JSON and PROTOBUF", c.options["--type"])
	}
	for i, file := range q.files {
		var err error
		if file == "-" {
			var b []byte
			b, err = io.ReadAll(io.LimitReader(c.stdin, maxLibraryFile))
			q.texts[i] = string(b)
		} else {
			q.texts[i], err = readSchema(file)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	q.lib, err = openLibrary(c.options["--references"], q.kind, q.files[:])
	return q, err
}

// read parses one of the two schemas, as the registry reads one that is
// stored, or one that is about to be registered.
func (q *checking) read(i int, asNew bool) (schema.Schema, error) {
	if strings.TrimSpace(q.texts[i]) == "" {
		return nil, fmt.Errorf("the schema is empty")
	}
	deps, err := q.lib.dependencies(q.texts[i])
	if err != nil {
		return nil, err
	}
	s, err := languages.ByType[q.kind].Parse(schema.Source{Text: q.texts[i], Dependencies: deps, New: asNew})
	if err == nil {
		err = s.Validate(false)
	}
	return s, err
}

// name is a file as messages call it.
func (q *checking) name(i int) string {
	if q.files[i] == "-" {
		return "stdin"
	}
	return q.files[i]
}

// unreadable tells that a schema cannot be read, with the place if the error has one.
func (q *checking) unreadable(w io.Writer, i int, err error) error {
	line, column := position(q.texts[i], err)
	if q.format == "github" {
		annotate(w, q.name(i), line, column, "Schema cannot be read", err.Error())
	}
	return fmt.Errorf("%s: %w", place(q.name(i), line, column), reason(err))
}

// reason is the error that says most: JSON Schema's own name no reason.
func reason(err error) error {
	for _, outer := range []string{"Invalid JSON", "Invalid JSON schema"} {
		if u, ok := err.(interface{ Unwrap() error }); ok && err.Error() == outer && u.Unwrap() != nil {
			return fmt.Errorf("%w: %w", err, u.Unwrap())
		}
	}
	return err
}

func place(file string, line, column int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// difference is a finding as `concordat check -o json` prints it.
type difference struct {
	api.Suggestion
	Message string `json:"message"`
	File    string `json:"file"` // the one to edit
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

// differences tells the findings of a check, with places in the new schema's text where it is JSON.
func (q *checking) differences(result *compat.Result) []difference {
	list := []difference{}
	for i, s := range result.Suggestions() {
		s.OldVersion = 0 // files have none
		d := difference{Suggestion: s, File: q.name(1)}
		reader, writer := "old", "new"
		if result.Findings[i].NewReads {
			reader, writer = writer, reader
		}
		d.Message = result.Findings[i].Text(reader, writer)
		d.Line, d.Column = locate(q.texts[1], strings.FieldsFunc(s.Path, func(r rune) bool { return r == '/' || r == '#' }))
		list = append(list, d)
	}
	return list
}

func (q *checking) write(w io.Writer, result *compat.Result) error {
	differences := q.differences(result)
	if q.format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Compatible  bool         `json:"compatible"`
			Level       compat.Level `json:"level"`
			SchemaType  string       `json:"schemaType"`
			Differences []difference `json:"differences"`
		}{result.Compatible(), q.level, q.kind, differences})
	}
	verdict := "compatible"
	if !result.Compatible() {
		verdict = "incompatible"
	}
	fmt.Fprintf(w, "%s: %s with %s at %s\n", q.name(1), verdict, q.name(0), q.level)
	for _, d := range differences {
		values := sides(d.Suggestion)
		if q.format == "github" {
			annotate(w, d.File, d.Line, d.Column, d.Kind, fmt.Sprintf("%s%s: %s. %s\n%s", d.Path, values, d.Change, d.Why, d.Edit))
			continue
		}
		fmt.Fprintf(w, "\n%s: %s %s%s\n", place(d.File, d.Line, d.Column), d.Kind, d.Path, values)
		fmt.Fprintf(w, "  change  %s\n  why     %s\n  edit    %s\n", d.Change, d.Why, d.Edit)
	}
	return nil
}

// sides tells what the two schemas have at the place.
func sides(s api.Suggestion) string {
	switch {
	case s.Old != "" && s.New != "":
		return fmt.Sprintf(" (%s → %s)", s.Old, s.New)
	case s.New != "":
		return fmt.Sprintf(" (new: %s)", s.New)
	case s.Old != "":
		return fmt.Sprintf(" (old: %s)", s.Old)
	}
	return ""
}

// annotate writes an annotation as GitHub's workflow commands have them.
func annotate(w io.Writer, file string, line, column int, title, text string) {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	fmt.Fprintf(w, "::error file=%s", property.Replace(file))
	if line > 0 {
		fmt.Fprintf(w, ",line=%d,col=%d", line, column)
	}
	fmt.Fprintf(w, ",title=%s::%s\n", property.Replace(title), message.Replace(text))
}
