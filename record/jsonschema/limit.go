package jsonschema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema"
)

// What a schema and a record may ask for.
const (
	// maxSchemas bounds the schemas in a schema, with those it refers to: the
	// time to prepare them grows with the square of their number.
	maxSchemas = 1 << 14
	// maxNesting bounds how many schemas can be under way at a time, which is
	// the depth of recursion.
	maxNesting = 1 << 15
	// maxDigits bounds the numbers of both, written without an exponent.
	maxDigits = 1000
	// budget and budgetPerValue bound the steps of one validation: a step is
	// about a schema that a value is held against.
	budget         = 1 << 18
	budgetPerValue = 1 << 6
	// matchingPerStep is how many steps of a regular expression count as one.
	matchingPerStep = 8
)

// LimitError reports a schema or a record that asks for more than is granted.
type LimitError struct{ Reason string }

func (e *LimitError) Error() string { return e.Reason }

// survey measures a record.
type survey struct {
	values int
	depth  int // at least 1
}

func (s *survey) add(v any, depth int) error {
	if depth > schema.MaxDepth {
		return &LimitError{fmt.Sprintf("the record is nested more than %d deep", schema.MaxDepth)}
	}
	s.values++
	s.depth = max(s.depth, depth+1)
	switch v := v.(type) {
	case map[string]any:
		for _, item := range v {
			if err := s.add(item, depth+1); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := s.add(item, depth+1); err != nil {
				return err
			}
		}
	case json.Number:
		return checkNumber(string(v))
	}
	return nil
}

// readNumber refuses what is no JSON number.
func readNumber(text string) error {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') || !json.Valid([]byte(text)) {
		return fmt.Errorf("%.40q is no JSON number", text)
	}
	return nil
}

// checkNumber refuses what is no JSON number or takes too many digits.
func checkNumber(text string) error {
	if err := readNumber(text); err != nil {
		return err
	}
	if exponent := strings.IndexAny(text, "eE"); exponent >= 0 {
		if n, err := strconv.Atoi(text[exponent+1:]); err == nil && max(n, -n)+exponent <= maxDigits {
			return nil
		}
	} else if len(text) <= maxDigits {
		return nil
	}
	return &LimitError{fmt.Sprintf("the number %.40s… takes more than %d digits", text, maxDigits)}
}
