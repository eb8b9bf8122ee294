//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package watch

import "os"

// defaultLimit bounds the open files: watching a folder takes one for it and one for
// each file in it. Systems allow a program 10,240 and more.
const defaultLimit = 4096

func costOf(dir string) int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 1
	}
	return 1 + len(entries)
}
