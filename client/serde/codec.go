package serde

// AvroCodec codes Go values by Avro schemas, in place of github.com/twmb/avro.
// Schemas come as JSON texts that refer to no other text. What it returns is used from many
// goroutines at once.
//
// Rules that only look see structs as they are, by their avro tags. All other values they see as package record has them:
// the codec's bytes are read, and what the rules make is written, so that the codec can read it.
type AvroCodec interface {
	// Encoder prepares encoding. The function appends the encoding of a value, a pointer to a struct or anything else, to dst.
	Encoder(schema string) (func(dst []byte, v any) ([]byte, error), error)
	// Decoder prepares reading payloads of a writer's schema as a reader's, which may be the same text.
	// The function reads into a pointer, and returns the bytes that follow the value.
	Decoder(writer, reader string) (func(payload []byte, into any) (rest []byte, err error), error)
}
