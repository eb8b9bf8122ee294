//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
)

// Reveal shows or hides an object and lays out again the object it is in, which
// may be nil. It reports whether that changed anything.
func Reveal(in fyne.CanvasObject, object fyne.CanvasObject, shown bool) bool {
	if object.Visible() == shown {
		return false
	}
	if shown {
		object.Show()
	} else {
		object.Hide()
	}
	if in != nil {
		in.Refresh()
	}
	return true
}

// Inset keeps a distance around content, in pixels.
func Inset(horizontal, vertical float32, content fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(vertical, vertical, horizontal, horizontal), content)
}

// Card is a part of a page, with a heading.
func Card(heading string, content ...fyne.CanvasObject) fyne.CanvasObject {
	// The heading is aligned with the labels below it, which have a padding.
	box := container.NewVBox(append([]fyne.CanvasObject{Inset(look.GapMedium, 0, newHeading(heading))}, content...)...)
	return NewPlate(theme.ColorNameHeaderBackground, 10, Inset(look.GapLarge, 12, box))
}

// Rendered is the renderer of a widget that shows one object.
func Rendered(w fyne.Widget, content fyne.CanvasObject) fyne.WidgetRenderer {
	return LaidOut(w, widget.NewSimpleRenderer(content))
}

// LaidOut lays out a renderer that was just made. Fyne forgets those of widgets that were
// out of sight for a minute, and lays out others only when a widget gets another size.
func LaidOut(w fyne.Widget, r fyne.WidgetRenderer) fyne.WidgetRenderer {
	if size := w.Size(); !size.IsZero() {
		r.Layout(size)
	}
	return r
}

// Leading keeps buttons at the start of a line from taking its whole width.
func Leading(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewHBox(objects...)
}

// Scrolled is a page of cards. The wheel scrolls the page wherever the pointer is:
// Fyne's fields keep it to themselves.
func Scrolled(cards ...fyne.CanvasObject) *fyne.Container {
	scroll := container.NewVScroll(container.New(layout.NewCustomPaddedVBoxLayout(12), cards...))
	return container.NewStack(scroll, newWheel(scroll))
}

// wheel lies above a page and hands the wheel to it, and nothing else: the pointer
// goes through it.
type wheel struct {
	widget.BaseWidget
	page fyne.Scrollable
}

func newWheel(page fyne.Scrollable) *wheel {
	w := &wheel{page: page}
	w.ExtendBaseWidget(w)
	return w
}

// Scrolled implements fyne.Scrollable.
func (w *wheel) Scrolled(event *fyne.ScrollEvent) { w.page.Scrolled(event) }

// CreateRenderer implements fyne.Widget.
func (w *wheel) CreateRenderer() fyne.WidgetRenderer {
	return Rendered(w, canvas.NewRectangle(color.Transparent))
}
