package protobuf

import (
	"errors"
	"fmt"
	"strings"
)

// parser reads declarations into a file.
type parser struct {
	reader
	file   *File
	first  bool           // no declaration was read yet
	length int            // of the names of the messages around
	where  map[string]int // offsets of top-level types and services, prefixed with their kind
}

// parse reads a .proto file. It accepts what the reference accepts, whose
// grammar is wider than the language: names and numbers are checked little,
// nothing is linked.
func parse(text string) (file *File, err error) {
	p := &parser{reader: reader{text: text}, file: &File{text: text}, first: true, where: make(map[string]int)}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *SyntaxError:
			file, err = nil, e
		case *DuplicateError:
			file, err = nil, e
		case error:
			if !errors.Is(e, errTooDeep) {
				panic(e)
			}
			file, err = nil, e
		default:
			panic(e)
		}
	}()
	for p.space(); p.at < len(text); p.space() {
		p.declaration()
		p.first = false
	}
	return p.file, nil
}

// declaration reads a declaration at the top of the file.
func (p *parser) declaration() {
	if p.accept(';') {
		return
	}
	start := p.at
	label := p.word()
	f := p.file
	switch label {
	case "package":
		f.Package = p.name()
		p.leave(p.within(f.Package))
		p.length -= len(f.Package)
		p.require(';')
	case "import":
		p.imported()
	case "syntax", "edition":
		p.syntax(label, start)
	case "option":
		f.Options = append(f.Options, p.option())
		p.require(';')
	case "message":
		m := p.message()
		p.once("type", m.Name, start)
		f.Messages = append(f.Messages, m)
	case "enum":
		e := p.enum()
		p.once("type", e.Name, start)
		f.Enums = append(f.Enums, e)
	case "extend":
		f.Extends = append(f.Extends, p.extend())
	case "service":
		s := p.service()
		p.once("service", s.Name, start)
		f.Services = append(f.Services, s)
	default:
		p.fail(start, "unexpected label: %s", label)
	}
}

func (p *parser) once(kind, name string, start int) {
	if before, ok := p.where[kind+name]; ok {
		panic(&DuplicateError{name, p.spot(start), p.spot(before)})
	}
	p.where[kind+name] = start
}

func (p *parser) spot(offset int) string {
	line, column := p.place(offset)
	return fmt.Sprintf(":%d:%d", line, column)
}

func (p *parser) imported() {
	f := p.file
	kind := ""
	if !quote(p.peek()) {
		kind = p.word()
	}
	switch kind {
	case "":
		f.Imports = append(f.Imports, p.quoted())
	case "public":
		f.PublicImports = append(f.PublicImports, p.quoted())
	case "weak":
		p.quoted() // the reference forgets weak imports
	default:
		f.Imports = append(f.Imports, kind)
	}
	p.require(';')
}

func (p *parser) syntax(label string, start int) {
	after := p.at
	p.require('=')
	if p.file.Syntax != "" || p.file.Edition != "" {
		p.fail(start, "too many syntax definitions")
	}
	if !p.first {
		p.fail(start, "'%s' element must be the first declaration in a file", label)
	}
	value := p.quoted()
	switch {
	case label == "edition" && value == "2023":
		p.file.Edition = value
	case label == "edition":
		p.fail(after, "edition %s is not currently supported", value)
	case value == "proto2" || value == "proto3":
		p.file.Syntax = value
	default:
		p.fail(start, "unexpected syntax: %s", value)
	}
	p.require(';')
}

func (p *parser) message() *Message {
	m := &Message{Name: p.name()}
	p.require('{')
	p.body(m)
	return m
}

// maxName bounds the bytes of a package, and of the names of messages within
// messages: a normal form repeats them wherever a type is used.
const maxName = 1024

// within enters the scope of a name, and returns how many levels it has.
func (p *parser) within(name string) (levels int) {
	if p.length += len(name); p.length > maxName {
		p.fail(p.at, "a name is longer than %d bytes", maxName)
	}
	levels = 1 + strings.Count(name, ".")
	p.enter(levels)
	return levels
}

// body reads a message's declarations up to and with the closing brace.
func (p *parser) body(m *Message) {
	levels := p.within(m.Name)
	defer func() {
		p.leave(levels)
		p.length -= len(m.Name)
	}()
	for !p.accept('}') {
		if p.accept(';') {
			continue
		}
		start := p.at
		switch label := p.word(); label {
		case "option":
			m.Options = append(m.Options, p.option())
			p.require(';')
		case "reserved":
			m.Reserved = append(m.Reserved, p.reserved())
		case "oneof":
			m.OneOfs = append(m.OneOfs, p.oneOf())
		case "extensions":
			m.Extensions = append(m.Extensions, p.extensions())
		case "extend":
			m.Extends = append(m.Extends, p.extend())
		case "message":
			m.Messages = append(m.Messages, p.message())
		case "enum":
			m.Enums = append(m.Enums, p.enum())
		default:
			p.field(start, label, &m.Fields, &m.Groups)
		}
	}
}

