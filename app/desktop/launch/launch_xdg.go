//go:build unix && !darwin

package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Folders of the XDG Base Directory Specification 0.8.
func configHome() (string, error) { return os.UserConfigDir() }

func dataHome() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share"), err
}

// AtLogin reports whether the system starts this program when the person logs
// in.
func (p Program) AtLogin() (bool, error) {
	config, err := configHome()
	if err != nil {
		return false, err
	}
	return holds(p.autostart(config), p.entry(""))
}

// SetAtLogin makes the system start this program at login, or stop doing so.
func (p Program) SetAtLogin(on bool) error {
	config, err := configHome()
	if err != nil {
		return err
	}
	if !on {
		return remove(p.autostart(config))
	}
	if err := p.check(); err != nil {
		return err
	}
	return replace(p.autostart(config), p.entry(""))
}

func (p Program) autostart(config string) string {
	return filepath.Join(config, "autostart", p.desktopFile())
}

func (p Program) desktopFile() string { return p.ID + ".desktop" }

// CanOpenLinks reports whether a program can register itself for links.
const CanOpenLinks = true

// OpensLinks reports whether the system opens cp2p:// links with this program.
func (p Program) OpensLinks() (bool, error) {
	config, err := configHome()
	if err != nil {
		return false, err
	}
	data, err := dataHome()
	if err != nil {
		return false, err
	}
	there, err := holds(filepath.Join(data, "applications", p.desktopFile()), p.linkEntry())
	if !there || err != nil {
		return false, err
	}
	raw, err := os.ReadFile(filepath.Join(config, mimeApps))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return handler(string(raw)) == p.desktopFile(), err
}

// SetOpensLinks makes the system open cp2p:// links with this program, or stop
// doing so.
func (p Program) SetOpensLinks(on bool) error {
	config, err := configHome()
	if err != nil {
		return err
	}
	data, err := dataHome()
	if err != nil {
		return err
	}
	entry := filepath.Join(data, "applications", p.desktopFile())
	icon := filepath.Join(data, "icons", "hicolor", "256x256", "apps", p.ID+".png")
	apps := filepath.Join(config, mimeApps)
	raw, err := os.ReadFile(apps)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !on {
		if handler(string(raw)) == p.desktopFile() {
			if err := replace(apps, withHandler(string(raw), "")); err != nil {
				return err
			}
		}
		return errors.Join(remove(entry), remove(icon))
	}
	if err := p.check(); err != nil {
		return err
	}
	return errors.Join(replace(icon, string(p.Icon)), replace(entry, p.linkEntry()),
		replace(apps, withHandler(string(raw), p.desktopFile())))
}

func (p Program) linkEntry() string {
	return p.entry(" %U") + "Icon=" + p.ID + "\nCategories=Network;FileTransfer;P2P;\nMimeType=x-scheme-handler/" + scheme + ";\n"
}

// entry returns a file of the Desktop Entry Specification 1.4, which every validator
// knows. The class of the window is the name, which connects it to the entry.
func (p Program) entry(operands string) string {
	words := []string{quoted(p.Path)}
	for _, arg := range p.Args {
		words = append(words, quoted(arg))
	}
	return "[Desktop Entry]\nType=Application\nVersion=1.4\nName=" + p.Name + "\nExec=" + strings.Join(words, " ") + operands +
		"\nTerminal=false\nStartupWMClass=" + p.Name + "\n"
}

// quoted writes an argument for Exec: quoted by the rules of the specification,
// and then again by those for values.
func quoted(arg string) string {
	arg = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(arg)
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(`"` + arg + `"`)
}

// The file mimeApps says which program opens what (MIME Applications
// Associations 1.0.1).
const (
	mimeApps   = "mimeapps.list"
	mimeGroup  = "[Default Applications]"
	mimeScheme = "x-scheme-handler/" + scheme + "="
)

// handler returns the program that a list names for the links, or "".
func handler(list string) string {
	group := ""
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			group = line
		}
		if name, ok := strings.CutPrefix(line, mimeScheme); ok && group == mimeGroup {
			first, _, _ := strings.Cut(name, ";")
			return strings.TrimSpace(first)
		}
	}
	return ""
}

// withHandler returns the list with another program for the links, and
// everything else unchanged; "" names none.
func withHandler(list, program string) string {
	var out []string
	group, done := "", program == ""
	for line := range strings.Lines(list) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			group = trimmed
		}
		if group == mimeGroup && strings.HasPrefix(trimmed, mimeScheme) {
			continue
		}
		out = append(out, line)
		if trimmed == mimeGroup && !done {
			out = append(out, mimeScheme+program)
			done = true
		}
	}
	if !done {
		out = append(out, mimeGroup, mimeScheme+program)
	}
	return strings.Join(out, "\n") + "\n"
}
