package protobuf

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// hollows evens out the one trace of dropped oneofs: braces on two lines.
var hollows = strings.NewReplacer("{\n", "{", "\n}", "}", "\n", "", " ", "")

func mustParse(t testing.TB, text string, deps ...schema.Dependency) schema.Schema {
	t.Helper()
	s, err := Language{}.Parse(schema.Source{Text: text, Dependencies: deps, New: true})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return s
}

func TestTextsHold(t *testing.T) {
	for _, text := range seeds {
		if _, err := (Language{}).Parse(schema.Source{Text: text}); err != nil && strings.Contains(text, "syntax") && strings.HasSuffix(text, "}") {
			t.Errorf("%s\n%v", text, err)
		}
		holds(t, schema.Source{Text: text})
		keepsNumbers(t, schema.Source{Text: text})
	}
	for _, c := range lines[canonicalCase](t, "canonical", "protobuf.jsonl") {
		deps, _ := dependencies(c.Registry, c.References)
		holds(t, schema.Source{Text: c.Input, Dependencies: deps})
		keepsNumbers(t, schema.Source{Text: c.Input, Dependencies: deps})
	}
}

// TestMixturesHold puts pieces of files together at random.
func TestMixturesHold(t *testing.T) {
	fields := []string{
		"int32 a = 1;", "optional string b = 7 [json_name = \"x\", deprecated = true];", "repeated M c = 3;", "map<string, .M> d = 4;",
		"oneof o { string e = 9; int32 f = 2; }", "oneof p {}", "reserved 100, 50 to 60, 5 to 5;", "reserved \"z\", \"y\";",
		"message N { E e = 1; enum E { Z = 0; Y = 5; X = 2; } }", "option deprecated = false;",
		"int32 g = 11 [(my) = { b: [1] a: \"q\" }, (my).c.d = 1e3, jstype = JS_STRING];", "double h = 12 [default = 0x1F];",
	}
	tops := []string{
		"option java_package = \"p\";", "option (confluent.file_meta).doc = \"d\";", "import \"google/protobuf/any.proto\";",
		"import public \"confluent/meta.proto\";", "enum F { option allow_alias = true; B = 1; A = 1; }",
		"extend .google.protobuf.FieldOptions { M my = 50001; }", "extend google.protobuf.FieldOptions { repeated M n = 500; }",
		"service S { rpc R (M) returns (stream .M) { option deprecated = true; } }",
	}
	rapid.Check(t, func(r *rapid.T) {
		pick := func(from []string) string {
			return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from), rapid.ID[string]).Draw(r, "parts"), "\n")
		}
		head := rapid.SampledFrom([]string{"", "package a.b;", "package M;"}).Draw(r, "package")
		text := `syntax = "proto3";` + head + pick(tops) + "message M {" + pick(fields) + "}"
		mustParse(t, text)
		holds(t, schema.Source{Text: text})
		keepsNumbers(t, schema.Source{Text: text})
	})
}

func TestErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		"x":                                  ":1:1: unexpected label: x",
		"{}":                                 ":1:1: expected a word",
		`syntax = "proto3"; message A {`:     ":1:31: unexpected end of file",
		`syntax = "proto4"; message A {}`:    ":1:1: unexpected syntax: proto4",
		"message A {}\nsyntax = \"proto3\";": ":2:1: 'syntax' element must be the first declaration in a file",
		"message A {\n int32 a = 1; }":       ":2:2: unexpected label: int32",
		"message A { optional int32 a 1; }":  ":1:31: expected '='",
		"message A { optional int32 a = b;}": ":1:33: expected an integer but was b",
		"/* 𝄞 */ ?":                          ":1:10: expected a word",
		"/* ":                                ":1:4: unterminated comment",
		`edition = "2024";`:                  ":1:8: edition 2024 is not currently supported",
	} {
		_, err := Language{}.Parse(schema.Source{Text: text})
		if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) || err.Error() != "Could not parse Protobuf - Syntax error in "+want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	_, err := Language{}.Parse(schema.Source{Text: "message A {}\n  enum A {}"})
	if want := "Could not parse Protobuf - A (:2:3) is already defined at :1:1"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestValidate(t *testing.T) {
	dep := schema.Dependency{Name: "d.proto", Subject: "d", Version: 1, Text: `syntax = "proto3"; package d; message D {}`}
	for text, want := range map[string]string{
		`syntax = "proto3"; message A { Missing m = 1; }`:                                "Could not resolve type: Missing",
		`syntax = "proto3"; message A { map<A, int32> m = 1; }`:                          "map key must be non-byte, non-floating point scalar: A",
		`syntax = "proto3"; message A { map<float, int32> m = 1; }`:                      "map key must be non-byte, non-floating point scalar: float",
		`syntax = "proto3"; message A {} service S { rpc R (A) returns (B); }`:           "Could not resolve type: B",
		`syntax = "proto3"; package m; message A { d.D d = 1; google.type.Date e = 2; }`: "",
	} {
		err := mustParse(t, text, dep).Validate(false)
		if got := errorText(err); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	s := mustParse(t, `syntax = "proto3"; message A { int32 a = 1; int32 b = 1; }`)
	if err := s.Validate(false); err != nil {
		t.Error(err)
	}
	if got, want := errorText(s.Validate(true)), `A.b: Field number 1 has already been used in "A" by field "a".`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPlainNumbers(t *testing.T) {
	for word, want := range map[string]string{
		"1.50": "1.5", "1e10": "10000000000", "0x1F": "31", "010": "8", "-0x10": "-16", "1e-5": "0.00001", "0.12345": "0.12345",
		"9007199254740993": "9007199254740993", "0xFFFFFFFFFFFFFFFF": "18446744073709551615", "-0": "-0", "-0.0": "-0",
		"1e999": "1e999", "inf": "inf", "-inf": "-inf", "1.5f": "1.5f", "1_000": "1_000", "0x1p3": "0x1p3", "09": "9",
		"1.2.3": "1.2.3", "-": "-",
	} {
		if got := plainNumber(word); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
}

func TestNormalFormKeepsRepeatedOptions(t *testing.T) {
	const text = `import "google/protobuf/descriptor.proto";
message O { optional int32 a = 1; optional O o = 2; repeated O r = 3; }
extend google.protobuf.MessageOptions { optional O one = 50001; repeated O many = 50002; }
message M {
  option (many) = { a: 1 };
  option (one).o.a = 2;
  option (many) = { a: 0x2 };
  option (one).o.o.a = 3;
  option (one).r = { a: 1 };
  option (one).r = { a: 2 };
}`
	const want = `message M {
  option (many) = {
    a: 1
  };
  option (many) = {
    a: 2
  };
  option (one) = {
    o: {
      a: 2,
      o: {
        a: 3
      }
    },
    r: [
      {
        a: 1
      },
      {
        a: 2
      }
    ]
  };
}`
	s := mustParse(t, text)
	before := s.Canonical()
	normal, err := s.Normalized()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(normal.Canonical(), want) {
		t.Errorf("got\n%s\nwant\n%s", normal.Canonical(), want)
	}
	if print(s.(*Schema).file, false) != before {
		t.Error("normalizing changed the schema")
	}
}

func TestTags(t *testing.T) {
	const text = `syntax = "proto3";
message M {
  option (confluent.message_meta) = { doc: "m" };
  string a = 1 [(confluent.field_meta).tags = "PII"];
  oneof o { string b = 2; }
  message N { string c = 1 [deprecated = true]; }
}`
	field := func(path string, tags ...string) api.SchemaTags {
		return api.SchemaTags{SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: api.EntityField}, Tags: tags}
	}
	record := func(path string, tags ...string) api.SchemaTags {
		return api.SchemaTags{SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: api.EntityRecord}, Tags: tags}
	}
	s := mustParse(t, text)
	if got, want := s.Tags(), []api.SchemaTags{field("M.a", "PII")}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	edited, err := s.WithTags(
		[]api.SchemaTags{record(".M", "X"), field("M.a", "A", "PII"), field("M.o.b", "B"), field("M.N.c", "C", "D")},
		[]api.SchemaTags{field("M.a", "PII"), field("M.N.c", "D")})
	if err != nil {
		t.Fatal(err)
	}
	want := []api.SchemaTags{record("M", "X"), field("M.a", "A"), field("M.b", "B"), field("M.N.c", "C")}
	if got := reparse(t, edited).Tags(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !strings.Contains(edited.Canonical(), "import \"confluent/meta.proto\";\n") {
		t.Errorf("the edited text lacks the import of its options:\n%s", edited.Canonical())
	}
	none, err := edited.WithTags(nil, []api.SchemaTags{field("M.a", "A"), field("M.b", "B")})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(none.Canonical(), "a = 1 [") {
		t.Errorf("an option without members stays:\n%s", none.Canonical())
	}
	for path, text := range map[string]string{
		"M.x":     "No matching Field with name 'x' found in the schema",
		"shop.M":  "No matching Message with name 'shop' found in the schema",
		"M.o.a":   "No matching Field with name 'a' found in the schema",
		"M.Z.c":   "No matching Message with name 'Z' found in the schema",
		".X.Y.id": "No matching Message with name 'X' found in the schema",
		"":        "No matching Field with name '' found in the schema",
	} {
		_, err := s.WithTags([]api.SchemaTags{field(path, "T")}, nil)
		if missing := (*schema.NoEntityError)(nil); !errors.As(err, &missing) || missing.Text != text {
			t.Errorf("%s: got %v, want %s", path, err, text)
		}
	}
}

// TestDescriptorsRoundTrip reads what the format "serialized" gives.
func TestDescriptorsRoundTrip(t *testing.T) {
	for _, text := range seeds {
		s, err := Language{}.Parse(schema.Source{Text: text})
		if err != nil || s.Validate(true) != nil {
			continue
		}
		first, err := s.Format("serialized")
		if err != nil {
			continue
		}
		again := mustParse(t, first)
		second, err := again.Format("serialized")
		if err != nil || first != second && !strings.Contains(text, "map<") {
			t.Errorf("%s\nreads as\n%s\nand is serialized as %s, was %s: %v", text, again.Canonical(), second, first, err)
		}
	}
}

// TestBuiltinFiles reads all of them: a broken one would panic.
func TestBuiltinFiles(t *testing.T) {
	if n := len(builtin().files); n != 30 {
		t.Errorf("%d built-in files", n)
	}
	for _, name := range []string{"google.protobuf.Any", "google.protobuf.FieldDescriptorProto.Type", "google.type.PhoneNumber.ShortCode", "confluent.type.Variant"} {
		if builtin().names.find(name) == nil || builtin().names.find(name).typ == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestConcurrentUse shares a schema, for the race detector.
func TestConcurrentUse(t *testing.T) {
	s := mustParse(t, seeds[7])
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			_ = s.Validate(true)
			s.Canonical()
			s.Tags()
		})
	}
	wait.Wait()
}

const order = `syntax = "proto3";
package shop;

import "google/protobuf/timestamp.proto";

message Order {
  int64 id = 1;
  string note = 2 [deprecated = true];
  google.protobuf.Timestamp placed = 3;
  repeated Line lines = 4;
  map<string, State> states = 5;

  oneof payment {
    string card = 6;
    bool cash = 7;
  }

  message Line {
    string sku = 1;
    optional int32 count = 2;
  }
}
enum State {
  UNKNOWN = 0;
  SHIPPED = 1;
}
`

func BenchmarkParseCanonical(b *testing.B) {
	b.SetBytes(int64(len(order)))
	b.ReportAllocs()
	for b.Loop() {
		mustParse(b, order).Canonical()
	}
}

func BenchmarkParseValidate(b *testing.B) {
	b.SetBytes(int64(len(order)))
	b.ReportAllocs()
	for b.Loop() {
		if err := mustParse(b, order).Validate(false); err != nil {
			b.Fatal(err)
		}
	}
}
