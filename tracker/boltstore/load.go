package boltstore

import (
	"cmp"
	"encoding/binary"
	"log/slog"
	"slices"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
)

const anyLength = -1 // of a key

// maxExpected is for how many contents room is made before they are read: row
// numbers tell how many there ever were, not how many are left.
const maxExpected = 1 << 20

// load reads the file into memory. A value that is damaged is passed over and
// told to the log: its peer finds its count differing and announces again.
func (s *Store) load() error {
	return s.db.View(func(tx *bbolt.Tx) error {
		damaged := 0
		if last, _ := tx.Bucket(bucketRows).Cursor().Last(); len(last) == 8 {
			s.contents = make(map[netproto.ContentHash]*content, min(binary.BigEndian.Uint64(last), maxExpected))
		}
		each := func(bucket []byte, keyLen int, take func(k, v []byte) error) error {
			return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
				if keyLen != anyLength && len(k) != keyLen || take(k, v) != nil {
					damaged++
				}
				return nil
			})
		}
		byNo := map[uint32]*peer{}
		for _, err := range []error{
			each(bucketPeers, 4, func(k, v []byte) error { return s.loadPeer(byNo, k, v) }),
			each(bucketRows, 8, s.loadRow),
			each(bucketOwn, 12, func(k, v []byte) error { return s.loadHolding(byNo, k, v) }),
			each(bucketSeed, 8, s.loadSeed),
			each(bucketInvites, 32, s.loadInvite),
			each(bucketMembers, 32, s.loadMember),
			each(bucketBans, anyLength, s.loadBan),
		} {
			if err != nil {
				return err
			}
		}
		for _, r := range s.rows {
			if r.holders == 0 {
				s.orphans[r] = s.elapsed()
			}
		}
		if damaged > 0 {
			s.config.Logger.Warn("damaged entries were passed over", slog.String("file", s.db.Path()), slog.Int("entries", damaged))
		}
		return nil
	})
}

func (s *Store) loadPeer(byNo map[uint32]*peer, k, v []byte) error {
	no := binary.BigEndian.Uint32(k)
	s.nextPeer = no + 1 // even a damaged entry keeps its number
	record, offline, err := parsePeer(v)
	if err != nil {
		return err
	}
	p := s.addPeer(no, record)
	byNo[no] = p
	s.setOnline(p, offline) // with its lease beginning now
	return nil
}

func (s *Store) loadRow(k, v []byte) error {
	id := binary.BigEndian.Uint64(k)
	s.nextRow = id + 1
	record, err := parseRow(v)
	if err != nil {
		return err
	}
	c := s.contents[record.hash]
	if c == nil {
		c = &content{hash: record.hash}
	}
	s.addRow(&row{id: id, content: c, rowRecord: record})
	return nil
}

func (s *Store) loadHolding(byNo map[uint32]*peer, k, v []byte) error {
	part, md5, err := parseHolding(v)
	if err != nil {
		return err
	}
	p := byNo[binary.BigEndian.Uint32(k)]
	id := binary.BigEndian.Uint64(k[4:])
	i, ok := slices.BinarySearchFunc(s.rows, id, func(r *row, id uint64) int { return cmp.Compare(r.id, id) })
	if p == nil || !ok {
		return errDamaged
	}
	s.hold(p, holding{row: s.rows[i], part: part, md5: md5})
	return nil
}
