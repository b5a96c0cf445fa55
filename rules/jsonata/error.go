package jsonata

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a failure to compile or to evaluate an expression.
type Error struct {
	// Code is the official code of JSONATA: S… for syntax, T… for types, D… for
	// what goes wrong with values, U… for those of callers.
	Code string
	// Message says what is wrong, without the code.
	Message string
	// Position is the offset in the expression, in bytes, just behind the
	// token at fault, as the reference counts it; 0 where none is known.
	Position int
	// Token is the token or function at fault, "" if there is none.
	Token string
	// Value and Value2 are the values at fault, nil if there are none. Index counts the arguments of a function from 1.
	Value, Value2 any
	Index         int

	start int   // offset of the token's first byte, where the position is known
	cause error // of a function of the caller's, or of the context
}

// Unwrap is the error of the caller's function, or of the context, that ended the evaluation.
func (e *Error) Unwrap() error { return e.cause }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Column is where in the expression the token at fault begins: line and column
// from 1, columns counted in characters. Both are 0 if no position is known.
func (e *Error) Column(source string) (line, column int) {
	if e.Position <= 0 || e.Position > len(source) {
		return 0, 0
	}
	head := source[:min(e.start, e.Position)]
	line = strings.Count(head, "\n") + 1
	return line, utf8.RuneCountInString(head[strings.LastIndexByte(head, '\n')+1:]) + 1
}

// The official messages say what the code means; here they are in words of our
// own. {token}, {value}, {value2} and {index} are filled in from the error.
var messages = map[string]string{
	"S0101": "a string is not closed by its quote",
	"S0102": "the number {token} is out of range",
	"S0103": "\\{token} is no escape sequence of a string",
	"S0104": "\\u must be followed by four hexadecimal digits",
	"S0105": "a name in backquotes is not closed",
	"S0106": "a comment is not closed by */",
	"S0201": "{token} is not expected here",
	"S0202": "{value} is expected here, not {token}",
	"S0203": "{value} is expected before the end",
	"S0204": "{token} is no operator",
	"S0205": "{token} is not expected here",
	"S0206": "{token} is no expression",
	"S0207": "the expression ends too early",
	"S0208": "the parameter {value} of a function definition must be a variable, beginning with $",
	"S0209": "a predicate cannot follow a grouping in a step",
	"S0210": "a step can have only one grouping",
	"S0211": "{token} cannot begin an expression",
	"S0212": "the left side of := must be a variable, beginning with $",
	"S0213": "the literal {value} cannot be a step of a path",
	"S0214": "the right side of {token} must be a variable, beginning with $",
	"S0215": "@ must come before the predicates of a step",
	"S0216": "@ must come before the order-by of a step",
	"S0217": "the parent that % stands for cannot be found",
	"S0301": "a regular expression is empty",
	"S0302": "a regular expression is not closed by /",
	"S0401": "only arrays and functions have types in angle brackets: {value}",
	"S0402": "a choice of types cannot have one with angle brackets: {value}",
	"S0500": "the expression has syntax errors",

	"T0410": "argument {index} of {token} does not match the function's signature",
	"T0411": "the context value is not of the type that argument {index} of {token} needs",
	"T0412": "argument {index} of {token} must be an array of {value2}",
	"D1001": "the number is out of range: {value}",
	"D1002": "only numbers can be negated, not {value}",
	"T1003": "the key of an object must be a string, not {value}",
	"D1004": "the regular expression matches an empty string",
	"T1005": "{token} is no function; did you mean ${token}?",
	"T1006": "what is called is no function",
	"T1007": "{token} is no function to apply partially; did you mean ${token}?",
	"T1008": "what is applied partially is no function",
	"D1009": "two key expressions give the same key {value}",
	"T1010": "a matching function must return an object with match, start, end, groups and next",
	"D1011": "the evaluation goes too deep",
	"D1012": "the evaluation takes too long",
	"T2001": "the left side of {token} must be a number, not {value}",
	"T2002": "the right side of {token} must be a number, not {value}",
	"T2003": "the left side of .. must be an integer",
	"T2004": "the right side of .. must be an integer",
	"T2006": "the right side of ~> must be a function",
	"T2007": "{value} and {value2} cannot be ordered: they are of different types",
	"T2008": "only numbers and strings can be ordered, not {value}",
	"T2009": "{value} and {value2} cannot be compared by {token}: they are of different types",
	"T2010": "only numbers and strings can be compared by {token}, not {value}",
	"T2011": "the update of a transform must be an object, not {value}",
	"T2012": "the deletion of a transform must be a string or an array of strings, not {value}",
	"T2013": "the transform needs $clone to be a function",
	"D2014": "the range has more than 10,000,000 items: {value}",
	"D2015": "the value grows too large",
	"D3001": "infinity and not-a-number have no string",
	"D3010": "the pattern of $replace must not be empty",
	"D3011": "the limit of $replace must not be negative",
	"D3012": "what replaces a match must be a string",
	"D3020": "the limit of $split must not be negative",
	"D3030": "{value} cannot be read as a number",
	"D3040": "the limit of $match must not be negative",
	"D3050": "the function of $reduce must take at least two arguments",
	"D3060": "a negative number has no square root: {value}",
	"D3061": "the power of {value} and {value2} is no finite number",
	"D3070": "$sort needs a function for values that are not all strings or all numbers",
	"D3100": "a radix must be between 2 and 36: {value}",
	"D3110": "{value} is no timestamp of ISO 8601",
	"D3120": "syntax error in the expression of $eval: {value}",
	"D3121": "error in the expression of $eval: {value}",
	"D3137": "{value}",
	"D3138": "$single found more than one matching value",
	"D3139": "$single found no matching value",
	"D3140": "Malformed URL passed to ${token}(): {value}",
	"D3141": "{value}",
}

// fail makes an error of a code; set adds what it is about.
func fail(code string) *Error { return &Error{Code: code} }

func (e *Error) at(start, end int) *Error {
	e.start, e.Position = start, end
	return e
}

// on places the error at the token of a node.
func (e *Error) on(n *node) *Error { return e.at(int(n.start), int(n.end)) }

func (e *Error) token(t string) *Error {
	e.Token = t
	return e
}

func (e *Error) value(v any) *Error {
	e.Value = v
	return e
}

func (e *Error) value2(v any) *Error {
	e.Value2 = v
	return e
}

func (e *Error) index(i int) *Error {
	e.Index = i
	return e
}

// complete words the error, if that is not yet done.
func (e *Error) complete() *Error {
	if e.Message != "" {
		return e
	}
	text, ok := messages[e.Code]
	if !ok {
		text = "{value}"
	}
	token := e.Token
	switch token {
	case "":
		token = "it"
	case "(end)":
		token = "the end"
	}
	if len(token) > maxQuoted {
		token = strings.ToValidUTF8(token[:maxQuoted], "") + "…"
	}
	e.Message = strings.NewReplacer("{token}", token, "{value}", quoted(e.Value), "{value2}", quoted(e.Value2), "{index}", fmt.Sprint(e.Index)).Replace(text)
	if s, ok := e.Value.(string); ok && (e.Code == "D3137" || e.Code == "D3141") {
		e.Message = s
	}
	return e
}

// maxQuoted is how many bytes of a value a message shows.
const maxQuoted = 200

func quoted(v any) string {
	s, err := preview(v, maxQuoted)
	if err != nil {
		return "a value"
	}
	return s
}
