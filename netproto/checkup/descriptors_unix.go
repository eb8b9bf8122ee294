//go:build !windows

package checkup

import (
	"os"
	"syscall"
)

// MaxDescriptors is how many files and sockets this process may have open; 0 if there
// is no limit, or it is not known.
func MaxDescriptors() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur >= 1<<30 {
		return 0
	}
	return int(limit.Cur)
}

// descriptors returns how many files and sockets are open, 0 if that is not known, and
// how many may be as [MaxDescriptors] says.
func descriptors() (open, most int) {
	most = MaxDescriptors()
	for _, folder := range []string{"/proc/self/fd", "/dev/fd"} { // of Linux; of macOS and the BSDs
		if dir, err := os.Open(folder); err == nil {
			names, _ := dir.Readdirnames(-1)
			dir.Close()
			return max(len(names)-1, 0), most // without that of the folder
		}
	}
	return 0, most
}
