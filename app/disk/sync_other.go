//go:build !linux

package disk

import "os"

func syncTree(root *os.Root, dir string) error { return syncEach(root, dir) }
