package avro

import (
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// printer writes types as Avro's library does. A named type is written out
// where it is first met, in the order of the text, and by its name afterwards.
type printer struct {
	buf   []byte
	known map[string]struct{} // full names that need no writing out
	depth int
}

// printed writes a type; names in provided count as known. The text would be
// nested deeper than schema.MaxDepth: schema.ErrTooDeep. A text equal to like,
// whose length is a guess at its own, is like itself, so that a schema read
// from its canonical text holds it once.
func printed(t *Type, provided []string, like string) (string, error) {
	p := printer{buf: make([]byte, 0, len(like)), known: make(map[string]struct{}, len(provided)+8)}
	for _, name := range provided {
		p.known[name] = struct{}{}
	}
	if err := p.typ(t, ""); err != nil {
		return "", err
	}
	if string(p.buf) == like {
		return like, nil
	}
	return string(p.buf), nil
}

func (p *printer) typ(t *Type, space string) error {
	if p.depth > schema.MaxDepth {
		return schema.ErrTooDeep
	}
	p.depth++
	err := p.whole(t, space)
	p.depth--
	return err
}

func (p *printer) whole(t *Type, space string) error {
	switch t.Kind {
	case Record, Enum, Fixed:
		return p.named(t, space)
	case Array, Map:
		key := `","items":`
		if t.Kind == Map {
			key = `","values":`
		}
		p.raw(`{"type":"`, t.Kind.String(), key)
		if err := p.typ(t.Items, space); err != nil {
			return err
		}
		p.props(t.Props)
		p.raw("}")
	case Union:
		p.raw("[")
		for i, b := range t.Branches {
			if i > 0 {
				p.raw(",")
			}
			if err := p.typ(b, space); err != nil {
				return err
			}
		}
		p.raw("]")
	default:
		if len(t.Props) == 0 {
			p.raw(`"`, t.Kind.String(), `"`)
			return nil
		}
		p.raw(`{"type":"`, t.Kind.String(), `"`)
		p.props(t.Props)
		p.raw("}")
	}
	return nil
}

func (p *printer) named(t *Type, space string) error {
	n := t.Named
	if _, ok := p.known[n.Name.Full()]; ok {
		p.str(n.Name.within(space))
		return nil
	}
	p.known[n.Name.Full()] = struct{}{}
	kind := t.Kind.String()
	if n.IsError {
		kind = "error"
	}
	p.raw(`{"type":"`, kind, `","name":`)
	p.str(n.Name.Simple())
	if own := n.Name.Space(); own != space {
		p.raw(`,"namespace":`)
		p.str(own)
	}
	p.doc(n.Doc)
	switch t.Kind {
	case Record:
		if err := p.fields(n); err != nil {
			return err
		}
	case Enum:
		p.raw(`,"symbols":[`)
		for i, s := range n.Symbols {
			if i > 0 {
				p.raw(",")
			}
			p.str(s)
		}
		p.raw("]")
		if n.Default != nil {
			p.raw(`,"default":`)
			p.str(*n.Default)
		}
	case Fixed:
		p.raw(`,"size":`)
		p.buf = strconv.AppendInt(p.buf, int64(n.Size), 10)
	}
	p.props(t.Props)
	for i, a := range n.Aliases {
		p.raw(separator(i))
		p.str(a.within(n.Name.Space()))
	}
	if len(n.Aliases) > 0 {
		p.raw("]")
	}
	p.raw("}")
	return nil
}

// separator comes before the i-th alias.
func separator(i int) string {
	if i == 0 {
		return `,"aliases":[`
	}
	return ","
}

func (p *printer) fields(n *Named) error {
	p.raw(`,"fields":[`)
	space := n.Name.Space()
	for i := range n.Fields {
		f := &n.Fields[i]
		if i > 0 {
			p.raw(",")
		}
		p.raw(`{"name":`)
		p.str(f.Name)
		p.raw(`,"type":`)
		p.depth += 2
		if err := p.typ(f.Type, space); err != nil {
			return err
		}
		p.depth -= 2
		p.doc(f.Doc)
		if f.Default != nil {
			p.raw(`,"default":`)
			p.buf = appendJSON(p.buf, f.Default)
		}
		if f.Order != Ascending {
			p.raw(`,"order":"`, f.Order.String(), `"`)
		}
		for i, a := range f.Aliases {
			p.raw(separator(i))
			p.str(a)
		}
		if len(f.Aliases) > 0 {
			p.raw("]")
		}
		p.props(f.Props)
		p.raw("}")
	}
	p.raw("]")
	return nil
}

func (p *printer) doc(doc *string) {
	if doc != nil {
		p.raw(`,"doc":`)
		p.str(*doc)
	}
}

func (p *printer) props(props []jsontree.Member) {
	for i := range props {
		p.raw(",")
		p.str(props[i].Name)
		p.raw(":")
		p.buf = appendJSON(p.buf, &props[i].Value)
	}
}

func (p *printer) str(s string) { p.buf = jsontree.AppendString(p.buf, s) }

func (p *printer) raw(parts ...string) {
	for _, s := range parts {
		p.buf = append(p.buf, s...)
	}
}
