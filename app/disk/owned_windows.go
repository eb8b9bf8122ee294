package disk

import (
	"io/fs"
	"os"
)

// ours is true: the folders of a person on this system are closed to others.
func ours(*os.Root, string, fs.FileInfo) (bool, error) { return true, nil }
