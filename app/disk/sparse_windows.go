package disk

import (
	"errors"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// setSparse keeps NTFS from writing zeros up to the first byte that comes; afterwards
// nobody would know what came. An image of a disk can only be mounted once the file is no
// longer sparse; then it must have no hole.
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

const keepsHoles = false

func hasHoles(*os.File) bool { return false }

// punchHole is not used without keepsHoles.
func punchHole(*os.File, int64, int64) error { return errors.ErrUnsupported }

func occupied(root *os.Root, name string, info fs.FileInfo) int64 {
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
