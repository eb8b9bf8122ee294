package offer

import (
	"container/list"
	"io/fs"
	"sync"
	"sync/atomic"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
	"centralizedp2p/netproto/oserror"
)

// MostOpen is how many files are open for other peers at once, unless the system
// allows few: then it is a quarter of those, so that sockets and the library have
// the rest.
const MostOpen = 256

// Files opens files that other peers read, at most a few at once. Everybody who reads
// a file shares one descriptor, and nobody keeps one: a file that waits for its reader
// is closed when another one is read, and opened again later. So strangers cannot use
// up the descriptors of this computer.
type Files struct {
	most int
	open func(path string, state piece.State) (Reader, error)

	mu     sync.Mutex // never held while a file is opened, read or closed
	byKey  map[fileKey]*entry
	idle   *list.List // of open files that nobody reads now, the longest idle first
	opened int        // files that are open or being opened
}

// NewFiles returns files that open opens; nil is the real thing.
func NewFiles(open func(path string, state piece.State) (Reader, error)) *Files {
	if open == nil {
		open = func(path string, state piece.State) (Reader, error) {
			file, err := piece.OpenFile(path, state)
			if err != nil {
				return nil, err
			}
			return file, nil
		}
	}
	return &Files{most: mostOpen(checkup.MaxDescriptors()), open: open, byKey: map[fileKey]*entry{}, idle: list.New()}
}

// mostOpen is how many files may be open if the system allows limit; 0 = any number.
func mostOpen(limit int) int {
	if limit > 0 {
		return max(min(MostOpen, limit/4), 1)
	}
	return MostOpen
}

type fileKey struct {
	path  string
	state piece.State
}

// entry is a file that somebody has open, as far as they know.
type entry struct {
	key     fileKey
	users   int           // handles
	reads   int           // under way
	reader  Reader        // nil while the file is closed
	opening chan struct{} // closed when the present try to open it is over; nil = none
	idle    *list.Element // nil unless it is open and nobody reads it
}

// Open opens a file, in the state in which it was hashed. The error is that of the
// system, or has the code "busy" while too many files are read or descriptors are
// scarce.
func (fl *Files) Open(path string, state piece.State) (Reader, error) {
	key := fileKey{path, state}
	fl.mu.Lock()
	f := fl.byKey[key]
	if f == nil {
		f = &entry{key: key}
		fl.byKey[key] = f
	}
	f.users++
	fl.mu.Unlock()
	h := &handle{files: fl, file: f}
	if _, err := fl.acquire(f); err != nil {
		h.Close()
		return nil, err
	}
	fl.release(f, nil)
	return h, nil
}

// handle is a file as one reader sees it.
type handle struct {
	files  *Files
	file   *entry
	closed atomic.Bool
}

// ReadAt opens the file again if another one took its place. After Close the error is
// fs.ErrClosed.
func (h *handle) ReadAt(b []byte, offset int64) (int, error) {
	if h.closed.Load() {
		return 0, fs.ErrClosed
	}
	reader, err := h.files.acquire(h.file)
	if err != nil {
		return 0, err
	}
	n, err := reader.ReadAt(b, offset)
	h.files.release(h.file, err)
	return n, err
}

// Close closes the file when nobody else has it open.
func (h *handle) Close() error {
	if h.closed.Swap(true) {
		return fs.ErrClosed
	}
	return h.files.leave(h.file)
}

// acquire returns the open file to read. The caller releases it.
func (fl *Files) acquire(f *entry) (Reader, error) {
	for {
		fl.mu.Lock()
		if f.reader != nil {
			fl.use(f)
			reader := f.reader
			fl.mu.Unlock()
			return reader, nil
		}
		if wait := f.opening; wait != nil {
			fl.mu.Unlock()
			<-wait
			continue
		}
		evicted := fl.evict(fl.opened + 1 - fl.most)
		if fl.opened >= fl.most { // each of them is being read
			fl.mu.Unlock()
			return nil, netproto.Errorf(netproto.CodeBusy, "%d files are read at once", fl.most)
		}
		fl.opened++
		done := make(chan struct{})
		f.opening = done
		fl.mu.Unlock()
		closeAll(evicted)
		reader, err := fl.openNow(f.key)
		fl.mu.Lock()
		f.opening = nil
		close(done)
		if err != nil {
			fl.opened--
			fl.mu.Unlock()
			return nil, err
		}
		f.reader = reader
		fl.use(f)
		fl.mu.Unlock()
		return reader, nil
	}
}

// openNow opens a file. If descriptors are scarce it tries again without those of
// files that nobody reads now.
func (fl *Files) openNow(key fileKey) (Reader, error) {
	reader, err := fl.open(key.path, key.state)
	if err == nil || !oserror.Scarce(err) {
		return reader, err
	}
	fl.mu.Lock()
	evicted := fl.evict(fl.idle.Len())
	fl.mu.Unlock()
	closeAll(evicted)
	if reader, err = fl.open(key.path, key.state); err != nil && oserror.Scarce(err) {
		return nil, netproto.Errorf(netproto.CodeBusy, "%w", err)
	}
	return reader, err
}

// use notes that a file is read now. The caller holds the lock.
func (fl *Files) use(f *entry) {
	f.reads++
	if f.idle != nil {
		fl.idle.Remove(f.idle)
		f.idle = nil
	}
}

// release notes that a read is over, and with what error. A file that cannot be read
// is closed, so that the next one opens it anew.
func (fl *Files) release(f *entry, err error) {
	var reader Reader
	fl.mu.Lock()
	f.reads--
	switch {
	case f.reads > 0:
	case err != nil || f.users == 0:
		reader = fl.take(f)
	default:
		f.idle = fl.idle.PushBack(f)
	}
	fl.mu.Unlock()
	if reader != nil {
		reader.Close()
	}
}

// leave notes that a handle is closed.
func (fl *Files) leave(f *entry) error {
	var reader Reader
	fl.mu.Lock()
	if f.users--; f.users == 0 {
		delete(fl.byKey, f.key)
		if f.reads == 0 {
			reader = fl.take(f)
		}
	}
	fl.mu.Unlock()
	if reader == nil {
		return nil
	}
	return reader.Close()
}

// take takes the descriptor of a file that nobody reads, for the caller to close; nil
// if there is none. The caller holds the lock.
func (fl *Files) take(f *entry) Reader {
	if f.idle != nil {
		fl.idle.Remove(f.idle)
		f.idle = nil
	}
	reader := f.reader
	if reader != nil {
		f.reader = nil
		fl.opened--
	}
	return reader
}

// evict takes the descriptors of n files that were idle longest, or of all. The
// caller holds the lock and closes what is returned.
func (fl *Files) evict(n int) []Reader {
	var evicted []Reader
	for ; n > 0 && fl.idle.Len() > 0; n-- {
		evicted = append(evicted, fl.take(fl.idle.Front().Value.(*entry)))
	}
	return evicted
}

func closeAll(readers []Reader) {
	for _, r := range readers {
		r.Close()
	}
}
