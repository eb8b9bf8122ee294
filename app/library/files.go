package library

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io/fs"

	"go.etcd.io/bbolt"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// File is what is known about a file on this computer: its hash, valid as long as
// its state stays the same.
type File struct {
	Path  string               `json:"path"` // absolute
	State piece.State          `json:"state"`
	Hash  netproto.ContentHash `json:"hash"`
	MD5   string               `json:"md5,omitempty"` // hex; for seed clients, small files only

	// Ordinary says that its bytes were looked at and hold no key or password, nor a
	// database of this program. Version 0.1.0 looked at none.
	Ordinary bool `json:"ordinary,omitempty"`
}

// File returns what is known about the file at a path, or fs.ErrNotExist.
func (l *Library) File(path string) (File, error) {
	f := File{Path: path}
	return f, l.view(func(tx *bbolt.Tx) error {
		return f.decode(bucketFiles, []byte(path), tx.Bucket(bucketFiles).Get([]byte(path)))
	})
}

// Known returns what is known about the file at each of some paths; nil is nothing. Of a
// library that cannot be read, nothing is known.
func (l *Library) Known(paths []string) []*File {
	known := make([]*File, len(paths))
	_ = l.view(func(tx *bbolt.Tx) error {
		files := tx.Bucket(bucketFiles).Cursor()
		for i, path := range paths {
			key := []byte(path)
			if there, record := files.Seek(key); bytes.Equal(there, key) {
				known[i] = fileIn(key, record)
			}
		}
		return nil
	})
	return known
}

// fileIn returns the file of a record; nil if the record is none.
func fileIn(key, record []byte) *File {
	f := &File{Path: string(key)}
	if f.decode(bucketFiles, key, record) != nil {
		return nil
	}
	return f
}

// Moved returns, for each of some files, what is known about one with its inode, size and
// time of writing, whatever its path and device are; nil is nothing. That takes reading all
// that is known, once; where hashing the files is less to read, nothing is looked for.
func (l *Library) Moved(states []piece.State) []*File {
	moved := make([]*File, len(states))
	_ = l.view(func(tx *bbolt.Tx) error {
		if !hashingTakes(states, tx.Size()) {
			return nil
		}
		files := tx.Bucket(bucketFiles).Cursor()
		key, record := files.First()
		if key == nil {
			return nil
		}
		wanted := make(map[movedKey]*File, len(states))
		for _, s := range states {
			wanted[movedKeyOf(s)] = nil
		}
		for ; key != nil; key, record = files.Next() {
			state, ok := stateOf(record)
			if !ok || state.Inode == 0 {
				continue
			}
			if _, is := wanted[movedKeyOf(state)]; is {
				if f := fileIn(key, record); f != nil {
					wanted[movedKeyOf(state)] = f
				}
			}
		}
		for i, s := range states {
			moved[i] = wanted[movedKeyOf(s)]
		}
		return nil
	})
	return moved
}

// movedKey is what a file keeps when it gets another path. It leaves out the device, because
// systems number devices anew when they are mounted.
type movedKey struct {
	inode          uint64
	size, modified int64
}

func movedKeyOf(s piece.State) movedKey { return movedKey{s.Inode, s.Size, s.Modified} }

// fileCost is how many bytes are read in the time in which a file is opened and closed.
const fileCost = 16 << 10

// hashingTakes reports whether to hash some files takes as long as to read so many bytes.
func hashingTakes(states []piece.State, bytes int64) bool {
	for _, s := range states {
		if bytes -= s.Size + fileCost; bytes <= 0 {
			return true
		}
	}
	return false
}

