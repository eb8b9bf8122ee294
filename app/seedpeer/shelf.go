package seedpeer

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// shelf holds what the person at the console has uploaded, and whether the tracker
// knows about it.
type shelf struct {
	mu    sync.Mutex
	items map[key]*item
}

// key identifies what a datagram asks for.
type key struct{ path, name string }

type item struct {
	File
	md5    string
	posted bool // the tracker lists it, as far as is known
}

func newShelf() *shelf { return &shelf{items: make(map[key]*item)} }

// Lookup makes the shelf the Files of a Server.
func (s *shelf) Lookup(path, name string) (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it := s.items[key{path, name}]; it != nil {
		return it.File, true
	}
	return File{}, false
}

// put adds a file, or replaces the one with the same key.
func (s *shelf) put(k key, it item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[k] = &it
}

// remove takes a file off the shelf that the tracker refused.
func (s *shelf) remove(k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, k)
}

// setPosted notes that the tracker took the item with this MD5.
func (s *shelf) setPosted(k key, sum string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it := s.items[k]; it != nil && it.md5 == sum {
		it.posted = true
	}
}

// forgetPosts notes that the tracker may have dropped everything.
func (s *shelf) forgetPosts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range s.items {
		it.posted = false
	}
}

// unposted returns what the tracker still has to be told, as MD5 by key.
func (s *shelf) unposted() map[key]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make(map[key]string)
	for k, it := range s.items {
		if !it.posted {
			left[k] = it.md5
		}
	}
	return left
}

// splitTyped splits what a person typed into the path and name to register: the
// seed splits at the last slash.
func splitTyped(typed string) key {
	typed = filepath.ToSlash(typed)
	slash := strings.LastIndexByte(typed, '/')
	return key{path: typed[:max(slash, 0)], name: typed[slash+1:]}
}

// hashFile reads the file whose path a person typed. Errors: fs.ErrNotExist if
// there is no regular file, file-unreadable, file-changed, cancelled.
func hashFile(ctx context.Context, typed string) (item, error) {
	if !utf8.ValidString(typed) {
		return item{}, netproto.Errorf(netproto.CodeInvalid, "the path %q is not valid UTF-8", typed)
	}
	location, err := filepath.Abs(typed)
	if err != nil {
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	info, err := os.Stat(location) // before opening, which would wait if it is a pipe
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular():
		return item{}, fs.ErrNotExist
	case err != nil:
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	f, err := readfile.Open(location)
	if err != nil {
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	defer f.Close()
	sum := md5.New()
	if _, err := io.Copy(sum, reader{ctx, f}); err != nil {
		if ctx.Err() != nil {
			return item{}, &netproto.Error{Code: netproto.CodeCancelled, Detail: typed, Cause: err}
		}
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	file := File{Location: location, Size: info.Size(), ModTime: info.ModTime()}
	if info, err = f.Stat(); err != nil {
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	if err := file.check(info); err != nil {
		return item{}, err
	}
	return item{File: file, md5: hex.EncodeToString(sum.Sum(nil))}, nil
}

// reader stops reading when its context ends.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
