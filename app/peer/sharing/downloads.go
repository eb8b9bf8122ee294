package sharing

import (
	"crypto/md5"
	"encoding/hex"
	"path/filepath"
	"slices"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// What becomes of downloads when they are finished, moved or deleted.

// AddFetched offers a finished download whose hashes are known: files are what is
// there, with their whole paths, and manifests those of several pieces. What
// changed since is hashed again.
func (ss *Shares) AddFetched(path string, files []library.File, manifests []*piece.Manifest) error {
	known := files[:0]
	for _, file := range files {
		if file.State.Size <= netproto.SeedMaxBytes {
			var err error
			if file.MD5, err = md5Of(file.Path, file.State); err != nil {
				continue // it changed since
			}
		}
		known = append(known, file)
	}
	if err := ss.config.Library.SaveFiles(known, manifests); err != nil {
		ss.config.Log.Error("remembering what was fetched", "error", err)
	}
	_, err := ss.Add(path, Options{Remember: true, Allow: secretsOf(path, known)})
	return err
}

// secretsOf are the paths, in the share at path, of files that look like secrets. They
// came from another peer, so they are nobody's here.
func secretsOf(path string, files []library.File) []string {
	var secrets []string
	for _, file := range files {
		rel, err := filepath.Rel(path, file.Path)
		if rel = filepath.ToSlash(rel); err == nil && ignore.SecretPath(filepath.ToSlash(file.Path)) {
			secrets = append(secrets, rel)
		}
	}
	slices.Sort(secrets)
	return secrets
}

// Moved offers shares at another path, to which their files were moved. They are the
// same shares to the person. If the old path is not shared, nothing is.
func (ss *Shares) Moved(old, path string) error {
	for _, before := range ss.stopPath(old) {
		ss.forget(before.ID)
		id, err := ss.Add(path, Options{Remember: true, Except: before.Except, Allow: before.Allow, AllowAll: before.AllowAll, Visible: &before.Visible})
		if err != nil {
			return err
		}
		if s := ss.byID(id); s != nil {
			s.mu.Lock()
			s.record.Sent += before.Sent
			s.record.Fetched += before.Fetched
			s.audience.Store(audienceOf(s.record, s.removed))
			s.dirty = true
			s.mu.Unlock()
		}
	}
	return nil
}

// StopPath takes back the shares of a path. There are several if they leave out different
// things.
func (ss *Shares) StopPath(path string) { ss.stopPath(path) }

// stopPath returns what the shares were.
func (ss *Shares) stopPath(path string) []library.Share {
	var taken []library.Share
	for _, s := range ss.copies() {
		if s.record.Path != path || s.record.Request != "" {
			continue
		}
		if err := ss.Stop(s.record.ID); err != nil {
			ss.config.Log.Warn("taking a share back", "path", path, "error", err)
		}
		taken = append(taken, s.snapshot().Share)
	}
	return taken
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
