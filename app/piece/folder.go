package piece

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// maxOpenFolders bounds how many folders a Folder keeps open.
const maxOpenFolders = 16

// copyStep is how many bytes are copied between two looks at the context.
const copyStep = 16 << 20

// Folder writes whole files below a folder that is itself unfinished. It keeps open
// the folders that it writes into, because os.Root looks up every name on a long
// path anew. The caller makes the files durable: see [SyncTree]. A kill may leave
// an incomplete file.
type Folder struct {
	root *os.Root

	closing sync.RWMutex // held for reading while a file is written
	mu      sync.Mutex
	open    map[string]*openFolder // by path in the root; nil after Close
}

type openFolder struct {
	root  *os.Root
	users int
}

// NewFolder returns a Folder for files below root, which the caller closes.
func NewFolder(root *os.Root) *Folder {
	return &Folder{root: root, open: map[string]*openFolder{}}
}

// Create writes a file into dir, slash-separated, under name or, if that is taken,
// under the next free numbered name. It never replaces anything, and returns the
// path in the root and the state in which it left the file.
func (f *Folder) Create(dir, name string, content []byte) (string, State, error) {
	return f.create(dir, name, func(file *os.File) error { return writeSparse(file, content) })
}

// Copy makes a second file of a finished one. If the file system can, the two share
// their blocks. progress, if not nil, receives the number of bytes copied.
func (f *Folder) Copy(ctx context.Context, from, dir, name string, progress func(n int)) (string, State, error) {
	src, err := f.root.Open(from)
	if err != nil {
		return "", State{}, diskError(err, from)
	}
	defer src.Close()
	return f.create(dir, name, func(file *os.File) error { return copyFile(ctx, file, src, progress) })
}

// copyFile lets the system share blocks, or copy them without a detour through this
// program.
func copyFile(ctx context.Context, to, from *os.File, progress func(n int)) error {
	if progress == nil {
		progress = func(int) {}
	}
	if disk.Clone(to, from) == nil {
		return tellSize(from, progress)
	}
	if disk.HasHoles(from) {
		return copyBytes(ctx, from, to, progress)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.CopyN(to, from, copyStep)
		progress(int(n))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// tellSize reports the progress of a copy that was made at once.
func tellSize(file *os.File, progress func(n int)) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	for left := info.Size(); left > 0; left -= copyStep {
		progress(int(min(left, copyStep)))
	}
	return nil
}

func (f *Folder) create(dir, name string, write func(*os.File) error) (string, State, error) {
	f.closing.RLock()
	defer f.closing.RUnlock()
	in, err := f.enter(dir)
	if err != nil {
		return "", State{}, diskError(err, dir)
	}
	defer f.leave(in)
	var state State
	made, err := firstFree(name, func(free string) (string, bool, error) {
		file, err := in.root.OpenFile(free, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			return "", false, nil
		}
		if err != nil {
			return "", false, err
		}
		if state, err = finishFile(file, write); err != nil {
			in.root.Remove(free) // nothing more can be done; the first error counts
		}
		return free, true, err
	})
	if err != nil {
		return "", State{}, diskError(err, path.Join(f.root.Name(), dir))
	}
	return path.Join(dir, made), state, nil
}

func finishFile(file *os.File, write func(*os.File) error) (State, error) {
	var state State
	err := write(file)
	info, statErr := file.Stat()
	if statErr == nil {
		state, statErr = openState(file, info)
	}
	return state, errors.Join(err, statErr, file.Close())
}

// Dress gives a file in dir its time of change and its executable bit, and returns the
// state in which it is then.
func (f *Folder) Dress(dir, name string, with netproto.Attribute) (State, error) {
	f.closing.RLock()
	defer f.closing.RUnlock()
	in, err := f.enter(dir)
	if err != nil {
		return State{}, diskError(err, dir)
	}
	defer f.leave(in)
	if with.Executable {
		info, err := in.root.Lstat(name)
		if err != nil {
			return State{}, diskError(err, dir)
		}
		mode := info.Mode().Perm()
		if err := in.root.Chmod(name, mode|mode&0o444>>2); err != nil { // who may read it may run it
			return State{}, diskError(err, dir)
		}
	}
	if with.Modified != 0 {
		if err := in.root.Chtimes(name, time.Time{}, time.Unix(0, with.Modified)); err != nil {
			return State{}, diskError(err, dir)
		}
	}
	state, _, err := StateIn(in.root, name)
	return state, err
}

// enter opens a folder below the root, and creates it if there is none.
func (f *Folder) enter(dir string) (*openFolder, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		return nil, fs.ErrClosed
	}
	if in := f.open[dir]; in != nil {
		in.users++
		return in, nil
	}
	if err := f.root.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := f.root.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	for other, in := range f.open {
		if len(f.open) < maxOpenFolders {
			break
		}
		if in.users == 0 {
			in.root.Close()
			delete(f.open, other)
		}
	}
	in := &openFolder{root: root, users: 1}
	f.open[dir] = in
	return in, nil
}

func (f *Folder) leave(in *openFolder) {
	f.mu.Lock()
	defer f.mu.Unlock()
	in.users--
}

// Close waits for files that are being written; none is written afterwards.
func (f *Folder) Close() {
	f.closing.Lock()
	defer f.closing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, in := range f.open {
		in.root.Close()
	}
	f.open = nil
}
