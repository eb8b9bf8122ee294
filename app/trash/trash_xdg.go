//go:build unix && !darwin

package trash

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The trash of the FreeDesktop.org Trash Specification 1.0: a folder "files" with what was
// moved there, and a folder "info" that says where it was. What is on the disk of the
// home goes to the home's trash, everything else to that of its disk.
func move(path string) error {
	home, err := homeTrash()
	if err == nil {
		err = moveInto(home, path, path)
	}
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	top, err := topOf(path)
	if err != nil {
		return err
	}
	trash, err := diskTrash(top)
	if err != nil {
		return err
	}
	within, err := filepath.Rel(top, path)
	if err != nil {
		return err
	}
	return moveInto(trash, path, within)
}

// homeTrash returns the trash of the home, and makes it.
func homeTrash() (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		data = filepath.Join(home, ".local", "share")
	}
	trash := filepath.Join(data, "Trash")
	return trash, os.MkdirAll(trash, 0o700)
}

// diskTrash returns this user's trash on a disk that is mounted at top. One that an
// administrator made for all has a folder for each user; it must be sticky and no link.
func diskTrash(top string) (string, error) {
	user := strconv.Itoa(os.Getuid())
	shared := filepath.Join(top, ".Trash")
	if info, err := os.Lstat(shared); err == nil && info.IsDir() && info.Mode()&os.ModeSticky != 0 {
		own := filepath.Join(shared, user)
		if os.Mkdir(own, 0o700) == nil || isFolder(own) {
			return own, nil
		}
	}
	own := filepath.Join(top, ".Trash-"+user)
	if err := os.Mkdir(own, 0o700); err != nil && !isFolder(own) {
		return "", fmt.Errorf("%w: %w", errNone, err)
	}
	return own, nil
}

// isFolder reports whether there is a folder that is no link.
func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// topOf returns where the disk of a path is mounted.
func topOf(path string) (string, error) {
	device, err := deviceOf(path)
	if err != nil {
		return "", err
	}
	top := filepath.Dir(path)
	for up := filepath.Dir(top); up != top; up = filepath.Dir(top) {
		if above, err := deviceOf(up); err != nil || above != device {
			break
		}
		top = up
	}
	return top, nil
}

func deviceOf(path string) (uint64, error) {
	var stat syscall.Stat_t
	err := syscall.Lstat(path, &stat)
	return uint64(stat.Dev), err //nolint:unconvert // its type differs between systems
}

// maxSame bounds how many files of one name a trash holds.
const maxSame = 10_000

// moveInto moves a path to a trash, and notes where it was.
func moveInto(trash, path, was string) error {
	info, files := filepath.Join(trash, "info"), filepath.Join(trash, "files")
	for _, dir := range []string{info, files} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	note := "[Trash Info]\nPath=" + (&url.URL{Path: was}).EscapedPath() + "\nDeletionDate=" + time.Now().Format("2006-01-02T15:04:05") + "\n"
	for n := range maxSame {
		name := numbered(filepath.Base(path), n)
		// Whoever makes the note has the name.
		file, err := os.OpenFile(filepath.Join(info, name+".trashinfo"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = file.WriteString(note)
		if err = errors.Join(err, file.Close()); err == nil {
			if _, there := os.Lstat(filepath.Join(files, name)); there == nil { // left without a note
				err = os.ErrExist
			} else {
				err = os.Rename(path, filepath.Join(files, name))
			}
		}
		if err == nil {
			return nil
		}
		os.Remove(file.Name())
		if !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return fmt.Errorf("the trash %s is full of files called %s", trash, filepath.Base(path))
}

// numbered returns the n-th name for a file in the trash, with room for the ending of the
// note.
func numbered(name string, n int) string {
	const longest = 255 - len(".trashinfo") - len(".10000")
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if len(ext) > longest/2 {
		stem, ext = name, ""
	}
	if len(stem)+len(ext) > longest {
		stem = strings.ToValidUTF8(stem[:longest-len(ext)], "")
	}
	if n == 0 {
		return stem + ext
	}
	return stem + "." + strconv.Itoa(n+1) + ext
}
