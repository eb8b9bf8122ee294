// Package sealed keeps the records of a database from being believed once a bit of them
// is wrong: bbolt has no sums of what is in its pages, and a hash with a wrong bit is as
// good a hash as the right one.
package sealed

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync"
)

// Bytes is how much longer a record is than its value: u32 CRC-32C of the bucket, the
// key and the value, each after its length as u32 | value. Numbers are big-endian.
const Bytes = 4

// ErrDamaged says that a record is not what was sealed under its bucket and key.
var ErrDamaged = errors.New("the record is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var rooms = sync.Pool{New: func() any { return new([]byte) }}

func sum(bucket, key, value []byte) uint32 {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	text := (*room)[:0]
	for _, part := range [...][]byte{bucket, key, value} {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(part))), part...)
	}
	*room = text
	return crc32.Checksum(text, castagnoli)
}

// Append appends the record of a value under a key of a bucket.
func Append(dst, bucket, key, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, sum(bucket, key, value)), value...)
}

// Open returns the value of a record, which it does not copy, or ErrDamaged.
func Open(bucket, key, record []byte) ([]byte, error) {
	if len(record) < Bytes || binary.BigEndian.Uint32(record) != sum(bucket, key, record[Bytes:]) {
		return nil, ErrDamaged
	}
	return record[Bytes:], nil
}
