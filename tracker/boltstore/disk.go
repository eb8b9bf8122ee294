package boltstore

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/sealed"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/record"
	"centralizedp2p/tracker/store"
)

// disk keeps the changes of a memory: a memory.Keeper. bbolt's own Batch would gather
// writers too, but it calls back in no particular order after the commit.
type disk struct {
	db  *boltfile.DB
	log *slog.Logger
}

// Write makes the changes of a group one transaction. After a panic of bbolt over a
// damaged page, bbolt cannot be trusted with the file; memory still agrees with it,
// because nothing of the group has reached either.
func (d *disk) Write(plan func(memory.Changes) error) error {
	g := &group{db: d.db}
	err := guard(func() error {
		if err := plan(g); err != nil {
			g.rollback()
			return err
		}
		return g.commit()
	})
	if !errors.Is(err, errDamagedPage) {
		return err
	}
	d.log.Error("the database is damaged: restore it from a backup, or move it away to begin with an empty one",
		slog.String("file", d.db.Path()), slog.Any("error", err))
	_ = guard(func() error { // close copes with a transaction that cannot be ended
		g.rollback()
		return nil
	})
	return &netproto.Error{Code: netproto.CodeFull, Detail: "its database is damaged, and its owner has to restore it from a backup",
		Cause: fmt.Errorf("%w: %w", memory.ErrBroken, err)}
}

// close closes the file. Nothing may be written any longer.
func (d *disk) close() error { return guard(d.db.Close) }

// group is what goes into one commit.
type group struct {
	db   *boltfile.DB
	tx   *bbolt.Tx // begun on first use: a group without changes needs no sync
	room []byte    // for keys and values, until the commit
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
		g.db.Rollback(g.tx)
		g.tx = nil
	}
}

// PutPeer is one of memory.Changes, as are the following.
func (g *group) PutPeer(p memory.Peer) error {
	return g.put(bucketPeers, peerKey(p.Number), record.AppendPeer(nil, p.Record, p.Offline, p.Stay))
}

func (g *group) DeletePeer(p memory.Peer) error { return g.delete(bucketPeers, peerKey(p.Number)) }

func (g *group) PutName(n memory.Name) error {
	value := record.AppendName(g.fresh(record.NameRoom+len(n.Text)+len(n.MIME)), &n)
	return g.put(bucketRows, binary.BigEndian.AppendUint64(g.fresh(8), n.Number), value)
}

func (g *group) DeleteName(n memory.Name) error { return g.delete(bucketRows, rowKey(n.Number)) }

func (g *group) ownKey(h *memory.Holding) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(g.fresh(ownKeySize), h.Peer), h.Number)
}

func (g *group) PutHolding(h memory.Holding) error {
	return g.put(bucketOwn, g.ownKey(&h), record.AppendHolding(g.fresh(1+len(h.MD5)), h.Part, h.MD5))
}

func (g *group) DeleteHolding(h memory.Holding) error { return g.delete(bucketOwn, g.ownKey(&h)) }

func (g *group) PutSeed(number uint64, r *store.SeedRow) error {
	return g.put(bucketSeed, rowKey(number), record.AppendSeed(nil, r))
}

func (g *group) DeleteSeed(number uint64, _ *store.SeedRow) error {
	return g.delete(bucketSeed, rowKey(number))
}

func (g *group) PutNote(number uint64, n *store.Note) error {
	return g.put(bucketNotes, rowKey(number), record.AppendNote(nil, n))
}

func (g *group) DeleteNote(number uint64, _ *store.Note) error {
	return g.delete(bucketNotes, rowKey(number))
}

func (g *group) PutInvite(i store.Invite) error {
	return g.put(bucketInvites, i.Hash[:], record.AppendInvite(nil, &i))
}

func (g *group) DeleteInvite(hash [sha256.Size]byte) error {
	return g.delete(bucketInvites, hash[:])
}

func (g *group) PutMember(m store.Member) error {
	return g.put(bucketMembers, m.Key[:], record.AppendMember(nil, &m))
}

func (g *group) DeleteMember(key netproto.PublicKey) error { return g.delete(bucketMembers, key[:]) }

func (g *group) PutBan(b store.Ban) error {
	return g.put(bucketBans, banKey(b.Target), record.AppendBan(nil, &b))
}

func (g *group) DeleteBan(t store.Target) error { return g.delete(bucketBans, banKey(t)) }
