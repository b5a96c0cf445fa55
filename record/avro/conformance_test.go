package avro_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	schemaavro "github.com/seed-9f7c7091/concordat/schema/avro"
)

type vector struct {
	Name, SchemaType, Subject, Op, WireHex, Notes string
	Registry                                      struct {
		Schemas []struct {
			Subject    string
			ID         int
			GUID       string
			SchemaType string
			Schema     string
			RuleSet    json.RawMessage
		}
	}
	Config map[string]any
	Input  json.RawMessage
	Expect struct {
		WireHex *string
		Headers []struct{ Key string }
		Decoded json.RawMessage
		Error   *struct{ Class string }
	}
}

// TestVectors runs what was recorded of the reference, as far as it is about
// records: framing is cut off, and vectors with rules are for others.
func TestVectors(t *testing.T) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = "../../../shared/vectors"
	}
	ran := 0
	for _, area := range []string{"wire", "avro-union", "avro-resolution"} {
		text, err := os.ReadFile(filepath.Join(dir, "serde", area+".json"))
		if err != nil {
			t.Skipf("no recorded vectors in %s (set VECTORS to their folder)", dir)
		}
		var file struct{ Vectors []vector }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		for _, v := range file.Vectors {
			if v.SchemaType != "AVRO" || v.Expect.Error != nil || string(v.Input) == "null" && v.Op == "serialize" || len(v.Registry.Schemas) == 0 {
				continue
			}
			ran++
			t.Run(v.Name, v.run)
		}
	}
	if ran == 0 {
		t.Error("no vector was run")
	}
}

func (v *vector) run(t *testing.T) {
	formats := make(map[int]*avro.Format)
	var latest *avro.Format
	latestID := 0
	for _, s := range v.Registry.Schemas {
		parsed, err := schemaavro.Parse(schema.Source{Text: s.Schema})
		if err != nil {
			t.Fatal(err)
		}
		if latest, err = avro.New(parsed); err != nil {
			t.Fatal(err)
		}
		formats[s.ID], latestID = latest, s.ID
	}
	if v.Op == "serialize" {
		value, err := latest.Read(v.Input)
		if err != nil {
			t.Fatal(err)
		}
		got, err := latest.Append(nil, value)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := hex.DecodeString(*v.Expect.WireHex)
		if len(v.Expect.Headers) == 0 {
			want = want[5:]
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%x, want %x", got, want)
		}
		return
	}
	payload, _ := hex.DecodeString(v.WireHex)
	writer := formats[latestID]
	if len(payload) > 5 && payload[0] == 0 && formats[int(payload[4])] != nil {
		writer, payload = formats[int(payload[4])], payload[5:]
	}
	decode := writer.Decode
	if v.Config["use.latest.version"] == true {
		decode = latest.Reader(writer)
	}
	got, err := decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := latest.Print(got)
	if v.Config["use.latest.version"] != true {
		printed, err = writer.Print(got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !sameJSON(t, printed, v.Expect.Decoded) {
		t.Errorf("%s, want %s", printed, v.Expect.Decoded)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatal(err)
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}
