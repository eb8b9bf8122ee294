package piece

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// State tells one state of a file from another.
type State struct {
	Size     int64  `json:"size"` // bytes
	Modified int64  `json:"modified"`
	Changed  int64  `json:"changed,omitempty"` // in any way; 0 if the system does not tell. Nanoseconds since 1970, as Modified
	Device   uint64 `json:"device,omitempty"`
	Inode    uint64 `json:"inode,omitempty"`
}

// SameButDevice reports whether two states differ at most in the number of the
// device, which a system may assign anew at each mount.
func (s State) SameButDevice(other State) bool {
	other.Device = s.Device
	return s == other
}

// SettledAt reports whether a write after that time would change the state. FAT keeps
// times in steps of 2 seconds, SFTP in whole seconds: there, a file that was written a
// moment ago can be written again and look the same.
func (s State) SettledAt(t time.Time) bool {
	if s.Modified%int64(time.Second) != 0 || s.Changed%int64(time.Second) != 0 {
		return true // a file system that counts finer
	}
	age := time.Duration(t.UnixNano() - s.Modified)
	return age.Abs() >= TimeGrain // a time far ahead was set by somebody, and no wait reaches it
}

// SameInode reports whether two states are of one file that nobody wrote to in
// between, as far as inode, size and time of writing tell: it may have been
// renamed or linked. It is false if the system has no inodes.
func (s State) SameInode(other State) bool {
	return s.Inode != 0 && s.Inode == other.Inode && s.Size == other.Size && s.Modified == other.Modified
}

