//go:build !linux

package piece

import "os"

// SyncTree makes a folder and everything below it durable.
func SyncTree(root *os.Root, dir string) error { return diskError(syncEach(root, dir), dir) }
