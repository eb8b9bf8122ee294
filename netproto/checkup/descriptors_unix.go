//go:build !windows

package checkup

import (
	"os"
	"syscall"
)

// descriptors returns how many files and sockets are open, 0 if that is not known, and
// how many may be, 0 if there is no limit.
func descriptors() (open, most int) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 1<<30 {
		most = int(limit.Cur)
	}
	for _, folder := range []string{"/proc/self/fd", "/dev/fd"} { // of Linux; of macOS and the BSDs
		if dir, err := os.Open(folder); err == nil {
			names, _ := dir.Readdirnames(-1)
			dir.Close()
			return max(len(names)-1, 0), most // without that of the folder
		}
	}
	return 0, most
}
