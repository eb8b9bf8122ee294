package trash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// move moves a path to the trash of the home, or of its disk, as the Finder does: under
// another name if its own is taken.
func move(path string) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	err = moveInto(filepath.Join(home, ".Trash"), path)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	parts := strings.SplitN(path, string(filepath.Separator), 4) // /Volumes/NAME/…
	if len(parts) < 4 || parts[1] != "Volumes" {
		return errNone
	}
	return moveInto(filepath.Join("/Volumes", parts[2], ".Trashes", strconv.Itoa(os.Getuid())), path)
}

func moveInto(trash, path string) error {
	if err := os.MkdirAll(trash, 0o700); err != nil {
		return fmt.Errorf("%w: %w", errNone, err)
	}
	name := filepath.Base(path)
	ext := filepath.Ext(name)
	for n := 1; ; n++ {
		to := filepath.Join(trash, name)
		if _, err := os.Lstat(to); errors.Is(err, os.ErrNotExist) {
			return os.Rename(path, to)
		} else if err != nil {
			return err
		}
		name = strings.TrimSuffix(filepath.Base(path), ext) + " " + strconv.Itoa(n+1) + ext
	}
}
