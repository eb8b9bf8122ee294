//go:build unix && !darwin

package launch

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// CanOpenLinks reports whether a program can register itself for links.
const CanOpenLinks = true

// Lists say which program opens what (MIME Applications Associations 1.0.1). The person
// has one, and desktops, the owner of the computer and packages may have more. A cache
// names what the desktop files of its folder say that they open.
const (
	mimeApps    = "mimeapps.list"
	mimeCache   = "mimeinfo.cache"
	mimeScheme  = "x-scheme-handler/" + scheme + "="
	groupUse    = "[Default Applications]"
	groupAdd    = "[Added Associations]"
	groupRemove = "[Removed Associations]"
	groupCache  = "[MIME Cache]"
)

// places are the folders of the specification, in the order in which they count.
type places struct {
	lists    []string // where lists of associations may be; the person's own first
	entries  []string // where desktop files may be; the person's own first
	desktops []string // names of the desktop that runs, in lower case
}

func findPlaces() (places, error) {
	config, err := configHome()
	if err != nil {
		return places{}, err
	}
	data, err := dataHome()
	if err != nil {
		return places{}, err
	}
	var p places
	for _, dir := range append([]string{data}, folders("XDG_DATA_DIRS", "/usr/local/share:/usr/share")...) {
		p.entries = append(p.entries, filepath.Join(dir, "applications"))
	}
	p.lists = append([]string{config}, folders("XDG_CONFIG_DIRS", "/etc/xdg")...)
	p.lists = append(p.lists, p.entries...)
	p.desktops = filepath.SplitList(strings.ToLower(os.Getenv("XDG_CURRENT_DESKTOP")))
	return p, nil
}

func (p places) list() string { return filepath.Join(p.lists[0], mimeApps) }

// folders returns the absolute ones of a variable that names folders.
func folders(variable, otherwise string) []string {
	value := os.Getenv(variable)
	if value == "" {
		value = otherwise
	}
	return slices.DeleteFunc(filepath.SplitList(value), func(dir string) bool { return !filepath.IsAbs(dir) })
}

// handler returns the name of the desktop file that opens the links, or "": the first
// that a list has as the default and that is there; otherwise the first that a list adds,
// or that says itself that it opens them, unless a list before it removes it.
func (p places) handler() (string, error) {
	var candidates, removed []string
	for _, dir := range p.lists {
		texts, err := p.textsOf(dir)
		if err != nil {
			return "", err
		}
		for _, text := range texts {
			for _, name := range handlers(text, groupUse) {
				if p.entry(name, 0) != "" {
					return name, nil
				}
			}
			candidates = append(candidates, without(handlers(text, groupAdd), removed)...)
			removed = append(removed, handlers(text, groupRemove)...)
		}
		if slices.Contains(p.entries, dir) {
			cache, err := readList(filepath.Join(dir, mimeCache))
			if err != nil {
				return "", err
			}
			candidates = append(candidates, without(handlers(cache, groupCache), removed)...)
		}
	}
	for _, name := range candidates {
		if p.entry(name, 0) != "" {
			return name, nil
		}
	}
	return "", nil
}

