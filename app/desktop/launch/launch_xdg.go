//go:build unix && !darwin

package launch

import (
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

// execWords returns the command line of a desktop file, as quoted wrote it or a package
// has it; none if there is no well-formed one, or the file counts as removed.
func execWords(entry string) []string {
	if entryValue(entry, "Hidden") == "true" {
		return nil
	}
	value := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\s`, " ").Replace(entryValue(entry, "Exec"))
	var words []string
	for value = strings.TrimLeft(value, " "); value != ""; value = strings.TrimLeft(value, " ") {
		word, rest, _ := strings.Cut(value, " ")
		if strings.HasPrefix(value, `"`) {
			var ok bool
			if word, rest, ok = unquote(value[1:]); !ok {
				return nil
			}
		}
		words = append(words, strings.ReplaceAll(word, "%%", "%"))
		value = rest
	}
	return words
}

func entryValue(entry, key string) string {
	group := ""
	for line := range strings.Lines(entry) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			group = line
		}
		if name, value, ok := strings.Cut(line, "="); ok && group == "[Desktop Entry]" && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// unquote returns what stands before the closing quotation mark, and what comes after it.
func unquote(text string) (word, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:], true
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}
