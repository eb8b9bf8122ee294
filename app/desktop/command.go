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
	on       func() bool // reports whether it can do anything now; nil if always
	checked  func() bool // reports whether it is a switch that is on; nil if it is none
}

const ctrl = fyne.KeyModifierShortcutDefault

func (c command) item() *fyne.MenuItem {
	item := fyne.NewMenuItem(c.name.String(), c.run)
	item.Shortcut = c.shortcut
	if c.shortcut == nil && c.key != "" {
		item.Shortcut = &desktop.CustomShortcut{KeyName: c.key, Modifier: c.held}
	}
	c.update(item)
	return item
}

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
