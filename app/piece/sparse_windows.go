package piece

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// setSparse says whether what nobody wrote takes space in a file. Without it, NTFS
// writes zeros up to the first piece that comes, and afterwards nobody knows which
// pieces came. An image of a disk can only be mounted once the file is no longer sparse;
// then it must have no hole. It is no error if the file system cannot do that.
func setSparse(file *os.File, sparse bool) {
	set := []byte{0}
	if sparse {
		set[0] = 1
	}
	var n uint32
	_ = windows.DeviceIoControl(windows.Handle(file.Fd()), windows.FSCTL_SET_SPARSE, &set[0], 1, nil, 0, &n, nil)
}

// span is FILE_ALLOCATED_RANGE_BUFFER, in bytes.
type span struct{ offset, length int64 }

// written reports whether a file may have data in the whole range, in bytes: it
// has no hole there. Thanks to it, a kill costs nothing that was verified.
func written(file *os.File, offset, length int64) bool {
	asked := span{offset, length}
	var found [16]span
	var n uint32
	err := windows.DeviceIoControl(windows.Handle(file.Fd()), windows.FSCTL_QUERY_ALLOCATED_RANGES,
		(*byte)(unsafe.Pointer(&asked)), uint32(unsafe.Sizeof(asked)),
		(*byte)(unsafe.Pointer(&found)), uint32(unsafe.Sizeof(found)), &n, nil)
	if isOneOf(err, unsupported) {
		info, err := file.Stat()
		return err == nil && info.Size() >= offset+length
	}
	if err != nil && !errors.Is(err, windows.ERROR_MORE_DATA) {
		return true // hashing tells
	}
	return covers(found[:n/uint32(unsafe.Sizeof(asked))], asked)
}

// covers reports whether spans, which are in order, leave no gap in a range.
func covers(spans []span, whole span) bool {
	end := whole.offset
	for _, s := range spans {
		if s.offset > end {
			return false
		}
		end = max(end, s.offset+s.length)
	}
	return end >= whole.offset+whole.length
}

// keepsHoles is false: a finished file has no holes, for an image of a disk that has
// some cannot be mounted.
const keepsHoles = false

// hasHoles is false: no file is copied with holes; see keepsHoles.
func hasHoles(*os.File) bool { return false }

// punchHole is not used; see keepsHoles.
func punchHole(*os.File, int64, int64) error { return errors.ErrUnsupported }

// Occupied returns the number of bytes that a file in root takes on the disk; info is
// what the system said about it.
func Occupied(root *os.Root, name string, info os.FileInfo) int64 {
	file, err := root.Open(name)
	if err != nil {
		return info.Size()
	}
	defer file.Close()
	var compressed struct { // FILE_COMPRESSION_INFO
		size     int64
		reserved [8]byte
	}
	err = windows.GetFileInformationByHandleEx(windows.Handle(file.Fd()), windows.FileCompressionInfo,
		(*byte)(unsafe.Pointer(&compressed)), uint32(unsafe.Sizeof(compressed)))
	if err != nil {
		return info.Size()
	}
	return compressed.size
}
