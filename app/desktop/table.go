//go:build !darwin || cgo

package desktop

import (
	"encoding/json"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// column is one of the columns of a table of rows.
type column[T any] struct {
	columnShape
	// text is what the column is sorted by in the order of the language, unless
	// order compares rows otherwise.
	text  func(T) string
	order func(a, b T) int
	cell  func(T) cell
}

// sortedAtOnce is how many rows are sorted on the UI thread; more are sorted
// beside it.
const sortedAtOnce = 2000

// table shows rows in columns. The rows can be sorted by a click on the header
// and selected like those of any list; the columns can be made wider and
// narrower, hidden and shown. What the person chose of that is remembered
// under the name of the table. It is used on the UI thread only.
type table[T comparable] struct {
	box     fyne.CanvasObject
	list    *rowList[T]
	header  *header
	columns []column[T]

	name   string // in the preferences
	prefs  fyne.Preferences
	beside func(work func() func()) // see host
	// resorted is called when the person chose another order. When it returns
	// true the rows come anew, in that order, and are not sorted here.
	resorted func() bool

	source  []T // as it was set
	order   ordering[T]
	sorting bool // beside the UI thread
	stale   bool // what is being sorted is not what was set last
}

// host is what the window lends to its tables.
type host struct {
	tips   *tips
	canvas fyne.Canvas
	prefs  fyne.Preferences
	// beside runs work beside the UI thread, and what it returns on it.
	beside func(work func() func())
	// pressed is offered the keys that rows do not use themselves.
	pressed func(*fyne.KeyEvent)
}

// newTable makes a table that is sorted by a column at first.
func newTable[T comparable](h host, name string, key func(T) string, columns []column[T], by int) *table[T] {
	t := &table[T]{name: name, prefs: h.prefs, beside: h.beside, columns: columns}
	shapes := make([]columnShape, len(columns))
	for i, c := range columns {
		shapes[i] = c.columnShape
		if shapes[i].named = headerNeeds(c.name); !c.flexible() {
			shapes[i].width = max(c.width, shapes[i].least())
		}
	}
	set := newColumnSet(shapes)
	t.header = newHeader(set)
	t.header.by, t.header.falling = by, columns[by].falling
	t.list = newRowList(key, columns[set.flexible()].text, func() rowView[T] { return newCellsView(t) })
	t.list.tips, t.list.canvas, t.list.pressed = h.tips, h.canvas, h.pressed
	t.header.needs, t.header.menu = t.needs, t.columnMenu
	t.header.shaped = t.list.Refresh
	t.header.settled = t.remember
	t.header.sorted = func() {
		t.remember()
		if t.resorted == nil || !t.resorted() {
			t.setRows(t.source)
		}
	}
	t.recall()
	t.box = container.NewBorder(t.header, nil, nil, nil, t.list)
	return t
}

// setRows shows other rows, in the order of the header.
func (t *table[T]) setRows(rows []T) {
	t.source = rows
	order := t.order.of(t.columns, t.header)
	if len(rows) <= sortedAtOnce || order.holds(rows) {
		t.order = order.sort(rows)
		t.stale = t.sorting // what is being sorted is of yesterday
		t.list.setRows(t.order.rows())
		return
	}
	t.stale = true
	if !t.sorting {
		t.sortBeside()
	}
}

// sortBeside sorts many rows beside the UI thread, and again when others were
// set meanwhile.
func (t *table[T]) sortBeside() {
	t.sorting, t.stale = true, false
	rows, order := t.source, t.order.of(t.columns, t.header)
	t.beside(func() func() {
		sorted := order.sort(rows)
		return func() {
			t.sorting = false
			if t.stale {
				t.setRows(t.source)
				return
			}
			t.order = sorted
			t.list.setRows(sorted.rows())
		}
	})
}

// needs is how wide the contents of a column on the screen are, with its name.
func (t *table[T]) needs(column int) float32 {
	const markWidth = gapLarge + gap // of the order, beside the name
	name := t.header.cells[column].name
	widest := name.needs() + markWidth
	for r := range t.list.bound {
		if r.index < len(t.list.rows) {
			widest = max(widest, r.view.(*cellsView[T]).cells[column].needs())
		}
	}
	return widest + 2*gapMedium
}

// columnMenu hides and shows columns.
func (t *table[T]) columnMenu() *fyne.Menu {
	set := t.header.set
	menu := fyne.NewMenu("")
	for i := range set.shapes {
		if set.shapes[i].flexible() {
			continue
		}
		item := fyne.NewMenuItem(set.shapes[i].name.String(), func() {
			set.shapes[i].hidden = !set.shapes[i].hidden
			t.header.reshape()
			t.remember()
		})
		item.Checked = !set.shapes[i].hidden
		menu.Items = append(menu.Items, item)
	}
	menu.Items = append(menu.Items, fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(L("Fit all columns"), func() {
			set.fit(set.flexible(), t.needs)
			t.header.reshape()
			t.remember()
		}),
		fyne.NewMenuItem(L("Columns as at first"), func() {
			for i, c := range t.columns {
				set.shapes[i] = c.columnShape
			}
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

func (t *table[T]) remember() {
	set := t.header.set
	m := tableMemory{By: set.shapes[t.header.by].id, Falling: t.header.falling, Narrow: set.narrow,
		Widths: map[string]float32{}, Hidden: map[string]bool{}}
	for _, c := range set.shapes {
		m.Hidden[c.id] = c.hidden
		if !c.flexible() {
			m.Widths[c.id] = c.width
		}
	}
	if data, err := json.Marshal(m); err == nil { // numbers and words always can be
		t.prefs.SetString(t.preference(), string(data))
	}
}

func (t *table[T]) preference() string { return "table." + t.name }

// recall takes what makes sense of the preferences; a person can edit them.
func (t *table[T]) recall() {
	var m tableMemory
	if json.Unmarshal([]byte(t.prefs.String(t.preference())), &m) != nil {
		return
	}
	set := t.header.set
	if m.Narrow >= leastNameWidth && m.Narrow <= goodNameWidth {
		set.narrow = m.Narrow
	}
	for i := range set.shapes {
		c := &set.shapes[i]
		if c.id == m.By {
			t.header.by, t.header.falling = i, m.Falling
		}
		if c.flexible() {
			continue
		}
		if width := m.Widths[c.id]; width >= c.least() && width <= mostWidth {
			c.width = width
		}
		if hidden, known := m.Hidden[c.id]; known {
			c.hidden = hidden
		}
	}
}
