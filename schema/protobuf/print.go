package protobuf

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// printer writes the canonical text. The layout is the reference's: two
// spaces of indentation, sections apart by an empty line, and empty lines
// indented like those around them.
type printer struct {
	buf    []byte
	indent int
	start  bool // at the start of a line
	plain  bool // leave custom options and extensions out
	sorted bool // sort default and json_name in among a field's options
}

// print renders a file. Plain text has no extensions, no extend blocks and
// none of the custom options but Confluent's own. A text equal to the one the
// file was read from is that one, so that a canonical text is held once.
func print(f *File, plain bool) string {
	p := &printer{buf: make([]byte, 0, max(1024, len(f.text))), start: true, plain: plain, sorted: f.normal}
	p.file(f)
	if string(p.buf) == f.text {
		return f.text
	}
	return string(p.buf)
}

// put writes text without line ends.
func (p *printer) put(parts ...string) {
	for _, s := range parts {
		if s != "" {
			p.margin()
			p.buf = append(p.buf, s...)
		}
	}
}

func (p *printer) margin() {
	if !p.start {
		return
	}
	p.start = false
	for range p.indent {
		p.buf = append(p.buf, "  "...)
	}
}

func (p *printer) end() {
	p.buf = append(p.buf, '\n')
	p.start = true
}

func (p *printer) line(parts ...string) {
	p.put(parts...)
	p.end()
}

// gap ends the line of an opening brace, or sets a section apart from the one
// before by an empty line, indented like the braces around the section.
func (p *printer) gap() {
	if p.start {
		for range p.indent - 1 {
			p.buf = append(p.buf, "  "...)
		}
	}
	p.end()
}

func (p *printer) int(n int32) {
	p.margin()
	p.buf = strconv.AppendInt(p.buf, int64(n), 10)
}

// quoted writes a string literal. Bytes that are no UTF-8 are written as octal
// escapes, so that none is lost.
func (p *printer) quoted(s string) {
	p.margin()
	p.buf = append(p.buf, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			_, size := utf8.DecodeRuneInString(s[i:])
			if size == 1 {
				p.buf = append(p.buf, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
			} else {
				p.buf = append(p.buf, s[i:i+size]...)
			}
			i += size
			continue
		}
		if n := strings.IndexByte(escapees, c); n >= 0 && c != '?' {
			p.buf = append(p.buf, '\\', escapes[n])
		} else {
			p.buf = append(p.buf, c)
		}
		i++
	}
	p.buf = append(p.buf, '"')
}

func (p *printer) file(f *File) {
	if f.Syntax != "" {
		p.line(`syntax = "`, f.Syntax, `";`)
	}
	if f.Edition != "" {
		p.line(`edition = "`, f.Edition, `";`)
	}
	if f.Package != "" {
		p.line("package ", f.Package, ";")
	}
	if len(f.Imports)+len(f.PublicImports) > 0 {
		p.gap()
	}
	p.imports("import ", f.Imports)
	p.imports("import public ", f.PublicImports)
	if options := p.kept(f.Options); len(options) > 0 {
		p.gap()
		p.statements(options)
	}
	if len(f.Messages)+len(f.Enums) > 0 {
		p.gap()
	}
	p.types(f.Messages, f.Enums)
	p.extends(f.Extends)
	if len(f.Services) > 0 {
		p.gap()
	}
	for _, s := range f.Services {
		p.service(s)
	}
}

func (p *printer) imports(head string, paths []string) {
	for _, path := range paths {
		p.put(head)
		p.quoted(path)
		p.line(";")
	}
}

func (p *printer) types(messages []*Message, enums []*Enum) {
	for _, m := range messages {
		p.put("message ", m.Name, " {")
		p.body(m)
		p.line("}")
	}
	for _, e := range enums {
		p.enum(e)
	}
}

// kept returns the options that are to be printed.
func (p *printer) kept(options []Option) []Option {
	dropped := func(o Option) bool { return o.Custom && !strings.HasPrefix(o.Name, "confluent.") }
	if !p.plain || !slices.ContainsFunc(options, dropped) {
		return options
	}
	return slices.DeleteFunc(slices.Clone(options), dropped)
}

// body writes what stands between the braces of a message.
func (p *printer) body(m *Message) {
	p.indent++
	section := func(any bool) bool {
		if any {
			p.gap()
		}
		return any
	}
	if section(len(m.Reserved) > 0) {
		p.reserved(m.Reserved)
	}
	if options := p.kept(m.Options); section(len(options) > 0) {
		p.statements(options)
	}
	if section(len(m.Fields) > 0) {
		p.fields(m.Fields)
	}
	if section(len(m.OneOfs) > 0 || m.hollow) {
		for _, o := range m.OneOfs {
			p.oneOf(o)
		}
	}
	if section(len(m.Groups) > 0) {
		p.groups(m.Groups)
	}
	if !p.plain && section(len(m.Extensions) > 0) {
		for _, e := range m.Extensions {
			p.put("extensions ")
			p.ranges(e.Ranges)
			p.inline(e.Options)
			p.line(";")
		}
	}
	p.extends(m.Extends)
	if section(len(m.Messages)+len(m.Enums) > 0) {
		p.types(m.Messages, m.Enums)
	}
	p.indent--
}

func (p *printer) fields(fields []*Field) {
	for _, f := range fields {
		p.field(f)
	}
}

func (p *printer) field(f *Field) {
	if f.Label != "" {
		p.put(string(f.Label), " ")
	}
	if f.Key != "" {
		p.put("map<", f.Key, ", ", f.Type, ">")
	} else {
		p.put(f.Type)
	}
	p.put(" ", f.Name, " = ")
	p.int(f.Tag)
	p.inline(p.fieldOptions(f))
	p.line(";")
}

