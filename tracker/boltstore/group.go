package boltstore

import (
	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sealed"
)

// group is what goes into one commit.
type group struct {
	db      *bbolt.DB
	tx      *bbolt.Tx // begun on first use: a group without changes needs no sync
	planned map[netproto.ContentHash]*planned
	room    []byte // for keys and values, until the commit
	next    numbers
	claims  claims // on the budget
	notes   noteClaims
}

// planned is a content that gets new rows; they are found here until they are in
// memory.
type planned struct {
	content *content
	rows    []*row
}

// pageFill is how full bbolt leaves the pages that it splits. Keys rise, so
// nothing has to fit in between later: pages half full, the default, would be
// twice as many to write and to read.
const pageFill = 0.95

func (g *group) bucket(name []byte) (*bbolt.Bucket, error) {
	if g.tx == nil {
		tx, err := g.db.Begin(true)
		if err != nil {
			return nil, err
		}
		g.tx = tx
	}
	b := g.tx.Bucket(name)
	b.FillPercent = pageFill
	return b, nil
}

const groupRoom = 64 << 10 // bytes, one allocation of a group

// fresh returns an empty slice with room for n bytes, which lasts until the
// commit.
func (g *group) fresh(n int) []byte {
	if cap(g.room)-len(g.room) < n {
		g.room = make([]byte, 0, max(n, groupRoom))
	}
	start := len(g.room)
	g.room = g.room[:start+n]
	return g.room[start : start : start+n]
}

// put writes the sealed value.
func (g *group) put(bucket, key, value []byte) error {
	b, err := g.bucket(bucket)
	if err != nil {
		return err
	}
	return b.Put(key, sealed.Append(g.fresh(sealed.Bytes+len(value)), bucket, key, value))
}

func (g *group) delete(bucket, key []byte) error {
	b, err := g.bucket(bucket)
	if err != nil {
		return err
	}
	return b.Delete(key)
}

func (g *group) commit() error {
	if g.tx == nil {
		return nil
	}
	return g.tx.Commit()
}

func (g *group) rollback() {
	if g.tx != nil {
		g.tx.Rollback()
		g.tx = nil
	}
}