// field reads a field or group whose first word is label.
func (p *parser) field(start int, label string, fields *[]*Field, groups *[]*Group) {
	switch l := Label(label); l {
	case Required, Optional, Repeated:
		if l == Required && p.file.Syntax == "proto3" {
			p.fail(start, "'required' label forbidden in proto3 field declarations")
		}
		kind := p.word()
		if kind == "map" && p.peek() == '<' {
			p.fail(start, "'map' type cannot have label")
		}
		p.typed(l, kind, fields, groups)
	default:
		isMap := label == "map" && p.peek() == '<'
		if !isMap && p.file.Syntax != "proto3" && p.file.Edition == "" {
			p.fail(start, "unexpected label: %s", label)
		}
		p.typed("", label, fields, groups)
	}
}

// typed reads the rest of a field or group after the first word of its type.
func (p *parser) typed(label Label, kind string, fields *[]*Field, groups *[]*Group) {
	if kind == "group" {
		*groups = append(*groups, p.group(label))
		return
	}
	f := &Field{Label: label, Type: kind}
	if kind == "map" && p.accept('<') {
		f.Key = p.word()
		p.require(',')
		f.Type = p.word()
		p.require('>')
	}
	f.Name = p.name()
	p.require('=')
	f.Tag = p.integer()
	f.Options = p.options()
	f.Default = p.special(f, "default")
	f.JSONName = p.special(f, "json_name")
	if f.Default != nil && f.Type != "string" && !isWord(*f.Default) {
		p.file.rawDefaults = true
	}
	p.require(';')
	*fields = append(*fields, f)
}

// special takes an option out of a field's options that is no real option.
// Of several the last one counts.
func (p *parser) special(f *Field, name string) *string {
	var found *string
	kept := f.Options[:0]
	for i := range f.Options {
		o := &f.Options[i]
		if o.Name == name && !o.Custom && o.Value.Kind <= String {
			text := o.Value.Text
			found = &text
		} else {
			kept = append(kept, *o)
		}
	}
	f.Options = kept
	return found
}

func (p *parser) group(label Label) *Group {
	g := &Group{Label: label, Body: Message{Name: p.word()}}
	p.require('=')
	g.Tag = p.integer()
	g.Options = p.options()
	p.require('{')
	p.body(&g.Body)
	return g
}

func (p *parser) oneOf() *OneOf {
	o := &OneOf{Name: p.name()}
	p.require('{')
	for !p.accept('}') {
		if p.accept(';') {
			continue
		}
		switch kind := p.word(); kind {
		case "option":
			o.Options = append(o.Options, p.option())
			p.require(';')
		default:
			p.typed("", kind, &o.Fields, &o.Groups)
		}
	}
	return o
}

func (p *parser) extend() *Extend {
	e := &Extend{Name: p.name()}
	p.require('{')
	for !p.accept('}') {
		if p.accept(';') {
			continue
		}
		start := p.at
		p.field(start, p.word(), &e.Fields, &e.Groups)
	}
	return e
}

func (p *parser) reserved() Reserved {
	var entries Reserved
	for {
		switch c := p.peek(); {
		case quote(c):
			entries = append(entries, Range{Name: p.quoted(), Named: true})
		case p.file.Edition != "" && (c < '0' || c > '9') && c != '-':
			entries = append(entries, Range{Name: p.word(), Named: true, Bare: true})
		default:
			entries = append(entries, p.numbers())
		}
		if p.more() {
			return entries
		}
	}
}

// more reports whether a list ends here, at a semicolon, or goes on after a comma.
func (p *parser) more() (ends bool) {
	switch {
	case p.accept(';'):
		return true
	case p.accept(','):
		return false
	}
	p.at++
	p.fail(p.at, "expected ',' or ';'")
	return true
}

// numbers reads a number or a range of numbers.
func (p *parser) numbers() Range {
	n := Range{Start: p.integer()}
	n.End = n.Start
	if c := p.peek(); c == ',' || c == ';' || c == '[' {
		return n
	}
	start := p.at
	if p.word() != "to" {
		p.fail(start, "expected ',', ';', or 'to'")
	}
	n.Span = true
	p.space()
	if rest := p.text[p.at:]; strings.HasPrefix(rest, "max") && (len(rest) == 3 || !wordByte(rest[3])) {
		p.at += len("max")
		n.End = maxTag
	} else {
		n.End = p.integer()
	}
	return n
}

func (p *parser) extensions() Extensions {
	var e Extensions
	for {
		e.Ranges = append(e.Ranges, p.numbers())
		if e.Options = p.options(); e.Options != nil {
			p.require(';')
			return e
		}
		if p.more() {
			return e
		}
	}
}

