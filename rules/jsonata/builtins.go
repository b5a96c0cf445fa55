package jsonata

// builtins are the functions that every expression has, by name. They are set
// at start, for some of them compile expressions.
var builtins map[string]*function

// builtin is a row of the table of functions.
type builtin struct {
	name      string
	signature string
	arity     int // arguments it is given when it is called for each item of an array
	run       func(st *state, args []value, in value) (value, *Error)
}

// table lists all functions in the order of the documentation.
func table() []builtin {
	var all []builtin
	for _, part := range [][]builtin{stringFunctions, numberFunctions, booleanFunctions, arrayFunctions, objectFunctions, higherFunctions, timeFunctions, otherFunctions} {
		all = append(all, part...)
	}
	return all
}

func init() {
	rows := table()
	builtins = make(map[string]*function, len(rows))
	for _, b := range rows {
		sig, err := parseSignature(b.signature)
		if err != nil {
			panic(b.name + ": " + err.Error())
		}
		builtins[b.name] = &function{name: b.name, arity: b.arity, sig: sig, native: b.run}
	}
}

// arg is an argument, undefined where it is missing.
func arg(args []value, i int) value {
	if i < len(args) {
		return args[i]
	}
	return undefined
}

// of calls a function for an item of an array or object, with as many of the three arguments as it looks at.
func (st *state) of(f value, item, at, whole value) (value, *Error) {
	fn, ok := f.ref.(*function)
	if !ok {
		return undefined, fail("T1006")
	}
	n := min(max(fn.arity, 1), 3)
	base, window := st.window(n)
	copy(window, []value{item, at, whole})
	v, err := st.call(fn, window, null)
	st.release(base)
	return v, err
}
