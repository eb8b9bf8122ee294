//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package watch

// Subfolders tells whether the folders in a folder can be watched, too. On
// Windows an open folder would keep those above it from being renamed.
const Subfolders = false

// defaultLimit bounds the memory, of which each folder takes 64 KiB.
const defaultLimit = 256

func costOf(string) int { return 1 }
