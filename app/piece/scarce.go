//go:build !windows

package piece

import (
	"errors"
	"syscall"
)

// Scarce reports whether an error says that descriptors or memory are used up. It
// proves nothing about the file that was to be opened: a moment later it may open.
func Scarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.ENOBUFS)
}

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
