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

// Asked is a file as it is now.
type Asked struct {
	Path  string
	State piece.State
}

// Known is what is known about a file; nil is nothing.
type Known struct {
	Here *File // at its path
	// Inode is of a file with its inode, size and time of writing, whatever its path and
	// device were; Path is empty. It is looked for only if Here has another state.
	Inode *File
}

// Known returns what is known about each of some files. Of a library that cannot be read,
// nothing is known.
func (l *Library) Known(files []Asked) []Known {
	known := make([]Known, len(files))
	_ = l.view(func(tx *bbolt.Tx) error {
		paths, inodes := tx.Bucket(bucketFiles).Cursor(), tx.Bucket(bucketInodes).Cursor()
		for i, asked := range files {
			key := []byte(asked.Path)
			here := lookUp(paths, bucketFiles, key)
			if here != nil {
				here.Path = asked.Path
			}
			known[i].Here = here
			if asked.State.Inode != 0 && (here == nil || here.State != asked.State) {
				known[i].Inode = lookUp(inodes, bucketInodes, inodeKey(asked.State))
			}
		}
		return nil
	})
	return known
}

// lookUp returns what a bucket has under a key; nil if that is no file.
func lookUp(in *bbolt.Cursor, bucket, key []byte) *File {
	there, record := in.Seek(key)
	if !bytes.Equal(there, key) {
		return nil
	}
	f := new(File)
	if f.decode(bucket, key, record) != nil {
		return nil
	}
	return f
}

// SaveFiles remembers files and the manifests of their contents, in one write that
// also forgets the partials of those files.
func (l *Library) SaveFiles(files []File, manifests []*piece.Manifest) error {
	l.filing.Lock()
	defer l.filing.Unlock()
	return l.update(func(tx *bbolt.Tx) error {
		paths, inodes, partials := tx.Bucket(bucketFiles), tx.Bucket(bucketInodes), tx.Bucket(bucketPartials)
		first, _ := partials.Cursor().First()
		var key, raw, records []byte
		for i := range files {
			var err error
			if raw, err = files[i].encode(raw[:0]); err != nil {
				return err
			}
			// bbolt copies a key, and needs a record until the end: many share one piece of memory.
			if both := 2 * (sealBytes + len(raw)); cap(records)-len(records) < both {
				records = make([]byte, 0, min(recordRoom, (len(files)-i)*both))
			}
			put := func(in *bbolt.Bucket, bucket []byte) error {
				n := len(records)
				records = appendSealed(records, bucket, key, raw)
				return in.Put(key, records[n:len(records):len(records)])
			}
			key = append(key[:0], files[i].Path...)
			if err := put(paths, bucketFiles); err != nil {
				return err
			}
			if first != nil {
				if err := partials.Delete(key); err != nil {
					return err
				}
			}
			if files[i].State.Inode == 0 {
				continue
			}
			key = appendInodeKey(key[:0], files[i].State)
			if err := put(inodes, bucketInodes); err != nil {
				return err
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

// inodeKey returns u64 inode | u64 size | u64 time of writing. It leaves out the
// device, because systems number devices anew when they are mounted.
func inodeKey(s piece.State) []byte { return appendInodeKey(make([]byte, 0, 24), s) }

func appendInodeKey(key []byte, s piece.State) []byte {
	key = binary.BigEndian.AppendUint64(key, s.Inode)
	key = binary.BigEndian.AppendUint64(key, uint64(s.Size))
	return binary.BigEndian.AppendUint64(key, uint64(s.Modified))
}

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

// ForgetFiles deletes what is known about the files for which keep returns false,
// and the inodes and manifests that belong to none of the others. A file that is
// still being hashed is passed to keep without a hash. SaveFiles waits meanwhile.
func (l *Library) ForgetFiles(ctx context.Context, keep func(File) bool) error {
	l.filing.Lock()
	defer l.filing.Unlock()
	// Eight bytes of each stand for the whole, so that a million files take few
	// megabytes. If two collide, a record that nobody needs stays.
	inodes, hashes := map[uint64]struct{}{}, map[uint64]struct{}{}
	inode := func(key []byte) uint64 { return binary.BigEndian.Uint64(key) ^ binary.BigEndian.Uint64(key[16:]) }
	err := l.sweep(ctx, bucketFiles, func(key, raw []byte) bool {
		f := File{Path: string(key)}
		if f.decode(bucketFiles, key, raw) != nil || !keep(f) {
			return false
		}
		inodes[inode(inodeKey(f.State))] = struct{}{}
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
	err = l.sweep(ctx, bucketInodes, func(key, _ []byte) bool {
		if len(key) != 24 {
			return false
		}
		_, needed := inodes[inode(key)]
		return needed
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
