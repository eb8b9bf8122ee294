//go:build !darwin || cgo

package desktop

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
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
	// canvas is where the list gets the keys, also before it was drawn for the
	// first time; nil is that on which it was drawn.
	canvas fyne.Canvas
	// key names a row; it stays the same when the row changes or moves.
	key func(T) string
	// name is what typing goes by, to get to a row.
	name func(T) string
	// opened is called for Enter and a double click.
	opened func(T)
	// pressed is offered the keys that the list does not use itself.
	pressed func(*fyne.KeyEvent)
	// picked is called when other rows were selected.
	picked func()
	// menu is asked for the actions of the selected rows, on a right click and
	// for the menu key.
	menu func() *fyne.Menu
	// reached is called when the last row comes into view.
	reached func()

	rows     []T
	keys     []string // of the rows
	selected map[string]bool
	cursor   int // row that the keys act from; -1 is none
	anchor   int // row that a range begins at
	focused  bool
	bound    map[*row[T]]struct{} // rows that are, or were lately, on the screen
	height   float32              // of a row, without the gap below it
	ahead    typeAhead
	held     func() fyne.KeyModifier // keys held down now
}

func newRowList[T comparable](key, name func(T) string, newView func() rowView[T]) *rowList[T] {
	l := &rowList[T]{key: key, name: name, cursor: -1, selected: map[string]bool{}, bound: map[*row[T]]struct{}{},
		ahead: typeAhead{now: time.Now}, held: heldKeys}
	l.List.Length = func() int { return len(l.rows) }
	l.List.CreateItem = func() fyne.CanvasObject {
		r := newRow(l, newView())
		l.height = r.MinSize().Height
		return r
	}
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
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = l.key(r)
	}
	old := l.rows
	l.rows = rows
	if slices.Equal(keys, l.keys) {
		l.keys = keys
		for r := range l.bound {
			if r.index < len(rows) && old[r.index] != rows[r.index] {
				r.fill()
			}
		}
		return
	}
	cursorKey := ""
	if l.cursor >= 0 && l.cursor < len(l.keys) {
		cursorKey = l.keys[l.cursor]
	}
	l.keys = keys
	kept := make(map[string]bool, len(l.selected))
	l.cursor = min(l.cursor, len(rows)-1)
	for i, k := range keys {
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
	for i, k := range l.keys {
		if len(rows) == len(l.selected) {
			break
		}
		if l.selected[k] {
			rows = append(rows, l.rows[i])
		}
	}
	if rows == nil && l.focused && l.cursor >= 0 && l.cursor < len(l.rows) {
		rows = []T{l.rows[l.cursor]}
	}
	return rows
}

// isSelected tells whether a row is selected.
func (l *rowList[T]) isSelected(index int) bool {
	return index < len(l.keys) && l.selected[l.keys[index]]
}

// selectOnly makes a row the selection and the place of the cursor.
func (l *rowList[T]) selectOnly(index int) {
	l.selected = map[string]bool{l.keys[index]: true}
	l.cursor, l.anchor = index, index
	l.repaint()
}

// toggle adds a row to the selection or takes it out.
func (l *rowList[T]) toggle(index int) {
	k := l.keys[index]
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
		l.selected[l.keys[i]] = true
	}
	l.cursor = index
	l.repaint()
}

func (l *rowList[T]) selectAll() {
	for _, k := range l.keys {
		l.selected[k] = true
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

func (l *rowList[T]) open(index int) {
	if l.opened != nil && index >= 0 && index < len(l.rows) {
		l.opened(l.rows[index])
	}
}

// openMenu shows the actions of the selected rows.
func (l *rowList[T]) openMenu(at fyne.Position) {
	if l.menu == nil {
		return
	}
	if menu := l.menu(); menu != nil && len(menu.Items) > 0 {
		widget.ShowPopUpMenuAtPosition(menu, fyne.CurrentApp().Driver().CanvasForObject(l), at)
	}
}
