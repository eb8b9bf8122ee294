// Package disk asks file systems for what each operating system calls in its own way:
// which file this is, a new name that replaces no other, holes, reserved space, locks,
// and what is to outlive a loss of power. Errors are those of the system; whoever asks
// knows what they mean to a person.
package disk

import (
	"errors"
	"io/fs"
	"os"
)

// Identity tells a file from others, and from what it was before it was written to.
type Identity struct {
	Device, Inode uint64 // both 0 if the system has none
	// Changed is when the file was last changed in any way, in nanoseconds since 1970; 0
	// if the system does not tell. Programs set the time of writing as they like, but
	// seldom this one.
	Changed int64
}

// Facts are what a system says of a file that is not open, or was for a moment.
type Facts struct {
	Identity
	Size     int64       // bytes
	Modified int64       // nanoseconds since 1970
	Mode     fs.FileMode // what it is, and who may do what with it
	Unsure   bool        // the identity could not be found out
}

// Reader reads small files one after another. It keeps the folder of the last ones open, so
// that the system need not look it up again. One goroutine uses it, and closes it. The zero
// value is ready.
type Reader struct{ reader }

// ReadOnce opens a file, reads from its start at most as many bytes as fit into b, and
// asks what the system says of it afterwards. It waits for no writer of a named pipe. It
// returns [errors.ErrUnsupported] where that saves nothing.
func (r *Reader) ReadOnce(path string, b []byte) (n int, is Facts, err error) {
	return r.readOnce(path, b)
}

// Close closes the folder that is open, if one is.
func (r *Reader) Close() { r.close() }

// Listing is a part of what a folder has.
type Listing struct{ listing }

// List returns the next entries of an open folder, at most n. At the end of the folder,
// the error is io.EOF.
func List(dir *os.File, n int) (Listing, error) {
	l, err := list(dir, n)
	return Listing{l}, err
}

// Len returns the number of entries.
func (l Listing) Len() int { return l.len() }

// At returns the name of an entry, and what the system says of it; links are not followed.
// Several goroutines may call it while the folder is open.
func (l Listing) At(i int) (name string, is Facts, err error) { return l.at(i) }

// Identify returns the identity of an open file; info is what the system said about it.
func Identify(file *os.File, info fs.FileInfo) (Identity, error) { return identify(file, info) }

// IdentifyPath returns the identity of a file that is not open. It needs no right to
// read the file, and keeps nobody from anything.
func IdentifyPath(path string, info fs.FileInfo) (Identity, error) { return identifyPath(path, info) }

// DeviceOf returns the number of the file system that a file is on; 0 if it is unknown.
func DeviceOf(info fs.FileInfo) uint64 { return deviceOf(info) }

// LinkCount returns the number of names that an open file has.
func LinkCount(file *os.File, info fs.FileInfo) int { return linkCount(file, info) }

// OthersWrite are the bits of a mode that let others write.
const OthersWrite fs.FileMode = 0o022

// Ours reports whether a file or folder, right in dir, is this user's, and no others may
// write to it than to a new file there. It may have to make a file in dir for a moment.
func Ours(root *os.Root, dir string, info fs.FileInfo) (bool, error) { return ours(root, dir, info) }

// MadeUp reports whether what has that path is on no disk: the system makes it up while
// it is read, as in /proc on Linux, and its size means nothing.
func MadeUp(path string) bool { return madeUp(path) }

// OpenNonblock is a flag that keeps the opening of a named pipe from waiting for its
// writer.
const OpenNonblock = openNonblock

// ErrLocked is returned if another program has the lock of a file.
var ErrLocked = errors.New("the file is locked")

// Lock locks an open file until it is closed. The error is [ErrLocked], or one about the
// disk; it is none if the file system has no locks.
func Lock(file *os.File) error { return lock(file) }

// Clone makes an empty file share the blocks of another. The error says that the file
// system cannot: btrfs, XFS and bcachefs can.
func Clone(to, from *os.File) error { return clone(to, from) }

// Preallocate reserves size bytes on the disk for a file, and leaves its own size as it
// is. It is no error if the file system cannot do that.
func Preallocate(file *os.File, size int64) error { return preallocate(file, size) }

// KeepsHoles says whether zeros may become holes of a finished file. On Windows they may
// not: an image of a disk that has some cannot be mounted.
const KeepsHoles = keepsHoles

// SetSparse says whether what nobody wrote takes space in a file. Windows has to be told;
// elsewhere every file may have holes. It is no error if the file system cannot do that.
func SetSparse(file *os.File, sparse bool) { setSparse(file, sparse) }

// PunchHole gives back the space of a range of a file, in bytes, which then reads as
// zeros. The size of the file stays. The error is [errors.ErrUnsupported] if the file
// system cannot.
func PunchHole(file *os.File, offset, length int64) error { return punchHole(file, offset, length) }

// HasHoles reports whether a file takes less space than its size. It is always false
// without [KeepsHoles].
func HasHoles(file *os.File) bool { return hasHoles(file) }

// Written reports whether a file may have data in the whole of a range, in bytes: it has
// no hole there. Where the system does not tell, the size of the file decides.
func Written(file *os.File, offset, length int64) bool { return written(file, offset, length) }

// Occupied returns the number of bytes that a file in root takes on the disk, fewer than
// its size if it is sparse; info is what the system said about it.
func Occupied(root *os.Root, name string, info fs.FileInfo) int64 { return occupied(root, name, info) }
