// Package trash moves files and folders to the trash of the system, from where the person
// can bring them back with the file manager.
package trash

import (
	"errors"
	"os"
	"path/filepath"

	"centralizedp2p/netproto"
)

// errNone stands for a disk without a trash.
var errNone = errors.New("this disk has no trash")

// Move moves a file or folder, given by its absolute path, to the trash. It stays in its
// place if the error is not nil; that has the code "folder-unwritable".
func Move(path string) error {
	if !filepath.IsAbs(path) {
		return netproto.Errorf(netproto.CodeInvalid, "%s is not the whole path", path)
	}
	if _, err := os.Lstat(path); err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if err := move(filepath.Clean(path)); err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}
