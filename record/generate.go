package record

import (
	"math"
	"math/rand/v2"
)

// Generator makes the choices by which a record is made up. All that is random
// about a record is drawn from it, so that a record is made again from its
// choices, and a smaller one from smaller choices: 0 is always the simplest.
type Generator struct {
	choices []uint64
	at      int
	random  *rand.Rand // nil: choices beyond those given are 0
	size    int
	hints   *Hints
}

// Hints are values that records should hold at times, because something compares with them.
type Hints struct {
	Texts   []string
	Numbers []float64
}

// Hint gives the generator hints; nil for none.
func (g *Generator) Hint(h *Hints) { g.hints = h }

// hinted chooses a hint out of so many, at times.
func (g *Generator) hinted(n int) (i int, ok bool) {
	if n == 0 || g.Intn(3) != 1 {
		return 0, false
	}
	return g.Intn(n), true
}

// NewGenerator makes a generator that chooses at random. The same seed makes the same records. Size
// bounds the lengths of strings and collections, and how deep recursive types go; it grows from 0, the simplest records.
func NewGenerator(seed uint64, size int) *Generator {
	return &Generator{random: rand.New(rand.NewPCG(seed, uint64(size))), size: size}
}

// Replay makes a generator of the choices that another one made. Choices beyond them are the simplest.
func Replay(choices []uint64, size int) *Generator {
	return &Generator{choices: choices, size: size}
}

// Choices are those made so far. The caller must not change the slice.
func (g *Generator) Choices() []uint64 { return g.choices[:g.at] }

// Size is the size of the record to make.
func (g *Generator) Size() int { return g.size }

// Intn chooses a number below n, which is at least 1.
func (g *Generator) Intn(n int) int { return int(g.draw() % uint64(n)) }

// Bool chooses; false is simpler.
func (g *Generator) Bool() bool { return g.draw()&1 == 1 }

func (g *Generator) draw() uint64 {
	if g.at < len(g.choices) {
		g.at++
		return g.choices[g.at-1]
	}
	var c uint64
	if g.random != nil {
		c = g.random.Uint64() >> 1
	}
	g.choices = append(g.choices, c)
	g.at++
	return c
}

// Length chooses the length of a collection: often empty, mostly short, at times of the size.
func (g *Generator) Length() int {
	switch g.Intn(5) {
	case 0:
		return 0
	case 1:
		return 1
	case 4:
		return g.Intn(g.size + 1)
	}
	return g.Intn(min(g.size, 3) + 1)
}

// Int chooses a number of so many bits, boundaries among them.
func (g *Generator) Int(bits int) int64 {
	most := int64(math.MaxInt64) >> (64 - bits)
	if g.hints != nil {
		if i, ok := g.hinted(len(g.hints.Numbers)); ok {
			if f := math.Trunc(g.hints.Numbers[i]); math.Abs(f) < float64(most) {
				return int64(f)
			}
		}
	}
	switch g.Intn(8) {
	case 0:
		return 0
	case 1:
		return 1
	case 2:
		return -1
	case 3:
		return most
	case 4:
		return -most - 1
	case 5: // around what a float64 tells exactly
		if bits > 53 {
			return 1<<53 + int64(g.Intn(3))
		}
	case 6:
		return int64(g.Intn(200)) - 100
	}
	return int64(g.draw()) & most
}

// Uint chooses a number of so many bits that is not negative, boundaries among them.
func (g *Generator) Uint(bits int) uint64 {
	most := uint64(math.MaxUint64) >> (64 - bits)
	switch g.Intn(5) {
	case 0:
		return 0
	case 1:
		return 1
	case 2:
		return most
	case 3:
		return uint64(g.Intn(200))
	}
	return g.draw() & most
}

// Float chooses a finite number, boundaries among them.
func (g *Generator) Float() float64 {
	if g.hints != nil {
		if i, ok := g.hinted(len(g.hints.Numbers)); ok {
			return g.hints.Numbers[i]
		}
	}
	switch g.Intn(8) {
	case 0:
		return 0
	case 1:
		return 1
	case 2:
		return -1.5
	case 3:
		return 0.1
	case 4:
		return 1e10
	case 5:
		return math.MaxFloat32
	case 6:
		return -math.SmallestNonzeroFloat32
	}
	return float64(int64(g.draw()>>20)-1<<42) / 1024
}

// characters of strings, the simplest first: letters, digits, signs that formats give a
// meaning, other scripts, characters beyond U+FFFF.
var characters = []rune("aAzZ09 -_.@/:'\"\\{}[]<>&?=%#é߀Ωжあ中\t\n\x00\u2028😀𝒳")

// Text chooses a string.
func (g *Generator) Text() string {
	if g.hints != nil {
		if i, ok := g.hinted(len(g.hints.Texts)); ok {
			return g.hints.Texts[i]
		}
	}
	runes := make([]rune, g.Length())
	for i := range runes {
		runes[i] = characters[g.Intn(len(characters))]
	}
	return string(runes)
}

// Word chooses a name: a letter and then letters and digits.
func (g *Generator) Word() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := []byte{letters[g.Intn(26)]}
	for range g.Intn(6) {
		b = append(b, letters[g.Intn(len(letters))])
	}
	return string(b)
}

// Bytes chooses bytes.
func (g *Generator) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Intn(256))
	}
	return b
}

// maxShrinks bounds the tries of Shrink.
const maxShrinks = 2000

// Shrink looks for smaller choices of which the records still fail. fails makes a record of the generator it
// is given and tells. It returns the smallest found, which is the one given at worst.
func Shrink(choices []uint64, size int, fails func(*Generator) bool) []uint64 {
	best := append([]uint64(nil), choices...)
	tries := 0
	try := func(c []uint64, size int) bool {
		if tries++; tries > maxShrinks {
			return false
		}
		g := Replay(append([]uint64(nil), c...), size)
		if !fails(g) {
			return false
		}
		best = append([]uint64(nil), c[:min(len(c), g.at)]...)
		return true
	}
	for improved := true; improved && tries < maxShrinks; {
		improved = false
		// Whole stretches go first, then single choices become simpler.
		for n := len(best); n > 0; n /= 2 {
			for i := 0; i+n <= len(best); i++ {
				c := append(append([]uint64(nil), best[:i]...), best[i+n:]...)
				if try(c, size) {
					improved = true
				}
			}
		}
		for i := range best {
			for _, smaller := range []uint64{0, 1, best[min(i, len(best)-1)] / 2} {
				if i >= len(best) || best[i] <= smaller {
					continue
				}
				c := append([]uint64(nil), best...)
				c[i] = smaller
				if try(c, size) {
					improved = true
					break
				}
			}
		}
	}
	return best
}
