package cli

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// ExpandHome returns a path in which "~" and "~USER" at the beginning are the home
// folders that a shell would put there: it does not in --to=~/Music, nor in a
// settings file. A path without them stays as it is.
func ExpandHome(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
	if end < 0 {
		end = len(rest)
	}
	name, below := rest[:end], rest[end:]
	home, err := os.UserHomeDir()
	if u, known := user.Current(); err != nil && known == nil { // no HOME, as in a service
		home, err = u.HomeDir, nil
	}
	if name != "" {
		if _, err := os.Lstat(path); err == nil {
			return path // a file whose name begins with "~"
		}
		u, missing := user.Lookup(name)
		if missing != nil {
			return path
		}
		home, err = u.HomeDir, nil
	}
	if err != nil || home == "" {
		return path
	}
	return filepath.Join(home, below)
}
