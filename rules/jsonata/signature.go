package jsonata

import (
	"slices"
	"strings"
)

// signature is what a function says of its arguments: <s-nn?:s>. What it
// returns is not checked.
type signature struct {
	params []param
	source string
}

// param is one parameter: the types it takes, how many arguments, and what it
// does where there are none.
type param struct {
	types   typeSet
	many    bool // one or more
	maybe   bool // one or none
	context bool // the context stands in for a missing argument
	array   bool // what is no array is made one
	of      byte // type of the array's items, 0 for any
}

// typeSet is a set of types, a bit for each.
type typeSet uint16

const (
	stringType typeSet = 1 << iota
	numberType
	boolType
	nullType
	arrayType
	objectType
	functionType
	missingType
)

var typeLetters = map[byte]typeSet{
	's': stringType, 'n': numberType, 'b': boolType, 'l': nullType, 'a': arrayType, 'o': objectType, 'f': functionType,
	'j': stringType | numberType | boolType | nullType | arrayType | objectType,
	'x': stringType | numberType | boolType | nullType | arrayType | objectType | functionType,
}

var typeOf = [...]typeSet{
	undefinedKind: missingType, nullKind: nullType, boolKind: boolType, numberKind: numberType, stringKind: stringType,
	arrayKind: arrayType, objectKind: objectType, functionKind: functionType, tailKind: missingType,
}

// typeNames name the types of array items in messages.
var typeNames = map[byte]string{'a': "arrays", 'b': "booleans", 'f': "functions", 'n': "numbers", 'o': "objects", 's': "strings"}

// maxParams is how many parameters a signature may have.
const maxParams = 100

// parseSignature reads a signature with its angle brackets.
func parseSignature(source string) (*signature, *Error) {
	s := &signature{source: source}
	bad := func(code string, what string) (*signature, *Error) { return nil, fail(code).value(what) }
	for i := 1; i < len(source) && source[i] != ':'; i++ {
		if len(s.params) > maxParams {
			return bad("S0402", source[i:])
		}
		var last *param
		if n := len(s.params); n > 0 {
			last = &s.params[n-1]
		}
		switch c := source[i]; c {
		case 's', 'n', 'b', 'l', 'o':
			s.params = append(s.params, param{types: typeLetters[c] | missingType})
		case 'a':
			// Anything is taken for an array of one.
			s.params = append(s.params, param{types: typeLetters['x'] | missingType, array: true})
		case 'f':
			s.params = append(s.params, param{types: functionType})
		case 'j', 'x':
			s.params = append(s.params, param{types: typeLetters[c] | missingType})
		case '-':
			if last != nil {
				last.context = true
			}
		case '?':
			if last != nil {
				last.maybe = true
			}
		case '+':
			if last != nil {
				last.many = true
			}
		case '(':
			end := strings.IndexByte(source[i:], ')')
			if end < 0 {
				end = len(source) - i // all that is left
			}
			choice := source[i+1 : i+end]
			if strings.Contains(choice, "<") {
				return bad("S0402", choice)
			}
			p := param{types: missingType}
			for j := range len(choice) {
				p.types |= typeLetters[choice[j]]
			}
			s.params = append(s.params, p)
			i += end
		case '<':
			end := closing(source[i:])
			if last == nil || !last.array && last.types != functionType {
				return bad("S0401", source[max(0, i-1):min(len(source), i+end+1)])
			}
			if last.array && end > 1 {
				last.of = source[i+1]
			}
			i += end
		}
	}
	return s, nil
}

// closing is the offset of the bracket that closes the one at the beginning.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(s) - 1
}

// many reports whether a parameter takes any number of arguments.
func (s *signature) many() bool {
	return slices.ContainsFunc(s.params, func(p param) bool { return p.many })
}

