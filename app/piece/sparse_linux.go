package piece

import (
	"os"

	"golang.org/x/sys/unix"
)

// flushBytes are verified before the journal claims them. A kill of the program
// costs nothing of them: the holes of the file tell what is in it.
var flushBytes int64 = 256 << 20 // less in a test of kills

// written tells whether a file may have data in all of that range, in bytes: it
// has no hole there.
func written(file *os.File, offset, length int64) bool {
	hole, err := file.Seek(offset, unix.SEEK_HOLE)
	return err == nil && hole >= offset+length
}
