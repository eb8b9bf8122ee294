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
)

// shelf is what the person at the console has uploaded, and whether the
// tracker knows.
type shelf struct {
	mu    sync.Mutex
	items map[key]*item
}

// key is what a datagram asks for.
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

// put adds a file, in place of what had the same key.
func (s *shelf) put(k key, it item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[k] = &it
}

// remove takes away what the tracker refused.
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

// unposted is what the tracker has still to be told, key to MD5.
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

// splitTyped makes the registered path and name of what a person typed: the
// seed cuts at the last slash.
func splitTyped(typed string) key {
	typed = filepath.ToSlash(typed)
	slash := strings.LastIndexByte(typed, '/')
	return key{path: typed[:max(slash, 0)], name: typed[slash+1:]}
}

// hashFile reads the file that a person typed. It is not found (fs.ErrNotExist)
// where there is no regular file. Other errors: file-unreadable, file-changed,
// cancelled.
func hashFile(ctx context.Context, typed string) (item, error) {
	if !utf8.ValidString(typed) {
		return item{}, netproto.Errorf(netproto.CodeInvalid, "the path %q is not valid UTF-8", typed)
	}
	location, err := filepath.Abs(typed)
	if err != nil {
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	info, err := os.Stat(location) // before opening: opening a pipe would block
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular():
		return item{}, fs.ErrNotExist
	case err != nil:
		return item{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", typed, err)
	}
	f, err := os.Open(location)
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

// reader stops reading when its context is over.
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
