package main

import (
	"encoding/json"
	"strings"
)

// names are those of the fields, few enough for paths to find something.
var names = []string{"a", "b", "c", "d", "e", "id", "n", "s", "list", "items", "10", "2", "two words", "größe", "😀", "and", "λx"}

var numbers = []string{"0", "1", "2", "3", "4", "7", "10", "12", "100", "0.5", "1.5", "2.5", "0.1", "0.285", "1e3", "1e21", "1.5e300", "1e-7", "123456.789",
	"123456789012345680000", "9007199254740993", "4294967296", "1.7976931348623157e308", "5e-324", "0.000001", "3.14159265358979", "1e100"}

var texts = []string{"", "a", "b", "ab", "abc", "a b", "x,y,z", "Hello World", "foo.bar", "1", "10", "-2.5", "007", "0x1F", "1e3", "true", "straße", "ÀÉ", "😀", "x😀y", "日本", "\ufffd",
	"é", "$1", "a/b?c=d&e", "%41%42", "aGVsbG8=", "  padded  text ", "line\nbreak\ttab", "quote\"s", "2024-02-29T12:30:00Z", "2020-01-01", "ﬀ", "ΑΣ", "\u00a0x", "\u2028"}

// input makes a document, JSON text, or nil for none.
func (g *generator) input() json.RawMessage {
	var b strings.Builder
	switch g.intn(20) {
	case 0:
		return nil
	case 1, 2:
		g.json(&b, 3)
	case 3, 4, 5, 6:
		g.array(&b, 4, func() { g.document(&b, 3) })
	default:
		g.document(&b, 4)
	}
	return json.RawMessage(b.String())
}

// document writes an object most of whose fields are of the types that their names say.
func (g *generator) document(b *strings.Builder, depth int) {
	first := true
	field := func(name string) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(quote(name))
		b.WriteByte(':')
	}
	b.WriteByte('{')
	order := g.r.Perm(len(names))
	for _, i := range order[:1+g.intn(7)] {
		name := names[i]
		field(name)
		switch {
		case depth <= 1 || g.chance(15):
			g.json(b, min(depth-1, 2))
		case name == "n" || name == "id" || name == "10":
			b.WriteString(g.jsonNumber())
		case name == "s" || name == "größe":
			b.WriteString(quote(g.pick(texts)))
		case name == "list":
			g.array(b, 4, func() { b.WriteString(g.jsonNumber()) })
		case name == "items":
			g.array(b, 3, func() { g.document(b, depth-2) })
		case name == "b":
			g.array(b, 3, func() { g.json(b, 2) })
		case g.chance(30):
			g.document(b, depth-1)
		default:
			g.json(b, 2)
		}
	}
	b.WriteByte('}')
}

func (g *generator) array(b *strings.Builder, most int, item func()) {
	b.WriteByte('[')
	for i := range g.intn(most + 1) {
		if i > 0 {
			b.WriteByte(',')
		}
		item()
	}
	b.WriteByte(']')
}

func (g *generator) json(b *strings.Builder, depth int) {
	switch n := g.intn(10); {
	case n < 2 && depth > 0:
		g.array(b, 4, func() { g.json(b, depth-1) })
	case n < 4 && depth > 0:
		g.document(b, depth)
	case n < 6:
		b.WriteString(g.jsonNumber())
	case n < 8:
		b.WriteString(quote(g.pick(texts)))
	default:
		b.WriteString(g.pick([]string{"true", "false", "null"}))
	}
}

func (g *generator) jsonNumber() string {
	if g.chance(20) {
		return "-" + g.pick(numbers)
	}
	return g.pick(numbers)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