// SaveFiles remembers files and the manifests of their contents, in one write that
// also forgets the partials of those files.
func (l *Library) SaveFiles(files []File, manifests []*piece.Manifest) error {
	l.filing.Lock()
	defer l.filing.Unlock()
	return l.update(func(tx *bbolt.Tx) error {
		paths, partials := tx.Bucket(bucketFiles), tx.Bucket(bucketPartials)
		paths.FillPercent = fullPages
		first, _ := partials.Cursor().First()
		var key, raw, records []byte
		for i := range files {
			var err error
			if raw, err = files[i].encode(raw[:0]); err != nil {
				return err
			}
			// bbolt copies a key, and needs a record until the end: many share one piece of memory.
			if size := sealBytes + len(raw); cap(records)-len(records) < size {
				records = make([]byte, 0, min(recordRoom, (len(files)-i)*size))
			}
			key = append(key[:0], files[i].Path...)
			n := len(records)
			records = appendSealed(records, bucketFiles, key, raw)
			if err := paths.Put(key, records[n:len(records):len(records)]); err != nil {
				return err
			}
			if first != nil {
				if err := partials.Delete(key); err != nil {
					return err
				}
			}
		}
		for _, m := range manifests {
			if err := tx.Bucket(bucketManifests).Put(m.Hash[:], encodeManifest(m)); err != nil {
				return err
			}
		}
		return nil
	})
}

// fullPages is how full bbolt makes pages: most files come in the order of their paths, and
// leave none behind that others would have to fit into.
const fullPages = 0.9

// A file is kept as u8 version | u64 size | u64 modified | u64 changed |
// u64 device | u64 inode | 32 bytes hash | 0 or 16 bytes MD5. Version 0.1.0
// wrote JSON. The version is 2 for an ordinary file.
const (
	fileVersion     = 1
	ordinaryVersion = 2

	fileBytes  = 1 + stateBytes + 32
	stateBytes = 5 * 8
)

// recordRoom is how many bytes of memory some records share; each of a file takes far less.
const recordRoom = 64 << 10

// encode appends the record to b.
func (f *File) encode(b []byte) ([]byte, error) {
	version := byte(fileVersion)
	if f.Ordinary {
		version = ordinaryVersion
	}
	b = appendState(append(b, version), f.State)
	before := len(b) + len(f.Hash)
	b, err := hex.AppendDecode(append(b, f.Hash[:]...), []byte(f.MD5))
	if n := len(b) - before; err != nil || n != 0 && n != md5.Size {
		return nil, netproto.Errorf(netproto.CodeInternal, "%q is not an MD5", f.MD5)
	}
	return b, nil
}

func appendState(b []byte, s piece.State) []byte {
	for _, n := range []uint64{uint64(s.Size), uint64(s.Modified), uint64(s.Changed), s.Device, s.Inode} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// stateIn reads stateBytes bytes.
func stateIn(raw []byte) piece.State {
	at := func(i int) uint64 { return binary.BigEndian.Uint64(raw[8*i:]) }
	return piece.State{Size: int64(at(0)), Modified: int64(at(1)), Changed: int64(at(2)), Device: at(3), Inode: at(4)}
}

// stateOf reads the state in a record that may be damaged.
func stateOf(record []byte) (s piece.State, ok bool) {
	if len(record) > sealBytes && record[0] == sealMark {
		record = record[sealBytes:]
	}
	if bytes.HasPrefix(record, []byte("{")) {
		var f File
		err := json.Unmarshal(record, &f)
		return f.State, err == nil
	}
	if len(record) < fileBytes {
		return s, false
	}
	return stateIn(record[1:]), true
}

// decode returns fs.ErrNotExist if there is no record or it is damaged; the file is
// then hashed again.
func (f *File) decode(bucket, key, record []byte) error {
	raw, err := unseal(bucket, key, record)
	if err != nil {
		return fs.ErrNotExist
	}
	if bytes.HasPrefix(raw, []byte("{")) && json.Unmarshal(raw, f) == nil {
		return nil
	}
	if len(raw) != fileBytes && len(raw) != fileBytes+md5.Size || raw[0] != fileVersion && raw[0] != ordinaryVersion {
		return fs.ErrNotExist
	}
	f.Ordinary = raw[0] == ordinaryVersion
	f.State, raw = stateIn(raw[1:]), raw[1+stateBytes:]
	f.Hash = netproto.ContentHash(raw[:32])
	f.MD5 = hex.EncodeToString(raw[32:])
	return nil
}

// Manifest returns the remembered manifest of a content, or fs.ErrNotExist if there
// is none that folds to the hash.
func (l *Library) Manifest(hash netproto.ContentHash) (*piece.Manifest, error) {
	var m *piece.Manifest
	err := l.view(func(tx *bbolt.Tx) error {
		m = decodeManifest(hash, tx.Bucket(bucketManifests).Get(hash[:]))
		return nil
	})
	if err == nil && (m == nil || m.Check() != nil) {
		return nil, fs.ErrNotExist
	}
	return m, err
}

// A manifest is kept as u64 size | n × 32 bytes.
func encodeManifest(m *piece.Manifest) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+32*len(m.CVs)), uint64(m.Size))
	for _, cv := range m.CVs {
		b = append(b, cv[:]...)
	}
	return b
}

