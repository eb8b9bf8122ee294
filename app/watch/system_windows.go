package watch

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/windows"

	"centralizedp2p/netproto"
)

const (
	// maxTrees bounds the memory: each tree takes treeBuffer twice, here and in the
	// system.
	maxTrees   = 256
	treeBuffer = 64 << 10 // bytes; a folder on another computer takes no more

	treeChanges = windows.FILE_NOTIFY_CHANGE_FILE_NAME | windows.FILE_NOTIFY_CHANGE_DIR_NAME |
		windows.FILE_NOTIFY_CHANGE_LAST_WRITE | windows.FILE_NOTIFY_CHANGE_SIZE
)

// trees watches folders by ReadDirectoryChangesW, with whatever is in the folders in
// them. Those are not opened: an open folder keeps all above it from being renamed.
type trees struct {
	port   windows.Handle // tells when the system is done with a tree; key 0 wakes the reader
	events chan fsnotify.Event
	errors chan error
	done   chan struct{} // closed by Close

	mu      sync.Mutex
	closed  bool
	open    map[string]*tree  // by their folders
	asked   map[uintptr]*tree // by their keys, until the system is done with their memory
	covered map[string]bool   // folders in the tree of another folder: whether they are deep
	lastKey uintptr
	reader  sync.WaitGroup
}

// tree is an open folder. The system writes to it while it is asked.
type tree struct {
	buffer     [treeBuffer]byte
	overlapped windows.Overlapped
	handle     windows.Handle
	key        uintptr
	dir        string
	deep       bool // with whatever is in the folders in it
	ended      bool // nobody wants to know any longer
}

func openSystem() (*system, error) {
	port, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 0)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeWatchLimit, "%w", err)
	}
	s := &trees{
		port: port, events: make(chan fsnotify.Event), errors: make(chan error), done: make(chan struct{}),
		open: map[string]*tree{}, asked: map[uintptr]*tree{}, covered: map[string]bool{},
	}
	s.reader.Go(s.read)
	return &system{watches: s, events: s.events, errors: s.errors}, nil
}

func (s *trees) Add(dir string, deep bool) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return syscall.ENOTDIR
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(dir)
	return s.add(dir, deep)
}

// add opens a folder, unless it is in a tree; mu is held.
func (s *trees) add(dir string, deep bool) error {
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		if t := s.open[above]; t != nil && t.deep {
			s.covered[dir] = deep
			return nil
		}
		if above == filepath.Dir(above) {
			break
		}
	}
	if len(s.asked) >= maxTrees {
		return netproto.Errorf(netproto.CodeWatchLimit, "%s", dir)
	}
	if err := s.start(dir, deep); err != nil {
		return &os.PathError{Op: "watch", Path: dir, Err: err}
	}
	if !deep {
		return nil
	}
	for below, t := range s.open {
		if isBelow(below, dir) {
			s.end(below)
			s.covered[below] = t.deep
		}
	}
	return nil
}

func isBelow(path, dir string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(dir, `\`)+`\`) && path != dir
}

// start opens a folder and asks the system about it; mu is held.
func (s *trees) start(dir string, deep bool) error {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(name, windows.FILE_LIST_DIRECTORY, share, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OVERLAPPED, 0)
	if err != nil {
		return err
	}
	s.lastKey++
	t := &tree{handle: handle, key: s.lastKey, dir: dir, deep: deep}
	if _, err = windows.CreateIoCompletionPort(handle, s.port, t.key, 0); err == nil {
		err = t.ask()
	}
	if err != nil {
		windows.CloseHandle(handle)
		return err
	}
	s.open[dir], s.asked[t.key] = t, t
	return nil
}

// ask has the system write what changes from here on, and since it was asked before.
func (t *tree) ask() error {
	return windows.ReadDirectoryChanges(t.handle, &t.buffer[0], treeBuffer, t.deep, treeChanges, nil, &t.overlapped, 0)
}

// end ends the watching of a folder; mu is held.
func (s *trees) end(dir string) {
	delete(s.covered, dir)
	if t := s.open[dir]; t != nil {
		delete(s.open, dir)
		t.ended = true
		windows.CancelIoEx(t.handle, &t.overlapped) // fails if the system has just answered
		windows.CloseHandle(t.handle)
	}
}

func (s *trees) Remove(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(dir)
	var err error
	for below, deep := range s.covered {
		if isBelow(below, dir) {
			delete(s.covered, below)
			if e := s.add(below, deep); e != nil {
				err = e
			}
		}
	}
	return err
}

func (s *trees) Close() error {
	s.mu.Lock()
	s.closed = true
	close(s.done)
	for dir := range s.open {
		s.end(dir)
	}
	err := windows.PostQueuedCompletionStatus(s.port, 0, 0, nil)
	s.mu.Unlock()
	s.reader.Wait()
	return err
}

// read passes on what the system says, until all is closed.
func (s *trees) read() {
	defer func() {
		windows.CloseHandle(s.port)
		close(s.events)
		close(s.errors)
	}()
	for {
		var size uint32
		var key uintptr
		var overlapped *windows.Overlapped
		err := windows.GetQueuedCompletionStatus(s.port, &size, &key, &overlapped, windows.INFINITE)
		events, missed, last := s.answer(key, size, err)
		for _, e := range events {
			select {
			case s.events <- e:
			case <-s.done:
			}
		}
		if missed {
			select {
			case s.errors <- fsnotify.ErrEventOverflow:
			case <-s.done:
			}
		}
		if last {
			return
		}
	}
}

// answer takes what the system says about a tree, and asks it again. The last answer
// comes after Close.
func (s *trees) answer(key uintptr, size uint32, err error) (events []fsnotify.Event, missed, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.asked[key]; t != nil {
		if !t.ended && err == nil {
			events, missed = t.told(size), size == 0 // it was too much for the buffer
			err = t.ask()
		}
		if !t.ended && err != nil { // the folder was removed, or its disk
			windows.CloseHandle(t.handle)
			delete(s.open, t.dir)
			events = append(events, fsnotify.Event{Name: t.dir, Op: fsnotify.Remove})
		}
		if t.ended || err != nil {
			delete(s.asked, key)
		}
	}
	return events, missed, s.closed && len(s.asked) == 0
}

var treeOps = map[uint32]fsnotify.Op{
	windows.FILE_ACTION_ADDED:            fsnotify.Create,
	windows.FILE_ACTION_REMOVED:          fsnotify.Remove,
	windows.FILE_ACTION_MODIFIED:         fsnotify.Write,
	windows.FILE_ACTION_RENAMED_OLD_NAME: fsnotify.Rename,
	windows.FILE_ACTION_RENAMED_NEW_NAME: fsnotify.Create,
}

// told reads the first size bytes of the buffer: a chain of records.
func (t *tree) told(size uint32) []fsnotify.Event {
	var events []fsnotify.Event
	for rest := t.buffer[:size]; len(rest) > 0; {
		record := (*windows.FileNotifyInformation)(unsafe.Pointer(&rest[0]))
		name := windows.UTF16ToString(unsafe.Slice(&record.FileName, record.FileNameLength/2))
		events = append(events, fsnotify.Event{Name: filepath.Join(t.dir, name), Op: treeOps[record.Action]})
		if record.NextEntryOffset == 0 {
			break
		}
		rest = rest[record.NextEntryOffset:]
	}
	return events
}