func (p *parser) enum() *Enum {
	e := &Enum{Name: p.name()}
	p.leave(p.within(e.Name))
	p.length -= len(e.Name)
	p.require('{')
	for !p.accept('}') {
		if p.accept(';') {
			continue
		}
		switch name := p.word(); {
		case name == "option" && p.peek() != '=':
			e.Options = append(e.Options, p.option())
			p.require(';')
		case name == "reserved" && p.peek() != '=':
			e.Reserved = append(e.Reserved, p.reserved())
		default:
			c := Constant{Name: name}
			p.require('=')
			c.Number = p.integer()
			c.Options = p.options()
			p.require(';')
			e.Constants = append(e.Constants, c)
		}
	}
	return e
}

func (p *parser) service() *Service {
	s := &Service{Name: p.name()}
	p.require('{')
	for !p.accept('}') {
		if p.accept(';') {
			continue
		}
		start := p.at
		switch label := p.word(); label {
		case "option":
			s.Options = append(s.Options, p.option())
			p.require(';')
		case "rpc":
			s.RPCs = append(s.RPCs, p.rpc())
		default:
			p.fail(start, "unexpected label: %s", label)
		}
	}
	return s
}

func (p *parser) rpc() RPC {
	r := RPC{Name: p.name()}
	r.Request, r.RequestStreams = p.argument()
	start := p.at
	if p.word() != "returns" {
		p.fail(start, "expected 'returns'")
	}
	r.Response, r.ResponseStreams = p.argument()
	if !p.accept('{') {
		p.require(';')
		return r
	}
	for !p.accept('}') {
		if p.accept(';') {
			continue
		}
		start := p.at
		if label := p.word(); label != "option" {
			p.fail(start, "unexpected label: %s", label)
		}
		r.Options = append(r.Options, p.option())
		p.require(';')
	}
	return r
}

func (p *parser) argument() (name string, streams bool) {
	p.require('(')
	name = p.word()
	if name == "stream" && p.peek() != ')' {
		name, streams = p.word(), true
	}
	p.require(')')
	return name, streams
}

// options reads options in brackets, where there are any.
func (p *parser) options() []Option {
	if !p.accept('[') {
		return nil
	}
	var options []Option
	for {
		options = append(options, p.option())
		if p.accept(']') {
			return options
		}
		if !p.accept(',') {
			p.fail(p.at, "Expected ',' or ']'")
		}
	}
}

// option reads a name, "=" and a value.
func (p *parser) option() Option {
	o := Option{Custom: p.peek() == '('}
	o.Name = p.name()
	var path []byte
	for c := p.peek(); c == '.' || c == '('; c = p.peek() {
		if c == '.' {
			step := p.word()
			if strings.Contains(step, "..") || step[len(step)-1] == '.' && p.peek() != '(' {
				p.fail(p.at, "expected a word")
			}
			path = append(path, step...)
		} else {
			path = append(append(append(path, '('), p.name()...), ')')
		}
	}
	o.Path = string(path)
	if !p.accept('=') {
		p.at++
		p.fail(p.at, "expected '=' in option")
	}
	// The normal form folds the path into nested values.
	steps := strings.Count(o.Path, ".") + strings.Count(o.Path, "(")
	p.enter(steps)
	o.Value = p.value()
	p.leave(steps)
	return o
}

func (p *parser) value() Value {
	switch c := p.peek(); {
	case c == '{':
		return p.members('{', '}')
	case c == '<':
		return p.members('<', '>')
	case c == '[':
		return p.list()
	case quote(c):
		return Value{Kind: String, Text: p.quoted()}
	}
	word := p.word()
	if word == "-" {
		word += p.word()
	}
	return Value{Text: word}
}

// members reads a message in the text format.
func (p *parser) members(open, end byte) Value {
	p.enter(1)
	defer p.leave(1)
	p.require(open)
	v := Value{Kind: Struct}
	for seen := make(map[string]int); !p.accept(end); {
		var o Option
		if p.accept('[') {
			name := p.word()
			if strings.HasPrefix(p.text[p.at:], "/") { // of an Any, not of a comment
				p.at++
				name += "/" + p.word()
			}
			p.require(']')
			o.Name = "[" + name + "]"
		} else {
			o.Name = p.word()
		}
		if c := p.peek(); c != '{' && c != '<' && c != '[' && !p.accept(':') {
			p.at++
			p.fail(p.at, "expected ':' in option")
		}
		o.Value = p.value()
		v.Members = put(v.Members, o, seen)
		if !p.accept(',') {
			p.accept(';')
		}
	}
	return v
}

func (p *parser) list() Value {
	p.enter(1)
	defer p.leave(1)
	p.require('[')
	v := Value{Kind: List}
	for !p.accept(']') {
		v.Items = append(v.Items, p.value())
		if !p.accept(',') && p.peek() != ']' {
			p.fail(p.at, "expected ',' or ']'")
		}
	}
	return v
}
