package picture_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

// code returns the code of an error of this package, "" for none.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *picture.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *picture.Error", err)
	}
	return e.Code
}

func symbols(options ...string) *picture.Symbols {
	s := picture.DefaultSymbols()
	for i := 0; i < len(options); i += 2 {
		s.Set(options[i], options[i+1])
	}
	return &s
}

func TestNumber(t *testing.T) {
	german := symbols("decimal-separator", ",", "grouping-separator", ".")
	for _, c := range []struct {
		picture string
		symbols *picture.Symbols
		value   float64
		want    string
	}{
		{"0", nil, 7, "7"},
		{"000", nil, 7, "007"},
		{"#", nil, 0, "0"},
		{"#.#", nil, 0, ".0"},
		{"#.#", nil, 0.25, ".2"},
		{"0.##", nil, 3, "3"},
		{"5.55", nil, 31.5, "31.50"}, // any digit stands for the zero
		{"#,##0.00", nil, 9876543.219, "9,876,543.22"},
		{"0,0,00", nil, 123456, "123,4,56"},
		{"#,##,##0", nil, 42, "42"}, // no separator before the digits
		{"0.000,000", nil, 0.5, "0.500,000"},
		{"0.0,0,0", nil, 0.125, "0.1,25"}, // one separator per fraction
		{"0.00,#", nil, 1.5, "1.50,"},

		// Halves go to the even digit of the decimal text.
		{"0", nil, 0.5, "0"},
		{"0", nil, 1.5, "2"},
		{"0.00", nil, 2.675, "2.68"},
		{"0.00", nil, 2.665, "2.66"},
		{"0.00", nil, 1.005, "1.00"},
		{"0.0000", nil, 207437610020861.03, "207437610020861.0313"}, // of the exact value

		{"0", nil, -3, "-3"},
		{"0", nil, -0.2, "-0"},
		{"0", nil, math.Copysign(0, -1), "0"},
		{"0;(0)", nil, -3, "(3)"},
		{"0;n0.0", nil, -3, "n3.0"},
		{"~0 EUR", nil, -3, "-~3 EUR"},
		{"0%", nil, 0.07, "7%"},
		{"‰0.0", nil, 0.01234, "‰12.3"},

		{"0e0", nil, 31415, "3e4"},
		{"00.0e00", nil, 31415, "31.4e03"},
		{"0.00e0", nil, 0.00031415, "3.14e-4"},
		{"#.0e0", nil, 31415, "0.3e5"},
		{"0e0", nil, 0, "0e0"},
		{"0e0", nil, 5e-324, "5e-324"},
		{"0.#e0", nil, math.MaxFloat64, "1.8e308"},
		{"x0", nil, 5, "x5"},
		{"0 pieces", nil, 5, "5 pieces"}, // an exponent needs digits on both sides

		{"#.##0,00", german, 1234.5, "1.234,50"},
		{"00", symbols("zero-digit", "٠"), 5, ""},
		{"٠٠", symbols("zero-digit", "٠"), 5, "٠٥"},
		{"0e0", symbols("exponent-separator", "E"), 500, ""},
		{"0E0", symbols("exponent-separator", "E"), 500, "5E2"},
		{"0", symbols("minus-sign", "minus "), -5, "minus 5"},
		{"0|(0)", symbols("pattern-separator", "|"), -5, "(5)"},
		{"?0", symbols("digit", "?"), 5, "5"},
		{"0pct", symbols("percent", "pct"), 0.5, "50pct"},

		// Where the reference writes what is no number.
		{"a0.0e0", nil, math.NaN(), ""},
		{"0.0", nil, math.NaN(), "NaN"},
		{"<#,##0.0>", nil, math.Inf(1), "<Infinity>"},
		{"0e0", nil, math.Inf(-1), "-Infinity"},
		{"0", symbols("infinity", "∞"), math.Inf(1), "∞"},
		{"#,##0.0", nil, 1e21, "1,000,000,000,000,000,000,000.0"},
		{"#e0", nil, 4e17, "0.4e18"},
	} {
		n, err := picture.CompileNumber(c.picture, c.symbols)
		if err != nil {
			if c.want != "" {
				t.Errorf("%q: %v", c.picture, err)
			}
			continue
		}
		if got := n.Format(c.value); got != c.want {
			t.Errorf("%v by %q: %q, want %q", c.value, c.picture, got, c.want)
		}
	}
}

func TestNumberErrors(t *testing.T) {
	for _, c := range []struct {
		picture string
		symbols *picture.Symbols
		code    string
	}{
		{"0;0;0", nil, "D3080"},
		{"0.0.0", nil, "D3081"},
		{"0%%", nil, "D3082"},
		{"‰0‰", nil, "D3083"},
		{"%0‰", nil, "D3084"},
		{"", nil, "D3085"},
		{".", nil, "D3085"},
		{"0;", nil, "D3085"},
		{"0", symbols("zero-digit", ""), "D3085"},
		{"0 0", nil, "D3086"},
		{"nil", nil, "D3086"},
		{"0,.0", nil, "D3087"},
		{"0.,0", nil, "D3087"},
		{"0,", nil, "D3088"},
		{"#,,0", nil, "D3089"},
		{"0#", nil, "D3090"},
		{"0.#0", nil, "D3091"},
		{"0e0%", nil, "D3092"},
		{"0e", nil, "D3093"},
		{"0e#", nil, "D3093"},
		{"€0e0", nil, "D3093"}, // as in the reference a prefix moves the exponent
		{"0." + strings.Repeat("0", 101), nil, "D1001"},
	} {
		_, err := picture.CompileNumber(c.picture, c.symbols)
		if got := code(t, err); got != c.code {
			t.Errorf("%q: %q, want %s", c.picture, got, c.code)
		}
	}
	if symbols().Set("zero", "0") {
		t.Error("an option that does not exist was set")
	}
}

// sink keeps results of benchmarks from being optimised away.
var sink string

func BenchmarkNumber(b *testing.B) {
	n, err := picture.CompileNumber("#,##0.00", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		sink = n.Format(1234567.895)
	}
}
