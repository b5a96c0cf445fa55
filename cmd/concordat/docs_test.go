package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// TestDocs holds the generated parts of the documentation against the program that
// prints them.
func TestDocs(t *testing.T) {
	for file, command := range map[string]string{
		"../../docs/compatibility-kinds.md": "compat kinds -o markdown",
	} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got, errors bytes.Buffer
		if code := run(context.Background(), strings.Fields(command), nil, &got, &errors, nil); code != exitOK {
			t.Fatalf("%s: exit %d: %s", command, code, &errors)
		}
		if got.String() != string(want) {
			t.Errorf("%s is not what `concordat %s` prints; run `make docs`", file, command)
		}
	}
}
