package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
)

//go:embed cases.json
var casesJSON []byte

// A testCase is a contract and a value that goes through it.
type testCase struct {
	Name   string `json:"name"`
	Like   string `json:"like"` // the case whose contract it has
	Format string `json:"format"`
	Key    bool   `json:"key"`    // a key, not a value
	Header bool   `json:"header"` // the schema's GUID is in a header, no id before the data
	Auto   bool   `json:"auto"`   // the writer registers the schema
	Typed  bool   `json:"typed"`  // structs has a type for it

	References []reference     `json:"references"`
	Config     json.RawMessage `json:"config"` // of the subject
	Versions   []version       `json:"versions"`
	Message    string          `json:"message"` // full name, for Protobuf

	Writer role `json:"writer"`
	Reader role `json:"reader"`

	// Values are as in the recorded vectors: unions untagged, Avro bytes {"$bytes": "hex"}, logical types raw, Protobuf as proto3 JSON.
	Value     json.RawMessage `json:"value"`
	Want      json.RawMessage `json:"want"`      // what is read, if not Value
	RefusedBy string          `json:"refusedBy"` // "writer" or "reader"
	Says      []string        `json:"says"`      // one of which the refusal must say
}

// A role is how a party is set up. The version is the one it has the schema of, the latest if 0.
type role struct {
	Version int               `json:"version"`
	Config  map[string]string `json:"config"` // by Confluent's names
}

type version struct {
	Schema   schemaText    `json:"schema"`
	Needs    []string      `json:"needs"` // names of references
	Metadata *api.Metadata `json:"metadata"`
	RuleSet  *api.RuleSet  `json:"ruleSet"`
}

type reference struct {
	Name    string     `json:"name"`
	Subject string     `json:"subject"`
	Schema  schemaText `json:"schema"`
	Needs   []string   `json:"needs"`
}

// A schemaText is written as its text, as the JSON that it is, or as its lines.
type schemaText string

func (t *schemaText) UnmarshalJSON(data []byte) error {
	var lines []string
	if json.Unmarshal(data, &lines) == nil {
		*t = schemaText(strings.Join(lines, "\n"))
		return nil
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		*t = schemaText(text)
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return err
	}
	*t = schemaText(compact.String())
	return nil
}

// An exception is what a client cannot do, though nobody here is to blame.
type exception struct {
	Client    string   `json:"client"`
	Cases     []string `json:"cases"`     // names, as path.Match has them
	Direction string   `json:"direction"` // "write" or "read", "" for both
	Why       string   `json:"why"`
	Fails     string   `json:"fails"`   // what the failure says
	Untried   bool     `json:"untried"` // there is nothing that could be tried

	met bool
}

// load reads the cases, and the exceptions for a client.
func load(client string) ([]*testCase, []*exception, error) {
	var file struct {
		Cases      []*testCase  `json:"cases"`
		Exceptions []*exception `json:"exceptions"`
	}
	d := json.NewDecoder(bytes.NewReader(casesJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, nil, fmt.Errorf("cases.json: %w", err)
	}
	byName := map[string]*testCase{}
	for _, c := range file.Cases {
		if byName[c.Name] != nil {
			return nil, nil, fmt.Errorf("cases.json: two cases are named %s", c.Name)
		}
		byName[c.Name] = c
		if c.Like != "" {
			like := byName[c.Like]
			if like == nil {
				return nil, nil, fmt.Errorf("cases.json: %s is like %s, which does not stand before it", c.Name, c.Like)
			}
			c.References, c.Config, c.Versions = like.References, like.Config, like.Versions
		}
		if err := c.complete(); err != nil {
			return nil, nil, fmt.Errorf("cases.json: %s: %w", c.Name, err)
		}
	}
	exceptions := slices.DeleteFunc(file.Exceptions, func(e *exception) bool { return e.Client != client })
	return file.Cases, exceptions, nil
}

// complete fills in what a case leaves out.
func (c *testCase) complete() error {
	if c.Writer.Version == 0 {
		c.Writer.Version = len(c.Versions)
	}
	if c.Reader.Version == 0 {
		c.Reader.Version = len(c.Versions)
	}
	if max(c.Writer.Version, c.Reader.Version) > len(c.Versions) || len(c.Versions) == 0 {
		return fmt.Errorf("there is no such version")
	}
	if c.Writer.Config == nil {
		c.Writer.Config = map[string]string{"auto.register.schemas": "false", "use.latest.version": "true"}
		if c.Auto {
			c.Writer.Config = map[string]string{"auto.register.schemas": "true"}
		}
	}
	if c.Reader.Config == nil {
		c.Reader.Config = map[string]string{}
	}
	for _, v := range c.Versions {
		if _, err := c.references(v.Needs); err != nil {
			return err
		}
	}
	return nil
}

// references are those of the names, and those that they need, each before what needs it.
func (c *testCase) references(names []string) ([]reference, error) {
	var all []reference
	var add func(names []string) error
	add = func(names []string) error {
		for _, name := range names {
			i := slices.IndexFunc(c.References, func(r reference) bool { return r.Name == name })
			if i < 0 {
				return fmt.Errorf("there is no reference %s", name)
			}
			if err := add(c.References[i].Needs); err != nil {
				return err
			}
			if !slices.ContainsFunc(all, func(r reference) bool { return r.Name == name }) {
				all = append(all, c.References[i])
			}
		}
		return nil
	}
	return all, add(names)
}

// schema is what is registered for a text and the references it needs.
func (c *testCase) schema(text schemaText, needs []string) api.Schema {
	s := api.Schema{SchemaType: c.Format, Schema: string(text)}
	for _, name := range needs {
		i := slices.IndexFunc(c.References, func(r reference) bool { return r.Name == name })
		s.References = append(s.References, api.Reference{Name: name, Subject: c.References[i].Subject, Version: 1})
	}
	return s
}

func (x *exchange) subject() string {
	if x.Key {
		return x.topic + "-key"
	}
	return x.topic + "-value"
}

func (x *exchange) want() (any, error) {
	if x.Want != nil {
		return decode(x.Want)
	}
	return decode(x.Value)
}
