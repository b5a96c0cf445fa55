// Package hamba codes Avro records by github.com/hamba/avro, for programs whose types are made for
// that library: with names registered for the branches of unions, with unions that convert themselves, with type converters.
//
//	avro.Register("com.example.Card", &Card{})
//	s, err := serde.NewSerializer[*Payment](c, serde.Avro, serde.WithAvroCodec(hamba.Codec()))
//
// Payloads may come from anybody, and the library trusts them: a few bytes can have it ask for more memory than there is, or
// count for years, and what ends too early may be read as if it did not. Where a schema has arrays, maps or types that contain themselves, which the
// limits of avro.Config do not hold, and where the API allows strings of more than 1 MiB, payloads are gone through before they
// are decoded, by the limits of package record/avro: no length and no number of items may be beyond what the payload has, and values nest at most
// 1000 deep. All others go to the library at once, and cost what they cost with the library alone; the bits that a number has beyond its type are then
// dropped, and what a struct has no field for may be anything that ends within the payload. A panic of the library is an error.
//
// A reader's schema is followed by the library where it can. Where it cannot, as in types that contain themselves, in defaults of
// records within unions and in branches that the reader lacks, package record/avro brings the record into the reader's schema first.
//
// What the library leaves for its users to know:
//
//   - Strings and bytes of more than 1 MiB are written and not read, unless Config.MaxByteSliceSize of the API allows it.
//   - Arrays and maps are written in blocks that tell their size, unless Config.DisableBlockSizeHeader is set. Both are
//     Avro, and every reader of this project takes both. The default codec tells none.
//   - An API keeps what it knows of schemas by their canonical form, which has no defaults. Of two schemas that differ by the default of a
//     field that a struct does not have, the default of the one met first is written.
//   - Fixed values of 8 bytes in a uint64 are no safe type for several goroutines at once; [8]byte is.
//
// What the library would read into the wrong place in memory is an error here: a struct for a union, a big.Rat for a
// decimal, and *big.Rat for one that may be null, which **big.Rat has room for.
package hamba

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/hamba/avro/v2"

	"github.com/seed-9f7c7091/concordat/client/serde"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	schemaavro "github.com/seed-9f7c7091/concordat/schema/avro"
)

// Codec codes by the library's default API: the one that avro.Register and avro.RegisterTypeConverters add to.
func Codec() serde.AvroCodec { return New(avro.DefaultConfig) }

// Option is a choice about a codec.
type Option func(*codec)

// TagKey is Config.TagKey of the API, where that is not avro. The API does not tell it, and it must be known to see what of
// a struct is read into.
func TagKey(key string) Option { return func(c *codec) { c.tagKey = key } }

// New codes by an API, with the types and the converters that are registered with it. The API is one that Config.Freeze has made;
// another is a panic. What is registered after the first records may not be seen.
func New(api avro.API, opts ...Option) serde.AvroCodec {
	c := &codec{api: api, tagKey: "avro"}
	for _, opt := range opts {
		opt(c)
	}
	c.lavish = sync.OnceValue(func() bool { return lavish(api) })
	c.readers.New = func() any { return avro.NewReader(nil, 0, avro.WithReaderConfig(api)) }
	c.writers.New = func() any { return avro.NewWriter(nil, 512, avro.WithWriterConfig(api)) }
	c.writers.Put(c.writers.Get())
	return c
}

type codec struct {
	api     avro.API
	tagKey  string
	lavish  func() bool
	readers sync.Pool // of *avro.Reader
	writers sync.Pool // of *avro.Writer
}

// lavish reports whether an API reads longer strings than by default, and with them lengths that no payload has.
func lavish(api avro.API) bool {
	s, err := read(`"string"`)
	if err != nil {
		return true
	}
	var long string
	payload := append(binary.AppendVarint(nil, maxKept+1), make([]byte, maxKept+1)...)
	return api.Unmarshal(s, payload, &long) == nil
}

// read reads a schema by the library. Its cache of schemas, which all of a program shares, is left alone.
func read(text string) (s avro.Schema, err error) {
	defer recovered(&err)
	return avro.ParseWithCache(text, "", &avro.SchemaCache{})
}

// recovered makes a panic of the library an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("hamba/avro panics: %v", p)
	}
}

// maxKept is how large a buffer of a writer may be to be used again. It is the library's limit of strings as well.
const maxKept = 1 << 20

func (c *codec) Encoder(text string) (func(dst []byte, v any) ([]byte, error), error) {
	s, err := read(text)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, v any) ([]byte, error) {
		if v == nil && s.Type() != avro.Null && s.Type() != avro.Union {
			return dst, fmt.Errorf("nil is no value of the Avro type %s", s.Type())
		}
		w := c.writers.Get().(*avro.Writer)
		if err := write(w, s, v); err != nil {
			return dst, err // the writer may be in any state
		}
		b := w.Buffer()
		dst = append(dst, b...)
		if cap(b) <= maxKept {
			w.Reset(nil)
			c.writers.Put(w)
		}
		return dst, nil
	}, nil
}

func write(w *avro.Writer, s avro.Schema, v any) (err error) {
	defer recovered(&err)
	w.WriteVal(s, v)
	return w.Error
}

