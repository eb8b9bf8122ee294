package launch

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

const (
	runKey  = `Software\Microsoft\Windows\CurrentVersion\Run`
	linkKey = `Software\Classes\` + scheme
	openKey = linkKey + `\shell\open\command`
)

// AtLogin reports whether the system starts this program when the person logs
// in.
func (p Program) AtLogin() (bool, error) { return valueIs(runKey, p.ID, p.commandLine()) }

// SetAtLogin makes the system start this program at login, or stop doing so.
func (p Program) SetAtLogin(on bool) error {
	if on {
		if err := p.check(); err != nil {
			return err
		}
		return setValue(runKey, p.ID, p.commandLine())
	}
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return missing(err)
	}
	defer key.Close()
	return missing(key.DeleteValue(p.ID))
}

// CanOpenLinks reports whether a program can register itself for links.
const CanOpenLinks = true

// OpensLinks reports whether the system opens cp2p:// links with this program.
func (p Program) OpensLinks() (bool, error) { return valueIs(openKey, "", p.commandLine()+` "%1"`) }

// SetOpensLinks makes the system open cp2p:// links with this program, or stop
// doing so.
func (p Program) SetOpensLinks(on bool) error {
	if on {
		if err := p.check(); err != nil {
			return err
		}
		return errors.Join(setValue(linkKey, "", "URL:"+p.Name), setValue(linkKey, "URL Protocol", ""),
			setValue(openKey, "", p.commandLine()+` "%1"`))
	}
	for _, key := range []string{openKey, linkKey + `\shell\open`, linkKey + `\shell`, linkKey} {
		if err := missing(registry.DeleteKey(registry.CURRENT_USER, key)); err != nil {
			return err
		}
	}
	return nil
}

func (p Program) commandLine() string {
	line := syscall.EscapeArg(p.Path)
	for _, arg := range p.Args {
		line += " " + syscall.EscapeArg(arg)
	}
	return line
}

func valueIs(path, name, want string) (bool, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, path, registry.QUERY_VALUE)
	if err != nil {
		return false, missing(err)
	}
	defer key.Close()
	value, _, err := key.GetStringValue(name)
	return err == nil && sameCommand(value, want), missing(err)
}

// sameCommand reports whether two command lines start the same program in the same way.
// An installer quotes where this program does not, and Windows does not tell upper case
// in a path from lower case.
func sameCommand(a, b string) bool {
	wordsA, errA := windows.DecomposeCommandLine(a)
	wordsB, errB := windows.DecomposeCommandLine(b)
	if errA != nil || errB != nil || len(wordsA) == 0 || len(wordsB) == 0 {
		return false
	}
	return strings.EqualFold(filepath.Clean(wordsA[0]), filepath.Clean(wordsB[0])) && slices.Equal(wordsA[1:], wordsB[1:])
}

func setValue(path, name, value string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	return key.SetStringValue(name, value)
}

// missing turns the error that something does not exist into nil.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
