package avro

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/record"
)

// PayloadError reports bytes that are no record of their schema.
type PayloadError struct {
	Offset int    // where reading stopped
	Path   string // what was read then: a JSON pointer into the record, "" for the whole
	Reason string
}

func (e *PayloadError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("the payload is no record of the schema: at byte %d: %s", e.Offset, e.Reason)
	}
	return fmt.Sprintf("the payload is no record of the schema: at byte %d, in %s: %s", e.Offset, e.Path, e.Reason)
}

// wrong is an error in the making: its path is put together on the way back, so
// that values that are right pay nothing for it. A nil *wrong is no error.
type wrong struct {
	path   []string // innermost first
	reason string
	offset int // of payloads; -1 else
}

func mismatch(format string, args ...any) *wrong {
	return &wrong{reason: fmt.Sprintf(format, args...), offset: -1}
}

func (w *wrong) at(name string) *wrong {
	w.path = append(w.path, name)
	return w
}

func (w *wrong) item(i int) *wrong { return w.at(strconv.Itoa(i)) }

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

func (w *wrong) pointer() string {
	var b strings.Builder
	for _, name := range slices.Backward(w.path) {
		b.WriteByte('/')
		b.WriteString(escapes.Replace(name))
	}
	return b.String()
}

func (w *wrong) mismatch() error {
	return &record.MismatchError{Path: w.pointer(), Reason: w.reason}
}

// Error makes wrong an error of functions that also return those of others; it
// leaves the package as one of the exported errors.
func (w *wrong) Error() string { return w.mismatch().Error() }

// describe names a value for a message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "the text " + quote(v)
	case []byte:
		return fmt.Sprintf("%d bytes", len(v))
	case bool, int, int32, int64, float32, float64, json.Number:
		return fmt.Sprint(v)
	case []any:
		return "an array"
	case map[string]any, object:
		return "an object"
	case list:
		return "an array"
	case *record.Branch:
		return "a value of the branch " + v.Name
	}
	return fmt.Sprintf("a %T", v)
}

func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
