// Package picture writes and reads numbers, integers and times by the pictures
// of JSONata: what $formatNumber, $formatInteger, $parseInteger, $fromMillis
// and $toMillis do. It knows nothing of the engine that calls it.
//
// The pictures are those of XPath and XQuery Functions and Operators 3.1
// (format-number, format-integer, format-dateTime). Where the reference
// implementation, jsonata-js 2.2.2, does something else, so does this package,
// with a few exceptions that the types below name: values for which the
// reference writes text that means another number or no date at all.
//
// A picture is compiled once and then used any number of times. Compiled
// pictures are immutable and safe for concurrent use. Nothing here allocates
// more than a small multiple of picture, value and result.
package picture

import (
	"fmt"
	"unicode/utf8"
)

// Error says what is wrong with a picture or a value in it.
type Error struct {
	// Code is the JSONata error code, one of those in problems.
	Code string
	// Value is the part of the picture or the value at fault, a string or a
	// number; nil where the whole picture is.
	Value any
}

// problems is what each code means.
var problems = map[string]string{
	"D1001": "the number is out of range",
	"D3080": "a number picture has at most two sub-pictures",
	"D3081": "a sub-picture has at most one decimal separator",
	"D3082": "a sub-picture has at most one percent sign",
	"D3083": "a sub-picture has at most one per-mille sign",
	"D3084": "a sub-picture has either a percent sign or a per-mille sign",
	"D3085": "a sub-picture needs at least one digit before its exponent",
	"D3086": "a sub-picture has other characters only before and after its digits and separators",
	"D3087": "a grouping separator stands beside the decimal separator",
	"D3088": "a grouping separator ends the integer part",
	"D3089": "two grouping separators stand side by side",
	"D3090": "in the integer part optional digits come before mandatory ones",
	"D3091": "in the fraction mandatory digits come before optional ones",
	"D3092": "a sub-picture has either an exponent or a percent or per-mille sign",
	"D3093": "an exponent consists of mandatory digits only",
	"D3110": "the text is not an ISO 8601 timestamp",
	"D3130": "no numbering sequence is written like this",
	"D3131": "all digits of an integer picture are of one family",
	"D3132": "the date picture has an unknown component",
	"D3133": "this component of a date has no name",
	"D3134": "a time zone is written with one to four digits",
	"D3135": "a component of the date picture lacks its closing bracket",
	"D3136": "the date picture leaves a gap between its components",
}

// Error implements the error interface. Long values are cut.
func (e *Error) Error() string {
	text := problems[e.Code]
	switch v := e.Value.(type) {
	case nil:
		return text
	case string:
		const most = 60
		if utf8.RuneCountInString(v) > most {
			v = string([]rune(v)[:most]) + "…"
		}
		return fmt.Sprintf("%s: %q", text, v)
	default:
		return fmt.Sprintf("%s: %v", text, v)
	}
}
