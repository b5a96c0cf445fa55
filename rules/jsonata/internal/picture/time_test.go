package picture_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

func millis(t testing.TB, text string) float64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return float64(at.UnixMilli())
}

func TestTimeFormat(t *testing.T) {
	const at = "2021-08-09T17:04:05.067Z" // a Monday
	for _, c := range []struct {
		at, picture, zone string
		want              string // or the code of an error
	}{
		{at, "", "", ""},
		{at, "plain", "", "plain"},
		{at, "[[[Y]]] a]b", "", "[2021] a]b"},
		{at, "[Y]-[M]-[D]", "", "2021-8-9"},
		{at, "[Y0001]-[M01]-[D01]", "", "2021-08-09"},
		{at, "[ Y 00 01 ]", "", "2021"},
		{at, "[Y,2-2] [Y,2] [Y01] [Y#1] [Y,3-3] [Y,6]", "", "21 21 21 21 021 002021"},
		{at, "[D,3] [D,1-1] [f] [f001] [m1] [m]", "", "009 9 67 067 4 04"},
		{at, "[YI] [Da] [MA] [Mw] [D1o] [DWwo]", "", "MMXXI i H eight 9th Ninth"},
		{at, "[MNn] [MN] [Mn] [MNn,3-3] [MNn,*-4]", "", "August AUGUST august Aug Augu"},
		{at, "[F] [FN,2-2] [F1] [d] [W] [w] [X]", "", "monday MO 1 221 32 2 2021"},
		{at, "[H] [h] [P] [PN] [PNn] [C] [E]", "", "17 5 pm PM pm ISO ISO"},
		{at, "[H]:[m] [Z] [z]", "+0200", "19:04 +02:00 GMT+02:00"},
		{at, "[Z0] [Z00] [Z000] [Z0000] [Z0:00] [Z01-01]", "-0300", "-3 -03 -300 -0300 -3:00 -03-00"},
		{at, "[Z0] [Z00]", "+0545", "+5:45 +05:45"},
		{at, "[Z0t] [Z01:01t] [Z0]", "", "Z Z +0"},
		{at, "[Y9,999,*]", "", "2,021"},
		{at, "[D٠٠]", "", "٠٩"},

		// Weeks belong to the year and the month of their Thursday.
		{"2021-01-03T00:00:00Z", "[X]-W[W]-[F1] [w] [xNn]", "", "2020-W53-7 5 December"},
		{"2021-01-04T00:00:00Z", "[X]-W[W]-[F1] [w] [xNn]", "", "2021-W1-1 1 January"},
		{"2021-03-01T00:00:00Z", "[w] [x]", "", "1 3"},
		{"2021-05-01T00:00:00Z", "[w] [x]", "", "5 4"},
		{"2021-08-09T00:00:00Z", "[h] [P]", "", "12 am"},
		{"2021-08-09T12:00:00Z", "[h] [P]", "", "12 pm"},

		{at, "[q]", "", "D3132"},
		{at, "[]", "", "D3132"},
		{at, "[Y", "", "D3135"},
		{at, "[YN]", "", "D3133"},
		{at, "[fN]", "", "D3133"},
		{at, "[Y#]", "", "D3130"},
		{at, "[Y0٠]", "", "D3131"},
		{at, "[Z00000]", "", "D3134"},
		{at, "[ZN]", "", "D3134"},
		{at, "[Y,1000000000]", "", "D1001"},
		{at, "[Y]", "east", "D3134"},
		{at, "[Y]", "+100000000000000000000", "D3134"},
	} {
		got, err := func() (string, error) {
			p, err := picture.CompileTime(c.picture)
			if err != nil {
				return "", err
			}
			var zone picture.Zone
			if c.zone != "" {
				if zone, err = picture.ParseZone(c.zone); err != nil {
					return "", err
				}
			}
			return p.Format(millis(t, c.at), zone)
		}()
		if err != nil {
			got = code(t, err)
		}
		if got != c.want {
			t.Errorf("%s by %q in %q: %q, want %q", c.at, c.picture, c.zone, got, c.want)
		}
	}
}