func decodeManifest(hash netproto.ContentHash, raw []byte) *piece.Manifest {
	if len(raw) < 8 || (len(raw)-8)%32 != 0 {
		return nil
	}
	size := binary.BigEndian.Uint64(raw)
	if size > netproto.MaxContentSize {
		return nil
	}
	m := &piece.Manifest{Hash: hash, Size: int64(size)}
	for raw = raw[8:]; len(raw) > 0; raw = raw[32:] {
		m.CVs = append(m.CVs, piece.CV(raw))
	}
	return m
}

// forgetBatch is how many records one transaction reads or deletes, so that other
// transactions do not wait for long.
const forgetBatch = 5000

// ForgetFiles deletes what is known about the files for which keep returns false, and the
// manifests that belong to none of the others. A file that is still being hashed is
// passed to keep without a hash. SaveFiles waits meanwhile.
func (l *Library) ForgetFiles(ctx context.Context, keep func(File) bool) error {
	l.filing.Lock()
	defer l.filing.Unlock()
	// Eight bytes of each stand for the whole, so that a million files take few
	// megabytes. If two collide, a record that nobody needs stays.
	hashes := map[uint64]struct{}{}
	err := l.sweep(ctx, bucketFiles, func(key, raw []byte) bool {
		f := File{Path: string(key)}
		if f.decode(bucketFiles, key, raw) != nil || !keep(f) {
			return false
		}
		hashes[binary.BigEndian.Uint64(f.Hash[:])] = struct{}{}
		return true
	})
	if err != nil {
		return err
	}
	err = l.sweep(ctx, bucketPartials, func(key, raw []byte) bool {
		p, ok := decodePartial(key, raw)
		return ok && keep(File{Path: string(key), State: p.state})
	})
	if err != nil {
		return err
	}
	return l.sweep(ctx, bucketManifests, func(key, _ []byte) bool {
		if len(key) != 32 {
			return false
		}
		_, needed := hashes[binary.BigEndian.Uint64(key)]
		return needed
	})
}

// sweep deletes the records of a bucket for which keep returns false.
func (l *Library) sweep(ctx context.Context, bucket []byte, keep func(key, raw []byte) bool) error {
	for next, more := []byte(nil), true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var gone [][]byte
		err := l.view(func(tx *bbolt.Tx) error {
			cursor := tx.Bucket(bucket).Cursor()
			key, raw := cursor.Seek(next)
			for n := 0; key != nil && n < forgetBatch; n++ {
				if !keep(key, raw) {
					gone = append(gone, bytes.Clone(key))
				}
				key, raw = cursor.Next()
			}
			next, more = bytes.Clone(key), key != nil
			return nil
		})
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			continue
		}
		err = l.update(func(tx *bbolt.Tx) error {
			for _, key := range gone {
				if err := tx.Bucket(bucket).Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
