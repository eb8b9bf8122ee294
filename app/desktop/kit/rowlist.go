//go:build !darwin || cgo

package kit

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// RowView draws one row of a list.
type RowView[T any] interface {
	fyne.CanvasObject
	// Fill fills the view with a row; the view may have shown another before.
	Fill(row T)
}

// RowList is a list whose rows can be selected, several at once, with pointer
// and keyboard. Only rows on the screen exist as widgets; a row that changed is
// drawn again alone. It is used on the UI thread only.
type RowList[T comparable] struct {
	widget.List

	Tips *Tips
	// Canvas is where the list gets the keys, also before it was drawn for the
	// first time; nil is that on which it was drawn.
	Canvas fyne.Canvas
	// key names a row; it stays the same when the row changes or moves.
	key func(T) string
	// name is what typing goes by, to get to a row.
	name func(T) string
	// Opened is called for Enter and a double click.
	Opened func(T)
	// Pressed is offered the keys that the list does not use itself.
	Pressed func(*fyne.KeyEvent)
	// Picked is called when other rows were selected.
	Picked func()
	// Menu is asked for the actions of the selected rows, on a right click and
	// for the menu key.
	Menu func() *fyne.Menu
	// Reached is called when the last row comes into view.
	Reached func()

	Rows     []T
	keys     []string // of the rows
	selected map[string]bool
	cursor   int // row that the keys act from; -1 is none
	anchor   int // row that a range begins at
	focused  bool
	bound    map[*row[T]]struct{} // rows that are, or were lately, on the screen
	height   float32              // of a row, without the gap below it
	ahead    typeAhead
	Held     func() fyne.KeyModifier // keys held down now
}

func NewRowList[T comparable](key, name func(T) string, newView func() RowView[T]) *RowList[T] {
	l := &RowList[T]{key: key, name: name, cursor: -1, selected: map[string]bool{}, bound: map[*row[T]]struct{}{},
		ahead: typeAhead{now: time.Now}, Held: heldKeys}
	l.List.Length = func() int { return len(l.Rows) }
	l.List.CreateItem = func() fyne.CanvasObject {
		r := newRow(l, newView())
		l.height = r.MinSize().Height
		return r
	}
	l.List.UpdateItem = func(id widget.ListItemID, object fyne.CanvasObject) {
		if id >= len(l.Rows) {
			return
		}
		r := object.(*row[T])
		r.index = id
		l.bound[r] = struct{}{}
		r.fill()
		if id == len(l.Rows)-1 && l.Reached != nil {
			l.Reached()
		}
	}
	l.List.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// SetRows shows other rows. Rows that stayed in place and changed are drawn
// again; all are when rows came, went or moved.
func (l *RowList[T]) SetRows(rows []T) {
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = l.key(r)
	}
	old := l.Rows
	l.Rows = rows
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
func (l *RowList[T]) Refresh() {
	clear(l.bound)
	l.List.Refresh()
}

// repaint draws the marks of selection and cursor again.
func (l *RowList[T]) repaint() {
	for r := range l.bound {
		r.paint()
	}
	if l.Picked != nil {
		l.Picked()
	}
}

// Selection is the selected rows in their order; without any, the row of the
// cursor while the list has the focus.
func (l *RowList[T]) Selection() []T {
	var rows []T
	for i, k := range l.keys {
		if len(rows) == len(l.selected) {
			break
		}
		if l.selected[k] {
			rows = append(rows, l.Rows[i])
		}
	}
	if rows == nil && l.focused && l.cursor >= 0 && l.cursor < len(l.Rows) {
		rows = []T{l.Rows[l.cursor]}
	}
	return rows
}

// isSelected tells whether a row is selected.
func (l *RowList[T]) isSelected(index int) bool {
	return index < len(l.keys) && l.selected[l.keys[index]]
}

// SelectOnly makes a row the selection and the place of the cursor.
func (l *RowList[T]) SelectOnly(index int) {
	l.selected = map[string]bool{l.keys[index]: true}
	l.cursor, l.anchor = index, index
	l.repaint()
}

// toggle adds a row to the selection or takes it out.
func (l *RowList[T]) toggle(index int) {
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
func (l *RowList[T]) selectTo(index int) {
	l.selected = map[string]bool{}
	for i := min(l.anchor, index); i <= max(l.anchor, index) && i < len(l.Rows); i++ {
		l.selected[l.keys[i]] = true
	}
	l.cursor = index
	l.repaint()
}

func (l *RowList[T]) SelectAll() {
	for _, k := range l.keys {
		l.selected[k] = true
	}
	l.repaint()
}

func (l *RowList[T]) selectNone() {
	clear(l.selected)
	l.repaint()
}

// pick is what a click on a row means with the keys held down.
func (l *RowList[T]) pick(index int, held fyne.KeyModifier) {
	switch {
	case index >= len(l.Rows):
	case held&fyne.KeyModifierShift != 0:
		l.selectTo(index)
	case held&fyne.KeyModifierShortcutDefault != 0:
		l.toggle(index)
	default:
		l.SelectOnly(index)
	}
}

func (l *RowList[T]) open(index int) {
	if l.Opened != nil && index >= 0 && index < len(l.Rows) {
		l.Opened(l.Rows[index])
	}
}

// openMenu shows the actions of the selected rows.
func (l *RowList[T]) openMenu(at fyne.Position) {
	if l.Menu == nil {
		return
	}
	if menu := l.Menu(); menu != nil && len(menu.Items) > 0 {
		widget.ShowPopUpMenuAtPosition(menu, fyne.CurrentApp().Driver().CanvasForObject(l), at)
	}
}
