//go:build !darwin || cgo

package desktop

import (
	"runtime"
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
	on       func() bool // reports whether it can do anything now; nil if always
	checked  func() bool // reports whether it is a switch that is on; nil if it is none
}

const ctrl = fyne.KeyModifierShortcutDefault

func (c command) item() *fyne.MenuItem {
	item := fyne.NewMenuItem(c.name.String(), c.run)
	if c.key != "" {
		item.Shortcut = c.written()
	}
	c.update(item)
	return item
}

// written returns the shortcut of a command, as a menu writes it.
func (c command) written() fyne.Shortcut {
	shortcut := c.shortcut
	if shortcut == nil {
		shortcut = &desktop.CustomShortcut{KeyName: c.key, Modifier: c.held}
	}
	if runtime.GOOS == "darwin" {
		return shortcut // its menus draw symbols of the keys
	}
	return writtenShortcut{shortcut, c.keys()}
}

// writtenShortcut is a shortcut whose keys a menu writes in the language of the window.
// Fyne knows a shortcut by its name; it asks for key and modifiers only to write them,
// and has English words for them.
type writtenShortcut struct {
	fyne.Shortcut
	keys string
}

// Key implements fyne.KeyboardShortcut.
func (s writtenShortcut) Key() fyne.KeyName { return fyne.KeyName(s.keys) }

// Mod implements fyne.KeyboardShortcut.
func (s writtenShortcut) Mod() fyne.KeyModifier { return 0 }

// update brings the entry of a menu up to date, and reports whether it reads
// differently.
func (c command) update(item *fyne.MenuItem) bool {
	disabled, checked := c.on != nil && !c.on(), c.checked != nil && c.checked()
	if item.Disabled == disabled && item.Checked == checked {
		return false
	}
	item.Disabled, item.Checked = disabled, checked
	return true
}

// keys returns how the menus and the help write the keys of a command.
func (c command) keys() string {
	var parts []string
	if c.held&ctrl != 0 {
		parts = append(parts, words.L("Ctrl"))
	}
	if c.held&fyne.KeyModifierAlt != 0 {
		parts = append(parts, "Alt")
	}
	if c.held&fyne.KeyModifierShift != 0 {
		parts = append(parts, words.L("Shift"))
	}
	return strings.Join(append(parts, keyName(c.key)), "+")
}

// keyName returns what a key is called in the language of the window.
func keyName(key fyne.KeyName) string {
	switch key {
	case fyne.KeyDelete:
		return words.L("Del")
	case fyne.KeyReturn:
		return words.L("Enter")
	case fyne.KeySpace:
		return words.L("Space")
	case fyne.KeyEscape:
		return words.L("Esc")
	case fyne.KeyHome:
		return words.L("Home")
	case fyne.KeyEnd:
		return words.L("End")
	case fyne.KeyUp:
		return "↑"
	case fyne.KeyDown:
		return "↓"
	}
	return string(key)
}
