//go:build !linux

package piece

import "os"

// written tells whether a file may have data in all of that range, in bytes.
func written(file *os.File, offset, length int64) bool {
	info, err := file.Stat()
	return err == nil && info.Size() >= offset+length
}

// flushBytes are verified before the journal claims them: what a kill of the
// program may cost.
var flushBytes int64 = 16 << 20 // less in a test of kills
