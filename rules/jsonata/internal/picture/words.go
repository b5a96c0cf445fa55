package picture

import (
	"math"
	"strings"
	"unicode/utf8"
)

// The number words of English, as cardinal and ordinal. "th" is added to those
// that have no ordinal here.
var (
	small = []string{
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
	}
	tens     = []string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	powers   = []power{{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}}
	ordinals = map[string]string{
		"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
		"twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth", "forty": "fortieth", "fifty": "fiftieth",
		"sixty": "sixtieth", "seventy": "seventieth", "eighty": "eightieth", "ninety": "ninetieth",
	}
)

type power struct {
	value float64
	name  string
}

// wordValues are the numbers of all cardinal and ordinal words.
var wordValues = func() map[string]float64 {
	values := make(map[string]float64)
	add := func(word string, v float64) {
		values[word] = v
		values[ordinalWord(word)] = v
	}
	for i, word := range small {
		add(word, float64(i))
	}
	for i, word := range tens {
		add(word, float64(20+10*i))
	}
	add("hundred", 100)
	for _, p := range powers {
		add(p.name, p.value)
	}
	return values
}()

func ordinalWord(cardinal string) string {
	if word, ok := ordinals[cardinal]; ok {
		return word
	}
	return cardinal + "th"
}

// appendWords appends the words of v. The steps of the arithmetic are those of
// the reference: the words of numbers above 2^53 depend on them.
func (c letterCase) appendWords(dst []byte, v float64, ordinal bool) []byte {
	switch {
	case v < 20:
		return c.appendWord(dst, small[int(v)], ordinal)
	case v < 100:
		ten, unit := tens[int(v)/10-2], int(v)%10
		if unit == 0 {
			return c.appendWord(dst, ten, ordinal)
		}
		dst = append(c.appendWord(dst, ten, false), '-')
		return c.appendWord(dst, small[unit], ordinal)
	}
	unit := power{100, "hundred"}
	for _, p := range powers {
		if v >= p.value {
			unit = p
			break
		}
	}
	times := math.Floor(v / unit.value)
	// The conversion keeps the compiler from a fused multiplication, which
	// would round once instead of twice.
	rest := v - float64(times*unit.value)
	dst = append(c.appendWords(dst, times, false), ' ')
	if rest <= 0 {
		return c.appendWord(dst, unit.name, ordinal)
	}
	dst = c.appendWord(dst, unit.name, false)
	switch {
	case rest >= 100:
		dst = append(dst, ", "...)
	case c == upper:
		dst = append(dst, " AND "...)
	default:
		dst = append(dst, " and "...)
	}
	return c.appendWords(dst, rest, ordinal)
}

func (c letterCase) appendWord(dst []byte, word string, ordinal bool) []byte {
	if ordinal {
		word = ordinalWord(word)
	}
	for i, letter := range []byte(word) {
		if c == upper || c == title && i == 0 {
			letter -= 'a' - 'A'
		}
		dst = append(dst, letter)
	}
	return dst
}

// parseWords adds up number words, in any letter case, separated by ", ",
// " and ", a space or a hyphen. It reports false if there are others.
func parseWords(text string) (float64, bool) {
	text = strings.ToLower(text)
	sum, open := 0.0, 0.0 // open is what the next hundred or power multiplies
	for more := true; more; {
		var word string
		word, text, more = cutWord(text)
		v, ok := wordValues[word]
		switch {
		case !ok:
			return 0, false
		case v >= 100:
			open *= v
		case open >= 1000:
			sum += open
			open = v
		default:
			open += v
		}
	}
	return sum + open, true
}

// cutWord returns the text before the first separator and the text after it.
func cutWord(text string) (word, rest string, found bool) {
	for i, r := range text {
		if r != '-' && !space(r) {
			continue
		}
		word, rest = text[:i], text[i+utf8.RuneLen(r):]
		if r == '-' {
			return word, rest, true
		}
		if before, ok := strings.CutSuffix(word, ","); ok {
			return before, rest, true
		}
		if after, ok := strings.CutPrefix(rest, "and"); ok {
			if next, size := utf8.DecodeRuneInString(after); space(next) {
				rest = after[size:]
			}
		}
		return word, rest, true
	}
	return text, "", false
}
