package picture_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

// TestConformance runs those cases of JSONata's test suite that call nothing
// but the functions of this package on literals.
func TestConformance(t *testing.T) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = "../../../../../shared/vectors"
	}
	files, err := filepath.Glob(filepath.Join(dir, "jsonata", "groups", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("no JSONata test suite (set VECTORS to the folder of recordings): %v", err)
	}
	passed, total := 0, 0
	for _, file := range files {
		for _, c := range suiteCases(t, file) {
			calls := call{rest: c.Expr}
			got, err := calls.run()
			if !calls.understood() {
				continue
			}
			total++
			switch {
			case c.Code != "":
				if code(t, err) != c.Code {
					t.Errorf("%s: %s: %v %v, want %s", filepath.Base(file), c.Expr, got, err, c.Code)
					continue
				}
			case err != nil || got != c.Result:
				t.Errorf("%s: %s: %v %v, want %v", filepath.Base(file), c.Expr, got, err, c.Result)
				continue
			}
			passed++
		}
	}
	t.Logf("conformance jsonata-pictures %d/%d deviations 0", passed, total)
}

// suiteCase is a case of the suite; no result is undefined.
type suiteCase struct {
	Expr   string
	Result any
	Code   string
}

// suiteCases reads a file that holds one case or a list of them.
func suiteCases(t *testing.T, file string) []suiteCase {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []suiteCase
	if json.Unmarshal(text, &list) == nil {
		return list
	}
	var one suiteCase
	if err := json.Unmarshal(text, &one); err != nil {
		return nil
	}
	return []suiteCase{one}
}

// call runs an expression from the left: a call whose arguments are literals or
// calls, a literal given to a variable first, and calls chained by ~>.
type call struct {
	rest   string
	failed bool
	bound  any // $ts
}

func (c *call) understood() bool { return !c.failed && strings.TrimSpace(c.rest) == "" }

func (c *call) skip(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(c.rest), token)
	if ok {
		c.rest = rest
	}
	return ok
}

func (c *call) run() (any, error) {
	if c.skip("($ts :=") {
		v, err := c.function(nil)
		if err != nil || !c.skip(";") {
			c.failed = true
			return nil, err
		}
		c.bound = v
		v, err = c.function(nil)
		c.failed = c.failed || !c.skip(")")
		return v, err
	}
	v, err := c.function(nil)
	for err == nil && c.skip("~>") {
		v, err = c.function([]any{v})
	}
	return v, err
}

// function reads and makes one call; arguments that come first may be given.
func (c *call) function(args []any) (any, error) {
	name, rest, ok := strings.Cut(strings.TrimSpace(c.rest), "(")
	f := functions[name]
	if !ok || f == nil {
		c.failed = true
		return nil, nil
	}
	c.rest = rest
	for !c.skip(")") {
		args = append(args, c.literal())
		if c.skip(","); c.failed || c.rest == "" {
			c.failed = true
			return nil, nil
		}
	}
	if len(args) == 0 || args[0] == nil {
		return nil, nil
	}
	for len(args) < 3 {
		args = append(args, nil)
	}
	return f(args)
}

func (c *call) literal() any {
	text := strings.TrimSpace(c.rest)
	switch {
	case c.skip("undefined"), c.skip("foo"):
		return nil
	case c.skip("$ts"):
		return c.bound
	case strings.HasPrefix(text, "'"), strings.HasPrefix(text, `"`):
		s, rest, ok := strings.Cut(text[1:], text[:1])
		c.rest, c.failed = rest, c.failed || !ok || strings.Contains(s, `\`)
		return s
	case strings.HasPrefix(text, "{"):
		object, rest, _ := strings.Cut(text, "}")
		var options map[string]string
		c.rest = rest
		c.failed = c.failed || json.Unmarshal([]byte(strings.ReplaceAll(object, "'", `"`)+"}"), &options) != nil
		return options
	}
	end := strings.IndexAny(text, ",)")
	v, err := strconv.ParseFloat(text[:max(end, 0)], 64)
	c.rest, c.failed = text[max(end, 0):], c.failed || err != nil
	return v
}

// functions are the callers of this package, as an engine would write them.
var functions = map[string]func(args []any) (any, error){
	"$formatNumber": func(args []any) (any, error) {
		s := picture.DefaultSymbols()
		options, _ := args[2].(map[string]string)
		for option, value := range options {
			s.Set(option, value)
		}
		n, err := picture.CompileNumber(args[1].(string), &s)
		if err != nil {
			return nil, err
		}
		return n.Format(args[0].(float64)), nil
	},
	"$formatInteger": func(args []any) (any, error) {
		p, err := picture.CompileInteger(args[1].(string))
		if err != nil {
			return nil, err
		}
		return p.Format(args[0].(float64))
	},
	"$parseInteger": func(args []any) (any, error) {
		p, err := picture.CompileInteger(args[1].(string))
		if err != nil {
			return nil, err
		}
		v, ok, err := p.Parse(args[0].(string))
		if !ok {
			return nil, err
		}
		return v, nil
	},
	"$fromMillis": func(args []any) (any, error) {
		var zone picture.Zone
		if args[2] != nil {
			var err error
			if zone, err = picture.ParseZone(args[2].(string)); err != nil {
				return nil, err
			}
		}
		ms := math.Trunc(args[0].(float64))
		if args[1] == nil {
			return picture.FormatISO(ms, zone)
		}
		p, err := picture.CompileTime(args[1].(string))
		if err != nil {
			return nil, err
		}
		return p.Format(ms, zone)
	},
	"$toMillis": func(args []any) (any, error) {
		if args[1] == nil {
			return picture.ParseISO(args[0].(string))
		}
		p, err := picture.CompileTime(args[1].(string))
		if err != nil {
			return nil, err
		}
		ms, ok, err := p.Parse(args[0].(string), time.Now())
		if !ok {
			return nil, err
		}
		return ms, nil
	},
}
