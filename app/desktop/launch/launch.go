// Package launch tells the operating system when to start this program: when
// the person logs in, and when a cp2p:// link is opened somewhere. What it
// reports is what the system has, not what was once asked for.
//
//	            at login                               for links
//	Linux, BSD  ~/.config/autostart/ID.desktop         ~/.config/mimeapps.list and ID.desktop, of a package or in ~/.local/share/applications
//	Windows     HKCU\…\CurrentVersion\Run              HKCU\Software\Classes\cp2p
//	macOS       ~/Library/LaunchAgents/ID.plist        not from a program: the bundle's Info.plist says it
package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"centralizedp2p/netproto"
)

// Program is what is started.
type Program struct {
	ID   string   // before those that the system adds
	Name string   // for people
	Path string   // of the executable, absolute
	Args []string // before those of the system
	Icon []byte   // PNG, 256 pixels; shown in menus on Linux
}

// scheme is the scheme of the links.
const scheme = netproto.LinkScheme

// ErrTemporary refuses to register a program that the next restart of the
// computer removes, such as one built by `go run`.
var ErrTemporary = errors.New("the program runs from a temporary folder")

// Here returns the running program, with these arguments.
func Here(id, name string, icon []byte, args ...string) (Program, error) {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	return Program{ID: id, Name: name, Path: path, Args: args, Icon: icon}, err
}

func (p Program) check() error {
	temp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return err
	}
	if within, err := filepath.Rel(temp, p.Path); err == nil && filepath.IsLocal(within) {
		return ErrTemporary
	}
	return nil
}

// replace writes a file completely or not at all.
func replace(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// holds reports whether a file has exactly that text.
func holds(path, text string) (bool, error) {
	has, err := readList(path)
	return err == nil && strings.TrimSpace(has) == strings.TrimSpace(text), err
}

// maxText bounds what is read of a file of the system that says what is started, in bytes;
// those of a full desktop have some 100 kB.
const maxText = 4 << 20

// readList returns the text of such a file, "" if there is none.
func readList(path string) (string, error) {
	if !isFile(path) {
		return "", nil
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(raw) > maxText {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxText)
	}
	return string(raw), err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
