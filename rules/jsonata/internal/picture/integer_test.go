package picture_test

import (
	"math"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

func TestIntegerFormat(t *testing.T) {
	for _, c := range []struct {
		picture string
		value   float64
		want    string // or the code of an error
	}{
		{"0", 42, "42"},
		{"0", 42.9, "42"},
		{"0", -42.1, "-43"},
		{"0", math.Copysign(0, -1), "0"},
		{"0000", 42, "0042"},
		{"#0#", 7, "7"},
		{"17", 7, "07"},
		{"#,##0", 7654321, "7,654,321"},
		{"#,##0", 21, "21"},
		{"0.000-00", 7654321, "76.543-21"},
		{"#,##,##0", 321, "321"},
		{"0x", 21, "21x"},
		{"０", 120, "１２０"},
		{"٠,٠٠٠", 7654321, "٧,٦٥٤,٣٢١"},
		{"0", 1e22, "10000000000000000000000"},
		{"0", 123456789012345678, "123456789012345680"},

		{"0;o", 2, "2nd"},
		{"0;o", 12, "12th"},
		{"0;o", 103, "103rd"},
		{"0;o(-en)", 1, "1st"},
		{"0;c", 1, "1"},
		{"0;;o", 1, "1;th"},

		{"a", 26, "z"},
		{"A", 703, "AAA"},
		{"a", 0, ""},
		{"A", -28, "-AB"},
		{"I", 2949, "MMCMXLIX"},
		{"i", 3888, "mmmdccclxxxviii"},
		{"I", 0, ""},
		{"I", -9, "-IX"},

		{"w", 0, "zero"},
		{"w", 40, "forty"},
		{"w", -77, "-seventy-seven"},
		{"w", 1017, "one thousand and seventeen"},
		{"w", 1170, "one thousand, one hundred and seventy"},
		{"Ww", 1002003, "One Million, Two Thousand and Three"},
		{"W", 108, "ONE HUNDRED AND EIGHT"},
		{"w;o", 45, "forty-fifth"},
		{"w;o", 600, "six hundredth"},
		{"Ww;o", 12, "Twelfth"},
		{"w", 3e24, "three trillion trillion"},

		{"0", math.NaN(), "D1001"},
		{"w", math.Inf(1), "D1001"},
		{"I", 1e9, "D1001"},
		{"", 1, "D3130"},
		{"#,##", 1, "D3130"},
		{"b", 1, "D3130"},
		{"ww", 1, "D3130"},
		{"𝟎", 1, "D3130"}, // a digit outside the Basic Multilingual Plane
		{"0٠", 1, "D3131"},
	} {
		p, err := picture.CompileInteger(c.picture)
		var got string
		if err == nil {
			got, err = p.Format(c.value)
		}
		if err != nil {
			got = code(t, err)
		}
		if got != c.want {
			t.Errorf("%v by %q: %q, want %q", c.value, c.picture, got, c.want)
		}
	}
}

func TestIntegerParse(t *testing.T) {
	none := math.NaN()
	for _, c := range []struct {
		picture string
		text    string
		want    float64 // NaN for no number
	}{
		{"0", "042", 42},
		{"0", "-42", -42},
		{"0", " 42 and more", 42},
		{"0", "0x2a", 42},
		{"0", "", none},
		{"0", "x", none},
		{"#,##0", "7,654,321", 7654321},
		{"#,##0", "76,54", 7654},
		{"#.##0", "7.654", 7}, // separators at equal distances are commas
		{"0.00-0", "76.54-3", 76543},
		{"０", "４２", 42},
		{"０", "42", none},
		{"0;o", "21st", 21},
		{"0;o", "21xy", 21},
		{"0;o", "1", none},
		{"a", "az", 52},
		{"A", "AZ", 52},
		{"a", "", 0},
		{"I", "MMCMXLIX", 2949},
		{"i", "MMCMXLIX", 2949},
		{"I", "mm", none},
		{"I", "IIX", 8},
		{"w", "forty-five", 45},
		{"w", "Forty Fifth", 45},
		{"w", "six hundred thousand and one", 600001},
		{"w", "twelve hundred", 1200},
		{"w", "one million, two thousand and three", 1002003},
		{"w", "three trillion trillion", 3e24},
		{"w", "", none},
		{"w", "and", none},
		{"w", "one  two", none},
		{"w", "one, and two", none},
	} {
		p, err := picture.CompileInteger(c.picture)
		if err != nil {
			t.Errorf("%q: %v", c.picture, err)
			continue
		}
		got, ok, err := p.Parse(c.text)
		if err != nil || ok == math.IsNaN(c.want) || ok && got != c.want {
			t.Errorf("%q by %q: %v %v %v, want %v", c.text, c.picture, got, ok, err, c.want)
		}
	}
	for _, c := range []string{"0", "a"} {
		p, err := picture.CompileInteger(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Parse(strings.Repeat("9", 400)); code(t, err) != "D1001" {
			t.Errorf("400 digits by %q: %v", c, err)
		}
	}
}

// What is written can be read again, for every sequence.
func TestIntegerRoundTrip(t *testing.T) {
	for _, text := range []string{"0", "#,##0", "000;o", "٠٠", "a", "A", "i", "I", "w", "W", "Ww", "w;o", "W;o"} {
		p, err := picture.CompileInteger(text)
		if err != nil {
			t.Fatal(err)
		}
		for v := 1.0; v < 5000; v += 7 {
			written, err := p.Format(v)
			if err != nil {
				t.Fatal(err)
			}
			if read, ok, err := p.Parse(written); read != v || !ok || err != nil {
				t.Fatalf("%v by %q is %q and read as %v %v %v", v, text, written, read, ok, err)
			}
		}
	}
}

func BenchmarkInteger(b *testing.B) {
	p, err := picture.CompileInteger("#,##0")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if sink, err = p.Format(1234567); err != nil {
			b.Fatal(err)
		}
	}
}
