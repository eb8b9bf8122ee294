//go:build unix

package piece

import (
	"io/fs"
	"os"
	"syscall"
)

// ours reports whether a file or folder, right in dir, is this user's, and no others
// may write to it than to a new file there.
func ours(root *os.Root, dir string, info fs.FileInfo) (bool, error) {
	owner, mode := ownerOf(info), info.Mode().Perm()&othersWrite
	if owner == os.Geteuid() && mode == 0 {
		return true, nil
	}
	made, err := fresh(root, dir)
	if err != nil {
		return false, err
	}
	return owner == ownerOf(made) && mode&^made.Mode() == 0, nil
}

func ownerOf(info fs.FileInfo) int {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(sys.Uid)
	}
	return os.Geteuid()
}
