//go:build unix

package peer_test

import (
	"io/fs"
	"syscall"
)

// allocated returns how much space a file takes on the disk, in bytes.
func allocated(info fs.FileInfo) int64 { return info.Sys().(*syscall.Stat_t).Blocks * 512 }
