package library

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"

	"go.etcd.io/bbolt"
)

// A record is kept as u8 0xC5 | u32 CRC-32C of the bucket, its key and its value, each
// after its length | value. bbolt has no sums, and a wrong bit in a record is as good
// JSON as the right one: a file would be announced with a hash that it does not have.
// Version 0.1.0 wrote the value alone. Manifests and partials have sums of their own.
const (
	sealMark  = 0xC5
	sealBytes = 1 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged is wrapped by the error of a value that cannot be read.
var errDamaged = errors.New("the record is damaged")

func sealSum(bucket, key, value []byte) (sum uint32) {
	for _, part := range [][]byte{bucket, key, value} {
		sum = crc32.Update(sum, castagnoli, binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		sum = crc32.Update(sum, castagnoli, part)
	}
	return sum
}

// seal returns a record of a value.
func seal(bucket, key, value []byte) []byte {
	record := append(make([]byte, 0, sealBytes+len(value)), sealMark)
	record = binary.BigEndian.AppendUint32(record, sealSum(bucket, key, value))
	return append(record, value...)
}

// unseal returns the value of a record, or errDamaged. It does not copy.
func unseal(bucket, key, record []byte) ([]byte, error) {
	if len(record) == 0 || record[0] != sealMark {
		return record, nil // of version 0.1.0; or no value comes of it
	}
	if len(record) < sealBytes || binary.BigEndian.Uint32(record[1:]) != sealSum(bucket, key, record[sealBytes:]) {
		return nil, errDamaged
	}
	return record[sealBytes:], nil
}

// sealAll seals the records of version 0.1.0. Those of files are sealed as they are
// hashed again: there may be a million.
func sealAll(tx *bbolt.Tx) error {
	for _, bucket := range [][]byte{bucketMeta, bucketTrackers, bucketShares, bucketDownloads} {
		records := map[string][]byte{}
		err := tx.Bucket(bucket).ForEach(func(key, value []byte) error {
			if !bytes.Equal(key, keySchema) {
				records[string(key)] = seal(bucket, key, value)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for key, record := range records {
			if err := tx.Bucket(bucket).Put([]byte(key), record); err != nil {
				return err
			}
		}
	}
	return nil
}

// sealed returns the record of a value as JSON.
func sealed(bucket, key []byte, value any) ([]byte, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return seal(bucket, key, raw), nil
}

// decode reads a record of JSON; the error wraps errDamaged.
func decode(bucket, key, record []byte, value any) error {
	raw, err := unseal(bucket, key, record)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return errors.Join(errDamaged, err)
	}
	return nil
}
