//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// rowsPage is what the pages of rows have in common: a head with the name of
// the page and how things are, and below it the rows, or a screen that says why
// there are none.
type rowsPage struct {
	window  *window
	content *fyne.Container
	summary *kit.Line
	middle  *fyne.Container
	rows    fyne.CanvasObject
	empty   func() fyne.CanvasObject
	state   string // of the middle: what it shows now
	eager   bool   // the rows get the keys when they come
	take    func() // gives the rows the keys
}

func newRowsPage(w *window) *rowsPage {
	return &rowsPage{window: w, summary: kit.NewCaption(), middle: container.NewStack()}
}

// build puts buttons at the end of the head, and a strip, if it is not nil,
// below the rows. take gives the rows the keys.
func (p *rowsPage) build(at place, take func(), rows, strip fyne.CanvasObject, empty func() fyne.CanvasObject, buttons ...fyne.CanvasObject) {
	p.take, p.rows, p.empty = take, rows, empty
	head := container.New(headLayout{}, kit.NewTitle(places[at].name.String()), p.summary, container.NewHBox(buttons...))
	p.content = container.NewBorder(head, strip, nil, nil, p.middle)
	p.put("busy", container.NewCenter(kit.Hint(words.L("One moment…"))))
}

func (p *rowsPage) screen() fyne.CanvasObject { return p.content }

// focus gives the keys to the rows, at once or when they come. Nothing on the
// page before keeps them.
func (p *rowsPage) focus() {
	if p.eager = p.state != "rows"; p.eager {
		p.window.win.Canvas().Unfocus()
		return
	}
	p.take()
}

// put shows one object in the middle, if it is not that one already.
func (p *rowsPage) put(state string, object fyne.CanvasObject) {
	if p.state == state {
		return
	}
	p.state = state
	p.middle.Objects = []fyne.CanvasObject{object}
	p.middle.Refresh()
}

// showRows shows the rows, or what is said where there are none.
func (p *rowsPage) showRows(any bool) {
	if any {
		p.put("rows", p.rows)
		if p.eager && p.window.win.Canvas().Focused() == nil {
			p.take()
		}
		p.eager = false
	} else if p.state != "empty" {
		p.put("empty", p.empty())
	}
}

// fail says why the rows could not be had.
func (p *rowsPage) fail(err error) {
	text := words.Explain(face.FailureOf(err)).String()
	if state := "failed: " + text; p.state != state {
		p.summary.SetText("")
		p.put(state, kit.EmptyScreen(theme.WarningIcon(), text,
			widget.NewButtonWithIcon(words.L("Try again"), theme.ViewRefreshIcon(), p.window.crossing.poke)))
	}
}

const headHeight = 40

// headLayout puts name, summary and buttons on one line.
type headLayout struct{}

// Layout is part of fyne.Layout.
func (headLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	name, summary, buttons := objects[0], objects[1], objects[2]
	wide := name.MinSize().Width
	name.Move(fyne.NewPos(0, 0))
	name.Resize(fyne.NewSize(wide, size.Height))
	end := buttons.MinSize()
	buttons.Move(fyne.NewPos(size.Width-end.Width, (size.Height-end.Height)/2))
	buttons.Resize(end)
	// The base lines of the name and of the smaller summary are the same.
	const lower = 3
	summary.Move(fyne.NewPos(wide+kit.GapLarge, lower))
	summary.Resize(fyne.NewSize(max(size.Width-wide-end.Width-2*kit.GapLarge, 0), size.Height))
}

// MinSize is part of fyne.Layout.
func (headLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := 2 * kit.GapLarge
	for _, object := range objects {
		width += object.MinSize().Width
	}
	return fyne.NewSize(width, headHeight)
}
