package boltstore

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/sealed"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/record"
	"centralizedp2p/tracker/store"
)

// schema is the version of the data format. A program refuses a newer version,
// because it would not know what it destroys. It upgrades an older one, once, and
// keeps a copy of the old file beside it.
const schema = 5

// bucketsSince lists the buckets that each schema introduced.
var bucketsSince = map[int][][]byte{
	1: {bucketMeta, bucketPeers, bucketRows, bucketOwn, bucketSeed},
	2: {bucketInvites, bucketMembers, bucketBans},
	4: {bucketNotes},
}

// migrations upgrade a database from the schema that is their key to the next. A
// released migration never changes.
var migrations = map[int]func(tx *bbolt.Tx) error{
	1: func(tx *bbolt.Tx) error { return createBuckets(tx, 2) },
	2: addStays,
	// Rows may be hidden and peers unlisted since then, which older programs would take
	// for damage.
	3: func(tx *bbolt.Tx) error { return createBuckets(tx, 4) },
	4: sealAll,
}

// addStays gives peers of schema 2, which does not say how long they were online,
// the full retention.
func addStays(tx *bbolt.Tx) error {
	peers := tx.Bucket(bucketPeers)
	entries := map[string][]byte{}
	c := peers.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		entries[string(k)] = record.AppendStay(slices.Clone(v), memory.Stay{Before: int64(store.DefaultRetention / time.Second)})
	}
	for k, v := range entries {
		if err := peers.Put([]byte(k), v); err != nil {
			return err
		}
	}
	return nil
}

// sealedAtOnce is how many entries are read before they are written.
const sealedAtOnce = 10_000

// sealAll seals the values, which had no sums until schema 4.
func sealAll(tx *bbolt.Tx) error {
	for _, name := range bucketsOf(4) {
		if bytes.Equal(name, bucketMeta) {
			continue
		}
		b := tx.Bucket(name)
		b.FillPercent = pageFill
		for next := []byte{}; next != nil; {
			var keys, values [][]byte
			c := b.Cursor()
			k, v := c.Seek(next)
			for ; k != nil && len(keys) < sealedAtOnce; k, v = c.Next() {
				keys, values = append(keys, bytes.Clone(k)), append(values, sealed.Append(nil, name, k, v))
			}
			next = bytes.Clone(k)
			for i := range keys {
				if err := b.Put(keys[i], values[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func createBuckets(tx *bbolt.Tx, version int) error {
	for _, name := range bucketsSince[version] {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// bucketsOf returns all buckets of a schema.
func bucketsOf(version int) (names [][]byte) {
	for v := 1; v <= version; v++ {
		names = append(names, bucketsSince[v]...)
	}
	return names
}

// keptCopy returns where a migration keeps the old file.
func keptCopy(file string, from int) string { return fmt.Sprintf("%s.schema-%d", file, from) }

// migrate upgrades the database to the schema of this program. All steps are one
// transaction, so the process may end at any instant.
func migrate(db *boltfile.DB, from int, log *slog.Logger) error {
	if from == schema {
		return nil
	}
	kept := keptCopy(db.Path(), from)
	err := db.View(func(tx *bbolt.Tx) error {
		_, err := SaveBackup(kept, func(w io.Writer) error {
			_, err := tx.WriteTo(w)
			return err
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("a copy could not be made before the upgrade: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for version := from; version < schema; version++ {
			if err := migrations[version](tx); err != nil {
				return fmt.Errorf("from schema %d to %d: %w", version, version+1, err)
			}
		}
		return tx.Bucket(bucketMeta).Put(keySchema, []byte(strconv.Itoa(schema)))
	})
	if err != nil {
		return err
	}
	log.Info("the database was upgraded", slog.Int("from", from), slog.Int("to", schema), slog.String("old_file", kept))
	return nil
}
