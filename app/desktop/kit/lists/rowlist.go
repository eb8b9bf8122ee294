//go:build !darwin || cgo

// Package lists shows rows below each other that can be selected, opened and found by
// typing, and holds the row of two lines. It does not know what is in a row.
package lists

import (
	"iter"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
)

// View draws one row of a list.
type View[T any] interface {
	fyne.CanvasObject
	// Fill shows a row in the view, which may have shown another one before.
	Fill(row T)
}

// Hinted is a View of whose row something may not fit.
type Hinted interface {
	// Hint returns what is cut in the row, for a tooltip; "" shows none.
	Hint() string
}

// List is a list in which several rows can be selected, with the pointer and
// the keyboard. Only rows on the screen exist as widgets, and only rows that
// changed are redrawn. It is used on the UI thread only.
type List[T comparable] struct {
	widget.List

	tips *kit.Tips
	// canvas is where the list gets the focus, even before it is first drawn;
	// nil stands for the canvas on which it was drawn.
	canvas fyne.Canvas
	// key identifies a row; it stays the same when the row changes or moves.
	key func(T) string
	// name is what a row is found by when the person types.
	name func(T) string
	// Opened is called for Enter and for a double click.
	Opened func(T)
	// Pressed receives the keys that the list does not use itself.
	Pressed func(*fyne.KeyEvent)
	// Picked is called when the selection changed.
	Picked func()
	// Menu returns the actions for the selected rows, for a right click and the
	// menu key.
	Menu func() *fyne.Menu
	// More returns how much higher than the others a row is in a list of a width; nil
	// stands for never.
	More func(row T, width float32) float32
	// Reached is called when the last row comes into view.
	Reached func()

	Rows     []T      // as set; read only
	keys     []string // of the rows
	selected map[string]bool
	cursor   int // row that keys start from; -1 if there is none
	anchor   int // row where a range starts
	focused  bool
	bound    map[*row[T]]struct{} // rows that are on the screen, or recently were
	height   float32              // of a row, without the gap below it
	more     map[int]float32      // by index, of the rows that are higher
	still    bool                 // nothing is drawn
	ahead    typeAhead
	Held     func() fyne.KeyModifier // returns the modifier keys that are held down now
}

// New makes an empty list. key identifies a row, and name is what it is
// found by when the person types.
func New[T comparable](h Host, key, name func(T) string, newView func() View[T]) *List[T] {
	l := &List[T]{key: key, name: name, cursor: -1, selected: map[string]bool{}, bound: map[*row[T]]struct{}{},
		ahead: typeAhead{now: time.Now}, Held: HeldKeys,
		tips: h.Tips, canvas: h.Canvas, Pressed: h.Pressed}
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

// SetRows shows other rows. It redraws only the rows that changed, unless rows
// were added, removed or moved.
func (l *List[T]) SetRows(rows []T) {
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = l.key(r)
	}
	old := l.Rows
	l.Rows = rows
	if slices.Equal(keys, l.keys) {
		l.keys = keys
		if l.More != nil {
			if stay := l.place(old); l.measure() {
				l.Refresh()
				stay()
				return
			}
		}
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
	stay := l.place(old)
	l.measure()
	l.Refresh()
	stay()
}

// place remembers which row is at the top of what is seen, unless that is the
// first one. stay scrolls so that it is there again, however many rows came before
// it meanwhile. In another order the place stays, not the row.
func (l *List[T]) place(old []T) (stay func()) {
	offset := l.GetScrollOffset()
	if l.height == 0 || offset <= 0 || len(old) == 0 {
		return func() {}
	}
	top := min(l.rowAt(offset), len(old)-1)
	before, at := l.top(top), slices.Index(l.keys, l.key(old[top]))
	if at < 0 || at != top && l.reordered(old) {
		return func() {}
	}
	return func() {
		if moved := l.top(at) - before; moved != 0 {
			l.ScrollToOffset(offset + moved)
		}
	}
}

// reordered reports whether the rows are in another order than before, and have not
// only come, gone, or changed places here and there.
func (l *List[T]) reordered(old []T) bool {
	now := make(map[string]int, len(l.keys))
	for i, key := range l.keys {
		now[key] = i
	}
	const few = 10 // in a hundred
	last, kept, swapped := -1, 0, 0
	for _, row := range old {
		at, there := now[l.key(row)]
		if !there {
			continue
		}
		if kept++; at < last {
			swapped++
		}
		last = at
	}
	return 100*swapped > few*kept
}

// Refresh redraws everything, for another theme or other rows.
func (l *List[T]) Refresh() {
	clear(l.bound)
	l.List.Refresh()
}

// repaint redraws the marks of selection and cursor.
func (l *List[T]) repaint() {
	for r := range l.bound {
		r.paint()
	}
	if l.Picked != nil {
		l.Picked()
	}
}

// Selection returns the selected rows in their order. If none is selected and
// the list has the focus, it returns the row at the cursor.
func (l *List[T]) Selection() []T {
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

// Views yields the views of the rows that are on the screen, or recently were.
func (l *List[T]) Views() iter.Seq[View[T]] {
	return func(yield func(View[T]) bool) {
		for r := range l.bound {
			if r.index < len(l.Rows) && !yield(r.view) {
				return
			}
		}
	}
}

// Hovered returns the row under the pointer, if there is one.
func (l *List[T]) Hovered() (row T, ok bool) {
	for r := range l.bound {
		if r.hovered && r.index < len(l.Rows) {
			return l.Rows[r.index], true
		}
	}
	return row, false
}

func (l *List[T]) isSelected(index int) bool {
	return index < len(l.keys) && l.selected[l.keys[index]]
}

// SelectOnly selects one row and moves the cursor there.
func (l *List[T]) SelectOnly(index int) {
	l.selected = map[string]bool{l.keys[index]: true}
	l.cursor, l.anchor = index, index
	l.repaint()
}

// toggle selects or deselects a row.
func (l *List[T]) toggle(index int) {
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
func (l *List[T]) selectTo(index int) {
	l.selected = map[string]bool{}
	for i := min(l.anchor, index); i <= max(l.anchor, index) && i < len(l.Rows); i++ {
		l.selected[l.keys[i]] = true
	}
	l.cursor = index
	l.repaint()
}

// SelectAll selects every row.
func (l *List[T]) SelectAll() {
	for _, k := range l.keys {
		l.selected[k] = true
	}
	l.repaint()
}

func (l *List[T]) selectNone() {
	clear(l.selected)
	l.repaint()
}

// pick answers a click on a row while some modifier keys are held down.
func (l *List[T]) pick(index int, held fyne.KeyModifier) {
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

func (l *List[T]) open(index int) {
	if l.Opened != nil && index >= 0 && index < len(l.Rows) {
		l.Opened(l.Rows[index])
	}
}

// openMenu shows the actions for the selected rows.
func (l *List[T]) openMenu(at fyne.Position) {
	if l.Menu == nil {
		return
	}
	if menu := l.Menu(); menu != nil && len(menu.Items) > 0 {
		widget.ShowPopUpMenuAtPosition(menu, fyne.CurrentApp().Driver().CanvasForObject(l), at)
	}
}
