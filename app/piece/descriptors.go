//go:build !windows

package piece

import "syscall"

// MaxDescriptors is how many files and sockets this process may have open; 0 if there
// is no limit, or it is not known.
func MaxDescriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	const many = 1 << 20
	return int(min(limit.Cur, many))
}
