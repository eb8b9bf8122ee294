package durable

import "golang.org/x/sys/unix"

// FreeSpace returns the number of bytes that may still be written below dir.
func FreeSpace(dir string) (int64, error) {
	var s unix.Statvfs_t
	if err := unix.Statvfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Frsize), nil
}