// arrange checks arguments and gives them as the function takes them: with the
// context where they are missing, and arrays where they are asked for. The result
// may be args itself.
func (s *signature) arrange(args []value, context value) ([]value, *Error) {
	if s.plain(args) {
		return args, nil
	}
	counts := s.match(args)
	if counts == nil {
		return nil, s.mismatch(args)
	}
	arranged := make([]value, 0, max(len(args), len(s.params)))
	next := 0
	for i := range s.params {
		p := &s.params[i]
		if counts[i] == 0 {
			switch {
			case p.context && p.types&typeOf[context.kind] != 0:
				arranged = append(arranged, context)
			case p.context:
				return nil, fail("T0411").value(context.unwrap()).index(next + 1)
			default:
				arranged = append(arranged, arg(args, next))
				next++
			}
			continue
		}
		for range counts[i] {
			v := arg(args, next)
			next++
			if p.array && v.kind != undefinedKind {
				if !p.itemsFit(v, counts[i]) {
					return nil, fail("T0412").value(v.unwrap()).value2(typeNames[p.of]).index(next)
				}
				if v.kind != arrayKind {
					v = list(&array{items: []value{v}})
				}
			}
			arranged = append(arranged, v)
		}
	}
	return arranged, nil
}

// plain reports whether every argument fits its parameter just as it is.
func (s *signature) plain(args []value) bool {
	if len(args) != len(s.params) {
		return false
	}
	for i := range args {
		p := &s.params[i]
		if p.types&typeOf[args[i].kind] == 0 || p.array && (args[i].kind != arrayKind || p.of != 0) || p.many {
			return false
		}
	}
	return true
}

// itemsFit reports whether an argument, given for count of them, is an array of what the parameter asks for.
func (p *param) itemsFit(arg value, count int) bool {
	if p.of == 0 {
		return true
	}
	want := typeLetters[p.of]
	if arg.kind != arrayKind {
		return count == 1 && typeOf[arg.kind] == want
	}
	for i := range arg.count() {
		if typeOf[arg.item(i).kind] != want {
			return false
		}
	}
	return true
}

// match spreads all arguments over the parameters, as many as possible over
// the first ones, and gives how many each takes; nil if that cannot be.
func (s *signature) match(args []value) []int {
	// can[i][a] tells whether the parameters from i on can take the arguments from a on.
	n := len(args) + 1
	can := make([]bool, (len(s.params)+1)*n)
	can[len(s.params)*n+len(args)] = true
	for i := len(s.params) - 1; i >= 0; i-- {
		p := &s.params[i]
		row, next := can[i*n:(i+1)*n], can[(i+1)*n:]
		taken := false // one or more of the arguments from a on are taken here
		for a := len(args); a >= 0; a-- {
			fits := a < len(args) && p.types&typeOf[args[a].kind] != 0
			taken = fits && (next[a+1] || p.many && taken)
			row[a] = taken || (p.maybe || p.context) && next[a]
		}
	}
	if !can[0] {
		return nil
	}
	counts := make([]int, len(s.params))
	at := 0
	for i := range s.params {
		p := &s.params[i]
		most := 0
		for k := 1; at+k <= len(args) && p.types&typeOf[args[at+k-1].kind] != 0 && (k == 1 || p.many); k++ {
			if can[(i+1)*n+at+k] {
				most = k
			}
		}
		counts[i] = most
		at += most
	}
	return counts
}

// mismatch finds the first argument that cannot be right.
func (s *signature) mismatch(args []value) *Error {
	good := 0
	reached := make([]bool, len(args)+1) // offsets at which the parameters so far can end
	reached[0] = true
	for i := range s.params {
		p := &s.params[i]
		next := make([]bool, len(args)+1)
		furthest, within := -1, false
		for a := range reached {
			within = a > 0 && p.types&typeOf[args[a-1].kind] != 0 && (reached[a-1] || p.many && within)
			if next[a] = within || (p.maybe || p.context) && reached[a]; next[a] {
				furthest = a
			}
		}
		if furthest < 0 {
			break
		}
		good, reached = furthest, next
	}
	e := fail("T0410").index(good + 1)
	if good < len(args) {
		e.Value = args[good].unwrap()
	}
	return e
}
