package peer

import (
	"crypto/md5"
	"encoding/hex"
	"path"
	"path/filepath"
	"strings"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// fetched are the files that a run left in its folder, with what is known of
// them: whoever shares them need not hash them again.
type fetched struct {
	files     []library.File // by name in the download's root
	manifests []*piece.Manifest
}

// remember notes a file that is whole, by its name in the download's root and
// the state in which it was left.
func (d *download) remember(name string, state piece.State, m *piece.Manifest) {
	if !d.engine.config.OfferDownloads {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fetched.files = append(d.fetched.files, library.File{Path: name, State: state, Hash: m.Hash})
	if len(m.CVs) > 0 {
		d.fetched.manifests = append(d.fetched.manifests, m)
	}
}

// movedTo is told that a folder got another name in the root. What is not in it
// is not kept.
func (f *fetched) movedTo(from, to string) {
	kept := f.files[:0]
	for _, file := range f.files {
		if below, ok := strings.CutPrefix(file.Path, from+"/"); ok {
			file.Path = path.Join(to, below)
			kept = append(kept, file)
		}
	}
	f.files = kept
}

// handOver tells the library the hashes of what was fetched, before it is
// shared. What cannot be told is hashed then.
func (d *download) handOver() {
	d.mu.Lock()
	f := d.fetched
	d.fetched = fetched{}
	d.mu.Unlock()
	known := f.files[:0]
	for _, file := range f.files {
		file.Path = filepath.Join(d.record.Dir, filepath.FromSlash(file.Path))
		if file.State.Size <= netproto.SeedMaxBytes {
			var err error
			if file.MD5, err = md5Of(file.Path, file.State); err != nil {
				continue // it changed since
			}
		}
		known = append(known, file)
	}
	if err := d.engine.library.SaveFiles(known, f.manifests); err != nil {
		d.engine.log.Error("remembering what was fetched", "error", err)
	}
}

func md5Of(path string, state piece.State) (string, error) {
	f, err := piece.OpenFile(path, state)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b := make([]byte, state.Size)
	if _, err := f.ReadAt(b, 0); err != nil {
		return "", err
	}
	return hexMD5(b), nil
}

// hexMD5 is the hash under which seed clients know a content.
func hexMD5(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}
