package library

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io/fs"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// maxPartials bounds the files that are remembered half hashed. Large files are
// hashed one at a time, so the others have vanished, or their disk has.
const maxPartials = 16

// SavePartial remembers the chaining values of the first pieces of a file, and the
// state it was in when they were hashed, in place of what was known before.
// [Library.SaveFiles] forgets them. Of more than 16 files, the one that was saved
// longest ago is forgotten.
func (l *Library) SavePartial(path string, state piece.State, first []piece.CV) error {
	key := []byte(path)
	return l.update(func(tx *bbolt.Tx) error {
		partials := tx.Bucket(bucketPartials)
		others, oldest, least := 0, []byte(nil), int64(math.MaxInt64)
		now := time.Now().UnixNano()
		cursor := partials.Cursor()
		for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
			if bytes.Equal(k, key) {
				continue
			}
			others++
			saved := savedAt(v)
			if saved < least {
				oldest, least = bytes.Clone(k), saved
			}
			if saved != math.MaxInt64 {
				now = max(now, saved+1) // a clock stands still for milliseconds on Windows, or is set back
			}
		}
		if others >= maxPartials {
			if err := partials.Delete(oldest); err != nil {
				return err
			}
		}
		return partials.Put(key, partial{saved: time.Unix(0, now), state: state, first: first}.encode(key))
	})
}

// Partial returns what SavePartial remembered of the file at a path, if it was in
// exactly this state: one or more pieces, and no more than the file has. It returns
// fs.ErrNotExist if nothing usable is known.
func (l *Library) Partial(path string, state piece.State) ([]piece.CV, error) {
	var first []piece.CV
	return first, l.view(func(tx *bbolt.Tx) error {
		p, ok := decodePartial([]byte(path), tx.Bucket(bucketPartials).Get([]byte(path)))
		if !ok || p.state != state {
			return fs.ErrNotExist
		}
		first = p.first
		return nil
	})
}

// ForgetPartial forgets what SavePartial remembered of the file at a path.
func (l *Library) ForgetPartial(path string) error { return l.remove(bucketPartials, []byte(path)) }

// partial says how far the hashing of a file got.
type partial struct {
	saved time.Time
	state piece.State
	first []piece.CV
}

// A partial is kept as u8 version | u64 nanoseconds since 1970 when it was saved |
// state as in a File | n × 32 bytes | 32 bytes SHA-256 of the path, a 0 and all
// before. Nothing else would give a wrong chaining value away: unlike those of a
// manifest, they do not fold to a known hash.
const (
	partialVersion = 1
	partialHead    = 1 + 8 + stateBytes
)

func (p partial) encode(path []byte) []byte {
	b := append(make([]byte, 0, partialHead+32*len(p.first)+sha256.Size), partialVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(p.saved.UnixNano()))
	b = appendState(b, p.state)
	for _, cv := range p.first {
		b = append(b, cv[:]...)
	}
	return partialSum(path, b).Sum(b)
}

// decodePartial returns false if there is no record or it is damaged in any way;
// the file is then hashed from its start.
func decodePartial(path, raw []byte) (p partial, ok bool) {
	if len(raw) < partialHead+sha256.Size || (len(raw)-partialHead-sha256.Size)%32 != 0 || raw[0] != partialVersion {
		return p, false
	}
	body := raw[:len(raw)-sha256.Size]
	if !bytes.Equal(partialSum(path, body).Sum(nil), raw[len(body):]) {
		return p, false
	}
	p.saved, p.state = time.Unix(0, savedAt(raw)), stateIn(raw[1+8:])
	values := body[partialHead:]
	count := len(values) / 32
	if p.state.Size < 0 || p.state.Size > netproto.MaxContentSize || count == 0 || count > netproto.PieceCount(p.state.Size) {
		return p, false
	}
	p.first = make([]piece.CV, count)
	for i := range p.first {
		p.first[i] = piece.CV(values[32*i:][:32])
	}
	return p, true
}

// savedAt returns when a record was saved, in nanoseconds since 1970. A record that
// is too short counts as the oldest.
func savedAt(raw []byte) int64 {
	if len(raw) < partialHead {
		return math.MinInt64
	}
	return int64(binary.BigEndian.Uint64(raw[1:]))
}

func partialSum(path, body []byte) hash.Hash {
	sum := sha256.New()
	sum.Write(path)
	sum.Write([]byte{0})
	sum.Write(body)
	return sum
}
