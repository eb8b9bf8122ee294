package boltstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"log/slog"
	"slices"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sealed"
	"centralizedp2p/tracker/index"
)

const anyLength = -1 // of keys

// loader reads the file into memory.
type loader struct {
	*Store
	tx      *bbolt.Tx
	damaged []entry
	peers   map[uint32]*peer
}

// entry is the place of a value in the file.
type entry struct{ bucket, key []byte }

// load reads the file into memory. It leaves out damaged values, removes them from the
// file and logs how many: the peer of such a value notices that its count or its digest
// differs and announces again.
func (s *Store) load() error {
	l := loader{Store: s, peers: map[uint32]*peer{}}
	if err := l.read(); err != nil || len(l.damaged) == 0 {
		return err
	}
	// If they stay, the next start leaves them out again.
	err := s.db.Update(func(tx *bbolt.Tx) error {
		for _, e := range l.damaged {
			if err := tx.Bucket(e.bucket).Delete(e.key); err != nil {
				return err
			}
		}
		return nil
	})
	s.config.Logger.Warn("damaged entries were left out: the peers that made them are asked to announce again",
		slog.String("file", s.db.Path()), slog.Int("entries", len(l.damaged)), slog.Bool("removed", err == nil))
	return nil
}

func (l *loader) read() error {
	s := l.Store
	return s.db.View(func(tx *bbolt.Tx) error {
		l.tx = tx
		l.each(bucketPeers, 4, l.loadPeer)
		if err := l.loadRows(); err != nil {
			return err
		}
		l.each(bucketOwn, 12, l.loadHolding)
		l.each(bucketSeed, 8, l.loadSeed)
		l.each(bucketInvites, 32, l.loadInvite)
		l.each(bucketMembers, 32, l.loadMember)
		l.each(bucketBans, anyLength, l.loadBan)
		l.each(bucketNotes, 8, l.loadNote)
		for _, r := range s.memory.rows {
			if r.holders == 0 {
				s.memory.orphans[r] = s.memory.elapsed()
			}
		}
		for _, p := range s.memory.peers {
			s.memory.settle(p)
		}
		releasePages(tx)
		return nil
	})
}

// each passes the entries of a bucket to take; a damaged one has an empty value.
func (l *loader) each(bucket []byte, keyLen int, take func(k, v []byte) error) {
	c := l.tx.Bucket(bucket).Cursor()
	for k, record := c.First(); k != nil; k, record = c.Next() {
		v, broken := sealed.Open(bucket, k, record)
		if keyLen != anyLength && len(k) != keyLen || take(k, v) != nil || broken != nil {
			l.damaged = append(l.damaged, entry{bucket, bytes.Clone(k)})
		}
	}
}

func (l *loader) loadPeer(k, v []byte) error {
	no := binary.BigEndian.Uint32(k)
	l.writer.next.peer = no + 1 // even a damaged entry keeps its number
	record, offline, online, err := parsePeer(v)
	if err != nil {
		return err
	}
	// A clock that was ahead for a while must not keep a peer for as long.
	now := l.config.Now().Unix()
	offline, online.since = min(offline, now), min(online.since, now)
	p := l.memory.addPeer(no, record)
	l.memory.name(p, record)
	l.peers[no] = p
	l.memory.setOnline(p, offline) // its lease starts now
	p.online = online
	return nil
}

// rowChunk is how many rows are read at a time and share an allocation: what they take
// is a whole number of the allocator's pages.
const rowChunk = 1024

// chunk holds rows that were read, each with a content of its own, which is used
// if no earlier row had that hash.
type chunk struct {
	rows     []row
	contents []content
}

func newChunk() *chunk {
	return &chunk{rows: make([]row, 0, rowChunk), contents: make([]content, 0, rowChunk)}
}

func (c *chunk) add(id uint64, hash netproto.ContentHash, record rowRecord) {
	n := len(c.rows)
	c.contents = append(c.contents, content{Content: index.NewContent(hash, unixMilli(record.added))})
	c.rows = append(c.rows, row{id: id, content: &c.contents[n], rowRecord: record})
}

// loadRows reads rows in one goroutine while it adds earlier ones to memory.
func (l *loader) loadRows() error {
	chunks := make(chan *chunk, 4)
	var damaged []entry
	var failed error
	go func() {
		defer close(chunks)
		failed = guard(func() error {
			damaged = readRows(l.tx.Bucket(bucketRows), l.memory.mimes, chunks)
			return nil
		})
	}()
	for c := range chunks {
		for i := range c.rows {
			r := &c.rows[i]
			if known := l.memory.contents.find(r.content.Hash()); known != nil {
				r.content = known
			}
			l.memory.addRow(r)
		}
	}
	if failed != nil {
		return failed
	}
	l.damaged = append(l.damaged, damaged...)
	// Even a damaged entry keeps its number.
	if last, _ := l.tx.Bucket(bucketRows).Cursor().Last(); len(last) == 8 {
		l.writer.next.row = binary.BigEndian.Uint64(last) + 1
	}
	return nil
}

func readRows(rows *bbolt.Bucket, mimes *mediaTypes, chunks chan<- *chunk) (damaged []entry) {
	next := newChunk()
	c := rows.Cursor()
	for k, raw := c.First(); k != nil; k, raw = c.Next() {
		v, broken := sealed.Open(bucketRows, k, raw)
		hash, record, err := parseRow(v, mimes)
		if len(k) != 8 || broken != nil || err != nil {
			damaged = append(damaged, entry{bucketRows, bytes.Clone(k)})
			continue
		}
		next.add(binary.BigEndian.Uint64(k), hash, record)
		if len(next.rows) == rowChunk {
			chunks <- next
			next = newChunk()
		}
	}
	chunks <- next
	return damaged
}

func (l *loader) loadHolding(k, v []byte) error {
	part, md5, err := parseHolding(v)
	if err != nil {
		return err
	}
	p := l.peers[binary.BigEndian.Uint32(k)]
	r := l.memory.rowNumbered(binary.BigEndian.Uint64(k[4:]))
	if p == nil || r == nil {
		return errDamaged
	}
	l.memory.hold(p, holding{row: r, part: part, md5: md5})
	return nil
}

// rowNumbered returns the row with that id, or nil. If none was ever forgotten,
// its id gives its place.
func (m *memory) rowNumbered(id uint64) *row {
	if len(m.rows) == 0 || id < m.rows[0].id {
		return nil
	}
	if i := id - m.rows[0].id; i < uint64(len(m.rows)) && m.rows[i].id == id {
		return m.rows[i]
	}
	i, ok := slices.BinarySearchFunc(m.rows, id, func(r *row, id uint64) int { return cmp.Compare(r.id, id) })
	if !ok {
		return nil
	}
	return m.rows[i]
}
