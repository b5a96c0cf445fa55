package picture

// Symbols are the characters of a number picture and of the text made by it.
// In a picture a symbol of several characters is found only where the
// reference looks for text: the percent and per-mille signs and the pattern
// separator. The zero digit stands for its family: it and the nine characters
// after it. Symbols can be compared and used as map keys.
type Symbols struct {
	DecimalSeparator  string
	GroupingSeparator string
	ExponentSeparator string
	MinusSign         string
	Percent           string
	PerMille          string
	ZeroDigit         string
	Digit             string // an optional digit
	PatternSeparator  string // between the pictures of positive and negative numbers
	Infinity          string
	NaN               string
}

// DefaultSymbols returns the symbols of pictures compiled without any.
func DefaultSymbols() Symbols {
	return Symbols{
		DecimalSeparator:  ".",
		GroupingSeparator: ",",
		ExponentSeparator: "e",
		MinusSign:         "-",
		Percent:           "%",
		PerMille:          "‰",
		ZeroDigit:         "0",
		Digit:             "#",
		PatternSeparator:  ";",
		Infinity:          "Infinity",
		NaN:               "NaN",
	}
}

// options are the symbols by the names they have in the options of
// $formatNumber.
var options = map[string]func(*Symbols) *string{
	"decimal-separator":  func(s *Symbols) *string { return &s.DecimalSeparator },
	"grouping-separator": func(s *Symbols) *string { return &s.GroupingSeparator },
	"exponent-separator": func(s *Symbols) *string { return &s.ExponentSeparator },
	"minus-sign":         func(s *Symbols) *string { return &s.MinusSign },
	"percent":            func(s *Symbols) *string { return &s.Percent },
	"per-mille":          func(s *Symbols) *string { return &s.PerMille },
	"zero-digit":         func(s *Symbols) *string { return &s.ZeroDigit },
	"digit":              func(s *Symbols) *string { return &s.Digit },
	"pattern-separator":  func(s *Symbols) *string { return &s.PatternSeparator },
	"infinity":           func(s *Symbols) *string { return &s.Infinity },
	"NaN":                func(s *Symbols) *string { return &s.NaN },
}

// Set changes the symbol that an option of $formatNumber names. It reports
// whether there is such an option; others have no meaning.
func (s *Symbols) Set(option, value string) bool {
	field, ok := options[option]
	if ok {
		*field(s) = value
	}
	return ok
}
