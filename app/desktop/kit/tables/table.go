//go:build !darwin || cgo

// Package tables shows rows in columns, which a person sorts, resizes and hides. A table
// is a list with a header.
package tables

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

// Column is a column of a table: its shape and what it shows of a row.
type Column[T any] struct {
	ColumnShape
	// Text is what the column is sorted by, in the order of the language,
	// unless Order is set.
	Text  func(T) string
	Order func(a, b T) int // negative if a sorts before b
	Cell  func(T) Cell     // what the column shows of a row
	// Samples are rows that the column shows whole, or in short, at first in any language.
	Samples []T
}

// first returns the shape that the column has at first: as wide as its name and its
// samples need.
func (c Column[T]) first() ColumnShape {
	shape := c.ColumnShape
	if shape.named = headerNeeds(c.Name); shape.flexible() {
		return shape
	}
	shape.Width = max(shape.Width, shape.least())
	if len(c.Samples) == 0 {
		return shape
	}
	view := newCellView(shape)
	for _, sample := range c.Samples {
		cell := c.Cell(sample)
		cell.Text = cmp.Or(cell.Short, cell.Text)
		view.show(cell)
		shape.Width = max(shape.Width, float32(math.Ceil(float64(view.needs())))+2*look.GapMedium)
	}
	return shape
}

// sortedAtOnce is the largest number of rows that are sorted on the UI thread.
const sortedAtOnce = 2000

// Table shows rows in columns. A click on the header sorts them; they are
// selected like those of any list. Columns can be resized, hidden and shown.
// The preferences remember that under the name of the table. It is used on the
// UI thread only.
type Table[T comparable] struct {
	Box     fyne.CanvasObject // what a page shows: header and rows
	List    *lists.List[T]    // the rows
	header  *header
	columns []Column[T]
	first   []ColumnShape // of the columns, before the person changed any

	name   string
	prefs  fyne.Preferences
	beside func(work func() func()) // see lists.Host
	// Resorted is called when the person chose another order. If it returns
	// true, the caller sets the rows again in that order, and they are not
	// sorted here.
	Resorted func() bool

	source  []T // as they were set
	order   ordering[T]
	sorting bool // in a goroutine
	stale   bool // other rows were set since that started
}

// New makes a table whose name is its key in the preferences. key
// identifies a row. At first it is sorted by the column at index by.
func New[T comparable](h lists.Host, name string, key func(T) string, columns []Column[T], by int) *Table[T] {
	t := &Table[T]{name: name, prefs: h.Prefs, beside: h.Beside, columns: columns}
	shapes := make([]ColumnShape, len(columns))
	for i, c := range columns {
		shapes[i] = c.first()
	}
	t.first = slices.Clone(shapes)
	set := newColumnSet(shapes)
	t.header = newHeader(set)
	t.header.by, t.header.descending = by, columns[by].Descending
	t.List = lists.New(h, key, columns[set.flexible()].Text, func() lists.View[T] { return newCellsView(t) })
	t.header.needs, t.header.menu = t.needs, t.columnMenu
	t.header.shaped = t.List.Refresh
	t.header.settled = t.remember
	t.header.sorted = func() {
		t.remember()
		if t.Resorted == nil || !t.Resorted() {
			t.SetRows(t.source)
		}
	}
	t.recall()
	t.Box = container.NewBorder(t.header, nil, nil, nil, t.List)
	return t
}

// SortedBy returns the index of the column that the rows are sorted by.
func (t *Table[T]) SortedBy() int { return t.header.by }

// Descending reports whether the largest come first, or the last of the names.
func (t *Table[T]) Descending() bool { return t.header.descending }

// SetRows shows other rows, in the order of the header.
func (t *Table[T]) SetRows(rows []T) {
	t.source = rows
	order := t.order.of(t.columns, t.header)
	if len(rows) <= sortedAtOnce || order.holds(rows) {
		t.order = order.sort(rows)
		t.stale = t.sorting // the rows being sorted are outdated
		t.List.SetRows(t.order.rows())
		return
	}
	t.stale = true
	if !t.sorting {
		t.sortBeside()
	}
}

