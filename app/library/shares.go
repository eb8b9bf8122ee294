package library

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
)

// Share is a file or folder that the person chose to offer.
type Share struct {
	ID     string               `json:"id"`
	Path   string               `json:"path"` // absolute
	Name   string               `json:"name"` // as announced; passes CheckName
	Folder bool                 `json:"folder,omitempty"`
	Hash   netproto.ContentHash `json:"hash"`             // zero before it was hashed
	Size   int64                `json:"size"`             // bytes; of a folder, all of its files
	Files  int                  `json:"files"`            // 1 for a file
	Except []string             `json:"except,omitempty"` // slash-separated paths in the folder that are not offered
	Added  time.Time            `json:"added"`

	// Secrets are left out of a share unless the person allowed them: those in Allow by
	// slash-separated paths in the folder, "." for a file itself, or with AllowAll all
	// of them, also those to come.
	Allow    []string `json:"allow,omitempty"`
	AllowAll bool     `json:"allow_all,omitempty"`

	Visible Visible `json:"visible,omitzero"`
	// Request is what the share was sent with; "" if the person shared it. It is for
	// the receiver of that request alone, whatever else is shared from the same path.
	Request string `json:"request,omitempty"`

	Fetched int   `json:"fetched,omitempty"` // how often it was fetched as a whole
	Sent    int64 `json:"sent,omitempty"`    // bytes, ever
}

// Visibility says who may have a share.
type Visibility string

// Who may have a share.
const (
	VisibleEverybody Visibility = ""     // on the trackers
	VisibleLink      Visibility = "link" // whoever knows the hash
	VisibleKeys      Visibility = "keys" // the owners of some keys
)

// Visible says who may have a share, and until when.
type Visible struct {
	To      Visibility           `json:"to,omitempty"`
	Keys    []netproto.PublicKey `json:"keys,omitempty"`   // for VisibleKeys
	Expires time.Time            `json:"expires,omitzero"` // it ends then
	Until   int                  `json:"until,omitempty"`  // it ends once it was fetched that often; 0: it does not
}

// Hidden reports whether a share is in no search, list or seed route.
func (v Visible) Hidden() bool { return v.To != VisibleEverybody }

// Over reports whether a share that was fetched that often has ended.
func (v Visible) Over(fetched int, now time.Time) bool {
	return v.Until > 0 && fetched >= v.Until || !v.Expires.IsZero() && !now.Before(v.Expires)
}

// More is v for n more downloads of a share that was fetched that often; v itself if n is 0.
func (v Visible) More(n, fetched int) Visible {
	if n > 0 {
		v.Until = fetched + n
	}
	return v
}

// Equal reports whether two shares are for the same people for the same time.
func (v Visible) Equal(o Visible) bool {
	return v.To == o.To && slices.Equal(v.Keys, o.Keys) && v.Expires.Equal(o.Expires) && v.Until == o.Until
}

// Shares returns what to offer at every start.
func (l *Library) Shares() ([]Share, error) { return all[Share](l, bucketShares) }

// SaveShare remembers a share, or what changed about it.
func (l *Library) SaveShare(s Share) error { return l.put(bucketShares, []byte(s.ID), s) }

// RemoveShare forgets a share, but not what is known about its files.
func (l *Library) RemoveShare(id string) error { return l.remove(bucketShares, []byte(id)) }

// newFolderFile is the start of the name of a list that is being written.
const newFolderFile = ".new-"

// WriteFolderFile keeps the list of a shared folder, which write writes, at the path that
// FolderFile returns. A list that is there already is left as it is.
func (l *Library) WriteFolderFile(ctx context.Context, hash netproto.ContentHash, write func(io.Writer) error) error {
	file := l.FolderFile(hash)
	if err := durable.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	if there, _, err := piece.HashPath(ctx, file, nil); err == nil && there.Hash == hash {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), newFolderFile+"*")
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	defer os.Remove(tmp.Name())
	if err = write(tmp); err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = durable.Rename(tmp.Name(), file)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	return nil
}

// RemoveFolderFile removes a list that WriteFolderFile wrote, and leaves any other
// path alone.
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

// KeepFolderFiles removes the lists of folders for which keep returns false, and
// lists that a crash left half written.
func (l *Library) KeepFolderFiles(keep func(netproto.ContentHash) bool) error {
	dir := filepath.Dir(l.FolderFile(netproto.ContentHash{}))
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	for _, e := range entries {
		hash, err := netproto.ParseContentHash(e.Name())
		if err == nil && keep(hash) || err != nil && !strings.HasPrefix(e.Name(), newFolderFile) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return netproto.Errorf(netproto.CodeStore, "%w", err)
		}
	}
	return nil
}
