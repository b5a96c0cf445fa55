package jsonata

import (
	"os"
	"strings"
	"testing"
)

// TestFunctionsAreListed holds the list in the package documentation against the table.
func TestFunctionsAreListed(t *testing.T) {
	b, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, f := range table() {
		if !strings.Contains(doc, "$"+f.name+f.signature+" ") && !strings.Contains(doc, "$"+f.name+f.signature+"\n") {
			t.Errorf("the documentation does not list $%s%s", f.name, f.signature)
		}
	}
	if listed, made := strings.Count(doc, "$")-strings.Count(doc[:strings.Index(doc, "# Functions")], "$"), len(table()); listed < made {
		t.Errorf("%d functions listed, %d made", listed, made)
	}
}