func TestTimeFormatRange(t *testing.T) {
	p, err := picture.CompileTime("[Y]-[M]-[D]")
	if err != nil {
		t.Fatal(err)
	}
	east, err := picture.ParseZone("+0100")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   float64
		zone picture.Zone
		want string
	}{
		{8.64e15, picture.Zone{}, "275760-9-13"},
		{-8.64e15, picture.Zone{}, "-271821-4-20"},
		{-0.9, picture.Zone{}, "1970-1-1"},
		{-1, picture.Zone{}, "1969-12-31"},
		{8.64e15, east, "D1001"},
		{8.64e15 + 1, picture.Zone{}, "D1001"},
		{1e300, picture.Zone{}, "D1001"},
		{math.NaN(), picture.Zone{}, "D1001"},
		{math.Inf(-1), picture.Zone{}, "D1001"},
	} {
		got, err := p.Format(c.at, c.zone)
		if err != nil {
			got = code(t, err)
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.at, got, c.want)
		}
	}
}

func TestTimeParse(t *testing.T) {
	now := time.Date(2021, time.August, 9, 17, 4, 5, 67e6, time.UTC)
	for _, c := range []struct {
		picture, text string
		want          string // a time, "" for no match, or the code of an error
	}{
		{"[Y]-[M]-[D]", "2020-2-29", "2020-02-29T00:00:00Z"},
		{"[Y0001][M01][D01]", "20200229", "2020-02-29T00:00:00Z"},
		{"[Y,4-4][M]", "20202", "2020-02-01T00:00:00Z"},
		{"[Y][M]", "20202", "1918-10-01T00:00:00Z"}, // a year of one digit, 202 months
		{"[D1o] [MNn] [Y]", "1st March 2020", "2020-03-01T00:00:00Z"},
		{"[D1o] [MNn] [Y]", "1 March 2020", ""},
		{"[D] [MNn,3-3] [Y]", "1 Mar 2020", "2020-03-01T00:00:00Z"},
		{"[Dwo] [MNn] [YI]", "thirty-first March MMXX", "2020-03-31T00:00:00Z"},
		{"[FNn], [D] [M]", "Someday, 3 2", "2021-02-03T00:00:00Z"},
		{"[Y] [d]", "2020 60", "2020-02-29T00:00:00Z"},
		{"[Y]-[M]-[D]", "2021-2-31", "2021-03-03T00:00:00Z"},
		{"[Y] x [M]", "2020 X 5", "2020-05-01T00:00:00Z"},
		{"[Y].[M]", "2020x5", ""},
		{"[Y] [M]", "2020 5 ", ""},
		{"plain", "plain", ""},

		// What is missing above is taken from now, below it is the least.
		{"[H]:[m]", "9:30", "2021-08-09T09:30:00Z"},
		{"[M]", "2", "2021-02-01T00:00:00Z"},
		{"[s]", "9", "2021-08-09T17:04:09Z"},
		{"[FNn]", "Monday", "2021-08-09T17:04:05.067Z"},
		{"[Y] [MNn]", "2020 MARCH", "2020-01-01T00:00:00Z"}, // no name of a month
		{"[H]:[m]:[s].[f]", "1:2:3.0459", "2021-08-09T01:02:03.045Z"},
		{"[h]:[m] [P]", "12:05 AM", "2021-08-09T00:05:00Z"},
		{"[h] [P]", "3 pm", "2021-08-09T15:00:00Z"},
		{"[Y]", "21", "1921-01-01T00:00:00Z"},

		{"[Y] [Z]", "2020 +02:30", "2019-12-31T21:30:00Z"},
		{"[Y] [Z0000]", "2020 -0230", "2020-01-01T02:30:00Z"},
		{"[Y] [Z00]", "2020 -02", "2020-01-01T02:00:00Z"},
		{"[Y] [z]", "2020 GMT+02:00", "2019-12-31T22:00:00Z"},
		{"[Y] [Z00.00]", "2020 +02x30", ""},
		{"[Y] [Z0+00]", "2020 +2+30", "2019-12-31T21:30:00Z"},

		{"[Y] [D]", "2020 5", "D3136"},
		{"[Y] [H]", "2020 5", "D3136"},
		{"[X]-[W]-[F1]", "2020-5-1", "D3136"},
		{"[Y] [d] [H]", "2020 60 5", "D3136"},
		{"[C]", "ISO", "D3133"},
		{"[YN]", "2020", "D3133"},
		{"[Y#]", "2020", "D3130"},
		{"[Y]", "999999", "D1001"},
		{"[D]", strings.Repeat("9", 400), "D1001"},
		{"[D]", strings.Repeat("9", 20_000), ""},
		{strings.Repeat("[Y]", 65), "2020", "D1001"},
		{"[Y" + strings.Repeat("0", 2000) + "][M]", "2020", "D1001"},
		{"[Yw]", "and", ""},
	} {
		p, err := picture.CompileTime(c.picture)
		if err != nil {
			t.Errorf("%q: %v", c.picture, err)
			continue
		}
		ms, ok, err := p.Parse(c.text, now)
		got := ""
		switch {
		case err != nil:
			got = code(t, err)
		case ok:
			got = time.UnixMilli(int64(ms)).UTC().Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("%.40q by %.40q: %q, want %q", c.text, c.picture, got, c.want)
		}
	}
}

