package remote

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/dustin/go-humanize"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
)

const (
	fileUploads   = "uploads.json" // in a profile: where uploads are that count
	maxRemembered = 10_000         // uploads that are still where they were put
)

// quota bounds how many bytes of the disk uploads from other computers take. What the
// owner of the peer deletes, renames or moves makes room again. While there is no quota,
// nothing is counted.
type quota struct {
	file string

	mu    sync.Mutex
	most  int64    // bytes; 0 is unlimited
	paths []string // absolute, of what was uploaded
	kept  int64    // bytes that those had when an upload last began
	under int64    // bytes of uploads under way
}

// set changes how many bytes there may be.
func (q *quota) set(most int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if most > 0 && q.most == 0 {
		raw, err := os.ReadFile(q.file)
		if err == nil {
			err = json.Unmarshal(raw, &q.paths)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return netproto.Errorf(netproto.CodeStore, "%s cannot be read: %w", q.file, err)
		}
	}
	q.most = most
	return nil
}

// claim is what one upload takes of the quota.
type claim struct {
	quota *quota
	bytes int64
}

// begin looks how much is taken already; "denied" if an upload of that many bytes does
// not fit.
func (q *quota) begin(bytes int64) (*claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := &claim{quota: q}
	if q.most == 0 {
		return c, nil
	}
	q.kept = 0
	q.paths = slices.DeleteFunc(q.paths, func(path string) bool {
		size, there := sizeOf(path)
		q.kept += size
		return !there
	})
	if len(q.paths) >= maxRemembered {
		return nil, netproto.Errorf(netproto.CodeDenied, "%d uploads are on this peer: its owner has to move some away first", len(q.paths))
	}
	return c, q.fits(bytes)
}

// fits returns "denied" if there is no room for that many bytes more.
func (q *quota) fits(bytes int64) error {
	if left := max(q.most-q.kept-q.under, 0); q.most > 0 && bytes > left {
		return netproto.Errorf(netproto.CodeDenied, "uploads may take %s on this peer, and %s of that are free",
			humanize.Bytes(uint64(q.most)), humanize.Bytes(uint64(left)))
	}
	return nil
}

// take takes the bytes of a file before it is written.
func (c *claim) take(bytes int64) error {
	c.quota.mu.Lock()
	defer c.quota.mu.Unlock()
	if err := c.quota.fits(bytes); err != nil {
		return err
	}
	c.bytes += bytes
	c.quota.under += bytes
	return nil
}

// end gives back what was taken, and counts what has come to the disk instead.
func (c *claim) end(paths []string) error {
	q := c.quota
	q.mu.Lock()
	defer q.mu.Unlock()
	q.under -= c.bytes
	if q.most == 0 || len(paths) == 0 {
		return nil
	}
	q.kept += c.bytes
	q.paths = append(q.paths, paths...)
	raw, err := json.Marshal(q.paths)
	if err == nil {
		err = durable.Replace(q.file, raw, filePerm)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	return nil
}

// sizeOf is how many bytes the files of a path have, and whether it is there.
func sizeOf(path string) (size int64, there bool) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error { // what cannot be read counts nothing
		if err != nil {
			return nil
		}
		there = true
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size, there
}
