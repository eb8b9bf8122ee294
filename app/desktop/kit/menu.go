//go:build !darwin || cgo

package kit

import "fyne.io/fyne/v2"

// Menu is a menu for the selected rows of a list, built item by item.
type Menu struct{ fyne.Menu }

// Add adds an item with an icon, which may be nil.
func (m *Menu) Add(name string, icon fyne.Resource, run func()) *fyne.MenuItem {
	item := fyne.NewMenuItemWithIcon(name, icon, run)
	m.Items = append(m.Items, item)
	return item
}

// AddChoice adds an item that is checked while it is the current choice.
func (m *Menu) AddChoice(name string, current bool, run func()) {
	m.Add(name, nil, run).Checked = current
}

// Separate adds a line between the items before it and those after it.
func (m *Menu) Separate() { m.Items = append(m.Items, fyne.NewMenuItemSeparator()) }
