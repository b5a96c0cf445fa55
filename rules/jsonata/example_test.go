package jsonata_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

func Example() {
	input, err := jsonata.ParseJSON([]byte(`{"ssn": "078-05-1120", "name": "Ada", "age": 36}`))
	if err != nil {
		panic(err)
	}
	// The rule of a migration that renames a field.
	expr := jsonata.MustCompile(`$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])`)
	result, err := expr.Eval(context.Background(), input)
	if err != nil {
		panic(err)
	}
	b, err := json.Marshal(result)
	fmt.Println(string(b), err)
	// Output: {"name":"Ada","age":36,"national_id":"078-05-1120"} <nil>
}

func ExampleExpr_Eval_undefined() {
	expr := jsonata.MustCompile(`a.b`)
	for _, input := range []string{`{"a": {"b": null}}`, `{"a": {}}`} {
		v, _ := jsonata.ParseJSON([]byte(input))
		result, err := expr.Eval(context.Background(), v)
		fmt.Println(result, result == jsonata.Undefined, err)
	}
	// Output:
	// <nil> false <nil>
	// undefined true <nil>
}

func ExampleExpr_Eval_structs() {
	type product struct {
		Name  string  `json:"name"`
		Price float64 `json:"price"`
	}
	products := []product{{"pen", 1.5}, {"book", 20}}
	expr := jsonata.MustCompile(`$[price > 10].name`)
	fmt.Println(expr.Eval(context.Background(), products))
	// Output: book <nil>
}

func ExampleError() {
	const source = `price & (1 + "a")`
	_, err := jsonata.MustCompile(source).Eval(context.Background(), nil)
	var e *jsonata.Error
	if errors.As(err, &e) {
		line, column := e.Column(source)
		fmt.Println(e.Code, e.Token, e.Value, line, column)
	}
	// Output: T2002 + a 1 12
}

func ExampleWithFunction() {
	shout := jsonata.WithFunction("shout", "<s-:s>", func(_ context.Context, args []any) (any, error) {
		return strings.ToUpper(args[0].(string)) + "!", nil
	})
	expr, err := jsonata.Compile(`names.$shout()`, shout)
	if err != nil {
		panic(err)
	}
	fmt.Println(expr.Eval(context.Background(), map[string]any{"names": []any{"ada", "alan"}}))
	// Output: [ADA! ALAN!] <nil>
}

func ExampleWithBindings() {
	expr := jsonata.MustCompile(`$from <= year and year <= $to`)
	vars := map[string]any{"from": 1900, "to": 2000}
	fmt.Println(expr.Eval(context.Background(), map[string]any{"year": 1984}, jsonata.WithBindings(vars)))
	// Output: true <nil>
}

func ExampleWithTime() {
	expr := jsonata.MustCompile(`$now('[D1o] [MNn] [Y]')`)
	t := time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)
	fmt.Println(expr.Eval(context.Background(), nil, jsonata.WithTime(t)))
	// Output: 31st January 2026 <nil>
}

func ExampleLimits() {
	expr, err := jsonata.Compile(`($f := function($n) {$n + $f($n)}; $f(1))`, jsonata.WithLimits(jsonata.Limits{Depth: 100}))
	if err != nil {
		panic(err)
	}
	_, err = expr.Eval(context.Background(), nil)
	fmt.Println(err)
	// Output: D1011: the evaluation goes too deep
}

// reading is a record of the program's own, of which fields are read one by one.
type reading struct{ celsius float64 }

func (r reading) Names() []string { return []string{"celsius", "fahrenheit"} }

func (r reading) Get(name string) (any, bool) {
	switch name {
	case "celsius":
		return r.celsius, true
	case "fahrenheit":
		return r.celsius*9/5 + 32, true
	}
	return nil, false
}

func ExampleRecord() {
	expr := jsonata.MustCompile(`fahrenheit > 100 ? "hot" : "fine"`)
	fmt.Println(expr.Eval(context.Background(), reading{40}))
	// Output: hot <nil>
}
