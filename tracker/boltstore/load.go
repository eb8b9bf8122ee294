package boltstore

import (
	"bytes"
	"encoding/binary"
	"log/slog"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto/sealed"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/record"
)

const anyLength = -1 // of keys

// loader reads the file into memory.
type loader struct {
	*memory.Loader
	tx      *bbolt.Tx
	damaged []entry
}

// entry is the place of a value in the file.
type entry struct{ bucket, key []byte }

// load reads the file into memory. It leaves out damaged values, removes them from the
// file and logs how many: the peer of such a value notices that its count or its digest
// differs and announces again.
func (s *Store) load() (*memory.Loader, error) {
	l := loader{Loader: s.Load()}
	if err := s.disk.db.View(l.read); err != nil || len(l.damaged) == 0 {
		return l.Loader, err
	}
	// If they stay, the next start leaves them out again.
	err := s.disk.db.Update(func(tx *bbolt.Tx) error {
		for _, e := range l.damaged {
			if err := tx.Bucket(e.bucket).Delete(e.key); err != nil {
				return err
			}
		}
		return nil
	})
	s.disk.log.Warn("damaged entries were left out: the peers that made them are asked to announce again",
		slog.String("file", s.disk.db.Path()), slog.Int("entries", len(l.damaged)), slog.Bool("removed", err == nil))
	return l.Loader, nil
}

func (l *loader) read(tx *bbolt.Tx) error {
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
	releasePages(tx)
	return nil
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
	l.Next.Peer = no + 1 // even a damaged entry keeps its number
	record, offline, online, err := record.ParsePeer(v)
	if err != nil {
		return err
	}
	l.Loader.Peer(memory.Peer{Number: no, Record: &record, Offline: offline, Stay: online})
	return nil
}

// loadRows reads rows in one goroutine while it adds earlier ones to memory.
func (l *loader) loadRows() error {
	chunks := make(chan *memory.Chunk, 4)
	var damaged []entry
	var failed error
	go func() {
		defer close(chunks)
		failed = guard(func() error {
			damaged = readRows(l.tx.Bucket(bucketRows), l.NewChunk, chunks)
			return nil
		})
	}()
	for c := range chunks {
		l.Names(c)
	}
	if failed != nil {
		return failed
	}
	l.damaged = append(l.damaged, damaged...)
	// Even a damaged entry keeps its number.
	if last, _ := l.tx.Bucket(bucketRows).Cursor().Last(); len(last) == 8 {
		l.Next.Name = binary.BigEndian.Uint64(last) + 1
	}
	return nil
}

func readRows(rows *bbolt.Bucket, fresh func() *memory.Chunk, chunks chan<- *memory.Chunk) (damaged []entry) {
	next := fresh()
	c := rows.Cursor()
	for k, raw := c.First(); k != nil; k, raw = c.Next() {
		v, broken := sealed.Open(bucketRows, k, raw)
		n, mime, err := record.ParseName(v)
		if len(k) != 8 || broken != nil || err != nil {
			damaged = append(damaged, entry{bucketRows, bytes.Clone(k)})
			continue
		}
		n.Number = binary.BigEndian.Uint64(k)
		if next.Add(n, mime); next.Full() {
			chunks <- next
			next = fresh()
		}
	}
	chunks <- next
	return damaged
}

func (l *loader) loadHolding(k, v []byte) error {
	part, md5, err := record.ParseHolding(v)
	if err == nil && !l.Holding(binary.BigEndian.Uint32(k), binary.BigEndian.Uint64(k[4:]), part, md5) {
		err = record.ErrDamaged
	}
	return err
}

func (l *loader) loadSeed(k, v []byte) error {
	id := binary.BigEndian.Uint64(k)
	l.Next.Seed = id + 1
	r, err := record.ParseSeed(v)
	if err == nil {
		l.Seed(id, r)
	}
	return err
}

func (l *loader) loadInvite(k, v []byte) error {
	i, err := record.ParseInvite(v)
	copy(i.Hash[:], k)
	if err == nil {
		l.Invite(i)
	}
	return err
}

func (l *loader) loadMember(k, v []byte) error {
	m, err := record.ParseMember(v)
	copy(m.Key[:], k)
	if err == nil {
		l.Member(m)
	}
	return err
}

func (l *loader) loadBan(k, v []byte) error {
	b, err := record.ParseBan(k, v)
	if err == nil {
		l.Ban(b)
	}
	return err
}

func (l *loader) loadNote(k, v []byte) error {
	number := binary.BigEndian.Uint64(k)
	l.Next.Note = number + 1
	n, err := record.ParseNote(v)
	if err == nil {
		l.Note(number, n)
	}
	return err
}