// fieldOptions returns a field's options together with its default and JSON name.
func (p *printer) fieldOptions(f *Field) []Option {
	options := p.kept(f.Options)
	if f.Default == nil && f.JSONName == nil {
		return options
	}
	options = slices.Clone(options)
	if f.Default != nil {
		options = append(options, defaultOption(f))
	}
	if f.JSONName != nil {
		options = append(options, Option{Name: "json_name", Value: Value{Kind: String, Text: *f.JSONName}})
	}
	if p.sorted {
		sortOptions(options)
	}
	return options
}

// defaultOption returns the default of a field as the reference writes it:
// quoted for strings only, even where bytes would need it.
func defaultOption(f *Field) Option {
	v := Value{Text: *f.Default}
	if f.Type == "string" {
		v.Kind = String
	}
	return Option{Name: "default", Value: v}
}

func (p *printer) oneOf(o *OneOf) {
	p.put("oneof ", o.Name, " {")
	p.indent++
	options := p.kept(o.Options)
	if len(options) > 0 {
		p.gap()
		p.statements(options)
	}
	if len(o.Fields) > 0 {
		p.gap()
		p.fields(o.Fields)
	}
	if len(o.Groups) > 0 {
		p.gap()
		p.groups(o.Groups)
	}
	p.indent--
	p.line("}")
}

func (p *printer) groups(groups []*Group) {
	for _, g := range groups {
		if g.Label != "" {
			p.put(string(g.Label), " ")
		}
		p.put("group ", g.Body.Name, " = ")
		p.int(g.Tag)
		p.inline(p.kept(g.Options))
		p.put(" {")
		p.body(&g.Body)
		p.line("}")
	}
}

func (p *printer) extends(extends []*Extend) {
	if p.plain || len(extends) == 0 {
		return
	}
	p.gap()
	for _, e := range extends {
		p.put("extend ", e.Name, " {")
		p.indent++
		if len(e.Fields)+len(e.Groups) > 0 {
			p.end()
		}
		p.fields(e.Fields)
		p.groups(e.Groups)
		p.indent--
		p.line("}")
	}
}

func (p *printer) reserved(reserved []Reserved) {
	for _, r := range reserved {
		p.put("reserved ")
		p.ranges(r)
		p.line(";")
	}
}

func (p *printer) ranges(ranges []Range) {
	for i, r := range ranges {
		if i > 0 {
			p.put(", ")
		}
		switch {
		case r.Bare:
			p.put(r.Name)
		case r.Named:
			p.quoted(r.Name)
		default:
			p.int(r.Start)
			if r.Span && r.End == maxTag {
				p.put(" to max")
			} else if r.Span {
				p.put(" to ")
				p.int(r.End)
			}
		}
	}
}

func (p *printer) enum(e *Enum) {
	p.put("enum ", e.Name, " {")
	options := p.kept(e.Options)
	if len(e.Reserved)+len(options)+len(e.Constants) > 0 {
		p.end()
	}
	p.indent++
	p.reserved(e.Reserved)
	p.statements(options)
	for _, c := range e.Constants {
		p.put(c.Name, " = ")
		p.int(c.Number)
		p.inline(p.kept(c.Options))
		p.line(";")
	}
	p.indent--
	p.line("}")
}

func (p *printer) service(s *Service) {
	p.put("service ", s.Name, " {")
	p.indent++
	if options := p.kept(s.Options); len(options) > 0 {
		p.gap()
		p.statements(options)
	}
	if len(s.RPCs) > 0 {
		p.gap()
	}
	for i := range s.RPCs {
		p.rpc(&s.RPCs[i])
	}
	p.indent--
	p.line("}")
}

func (p *printer) rpc(r *RPC) {
	p.put("rpc ", r.Name, " (")
	if r.RequestStreams {
		p.put("stream ")
	}
	p.put(r.Request, ") returns (")
	if r.ResponseStreams {
		p.put("stream ")
	}
	p.put(r.Response, ")")
	if options := p.kept(r.Options); len(options) > 0 {
		p.line(" {")
		p.indent++
		p.statements(options)
		p.indent--
		p.put("}")
	}
	p.line(";")
}

// statements writes options as statements.
func (p *printer) statements(options []Option) {
	for i := range options {
		p.put("option ")
		p.option(&options[i])
		p.line(";")
	}
}

// inline writes options in brackets: a single one on the line, several below each other.
func (p *printer) inline(options []Option) {
	if len(options) == 0 {
		return
	}
	p.put(" [")
	if len(options) == 1 {
		p.option(&options[0])
	} else {
		p.end()
		p.indent++
		for i := range options {
			p.option(&options[i])
			p.comma(i, len(options))
		}
		p.indent--
	}
	p.put("]")
}

func (p *printer) comma(i, n int) {
	if i < n-1 {
		p.put(",")
	}
	p.end()
}

func (p *printer) option(o *Option) {
	if o.Custom {
		p.put("(", o.Name, ")", o.Path)
	} else {
		p.put(o.Name, o.Path)
	}
	p.put(" = ")
	p.value(&o.Value)
}

func (p *printer) value(v *Value) {
	switch v.Kind {
	case Word:
		p.put(v.Text)
	case String:
		p.quoted(v.Text)
	case Struct:
		p.line("{")
		p.indent++
		for i := range v.Members {
			p.put(v.Members[i].Name, ": ")
			p.value(&v.Members[i].Value)
			p.comma(i, len(v.Members))
		}
		p.indent--
		p.put("}")
	case List:
		p.line("[")
		p.indent++
		for i := range v.Items {
			p.value(&v.Items[i])
			p.comma(i, len(v.Items))
		}
		p.indent--
		p.put("]")
	}
}
