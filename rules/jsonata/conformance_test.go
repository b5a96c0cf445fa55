package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"
)

// suite finds the folder of the recorded cases.
func suite(t testing.TB) string {
	t.Helper()
	vectors := os.Getenv("VECTORS")
	if vectors == "" {
		vectors = "../../../shared/vectors"
	}
	dir := filepath.Join(vectors, "jsonata")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test suite in %s: set VECTORS to its parent", dir)
	}
	return dir
}

// suiteCase is a case of the test suite of the reference.
type suiteCase struct {
	name string
	expr string
	data any
	vars map[string]any

	undefined    bool
	result       any
	code, token  string
	err          *Object
	depth, limit float64
	unordered    bool
}

func readSuite(t testing.TB) []*suiteCase {
	dir := suite(t)
	read := func(file string) any {
		t.Helper()
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParseJSON(b)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return v
	}
	files, err := filepath.Glob(filepath.Join(dir, "groups", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	datasets := map[string]any{}
	var all []*suiteCase
	for _, file := range files {
		v := read(file)
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for i, x := range list {
			o := x.(*Object)
			get := func(name string) any { v, _ := o.Get(name); return v }
			c := &suiteCase{name: strings.TrimPrefix(file, dir+"/groups/"), data: Undefined}
			if len(list) > 1 {
				c.name += "#" + string(rune('0'+i/10)) + string(rune('0'+i%10))
			}
			c.expr, _ = get("expr").(string)
			if f, ok := get("expr-file").(string); ok {
				b, err := os.ReadFile(filepath.Join(filepath.Dir(file), f))
				if err != nil {
					t.Fatal(err)
				}
				c.expr = string(b)
			}
			if v, ok := o.Get("data"); ok {
				c.data = v
			} else if name, ok := get("dataset").(string); ok {
				if _, ok := datasets[name]; !ok {
					datasets[name] = read(filepath.Join(dir, "datasets", name+".json"))
				}
				c.data = datasets[name]
			}
			if b, ok := get("bindings").(*Object); ok && b.Len() > 0 {
				c.vars = map[string]any{}
				for name, v := range b.All() {
					c.vars[name] = v
				}
			}
			_, c.undefined = o.Get("undefinedResult")
			c.result = get("result")
			c.code, _ = get("code").(string)
			c.token, _ = get("token").(string)
			c.err, _ = get("error").(*Object)
			c.depth, _ = get("depth").(float64)
			c.limit, _ = get("timelimit").(float64)
			_, c.unordered = o.Get("unordered")
			all = append(all, c)
		}
	}
	return all
}

// depthUnit converts the suite's limits on depth. The reference counts the
// parts of the expression that are being evaluated, of which a function that calls
// itself in the shortest way takes three; here calls are counted.
const depthUnit = 3

// wrong evaluates a case and tells what is not as expected, "" if all is.
func (c *suiteCase) wrong() string {
	limits := DefaultLimits()
	limits.Timeout = 20 * time.Second
	limits.Steps, limits.Sequence, limits.Bytes = maxInt, 10_000_000, 1<<30
	if c.limit > 0 {
		limits.Timeout = time.Duration(c.limit) * time.Millisecond
		limits.Depth = int(c.depth) / depthUnit
	}
	before, _ := AppendJSON(nil, c.data)
	var got any
	e, err := Compile(c.expr, WithLimits(limits))
	if err == nil {
		got, err = e.Eval(context.Background(), c.data, WithBindings(c.vars))
	}
	if after, _ := AppendJSON(nil, c.data); string(before) != string(after) {
		return "the input was changed"
	}
	show := func() string {
		if err != nil {
			return err.Error()
		}
		b, _ := AppendJSON(nil, got)
		return reflect.TypeOf(&got).Elem().String() + " " + string(b)
	}
	switch {
	case c.undefined:
		if err != nil || got != Undefined {
			return "got " + show() + ", want undefined"
		}
	case c.code == "" && c.err == nil:
		if err != nil || !equalResults(got, c.result, c.unordered) {
			want, _ := AppendJSON(nil, c.result)
			return "got " + show() + ", want " + string(want)
		}
	default:
		var e *Error
		if !errors.As(err, &e) {
			return "got " + show() + ", want error " + c.code
		}
		code := e.Code
		if c.limit > 0 && (code == "D1011" || code == "D1012") {
			code = "U1001" // what the suite's own runner says
		}
		if c.err != nil {
			for name, want := range c.err.All() {
				var got any
				switch name {
				case "code":
					got = code
				case "message":
					got = e.Message
				case "token", "functionName":
					got = e.Token
				case "value":
					got = e.Value
				}
				if got != want {
					return name + ": got " + show() + " " + e.Token
				}
			}
		} else if code != c.code || c.token != "" && e.Token != c.token {
			return "got " + show() + " (" + e.Token + "), want " + c.code + " " + c.token
		}
	}
	return ""
}

// equalResults compares values as JSON, numbers as float64.
func equalResults(got, want any, unordered bool) bool {
	if got == Undefined {
		return false
	}
	a, b := simple(got), simple(want)
	if x, ok := a.([]any); ok && unordered {
		if y, ok := b.([]any); ok && len(x) == len(y) {
			key := func(l []any) func(i, j int) bool {
				return func(i, j int) bool {
					p, _ := json.Marshal(l[i])
					q, _ := json.Marshal(l[j])
					return string(p) < string(q)
				}
			}
			sort.Slice(x, key(x))
			sort.Slice(y, key(y))
		}
	}
	return reflect.DeepEqual(a, b)
}

func simple(v any) any {
	switch x := v.(type) {
	case *Object:
		m := map[string]any{}
		for name, v := range x.All() {
			m[name] = simple(v)
		}
		return m
	case []any:
		all := make([]any, len(x))
		for i := range x {
			all[i] = simple(x[i])
		}
		return all
	case json.Number:
		f, _ := x.Float64()
		return f
	case int, int64:
		return wrap(v).num
	}
	return v
}

func TestConformanceSuite(t *testing.T) {
	passed, total := 0, 0
	for _, c := range readSuite(t) {
		total++
		if why := c.wrong(); why != "" {
			t.Errorf("%s: %s\n\t%s", c.name, c.expr, why)
			continue
		}
		passed++
	}
	t.Logf("conformance jsonata %d/%d deviations 0", passed, total)
}
