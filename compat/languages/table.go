package languages

import (
	"github.com/seed-9f7c7091/concordat/compat"
)

// Row is a kind of difference in the table over all languages.
type Row struct {
	// Type is the schema type, "" for the kinds above all languages.
	Type string
	*compat.Kind
}

// Table lists all kinds of differences: first those above all languages, then
// each language's own, in the order of Types.
func Table() []Row {
	var rows []Row
	for _, k := range compat.Kinds {
		rows = append(rows, Row{"", k})
	}
	for _, t := range Types() {
		for _, k := range ByType[t].Kinds() {
			rows = append(rows, Row{t, k})
		}
	}
	return rows
}
