package picture_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

// bounded fails if a result is longer than the picture and a number explain.
func bounded(t *testing.T, pictureText, result string) {
	t.Helper()
	if most := 100*len(pictureText) + 16_000; len(result) > most {
		t.Fatalf("%d bytes by a picture of %d", len(result), len(pictureText))
	}
}

func FuzzNumber(f *testing.F) {
	for _, text := range []string{"#,##0.00", "0;(0)", "00.0##e0", "0%", "#e0", ",0.,0", "x0‰", "0,0,00.#,#"} {
		for _, v := range []float64{0, -1234.5678, 1e308, 5e-324, math.NaN(), math.Inf(-1), math.Copysign(0, -1)} {
			f.Add(text, v, ",", "0", "e")
		}
	}
	f.Add("٠,٠", 7.5, "٬", "٠", "E")
	f.Fuzz(func(t *testing.T, text string, v float64, group, zero, exponent string) {
		s := picture.DefaultSymbols()
		s.GroupingSeparator, s.ZeroDigit, s.ExponentSeparator = group, zero, exponent
		n, err := picture.CompileNumber(text, &s)
		if err == nil {
			bounded(t, text+group+exponent, n.Format(v))
		}
	})
}

func FuzzInteger(f *testing.F) {
	for _, text := range []string{"0", "#,##0;o", "0.0:00", "A", "i", "W;o", "Ww", "０", "##"} {
		for _, v := range []float64{0, -12.5, 1e308, math.Inf(1), math.NaN()} {
			f.Add(text, v, "one million and twenty-first")
			f.Add(text, v, " -12,345th")
		}
	}
	f.Fuzz(func(t *testing.T, text string, v float64, written string) {
		p, err := picture.CompileInteger(text)
		if err != nil {
			return
		}
		if got, err := p.Format(v); err == nil {
			bounded(t, text, got)
		}
		if got, ok, err := p.Parse(written); ok && (err != nil || math.IsNaN(got) || math.IsInf(got, 0)) {
			t.Fatal(got, err)
		}
	})
}

func FuzzTime(f *testing.F) {
	now := time.Date(2021, time.August, 9, 17, 4, 5, 67e6, time.UTC)
	for _, text := range []string{
		"[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]", "[D1o] [MNn,3-3] [YI] [h][P]", "[X]-W[W]-[F1]",
		"[Y,2-2][[[d001]]][z0]", "[Yw], [Dwo] [x] [w] [C] [E]", "[Y,99][q", "[Z٠٠٠]",
	} {
		for _, ms := range []float64{0, 1.6e12, -8.64e15, math.NaN(), 1e300} {
			f.Add(text, ms, "+0530", "2021-08-09")
		}
	}
	f.Fuzz(func(t *testing.T, text string, ms float64, offset, written string) {
		if _, err := picture.ParseISO(written); err == nil && len(written) < 4 {
			t.Fatalf("%q is a timestamp", written)
		}
		p, err := picture.CompileTime(text)
		if err != nil {
			return
		}
		zone, err := picture.ParseZone(offset)
		if err != nil {
			zone = picture.Zone{}
		}
		if got, err := p.Format(ms, zone); err == nil {
			bounded(t, text, got)
			written = got
		}
		if got, ok, err := p.Parse(written, now); ok && (err != nil || math.IsNaN(got)) {
			t.Fatal(got, err)
		}
	})
}

// Long pictures and texts take time and memory in proportion.
func TestLong(t *testing.T) {
	const long = 10_000
	var texts []string
	for _, piece := range []string{
		"0", "#", "#,", "0,", "x", "[Y]", "[Yw]", "[Y,99]", "[MNn]", "[[", "]]", "[", "٠", "0:", "0.", "e", ";", "%", "[f1]", "[Yw] ",
		"[Z0:00]", "[YI]",
	} {
		text := strings.Repeat(piece, long/len(piece))
		texts = append(texts, text, text+"0", text+".0", "0."+text, text+"0e0", "["+text+"]", "[Y"+text+"]")
	}
	start := time.Now()
	written := strings.Repeat("one thousand and ", 2*long) + strings.Repeat("1", long)
	for _, text := range texts {
		if n, err := picture.CompileNumber(text, nil); err == nil {
			for _, v := range []float64{0, 1e308, 5e-324, -1.5} {
				bounded(t, text, n.Format(v))
			}
		}
		if p, err := picture.CompileInteger(text); err == nil {
			if got, err := p.Format(1e308); err == nil {
				bounded(t, text, got)
			}
			_, _, _ = p.Parse(written)
		}
		if p, err := picture.CompileTime(text); err == nil {
			got, err := p.Format(1.6e12, picture.Zone{})
			if err == nil {
				bounded(t, text, got)
			}
			_, _, _ = p.Parse(got, start)
			_, _, _ = p.Parse(written[:9_999], start)
		}
	}
	// The worst picture that is parsed with: words beside words.
	p, err := picture.CompileTime(strings.Repeat("[Yw]", 64) + "!")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := p.Parse(written[:9_999], start); ok || err != nil {
		t.Fatal(ok, err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
