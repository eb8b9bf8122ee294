package library

import (
	"bytes"
	"encoding/json"
	"errors"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto/sealed"
)

// A record is kept as u8 0xC5 | sealed value: a wrong bit in it would make as good JSON
// as the right one, and a file would be announced with a hash that it does not have.
// Version 0.1.0 wrote the value alone. Manifests and partials have sums of their own.
const (
	sealMark  = 0xC5
	sealBytes = 1 + sealed.Bytes
)

// seal returns a record of a value.
func seal(bucket, key, value []byte) []byte {
	return appendSealed(make([]byte, 0, sealBytes+len(value)), bucket, key, value)
}

func appendSealed(dst, bucket, key, value []byte) []byte {
	return sealed.Append(append(dst, sealMark), bucket, key, value)
}

// unseal returns the value of a record, or sealed.ErrDamaged. It does not copy.
func unseal(bucket, key, record []byte) ([]byte, error) {
	if len(record) == 0 || record[0] != sealMark {
		return record, nil // of version 0.1.0; or no value comes of it
	}
	return sealed.Open(bucket, key, record[1:])
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

// encode returns the record of a value as JSON.
func encode(bucket, key []byte, value any) ([]byte, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return seal(bucket, key, raw), nil
}

// decode reads a record of JSON; the error wraps sealed.ErrDamaged.
func decode(bucket, key, record []byte, value any) error {
	raw, err := unseal(bucket, key, record)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return errors.Join(sealed.ErrDamaged, err)
	}
	return nil
}
