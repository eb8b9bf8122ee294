package offer

import (
	"io/fs"
	"sync"

	"centralizedp2p/app/piece"
)

// Late is a file of [Files] that its first read opens. One goroutine opens and reads it;
// another may close it meanwhile. The zero value is ready.
type Late struct {
	mu     sync.Mutex
	file   Reader
	closed bool
}

// Open opens the file, which must be in that state, unless it is open already. After
// Close the error is fs.ErrClosed. No lock is held while the disk works.
func (l *Late) Open(files *Files, path string, state piece.State) (Reader, error) {
	l.mu.Lock()
	file, closed := l.file, l.closed
	l.mu.Unlock()
	switch {
	case closed:
		return nil, fs.ErrClosed
	case file != nil:
		return file, nil
	}
	file, err := files.Open(path, state)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	closed = l.closed
	if !closed {
		l.file = file
	}
	l.mu.Unlock()
	if closed {
		file.Close()
		return nil, fs.ErrClosed
	}
	return file, nil
}

// Close closes the file, if it is open, and no other can be opened.
func (l *Late) Close() error {
	l.mu.Lock()
	file := l.file
	l.closed = true
	l.mu.Unlock()
	if file == nil {
		return nil
	}
	return file.Close()
}
