//go:build unix

package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"centralizedp2p/netproto"
)

func ours(root *os.Root, dir string, info fs.FileInfo) (bool, error) {
	owner, mode := ownerOf(info), info.Mode().Perm()&OthersWrite
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

// fresh is what the system says of a new file in a folder: who owns it there, and who
// may write to it. Some file systems give all files one owner and one mode.
func fresh(root *os.Root, dir string) (fs.FileInfo, error) {
	name := path.Join(dir, netproto.PartPrefix+rand.Text()+".new")
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	return info, errors.Join(err, file.Close(), root.Remove(name))
}