func (c *codec) Decoder(writer, reader string) (func(payload []byte, into any) (rest []byte, err error), error) {
	if !tagged(c.api, c.tagKey) {
		return nil, fmt.Errorf("the API names the fields of structs by other tags than %s: say by which with TagKey", c.tagKey)
	}
	from, err := prepared(writer)
	if err != nil {
		return nil, err
	}
	d := &decoder{codec: c, writer: from, schema: from.schema, straight: from.plain && !c.lavish(), check: check{api: c.api, tagKey: c.tagKey, loops: from.loops}}
	if writer == reader {
		return d.decode, nil
	}
	to, err := prepared(reader)
	if err != nil {
		return nil, err
	}
	d.reader, d.check.loops = to, to.loops
	d.records = sync.OnceValue(func() *recordavro.Reading { return to.format.Reading(from.format, false) })
	if d.schema = resolved(from, to); d.schema == nil {
		d.unfit.Store(true)
	}
	return d.decode, nil
}

// known is a schema as both libraries read it.
type known struct {
	schema  avro.Schema
	format  *recordavro.Format
	endless bool            // a type contains itself
	plain   bool            // the schema bounds what its values take
	loops   map[string]bool // fields that the library cannot pass over
}

func prepared(text string) (*known, error) {
	s, err := read(text)
	if err != nil {
		return nil, err
	}
	parsed, err := schemaavro.Parse(schema.Source{Text: text})
	if err != nil {
		return nil, err
	}
	format, err := recordavro.New(parsed)
	if err != nil {
		return nil, err
	}
	parts := maxParts
	k := &known{schema: s, format: format, plain: plain(s, &parts)}
	k.endless, k.loops = endless(s)
	return k, nil
}

// resolved is the writer's schema as the library reads it into the reader's; nil where it cannot.
func resolved(from, to *known) (s avro.Schema) {
	if from.endless || to.endless {
		return nil // the library would follow them until the stack ends
	}
	var err error
	defer func() {
		recovered(&err)
		if err != nil {
			s = nil
		}
	}()
	s, err = avro.NewSchemaCompatibility().Resolve(to.schema, from.schema)
	return s
}

// decoder reads payloads of a writer's schema as a reader's.
type decoder struct {
	*codec
	writer *known
	schema avro.Schema // by which the library reads payloads, nil where it cannot
	// straight: the library reads payloads that nobody has gone through.
	straight bool

	// Of another schema than the writer's; nil else.
	reader  *known
	records func() *recordavro.Reading
	unfit   atomic.Bool // payloads are to be brought into the reader's schema

	check  check
	checks sync.Map // *verdict by reflect.Type
	last   atomic.Pointer[verdict]
}

func (d *decoder) decode(payload []byte, into any) ([]byte, error) {
	if err := d.room(into); err != nil {
		return nil, err
	}
	if d.straight && !d.unfit.Load() {
		if more, err := d.read(payload, into); err == nil && !more {
			return payload[len(payload):], nil
		}
		// What is wrong, or how much follows, is to be seen from the payload itself.
	}
	size, err := d.writer.format.Size(payload)
	if err != nil {
		return nil, err
	}
	payload, rest := payload[:size], payload[size:]
	if !d.unfit.Load() {
		err := d.unmarshal(d.schema, payload, into)
		if err == nil || d.reader == nil {
			return rest, err
		}
		if d.bring(payload, into) != nil {
			return nil, err
		}
		d.unfit.Store(true)
		return rest, nil
	}
	if err := d.bring(payload, into); err != nil {
		return nil, err
	}
	return rest, nil
}

// read has the library read a value, and reports whether more follows. Unlike Unmarshal it takes no value that ends too early.
func (d *decoder) read(payload []byte, into any) (more bool, err error) {
	defer recovered(&err)
	r := d.readers.Get().(*avro.Reader).Reset(payload)
	r.ReadVal(d.schema, into)
	if err = r.Error; err == nil {
		r.Peek()
		more = r.Error == nil
	}
	r.Reset(nil).Error = nil
	d.readers.Put(r)
	return more, err
}

// bring brings a payload into the reader's schema, and has the library read that.
func (d *decoder) bring(payload []byte, into any) error {
	if d.writer.format.RawBytes() || d.reader.format.RawBytes() {
		return errors.New("bytes alone are read by no other schema")
	}
	rec, err := d.records().Record(payload)
	if err != nil {
		return err
	}
	payload, err = d.reader.format.Append(nil, rec)
	if err != nil {
		return err
	}
	reflect.ValueOf(into).Elem().SetZero()
	return d.unmarshal(d.reader.schema, payload, into)
}

func (d *decoder) unmarshal(s avro.Schema, payload []byte, into any) (err error) {
	defer recovered(&err)
	return d.api.Unmarshal(s, payload, into)
}

// room reports what the library has no room for in what into points to, and would not say.
func (d *decoder) room(into any) error {
	t := reflect.TypeOf(into)
	if t == nil || t.Kind() != reflect.Pointer || reflect.ValueOf(into).IsNil() {
		return fmt.Errorf("a record is read into a pointer, not into a %T", into)
	}
	if v := d.last.Load(); v != nil && v.of == t {
		return v.err
	}
	if v, ok := d.checks.Load(t); ok {
		d.last.Store(v.(*verdict))
		return v.(*verdict).err
	}
	s := d.writer.schema
	if d.reader != nil {
		s = d.reader.schema
	}
	v, _ := d.checks.LoadOrStore(t, &verdict{t, d.check.room(s, t.Elem())})
	return v.(*verdict).err
}

// verdict is what was found about a Go type.
type verdict struct {
	of  reflect.Type
	err error
}
