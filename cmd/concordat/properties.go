package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseProperties reads a file in the format of java.util.Properties. Text
// that is not UTF-8 is taken as Latin-1, the encoding of that format.
func parseProperties(name string, data []byte) (found []assignment, errs []error) {
	text := string(data)
	if !utf8.Valid(data) {
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		text = string(runes)
	}
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	for i := 0; i < len(lines); i++ {
		at := fmt.Sprintf("%s:%d", name, i+1)
		line := trimBlank(lines[i])
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		logical := []string{}
		for continues(line) && i+1 < len(lines) {
			logical = append(logical, line[:len(line)-1])
			i++
			line = trimBlank(lines[i])
		}
		if continues(line) { // the last line of the file
			line = line[:len(line)-1]
		}
		key, value := cutProperty(strings.Join(append(logical, line), ""))
		a := assignment{origin: at}
		var err error
		if a.key, err = unescape(key); err == nil {
			a.value, err = unescape(value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", at, err))
			continue
		}
		found = append(found, a)
	}
	return found, errs
}

const blank = " \t\f"

func trimBlank(s string) string { return strings.TrimLeft(s, blank) }

// continues tells whether a line goes on in the next: it ends in an odd number
// of backslashes.
func continues(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

// cutProperty splits a logical line at the first unescaped "=", ":" or blank;
// blanks around the separator do not count.
func cutProperty(line string) (key, value string) {
	end := 0
	for end < len(line) && !strings.ContainsRune("=:"+blank, rune(line[end])) {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	value = trimBlank(line[end:])
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = trimBlank(value[1:])
	}
	return line[:end], value
}

// unescape resolves the backslashes. \uXXXX is a UTF-16 unit.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var units []uint16
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r != '\\' || i == len(s) {
			units = utf16.AppendRune(units, r)
			continue
		}
		r, n = utf8.DecodeRuneInString(s[i:])
		i += n
		switch r {
		case 't':
			r = '\t'
		case 'n':
			r = '\n'
		case 'r':
			r = '\r'
		case 'f':
			r = '\f'
		case 'u':
			digits := s[i:min(i+4, len(s))]
			unit, err := strconv.ParseUint(digits, 16, 16)
			if err != nil || len(digits) < 4 {
				return "", fmt.Errorf(`\u%s: want four hexadecimal digits after \u`, digits)
			}
			units = append(units, uint16(unit))
			i += 4
			continue
		}
		units = utf16.AppendRune(units, r)
	}
	return string(utf16.Decode(units)), nil
}
