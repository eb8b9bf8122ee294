//go:build !linux

package disk

import (
	"errors"
	"os"
)

func syncTree(root *os.Root, dir string) error { return syncEach(root, dir) }

func startWriting(*os.File) error { return errors.ErrUnsupported }
