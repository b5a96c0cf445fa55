package schema

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/api"
)

// GUID identifies the content of a schema: an MD5 digest over canonical text,
// references, metadata and rule set. Type, subject, version and id do not count.
type GUID [md5.Size]byte

// Identify digests a schema the way the reference does: the parts follow each
// other without separators, absent ones count nothing, an empty metadata or
// rule set counts as present.
func Identify(text string, refs []api.Reference, meta *api.Metadata, rules *api.RuleSet) GUID {
	h := md5.New()
	io.WriteString(h, text)
	for _, r := range refs {
		io.WriteString(h, r.Name)
		io.WriteString(h, r.Subject)
		var v [4]byte
		binary.BigEndian.PutUint32(v[:], uint32(int32(r.Version)))
		h.Write(v[:])
	}
	if meta != nil {
		h.Write([]byte{1})
		for _, k := range sortedKeys(meta.Tags) {
			io.WriteString(h, k)
			writeSorted(h, meta.Tags[k])
		}
		for _, k := range sortedKeys(meta.Properties) {
			io.WriteString(h, k)
			io.WriteString(h, meta.Properties[k])
		}
		writeSorted(h, meta.Sensitive)
	}
	if rules != nil {
		h.Write([]byte{1})
		for _, list := range [][]api.Rule{rules.MigrationRules, rules.DomainRules, rules.EncodingRules} {
			for i := range list {
				writeRule(h, &list[i])
			}
		}
		io.WriteString(h, rules.EnableAt)
	}
	return GUID(h.Sum(nil))
}

func writeRule(h hash.Hash, r *api.Rule) {
	for _, s := range []string{r.Name, r.Doc, r.Kind, r.Mode, r.Type} {
		io.WriteString(h, s)
	}
	writeSorted(h, r.Tags)
	for _, k := range sortedKeys(r.Params) {
		io.WriteString(h, k)
		io.WriteString(h, r.Params[k])
	}
	for _, s := range []string{r.Expr, r.OnSuccess, r.OnFailure} {
		io.WriteString(h, s)
	}
	if r.Disabled {
		h.Write([]byte{1})
	}
}

func writeSorted(h hash.Hash, values []string) {
	if !slices.IsSortedFunc(values, CompareUTF16) {
		values = slices.Clone(values)
		slices.SortFunc(values, CompareUTF16)
	}
	for _, v := range values {
		io.WriteString(h, v)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), CompareUTF16)
}

// String is the GUID as a lower-case UUID.
func (g GUID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], g[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], g[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], g[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], g[8:10])
	b[23] = '-'
	hex.Encode(b[24:], g[10:])
	return string(b[:])
}

// ParseGUID reads a UUID or its 32 hexadecimal digits without dashes.
func ParseGUID(s string) (g GUID, ok bool) {
	if len(s) == 36 {
		if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
			return g, false
		}
		s = s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 {
		return g, false
	}
	_, err := hex.Decode(g[:], []byte(s))
	return g, err == nil
}

// CompareUTF16 orders strings by UTF-16 code units, as Java does. It differs
// from the order of bytes only where a character beyond U+FFFF meets one
// between U+E000 and U+FFFF.
func CompareUTF16(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return cmp.Compare(len(a), len(b))
	}
	for i > 0 && !utf8.RuneStart(a[i]) {
		i--
	}
	ra, _ := utf8.DecodeRuneInString(a[i:])
	rb, _ := utf8.DecodeRuneInString(b[i:])
	if (ra > 0xFFFF) != (rb > 0xFFFF) {
		return cmp.Compare(firstUnit(ra), firstUnit(rb))
	}
	return strings.Compare(a[i:], b[i:])
}

func firstUnit(r rune) rune {
	if r > 0xFFFF {
		return 0xD800 + (r-0x10000)>>10
	}
	return r
}
