package library

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Share is a file or folder that the person chose to offer.
type Share struct {
	ID     string               `json:"id"`
	Path   string               `json:"path"` // absolute
	Name   string               `json:"name"` // as announced; passes CheckName
	Folder bool                 `json:"folder,omitempty"`
	Hash   netproto.ContentHash `json:"hash"`             // zero before it was hashed
	Size   int64                `json:"size"`             // bytes, of a folder all of its files
	Files  int                  `json:"files"`            // 1 for a file
	Except []string             `json:"except,omitempty"` // slash-separated paths in the folder that are not offered
	Added  time.Time            `json:"added"`

	Fetched int   `json:"fetched,omitempty"` // how often it was fetched as a whole
	Sent    int64 `json:"sent,omitempty"`    // bytes, ever
}

// File is what is known about a file on this computer: its hash, as long as
// its state stays the same.
type File struct {
	Path  string               `json:"path"` // absolute
	State piece.State          `json:"state"`
	Hash  netproto.ContentHash `json:"hash"`
	MD5   string               `json:"md5,omitempty"` // hex; for seed clients, small files only
}

// Shares are those to offer at every start.
func (l *Library) Shares() ([]Share, error) { return all[Share](l, bucketShares) }

// SaveShare remembers a share, or what changed about it.
func (l *Library) SaveShare(s Share) error { return l.put(bucketShares, []byte(s.ID), s) }

// RemoveShare forgets a share; what is known about its files stays.
func (l *Library) RemoveShare(id string) error { return l.remove(bucketShares, []byte(id)) }

// File is what is known about the file at that path; fs.ErrNotExist if nothing.
func (l *Library) File(path string) (File, error) {
	var f File
	err := l.get(bucketFiles, []byte(path), &f)
	return f, err
}

// SaveFiles remembers files and the manifests of their contents, in one write.
func (l *Library) SaveFiles(files []File, manifests []*piece.Manifest) error {
	return l.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketFiles)
		for _, f := range files {
			raw, err := json.Marshal(f)
			if err != nil {
				return err
			}
			if err := bucket.Put([]byte(f.Path), raw); err != nil {
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

// Manifest is the remembered manifest of a content; fs.ErrNotExist if there is
// none, or none that folds to its hash.
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

// WriteFolderFile keeps the list of a shared folder where FolderFile says.
func (l *Library) WriteFolderFile(hash netproto.ContentHash, text []byte) error {
	file := l.FolderFile(hash)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	if there, err := os.ReadFile(file); err == nil && bytes.Equal(there, text) {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	return nil
}

// RemoveFolderFile removes a list that WriteFolderFile kept; any other path is
// left alone.
func (l *Library) RemoveFolderFile(file string) error {
	hash, err := netproto.ParseContentHash(filepath.Base(file))
	if err != nil || file != l.FolderFile(hash) {
		return nil
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	return nil
}
