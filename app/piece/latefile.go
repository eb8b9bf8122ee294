package piece

import (
	"io/fs"
	"sync"
)

// LateFile is a [File] that its first user opens. One goroutine opens and reads it;
// another may close it meanwhile. The zero value is ready.
type LateFile struct {
	mu     sync.Mutex
	file   *File
	closed bool
}

// Open opens the file, which must be in that state, unless it is open already. After
// Close the error is fs.ErrClosed. No lock is held while the disk works.
func (l *LateFile) Open(path string, state State) (*File, error) {
	l.mu.Lock()
	file, closed := l.file, l.closed
	l.mu.Unlock()
	switch {
	case closed:
		return nil, fs.ErrClosed
	case file != nil:
		return file, nil
	}
	file, err := OpenFile(path, state)
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
func (l *LateFile) Close() error {
	l.mu.Lock()
	file := l.file
	l.closed = true
	l.mu.Unlock()
	if file == nil {
		return nil
	}
	return file.Close()
}
