//go:build !darwin || cgo

package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"centralizedp2p/app/desktop/words"
)

// command is an action with a key. It stands in the menus and in the help.
type command struct {
	name     words.Phrase
	key      fyne.KeyName // none if it is in a menu only
	held     fyne.KeyModifier
	shortcut fyne.Shortcut // set if Fyne has a shortcut of its own for the keys
	run      func()
}

const ctrl = fyne.KeyModifierShortcutDefault

func (c command) item() *fyne.MenuItem {
	item := fyne.NewMenuItem(c.name.String(), c.run)
	item.Shortcut = c.shortcut
	if c.shortcut == nil && c.key != "" {
		item.Shortcut = &desktop.CustomShortcut{KeyName: c.key, Modifier: c.held}
	}
	return item
}

// keys returns how the help writes the keys of a command.
func (c command) keys() string {
	var parts []string
	if c.held&ctrl != 0 {
		parts = append(parts, "Ctrl")
	}
	if c.held&fyne.KeyModifierAlt != 0 {
		parts = append(parts, "Alt")
	}
	if c.held&fyne.KeyModifierShift != 0 {
		parts = append(parts, "Shift")
	}
	name := string(c.key)
	switch c.key {
	case fyne.KeyDelete:
		name = "Del"
	case fyne.KeyReturn:
		name = "Enter"
	}
	return strings.Join(append(parts, name), "+")
}
