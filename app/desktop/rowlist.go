//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// rowView draws one row of a list.
type rowView[T any] interface {
	fyne.CanvasObject
	// show fills the view with a row; the view may have shown another before.
	show(row T)
}

// rowList is a list whose rows can be selected, several at once, with pointer
// and keyboard. Only rows on the screen exist as widgets; a row that changed is
// drawn again alone. It is used on the UI thread only.
type rowList[T comparable] struct {
	widget.List

	tips *tips
	// key names a row; it stays the same when the row changes or moves.
	key func(T) string
	// opened is called for Enter and a double click.
	opened func(T)
	// pressed is offered the keys that the list does not use itself.
	pressed func(*fyne.KeyEvent)
	// picked is called when other rows were selected.
	picked func()
	// menu is asked for the actions of the selected rows on a right click.
	menu func() *fyne.Menu
	// reached is called when the last row comes into view.
	reached func()

	rows     []T
	selected map[string]bool
	cursor   int // row that the keys act from; -1 is none
	anchor   int // row that a range begins at
	focused  bool
	bound    map[*row[T]]struct{} // rows that are, or were lately, on the screen
}

func newRowList[T comparable](key func(T) string, newView func() rowView[T]) *rowList[T] {
	l := &rowList[T]{key: key, cursor: -1, selected: map[string]bool{}, bound: map[*row[T]]struct{}{}}
	l.List.Length = func() int { return len(l.rows) }
	l.List.CreateItem = func() fyne.CanvasObject { return newRow(l, newView()) }
	l.List.UpdateItem = func(id widget.ListItemID, object fyne.CanvasObject) {
		if id >= len(l.rows) {
			return
		}
		r := object.(*row[T])
		r.index = id
		l.bound[r] = struct{}{}
		r.fill()
		if id == len(l.rows)-1 && l.reached != nil {
			l.reached()
		}
	}
	l.List.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// setRows shows other rows. Rows that stayed in place and changed are drawn
// again; all are when rows came, went or moved.
func (l *rowList[T]) setRows(rows []T) {
	if l.sameKeys(rows) {
		old := l.rows
		l.rows = rows
		for r := range l.bound {
			if r.index < len(rows) && old[r.index] != rows[r.index] {
				r.fill()
			}
		}
		return
	}
	cursorKey := ""
	if l.cursor >= 0 && l.cursor < len(l.rows) {
		cursorKey = l.key(l.rows[l.cursor])
	}
	l.rows = rows
	kept := make(map[string]bool, len(l.selected))
	l.cursor = min(l.cursor, len(rows)-1)
	for i, r := range rows {
		k := l.key(r)
		if l.selected[k] {
			kept[k] = true
		}
		if k == cursorKey {
			l.cursor = i
		}
	}
	l.selected = kept
	l.anchor = max(l.cursor, 0)
	l.Refresh()
}

func (l *rowList[T]) sameKeys(rows []T) bool {
	if len(rows) != len(l.rows) {
		return false
	}
	for i := range rows {
		if l.key(rows[i]) != l.key(l.rows[i]) {
			return false
		}
	}
	return true
}

// Refresh draws everything again, for another theme or other rows.
func (l *rowList[T]) Refresh() {
	clear(l.bound)
	l.List.Refresh()
}

// repaint draws the marks of selection and cursor again.
func (l *rowList[T]) repaint() {
	for r := range l.bound {
		r.paint()
	}
	if l.picked != nil {
		l.picked()
	}
}

// selection is the selected rows in their order; without any, the row of the
// cursor while the list has the focus.
func (l *rowList[T]) selection() []T {
	var rows []T
	for _, r := range l.rows {
		if l.selected[l.key(r)] {
			rows = append(rows, r)
		}
	}
	if rows == nil && l.focused && l.cursor >= 0 && l.cursor < len(l.rows) {
		rows = []T{l.rows[l.cursor]}
	}
	return rows
}

func (l *rowList[T]) isSelected(index int) bool {
	return index < len(l.rows) && l.selected[l.key(l.rows[index])]
}

// selectOnly makes a row the selection and the place of the cursor.
func (l *rowList[T]) selectOnly(index int) {
	l.selected = map[string]bool{l.key(l.rows[index]): true}
	l.cursor, l.anchor = index, index
	l.repaint()
}

// toggle adds a row to the selection or takes it out.
func (l *rowList[T]) toggle(index int) {
	k := l.key(l.rows[index])
	if l.selected[k] {
		delete(l.selected, k)
	} else {
		l.selected[k] = true
	}
	l.cursor, l.anchor = index, index
	l.repaint()
}

// selectTo selects the rows from the anchor to index.
func (l *rowList[T]) selectTo(index int) {
	l.selected = map[string]bool{}
	for i := min(l.anchor, index); i <= max(l.anchor, index) && i < len(l.rows); i++ {
		l.selected[l.key(l.rows[i])] = true
	}
	l.cursor = index
	l.repaint()
}

func (l *rowList[T]) selectAll() {
	for _, r := range l.rows {
		l.selected[l.key(r)] = true
	}
	l.repaint()
}

func (l *rowList[T]) selectNone() {
	clear(l.selected)
	l.repaint()
}

// pick is what a click on a row means with the keys held down.
func (l *rowList[T]) pick(index int, held fyne.KeyModifier) {
	switch {
	case index >= len(l.rows):
	case held&fyne.KeyModifierShift != 0:
		l.selectTo(index)
	case held&fyne.KeyModifierShortcutDefault != 0:
		l.toggle(index)
	default:
		l.selectOnly(index)
	}
}

// moveCursor takes the cursor to a row, and the selection with it.
func (l *rowList[T]) moveCursor(to int) {
	if len(l.rows) == 0 {
		return
	}
	to = min(max(to, 0), len(l.rows)-1)
	if heldKeys()&fyne.KeyModifierShift != 0 {
		l.selectTo(to)
	} else {
		l.selectOnly(to)
	}
	l.ScrollTo(to)
}

// pageRows is how many rows are on the screen.
func (l *rowList[T]) pageRows() int {
	const aboutOneRow = 32
	return max(int(l.Size().Height/aboutOneRow)-1, 1)
}

// TypedKey is called for keys while the list has the focus.
func (l *rowList[T]) TypedKey(event *fyne.KeyEvent) {
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
		l.moveCursor(len(l.rows) - 1)
	case fyne.KeyReturn, fyne.KeyEnter:
		l.open(l.cursor)
	case fyne.KeyEscape:
		if len(l.selected) > 0 {
			l.selectNone()
			return
		}
		l.pass(event)
	default:
		l.pass(event)
	}
}

