package piece

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// Landing is a file whose bytes come in order from somebody who says only at the end
// what its hash is. It grows under a name of ours and gets its own once the hash is
// right. One goroutine at a time uses it; only Written may be called beside.
type Landing struct {
	root   *os.Root
	name   string // of the unfinished file
	file   *os.File
	hasher *Hasher

	mu      sync.Mutex
	written int64
}

// NewLanding begins an unfinished file in a folder. The caller publishes or discards
// it.
func NewLanding(root *os.Root) (*Landing, error) {
	name := netproto.PartPrefix + rand.Text() + landingEnding
	file, err := openOwn(root, name, os.O_RDWR|os.O_CREATE, 0o666, oneName)
	if err == nil {
		if err = disk.Lock(file); err != nil {
			err = errors.Join(err, file.Close(), root.Remove(name))
		}
	}
	if err != nil {
		return nil, diskError(err, root.Name())
	}
	return &Landing{root: root, name: name, file: file, hasher: NewHasher(0)}, nil
}

// landingEnding ends the names of landings.
const landingEnding = ".landing"

// Written is how many bytes are in the file.
func (l *Landing) Written() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written
}

// Write appends all of p, or nothing of it.
func (l *Landing) Write(p []byte) (int, error) {
	at := l.Written()
	if _, err := l.file.WriteAt(p, at); err != nil {
		return 0, diskError(errors.Join(err, l.file.Truncate(at)), l.root.Name())
	}
	l.hasher.Write(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written += int64(len(p))
	return len(p), nil
}

// Publish gives the file a name, or the next free numbered one, and returns that. It
// never replaces anything. The error is [ErrWrongPiece] if the hash is another one; the
// file is discarded then.
func (l *Landing) Publish(name string, hash netproto.ContentHash) (string, error) {
	if err := netproto.CheckName(name); err != nil {
		return "", netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if l.hasher.Root() != hash {
		return "", errors.Join(ErrWrongPiece, l.Discard())
	}
	err := checkOwn(l.root, l.name, l.file)
	if err == nil {
		err = l.file.Sync()
	}
	if err = errors.Join(err, l.file.Close()); err != nil {
		return "", diskError(errors.Join(err, l.root.Remove(l.name)), l.root.Name())
	}
	final, err := publish(l.root, ".", l.name, name)
	if err == nil {
		err = disk.SyncFolder(l.root, ".")
	}
	return final, diskError(err, l.root.Name())
}

// Discard removes the unfinished file.
func (l *Landing) Discard() error {
	err := l.file.Close()
	if gone := l.root.Remove(l.name); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return diskError(err, l.root.Name())
}

// landingRest is how long nobody wrote to a landing that a killed program left. Not
// every disk has locks.
const landingRest = time.Hour

// SweepLandings removes what landings of a killed program left in a folder.
func SweepLandings(root *os.Root) error {
	names, err := fs.Glob(root.FS(), netproto.PartPrefix+"*"+landingEnding)
	if err != nil {
		return diskError(err, root.Name())
	}
	for _, name := range names {
		file, err := openOld(root, name, os.O_RDWR, oneName)
		if err != nil {
			continue // somebody else's
		}
		info, err := file.Stat()
		left := err == nil && time.Since(info.ModTime()) > landingRest && disk.Lock(file) == nil
		err = errors.Join(err, file.Close())
		if left {
			err = errors.Join(err, root.Remove(name))
		}
		if err != nil {
			return diskError(err, filepath.Join(root.Name(), name))
		}
	}
	return nil
}
