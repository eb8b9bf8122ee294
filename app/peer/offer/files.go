package offer

import (
	"cmp"
	"io/fs"
	"maps"
	"slices"
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
	most   int
	reader func(path string, state piece.State) (Reader, error)
	clock  atomic.Int64 // counts reads

	mu     sync.Mutex // never held while a file is opened, read or closed
	byKey  map[fileKey]*entry
	open   map[*entry]struct{} // those whose file is open
	opened int                 // files that are open or being opened
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
	return &Files{most: mostOpen(checkup.MaxDescriptors()), reader: open, byKey: map[fileKey]*entry{}, open: map[*entry]struct{}{}}
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

// entry is a file that somebody has open, as far as they know. It is read without the lock:
// each frame that this peer sends is a read.
type entry struct {
	key     fileKey
	opening chan struct{} // closed when the present try to open it is over; nil = none

	users atomic.Int64 // handles
	// reads are those under way; fileClosed while the file is closed. Whoever brings them
	// from 0 to fileClosed, with the lock held, has the reader for itself and closes it.
	reads  atomic.Int64
	reader Reader       // belongs to those that read
	last   atomic.Int64 // when it was last read, by the clock of Files
}

// fileClosed are the reads of a file that is closed.
const fileClosed = -1

// use begins a read if the file is open.
func (f *entry) use() bool {
	for {
		n := f.reads.Load()
		if n < 0 {
			return false
		}
		if f.reads.CompareAndSwap(n, n+1) {
			return true
		}
	}
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
		f.reads.Store(fileClosed)
		fl.byKey[key] = f
	}
	f.users.Add(1)
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
		if f.use() {
			return f.reader, nil
		}
		fl.mu.Lock()
		if f.reads.Load() >= 0 { // by now
			fl.mu.Unlock()
			continue
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
		fl.open[f] = struct{}{}
		f.reads.Store(1)
		fl.mu.Unlock()
		return reader, nil
	}
}

// openNow opens a file. If descriptors are scarce it tries again without those of
// files that nobody reads now.
func (fl *Files) openNow(key fileKey) (Reader, error) {
	reader, err := fl.reader(key.path, key.state)
	if err == nil || !oserror.Scarce(err) {
		return reader, err
	}
	fl.mu.Lock()
	evicted := fl.evict(len(fl.open))
	fl.mu.Unlock()
	closeAll(evicted)
	if reader, err = fl.reader(key.path, key.state); err != nil && oserror.Scarce(err) {
		return nil, netproto.Errorf(netproto.CodeBusy, "%w", err)
	}
	return reader, err
}

// release notes that a read is over, and with what error. A file that cannot be read
// is closed, so that the next one opens it anew.
func (fl *Files) release(f *entry, err error) {
	f.last.Store(fl.clock.Add(1))
	if f.reads.Add(-1) > 0 || err == nil && f.users.Load() > 0 {
		return
	}
	fl.mu.Lock()
	reader := fl.take(f)
	fl.mu.Unlock()
	if reader != nil {
		reader.Close()
	}
}

// leave notes that a handle is closed.
func (fl *Files) leave(f *entry) error {
	var reader Reader
	fl.mu.Lock()
	if f.users.Add(-1) == 0 {
		delete(fl.byKey, f.key)
		reader = fl.take(f) // or the last read does
	}
	fl.mu.Unlock()
	if reader == nil {
		return nil
	}
	return reader.Close()
}

// take takes the descriptor of a file that nobody reads, for the caller to close; nil
// if there is none, or somebody reads it. The caller holds the lock.
func (fl *Files) take(f *entry) Reader {
	if !f.reads.CompareAndSwap(0, fileClosed) {
		return nil
	}
	reader := f.reader
	f.reader = nil
	delete(fl.open, f)
	fl.opened--
	return reader
}

// evict takes the descriptors of n files that nobody reads, those that were read longest
// ago, or of all such files. The caller holds the lock and closes what is returned.
func (fl *Files) evict(n int) []Reader {
	if n <= 0 {
		return nil
	}
	var evicted []Reader
	for _, f := range slices.SortedFunc(maps.Keys(fl.open), func(a, b *entry) int { return cmp.Compare(a.last.Load(), b.last.Load()) }) {
		if reader := fl.take(f); reader != nil {
			evicted = append(evicted, reader)
		}
		if len(evicted) == n {
			break
		}
	}
	return evicted
}

func closeAll(readers []Reader) {
	for _, r := range readers {
		r.Close()
	}
}