// sortBeside sorts many rows in a goroutine, and again if others were set
// meanwhile.
func (t *Table[T]) sortBeside() {
	t.sorting, t.stale = true, false
	rows, order := t.source, t.order.of(t.columns, t.header)
	t.beside(func() func() {
		sorted := order.sort(rows)
		return func() {
			t.sorting = false
			if t.stale {
				t.SetRows(t.source)
				return
			}
			t.order = sorted
			t.List.SetRows(sorted.rows())
		}
	})
}

// needs returns the width that a column needs for its name and its contents on
// the screen.
func (t *Table[T]) needs(column int) float32 {
	const markWidth = look.GapLarge + look.Gap // of the order, beside the name
	name := t.header.cells[column].name
	widest := name.FullWidth() + markWidth
	for view := range t.List.Views() {
		widest = max(widest, view.(*cellsView[T]).cells[column].needs())
	}
	return widest + 2*look.GapMedium
}

// columnMenu hides and shows columns.
func (t *Table[T]) columnMenu() *fyne.Menu {
	set := t.header.set
	menu := fyne.NewMenu("")
	for i := range set.shapes {
		if set.shapes[i].flexible() {
			continue
		}
		item := fyne.NewMenuItem(set.shapes[i].Name.String(), func() {
			set.shapes[i].Hidden = !set.shapes[i].Hidden
			t.header.reshape()
			t.remember()
		})
		item.Checked = !set.shapes[i].Hidden
		menu.Items = append(menu.Items, item)
	}
	menu.Items = append(menu.Items, fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(words.L("Fit all columns"), func() {
			set.fit(set.flexible(), t.needs)
			t.header.reshape()
			t.remember()
		}),
		fyne.NewMenuItem(words.L("Reset columns"), func() {
			copy(set.shapes, t.first)
			set.narrow = goodNameWidth
			t.header.reshape()
			t.remember()
		}))
	return menu
}

// tableMemory is what the preferences keep of a table, as JSON.
type tableMemory struct {
	By      string             `json:"by"`
	Falling bool               `json:"falling,omitempty"`
	Narrow  float32            `json:"narrow,omitempty"`
	Widths  map[string]float32 `json:"widths,omitempty"`
	Hidden  map[string]bool    `json:"hidden,omitempty"`
}

func (t *Table[T]) remember() {
	set := t.header.set
	m := tableMemory{By: set.shapes[t.header.by].ID, Falling: t.header.descending, Narrow: set.narrow,
		Widths: map[string]float32{}, Hidden: map[string]bool{}}
	for i, c := range set.shapes {
		m.Hidden[c.ID] = c.Hidden
		if !c.flexible() && c.Width != t.first[i].Width {
			m.Widths[c.ID] = c.Width
		}
	}
	if data, err := json.Marshal(m); err == nil { // which always succeeds for numbers and strings
		t.prefs.SetString(t.preference(), string(data))
	}
}

func (t *Table[T]) preference() string { return "table." + t.name }

// recall takes from the preferences what makes sense; a person can edit them.
func (t *Table[T]) recall() {
	var m tableMemory
	if json.Unmarshal([]byte(t.prefs.String(t.preference())), &m) != nil {
		return
	}
	set := t.header.set
	if m.Narrow >= kit.LeastNameWidth && m.Narrow <= goodNameWidth {
		set.narrow = m.Narrow
	}
	for i := range set.shapes {
		c := &set.shapes[i]
		if c.ID == m.By {
			t.header.by, t.header.descending = i, m.Falling
		}
		if c.flexible() {
			continue
		}
		// Once, the widths were remembered that nobody had changed.
		if width := m.Widths[c.ID]; width >= c.least() && width <= mostWidth && width != t.columns[i].Width {
			c.Width = width
		}
		if hidden, known := m.Hidden[c.ID]; known {
			c.Hidden = hidden
		}
	}
}
