//go:build !darwin || cgo

package desktop

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/pages/search"
)

// laidOut returns an object and all that is visible in it.
func laidOut(object fyne.CanvasObject) []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	walk(object, func(o fyne.CanvasObject) { objects = append(objects, o) })
	return objects
}

// seen waits for an object in the window that is wanted.
func seen[T any](d *desk, what string, want func(T) bool) (found T) {
	d.t.Helper()
	d.until("the window shows "+what, func() bool {
		for _, object := range laidOut(d.window.win.Content()) {
			if o, ok := object.(T); ok && want(o) {
				found = o
				return true
			}
		}
		return false
	})
	return found
}

// listOf waits for the list of such rows on the page.
func listOf[T comparable](d *desk) *lists.List[T] {
	d.t.Helper()
	return seen(d, "a list", func(*lists.List[T]) bool { return true })
}

// rowsOf returns the rows of the list on the page; none if there is no list.
func rowsOf[T comparable](d *desk) []T {
	for _, object := range laidOut(d.window.win.Content()) {
		if list, ok := object.(*lists.List[T]); ok {
			return list.Rows
		}
	}
	return nil
}

// rowOf returns the index of a row.
func rowOf[T comparable](t *testing.T, list *lists.List[T], is func(T) bool) int {
	t.Helper()
	at := slices.IndexFunc(list.Rows, is)
	if at < 0 {
		t.Fatal("the list has no such row")
	}
	return at
}

// openRow is a double click on a row.
func openRow[T comparable](list *lists.List[T], at int) { list.Opened(list.Rows[at]) }

// box waits for a check on the page.
func (d *desk) box(text string) *kit.Check {
	d.t.Helper()
	return seen(d, "the check "+text, func(c *kit.Check) bool { return c.Text == text })
}

// choice waits for a choice on the page that has an option.
func (d *desk) choice(option string) *kit.Select {
	d.t.Helper()
	return seen(d, "a choice with "+option, func(s *kit.Select) bool { return slices.Contains(s.Options, option) })
}

// entry waits for an entry on the page with a placeholder.
func (d *desk) entry(placeholder string) *widget.Entry {
	d.t.Helper()
	return entryIn(d, seen(d, "an entry for "+placeholder, func(o fyne.CanvasObject) bool {
		e := asEntry(o)
		return e != nil && e.PlaceHolder == placeholder
	}))
}

// row waits for the row of the settings with a name.
func (d *desk) row(name string) *fyne.Container {
	d.t.Helper()
	return seen(d, "the setting "+name, func(c *fyne.Container) bool {
		if len(c.Objects) < 2 {
			return false
		}
		title, ok := c.Objects[0].(*kit.Line)
		return ok && title.Text == name
	})
}

// field waits for the entry of a setting.
func (d *desk) field(name string) *widget.Entry {
	d.t.Helper()
	return entryIn(d, d.row(name))
}

// asEntry returns an object as an entry, or nil.
func asEntry(object fyne.CanvasObject) *widget.Entry {
	switch e := object.(type) {
	case *widget.Entry:
		return e
	case *kit.TextEntry:
		return &e.Entry
	case *search.Entry:
		return &e.Entry
	}
	return nil
}

func entryIn(d *desk, object fyne.CanvasObject) *widget.Entry {
	d.t.Helper()
	for _, o := range laidOut(object) {
		if e := asEntry(o); e != nil {
			return e
		}
	}
	d.t.Fatal("there is no entry")
	return nil
}
