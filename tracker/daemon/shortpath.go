package daemon

import (
	"errors"
	"os"
	"path/filepath"
)

// maxSocketPath is how long the path of a Unix socket may be everywhere, in bytes.
const maxSocketPath = 100

// ShortPath calls use with a path of the socket at path that is short enough for the
// system: while use runs, a long one is reached through a link in a temporary folder
// that only this user can enter. The socket itself is in its own folder.
func ShortPath(path string, use func(short string) error) error {
	if len(path) <= maxSocketPath {
		return use(path)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return err
	}
	var failures []error
	for _, base := range []string{os.TempDir(), os.Getenv("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp"} {
		if base == "" {
			continue
		}
		temporary, err := os.MkdirTemp(base, "cp2p-")
		if err != nil {
			failures = append(failures, err)
			continue
		}
		link := filepath.Join(temporary, "d")
		short := filepath.Join(link, filepath.Base(path))
		if len(short) > maxSocketPath {
			failures = append(failures, os.Remove(temporary))
			continue
		}
		err = os.Symlink(folder, link)
		if err == nil {
			err = use(short)
		}
		return errors.Join(err, os.RemoveAll(temporary))
	}
	return errors.Join(failures...)
}
