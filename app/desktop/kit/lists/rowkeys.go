//go:build !darwin || cgo

package lists

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"centralizedp2p/app/desktop/kit/look"
)

// moveCursor moves the cursor to a row, and the selection with it.
func (l *List[T]) moveCursor(to int) {
	if len(l.Rows) == 0 {
		return
	}
	to = min(max(to, 0), len(l.Rows)-1)
	if l.Held()&fyne.KeyModifierShift != 0 {
		l.selectTo(to)
	} else {
		l.SelectOnly(to)
	}
	l.bringIntoView(to)
}

// bringIntoView scrolls only as far as needed to show a row.
func (l *List[T]) bringIntoView(index int) {
	top, height := l.top(index), l.height+l.more[index]
	switch offset, room := l.GetScrollOffset(), l.Size().Height; {
	case top < offset:
		l.ScrollToOffset(top)
	case top+height > offset+room:
		l.ScrollToOffset(top + height - room)
	}
}

// pageRows returns how far PgUp and PgDn go: one row less than fits on the
// screen.
func (l *List[T]) pageRows() int { return max(int(l.Size().Height/l.pitch())-1, 1) }

// TypedKey moves the cursor, opens rows and opens their menu. It passes other
// keys on.
func (l *List[T]) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyDown:
		l.moveCursor(l.cursor + 1)
	case fyne.KeyUp:
		l.moveCursor(l.cursor - 1)
	case fyne.KeyPageDown:
		l.moveCursor(l.cursor + l.pageRows())
	case fyne.KeyPageUp:
		l.moveCursor(l.cursor - l.pageRows())
	case fyne.KeyHome:
		l.moveCursor(0)
	case fyne.KeyEnd:
		l.moveCursor(len(l.Rows) - 1)
	case fyne.KeyReturn, fyne.KeyEnter:
		l.open(l.cursor)
	case fyne.KeySpace:
		if !l.ahead.running() { // else the space is a letter of a name
			l.pass(event)
		}
	case fyne.KeyEscape:
		if len(l.selected) > 0 {
			l.selectNone()
			return
		}
		l.pass(event)
	default:
		if IsMenuKey(event.Name, l.Held()) {
			l.openMenuAtCursor()
			return
		}
		l.pass(event)
	}
}

// TypedRune moves to the next row whose name starts with what was typed.
func (l *List[T]) TypedRune(letter rune) {
	at := l.ahead.find(letter, l.cursor, len(l.Rows), func(i int) string { return l.name(l.Rows[i]) })
	if at >= 0 {
		l.SelectOnly(at)
		l.bringIntoView(at)
	}
}

func (l *List[T]) pass(event *fyne.KeyEvent) {
	if l.Pressed != nil {
		l.Pressed(event)
	}
}

// TypedShortcut selects all rows for Ctrl+A, passes Shift+Del on, moves the cursor alone for Ctrl
// with an arrow, and selects or deselects the row at the cursor for Ctrl+Space.
func (l *List[T]) TypedShortcut(shortcut fyne.Shortcut) {
	switch shortcut := shortcut.(type) {
	case *fyne.ShortcutSelectAll:
		l.SelectAll()
		return
	case *fyne.ShortcutCut:
		if shortcut.Secondary { // Fyne makes this of Shift+Del before anything else sees the keys
			l.pass(&fyne.KeyEvent{Name: fyne.KeyDelete})
		}
		return
	}
	custom, ok := shortcut.(*desktop.CustomShortcut)
	if !ok || custom.Modifier != fyne.KeyModifierShortcutDefault || len(l.Rows) == 0 {
		return
	}
	switch custom.KeyName {
	case fyne.KeyUp, fyne.KeyDown:
		step := 1
		if custom.KeyName == fyne.KeyUp {
			step = -1
		}
		l.cursor = min(max(l.cursor+step, 0), len(l.Rows)-1)
		l.anchor = l.cursor
		l.repaint()
		l.bringIntoView(l.cursor)
	case fyne.KeySpace:
		l.toggle(max(l.cursor, 0))
	}
}

// openMenuAtCursor opens the menu for the menu key.
func (l *List[T]) openMenuAtCursor() {
	if l.cursor < 0 || l.cursor >= len(l.Rows) {
		return
	}
	if !l.isSelected(l.cursor) {
		l.SelectOnly(l.cursor)
	}
	l.bringIntoView(l.cursor)
	driver := fyne.CurrentApp().Driver()
	for r := range l.bound {
		if r.index == l.cursor {
			l.openMenu(driver.AbsolutePositionForObject(r).AddXY(look.GapHuge, l.height))
			return
		}
	}
	l.openMenu(driver.AbsolutePositionForObject(l))
}

// FocusGained implements fyne.Focusable.
func (l *List[T]) FocusGained() {
	l.focused = true
	if l.cursor < 0 && len(l.Rows) > 0 {
		l.cursor = 0
	}
	l.repaint()
}

// FocusLost implements fyne.Focusable.
func (l *List[T]) FocusLost() {
	l.focused = false
	l.repaint()
}

// Focus gives the focus to the list.
func (l *List[T]) Focus() {
	canvas := l.canvas
	if canvas == nil {
		canvas = fyne.CurrentApp().Driver().CanvasForObject(l)
	}
	if canvas != nil {
		canvas.Focus(l)
	}
}

// HeldKeys returns the modifier keys that are held down now.
func HeldKeys() fyne.KeyModifier {
	if driver, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return driver.CurrentKeyModifiers()
	}
	return 0
}

// IsMenuKey reports whether a key asks for the menu of what has the focus.
func IsMenuKey(key fyne.KeyName, held fyne.KeyModifier) bool {
	return key == desktop.KeyMenu || key == fyne.KeyF10 && held&fyne.KeyModifierShift != 0
}
