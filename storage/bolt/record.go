package bolt

import (
	"encoding/binary"
	"errors"

	"github.com/seed-9f7c7091/concordat/storage"
)

// A record is kept in the bucket "log" under its offset, 8 bytes big-endian, as
//
//	time    8 bytes big-endian, milliseconds since 1970
//	length  of the key, uvarint
//	key
//	flag    1 byte: 0 a tombstone, 1 a value follows
//	value   to the end

var errRecord = errors.New("malformed log record")

func offsetKey(offset int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(offset))
}

// encodeRecord gives the stored form of a record, and the record again with its
// slices cut from that form: one copy serves both.
func encodeRecord(rec storage.Record) ([]byte, storage.Record) {
	b := make([]byte, 0, 8+binary.MaxVarintLen32+len(rec.Key)+1+len(rec.Value))
	b = binary.BigEndian.AppendUint64(b, uint64(rec.Time))
	b = binary.AppendUvarint(b, uint64(len(rec.Key)))
	k := len(b)
	b = append(b, rec.Key...)
	flag := len(b)
	if rec.Value == nil {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), rec.Value...)
		rec.Value = b[flag+1 : len(b) : len(b)]
	}
	rec.Key = b[k:flag:flag]
	return b, rec
}

// decodeRecord reads the stored form. The record's slices are cut from b.
func decodeRecord(offset int64, b []byte) (storage.Record, error) {
	if len(b) < 8 {
		return storage.Record{}, errRecord
	}
	rec := storage.Record{Offset: offset, Time: int64(binary.BigEndian.Uint64(b))}
	b = b[8:]
	n, size := binary.Uvarint(b)
	if size <= 0 || n >= uint64(len(b)-size) {
		return storage.Record{}, errRecord
	}
	b = b[size:]
	rec.Key = b[:n:n]
	switch flag, value := b[n], b[n+1:]; {
	case flag == 1:
		rec.Value = value[:len(value):len(value)]
	case flag != 0 || len(value) > 0:
		return storage.Record{}, errRecord
	}
	return rec, nil
}
