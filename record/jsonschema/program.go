package jsonschema

import (
	"fmt"

	lib "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema/javaregexp"
)

// program is a bundle compiled by the library, with the steps that are left of
// the validation under way. It is for one validation at a time.
type program struct {
	compiler *lib.Compiler
	schemas  map[string]*lib.Schema // by URL, as far as they were asked for
	left     int
}

// exhausted is what a validation without steps left panics with: the library
// knows no other way to stop.
type exhausted struct{}

func newProgram(b *bundle) (*program, error) {
	c := lib.NewCompiler()
	p := &program{compiler: c, schemas: make(map[string]*lib.Schema)}
	c.UseLoader(nothing{})
	c.UseRegexpEngine(p.compile)
	// What a schema costs stands in it as a format; see writer.finish.
	c.AssertFormat()
	for weight := range b.weights {
		c.RegisterFormat(&lib.Format{Name: stepFormat(weight), Validate: func(any) error {
			p.spend(weight)
			return nil
		}})
	}
	for _, part := range b.parts {
		if err := c.AddResource(part.url, part.document); err != nil {
			return nil, err
		}
	}
	_, err := p.schema(b.entry)
	return p, err
}

// schema compiles the schema at a URL if it was not yet.
func (p *program) schema(at string) (*lib.Schema, error) {
	if s := p.schemas[at]; s != nil {
		return s, nil
	}
	s, err := p.compiler.Compile(at)
	if err == nil {
		p.schemas[at] = s
	}
	return s, err
}

// run holds a record against the schema at a URL within a number of steps.
func (p *program) run(at string, record any, steps int) (err error) {
	s, err := p.schema(at)
	if err != nil {
		return err
	}
	p.left = steps
	defer func() {
		switch r := recover(); r {
		case nil:
		case exhausted{}:
			err = &LimitError{"the record takes too many steps to be held against the schema"}
		default:
			panic(r)
		}
	}()
	return s.Validate(record)
}

func (p *program) spend(steps int) {
	if p.left -= steps; p.left < 0 {
		panic(exhausted{})
	}
}

// stepFormat names the format that a schema of this weight has.
func stepFormat(weight int) string { return fmt.Sprintf("steps-%d", weight) }

// compile is the library's way to our regular expressions.
func (p *program) compile(pattern string) (lib.Regexp, error) {
	re, err := javaregexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return &expression{re, p}, nil
}

// expression is a regular expression whose search counts as steps of the validation.
type expression struct {
	*javaregexp.Regexp
	program *program
}

func (e *expression) MatchString(text string) bool {
	found, steps := e.Search(text)
	e.program.spend(steps / matchingPerStep)
	return found
}

// nothing loads nothing: all that a bundle refers to is in it.
type nothing struct{}

func (nothing) Load(url string) (any, error) { return nil, fmt.Errorf("%s is not fetched", url) }