func (l *rowList[T]) pass(event *fyne.KeyEvent) {
	if l.pressed != nil {
		l.pressed(event)
	}
}

// TypedShortcut is called for shortcuts while the list has the focus.
func (l *rowList[T]) TypedShortcut(shortcut fyne.Shortcut) {
	if _, ok := shortcut.(*fyne.ShortcutSelectAll); ok {
		l.selectAll()
	}
}

func (l *rowList[T]) open(index int) {
	if l.opened != nil && index >= 0 && index < len(l.rows) {
		l.opened(l.rows[index])
	}
}

// FocusGained is called when the keys begin to come here.
func (l *rowList[T]) FocusGained() {
	l.focused = true
	if l.cursor < 0 && len(l.rows) > 0 {
		l.cursor = 0
	}
	l.repaint()
}

// FocusLost is called when they go elsewhere.
func (l *rowList[T]) FocusLost() {
	l.focused = false
	l.repaint()
}

func (l *rowList[T]) focus() {
	if canvas := fyne.CurrentApp().Driver().CanvasForObject(l); canvas != nil {
		canvas.Focus(l)
	}
}

// heldKeys are the modifier keys held down now.
func heldKeys() fyne.KeyModifier {
	if driver, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return driver.CurrentKeyModifiers()
	}
	return 0
}