// textsOf returns the lists of a folder, those of the desktop that runs first.
func (p places) textsOf(dir string) ([]string, error) {
	var texts []string
	for _, desktop := range append(slices.Clone(p.desktops), "") {
		name := mimeApps
		if desktop != "" {
			name = filepath.Base(desktop) + "-" + mimeApps
		}
		text, err := readList(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// entry returns the path of the first desktop file of that name in the folders from a
// number on, or "".
func (p places) entry(name string, from int) string {
	if name != filepath.Base(name) {
		return ""
	}
	for _, dir := range p.entries[from:] {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	return ""
}

// OpensLinks reports whether the system opens cp2p:// links with this program, whoever
// told it to: the person, or a package.
func (p Program) OpensLinks() (bool, error) {
	at, err := findPlaces()
	if err != nil {
		return false, err
	}
	name, err := at.handler()
	if name != p.desktopFile() || err != nil {
		return false, err
	}
	return p.startedBy(at.entry(name, 0))
}

// startedBy reports whether a desktop file starts this program with its arguments and
// what is opened.
func (p Program) startedBy(entry string) (bool, error) {
	if entry == "" {
		return false, nil
	}
	text, err := readList(entry)
	if err != nil {
		return false, err
	}
	words := execWords(text)
	if len(words) != len(p.Args)+2 || !slices.Equal(words[1:len(words)-1], p.Args) || !slices.Contains([]string{"%u", "%U"}, words[len(words)-1]) {
		return false, nil
	}
	if words[0] == p.Path {
		return true, nil
	}
	path, err := exec.LookPath(words[0])
	return err == nil && resolved(path) == resolved(p.Path), nil
}

// resolved returns a path without symbolic links, or the path itself if that is not
// possible.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// SetOpensLinks makes the system open cp2p:// links with this program, or stop doing so.
// If a package brought a desktop file of this program, that one is used, so that none is
// left when the package is removed.
func (p Program) SetOpensLinks(on bool) error {
	at, err := findPlaces()
	if err != nil {
		return err
	}
	list, err := readList(at.list())
	if err != nil {
		return err
	}
	if on {
		return p.takeLinks(at, list)
	}
	if slices.Contains(handlers(list, groupUse), p.desktopFile()) {
		list = with(list, groupUse, without(handlers(list, groupUse), []string{p.desktopFile()}))
		if err := replace(at.list(), list); err != nil {
			return err
		}
	}
	if err := errors.Join(remove(filepath.Join(at.entries[0], p.desktopFile())), remove(p.iconFile(at))); err != nil {
		return err
	}
	if still, err := p.OpensLinks(); !still || err != nil {
		return err
	}
	return replace(at.list(), with(list, groupRemove, append(handlers(list, groupRemove), p.desktopFile())))
}

func (p Program) takeLinks(at places, list string) error {
	packaged, err := p.startedBy(at.entry(p.desktopFile(), 1))
	if err != nil {
		return err
	}
	entry := filepath.Join(at.entries[0], p.desktopFile())
	if packaged {
		err = errors.Join(remove(entry), remove(p.iconFile(at)))
	} else if err = p.check(); err == nil {
		err = errors.Join(replace(p.iconFile(at), string(p.Icon)), replace(entry, p.linkEntry()))
	}
	if err != nil {
		return err
	}
	list = with(list, groupRemove, without(handlers(list, groupRemove), []string{p.desktopFile()}))
	return replace(at.list(), with(list, groupUse, []string{p.desktopFile()}))
}

func (p Program) iconFile(at places) string {
	return filepath.Join(filepath.Dir(at.entries[0]), "icons", "hicolor", "256x256", "apps", p.ID+".png")
}

// handlers returns the desktop files that a group of a list names for the links.
func handlers(list, group string) []string {
	current := ""
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			current = line
		}
		if value, ok := strings.CutPrefix(line, mimeScheme); ok && current == group {
			var names []string
			for name := range strings.SplitSeq(value, ";") {
				if name = strings.TrimSpace(name); name != "" {
					names = append(names, name)
				}
			}
			return names
		}
	}
	return nil
}

// with returns the list with these desktop files for the links in a group, and everything
// else unchanged.
func with(list, group string, names []string) string {
	var out []string
	current, done := "", len(names) == 0
	value := mimeScheme + strings.Join(names, ";")
	for line := range strings.Lines(list) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			current = trimmed
		}
		if current == group && strings.HasPrefix(trimmed, mimeScheme) {
			continue
		}
		out = append(out, line)
		if trimmed == group && !done {
			out = append(out, value)
			done = true
		}
	}
	if !done {
		out = append(out, group, value)
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "\n") + "\n"
}

func without(names, removed []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(removed, name) })
}