func TestISO(t *testing.T) {
	for _, c := range []struct {
		text, want string // a time, or "" for an error
	}{
		{"2020", "2020-01-01T00:00:00Z"},
		{"2020-02", "2020-02-01T00:00:00Z"},
		{"2020-02-03", "2020-02-03T00:00:00Z"},
		{"2020-02-03Z", "2020-02-03T00:00:00Z"},
		{"2020-02-30", "2020-03-01T00:00:00Z"},
		{"2020-02-03T04:05:06", "2020-02-03T04:05:06Z"},
		{"2020-02-03T04:05:06.7Z", "2020-02-03T04:05:06.7Z"},
		{"2020-02-03T04:05:06.78999999999+00:00", "2020-02-03T04:05:06.789Z"},
		{"2020-02-03T04:05:06+0130", "2020-02-03T02:35:06Z"},
		{"2020-02-03T04:05:06-01:30", "2020-02-03T05:35:06Z"},
		{"2020-12-31T24:00:00Z", "2021-01-01T00:00:00Z"},
		{"0012-01-01T00:00:00Z", "0012-01-01T00:00:00Z"},

		{"", ""},
		{"202", ""},
		{"20200203", ""},
		{"2020-1", ""},
		{"2020-13", ""},
		{"2020-02-00", ""},
		{"2020-02-32", ""},
		{"2020-02-03T", ""},
		{"2020-02-03T04:05", ""},
		{"2020-02-03 04:05:06", ""},
		{"2020-02-03T04:05:60Z", ""},
		{"2020-02-03T04:05:06.", ""},
		{"2020-02-03T24:00:00.0001Z", ""},
		{"2020-02-03T04:05:06z", ""},
		{"2020-02-03T04:05:06+01", ""},
		{"2020-02-03T04:05:06+24:00", ""},
		{"2020-02-03T04:05:06+01:00Z", ""},
		{"2020-02-03+01:00", ""},
		{" 2020", ""},
		{"+002020-01-01", ""},
	} {
		ms, err := picture.ParseISO(c.text)
		got := ""
		if err == nil {
			got = time.UnixMilli(int64(ms)).UTC().Format(time.RFC3339Nano)
		} else if code(t, err) != "D3110" {
			t.Errorf("%q: %v", c.text, err)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}

	east, err := picture.ParseZone("+0200")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone picture.Zone
		want string
	}{
		{picture.Zone{}, "2020-02-03T04:05:06.007Z"},
		{east, "2020-02-03T06:05:06.007+02:00"},
	} {
		if got, err := picture.FormatISO(millis(t, "2020-02-03T04:05:06.007Z"), c.zone); got != c.want || err != nil {
			t.Errorf("%q %v, want %q", got, err, c.want)
		}
	}
}

// The half hour of a negative zone is counted twice, as in the reference, but
// the text says so and means the same instant.
func TestNegativeHalfHour(t *testing.T) {
	zone, err := picture.ParseZone("-0530")
	if err != nil {
		t.Fatal(err)
	}
	at := millis(t, "2020-02-03T10:00:00Z")
	text, err := picture.FormatISO(at, zone)
	if err != nil || text != "2020-02-03T03:30:00.000-06:30" {
		t.Fatal(text, err)
	}
	if back, err := picture.ParseISO(text); back != at || err != nil {
		t.Fatal(back, err)
	}
}

func BenchmarkTimeFormat(b *testing.B) {
	p, err := picture.CompileTime("[D1o] [MNn] [Y0001] [H01]:[m01]")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if sink, err = p.Format(1.6e12, picture.Zone{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormatISO(b *testing.B) {
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if sink, err = picture.FormatISO(1.6e12, picture.Zone{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTimeParse(b *testing.B) {
	p, err := picture.CompileTime("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]Z")
	if err != nil {
		b.Fatal(err)
	}
	now := time.Unix(0, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := p.Parse("2021-08-09T17:04:05.067Z", now); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkParseISO(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := picture.ParseISO("2021-08-09T17:04:05.067Z"); err != nil {
			b.Fatal(err)
		}
	}
}