// StateOf returns the state of a regular file; anything else is an error with the
// code "file-unreadable".
func StateOf(path string) (State, error) {
	info, err := os.Stat(path)
	if err != nil {
		return State{}, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if err := regular(path, info); err != nil {
		return State{}, err
	}
	return stateFrom(path, info)
}

// StateIn is the state of a regular file right in an open folder; a link is not
// followed and is an error, as anything else is.
func StateIn(dir *os.Root, name string) (State, fs.FileInfo, error) {
	info, err := dir.Lstat(name)
	if err != nil {
		return State{}, nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	full := filepath.Join(dir.Name(), name)
	if err := regular(full, info); err != nil {
		return State{}, nil, err
	}
	state, err := stateFrom(full, info)
	return state, info, err
}

// stateFrom is the state of a regular file about which the system said info.
func stateFrom(path string, info fs.FileInfo) (State, error) {
	is, err := disk.IdentifyPath(path, info)
	if err != nil {
		return State{}, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	return stateOf(info, is), nil
}

// openState returns the state of an open file about which the system said info.
func openState(file *os.File, info fs.FileInfo) (State, error) {
	is, err := disk.Identify(file, info)
	return stateOf(info, is), err
}

// stateNow is StateOf for a file that is open.
func stateNow(file *os.File, path string) (State, error) {
	info, err := file.Stat()
	if err != nil {
		return State{}, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if err := regular(path, info); err != nil {
		return State{}, err
	}
	state, err := openState(file, info)
	if err != nil {
		return State{}, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	return state, nil
}

// stateOf puts a state together. Programs may set size and time of writing back; the
// identity gives that away.
func stateOf(info fs.FileInfo, is disk.Identity) State {
	return State{Size: info.Size(), Modified: info.ModTime().UnixNano(), Changed: is.Changed, Device: is.Device, Inode: is.Inode}
}

// SameFile reports whether two states are of one file, whatever was written to it
// meanwhile. Where the system has no inodes nothing is sure, and it is true.
func (s State) SameFile(other State) bool { return s.Inode == other.Inode && s.Device == other.Device }

// OnDisk returns an error with a code if the system makes up what has that path, as in
// /proc on Linux.
func OnDisk(path string, code netproto.Code) error {
	if disk.MadeUp(path) {
		return netproto.Errorf(code, "%s is made up by the system and is on no disk", path)
	}
	return nil
}

// StateIs is the state of a file of which the system says that.
func StateIs(is disk.Facts) State {
	return State{Size: is.Size, Modified: is.Modified, Changed: is.Changed, Device: is.Device, Inode: is.Inode}
}

func regular(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is not a regular file", path)
	}
	return nil
}

// File is a shared file, opened in a known state. Reads fail with the code
// "file-changed" once it is in another one.
type File struct {
	file  *os.File
	path  string
	state State
}

// OpenFile opens a file that must be in the given state. It does not wait for the
// writer of a named pipe that has taken the file's place.
func OpenFile(path string, state State) (*File, error) {
	file, err := readfile.Open(path)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	f := &File{file: file, path: path, state: state}
	if err := f.check(); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

// check looks at the open file, not at its path: a file that was replaced still
// serves the content that was hashed.
func (f *File) check() error {
	info, err := f.file.Stat()
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if !info.Mode().IsRegular() { // as the hashed one was
		return netproto.Errorf(netproto.CodeFileChanged, "%s is not a regular file", f.path)
	}
	now, err := openState(f.file, info)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if now != f.state {
		return netproto.Errorf(netproto.CodeFileChanged, "%s", f.path)
	}
	return nil
}

// ReadAt reads between two checks of the state, so what it returns belongs to the
// content that was hashed.
func (f *File) ReadAt(b []byte, offset int64) (int, error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	return f.readAt(b, offset)
}

// readAt is ReadAt right after a check.
func (f *File) readAt(b []byte, offset int64) (int, error) {
	n, err := f.file.ReadAt(b, offset)
	if err != nil && n < len(b) {
		return 0, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if err := f.check(); err != nil {
		return 0, err
	}
	return n, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// ReadPath reads a whole file of at most most bytes, which must stay in one state
// meanwhile, and returns that state with the bytes. Of a longer file it returns
// the state alone.
func ReadPath(ctx context.Context, path string, most int64) ([]byte, State, error) {
	file, err := readfile.Open(path)
	if err != nil {
		return nil, State{}, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer file.Close()
	// There may be a million files, so each is looked at as it is open, and not at its path
	// before.
	state, err := resting(ctx, func() (State, error) { return stateNow(file, path) })
	if err != nil || state.Size > most {
		return nil, state, err
	}
	f := &File{file: file, path: path, state: state}
	b := make([]byte, state.Size)
	if _, err := f.readAt(b, 0); err != nil { // its state was just looked at
		return nil, State{}, err
	}
	if state.Size == 0 {
		if n, _ := f.file.ReadAt(make([]byte, 1), 0); n > 0 {
			return nil, State{}, netproto.Errorf(netproto.CodeFileUnreadable, "%s says that it is empty and is not: it is no file on a disk", path)
		}
	}
	return b, state, nil
}

// SmallFiles reads small files one after another into one buffer. One goroutine uses it, and
// closes it.
type SmallFiles struct {
	buf  []byte
	disk disk.Reader
}

// Close closes what was kept open between two files.
func (s *SmallFiles) Close() { s.disk.Close() }

// Read is [ReadPath] of a file that was seen in a state before now; the bytes are good until
// the next call. There may be a million files. One that rested then and still is in that
// state after it was read takes no more than to open it, to read it, and one look.
func (s *SmallFiles) Read(ctx context.Context, path string, most int64, seen State, now time.Time) ([]byte, State, error) {
	if seen.Size > most || seen.restsFor(now) > 0 {
		return ReadPath(ctx, path, most)
	}
	if int64(len(s.buf)) <= most {
		s.buf = make([]byte, most+1) // so that one read sees the end
	}
	n, is, err := s.disk.ReadOnce(path, s.buf[:seen.Size+1])
	if err != nil || int64(n) != seen.Size || !is.Mode.IsRegular() || StateIs(is) != seen {
		return ReadPath(ctx, path, most) // which knows what is wrong, if anything
	}
	return s.buf[:n], seen, nil
}

// HashPath hashes a file that must stay in one state meanwhile, and returns that
// state with the manifest. progress, if not nil, receives the number of bytes
// hashed.
func HashPath(ctx context.Context, path string, progress func(n int)) (*Manifest, State, error) {
	return HashPathWith(ctx, path, runtime.GOMAXPROCS(0), nil, progress)
}

// HashPathWith is HashPath with at most atOnce pieces at a time. Each takes a buffer
// of 256 KiB. What memory, if not nil, knows of the file is not read, and
// does not count as progress.
func HashPathWith(ctx context.Context, path string, atOnce int, memory Memory, progress func(n int)) (*Manifest, State, error) {
	state, err := restingState(ctx, path)
	if err != nil {
		return nil, State{}, err
	}
	f, err := OpenFile(path, state)
	if err != nil {
		return nil, State{}, err
	}
	defer f.Close()
	how := hashing{atOnce: atOnce, progress: progress}
	if memory != nil {
		how.known, how.done = memory.Known(state), memory.Done
	}
	m, err := how.of(ctx, f.file, state.Size)
	if err != nil {
		if ctx.Err() != nil {
			return nil, State{}, ctx.Err()
		}
		if netproto.CodeOf(err) == netproto.CodeInternal {
			err = netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		}
		return nil, State{}, err
	}
	if err := f.check(); err != nil {
		return nil, State{}, err
	}
	return m, state, nil
}

// clockTick is longer than the steps in which file systems count time, up to 10 ms
// on Linux. Two changes within one step leave the same state.
const clockTick = 20 * time.Millisecond

// restingState returns the state of a file that was last changed at least a tick
// ago, so that any later change shows.
func restingState(ctx context.Context, path string) (State, error) {
	return resting(ctx, func() (State, error) { return StateOf(path) })
}

// restsFor is how long to wait until the last change is a tick ago.
func (s State) restsFor(now time.Time) time.Duration {
	age := time.Duration(now.UnixNano() - cmp.Or(s.Changed, s.Modified))
	if age < 0 {
		return 0
	}
	return clockTick - age
}

func resting(ctx context.Context, stateOf func() (State, error)) (State, error) {
	state, err := stateOf()
	if err != nil {
		return State{}, err
	}
	wait := state.restsFor(time.Now())
	if wait <= 0 {
		return state, nil
	}
	rest := time.NewTimer(wait)
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return State{}, ctx.Err()
	case <-rest.C:
	}
	return stateOf()
}
