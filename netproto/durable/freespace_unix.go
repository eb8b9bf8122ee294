//go:build linux || darwin || freebsd

package durable

import "golang.org/x/sys/unix"

// FreeSpace returns the number of bytes that may still be written below dir.
func FreeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
