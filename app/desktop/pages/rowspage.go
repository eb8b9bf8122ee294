//go:build !darwin || cgo

package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// RowsPage is what the pages of rows have in common: a head with the name of
// the page and a summary, and below it the rows, or a screen that says why
// there are none.
type RowsPage struct {
	Window  Window
	Content *fyne.Container
	Summary *kit.Line
	middle  *fyne.Container
	rows    fyne.CanvasObject
	empty   func() fyne.CanvasObject
	Reason  string // why there are no rows, if the page has several empty screens
	State   string // what the middle shows
	eager   bool   // the rows get the focus when they arrive
	take    func() // gives the focus to the rows
}

// NewRowsPage returns a page that shows nothing before [RowsPage.Build].
func NewRowsPage(w Window) *RowsPage {
	return &RowsPage{Window: w, Summary: kit.NewCaption(), middle: container.NewStack()}
}

// Build puts buttons at the end of the head and strip, unless it is nil, below
// the rows. take gives the focus to the rows.
func (p *RowsPage) Build(at Place, take func(), rows, strip fyne.CanvasObject, empty func() fyne.CanvasObject, buttons ...fyne.CanvasObject) {
	p.take, p.rows, p.empty = take, rows, empty
	head := container.New(headLayout{}, kit.NewTitle(at.Name().String()), p.Summary, container.NewHBox(buttons...))
	p.Content = container.NewBorder(head, strip, nil, nil, p.middle)
	p.put("busy", container.NewCenter(kit.Hint(words.L("One moment…"))))
}

// Screen is everything that the page shows.
func (p *RowsPage) Screen() fyne.CanvasObject { return p.Content }

// Focus gives the focus to the rows, now or when they arrive.
func (p *RowsPage) Focus() {
	if p.eager = p.State != "rows"; p.eager {
		p.Window.Host().Canvas.Unfocus()
		return
	}
	p.take()
}

// put shows an object in the middle, unless state is what it shows already.
func (p *RowsPage) put(state string, object fyne.CanvasObject) {
	if p.State == state {
		return
	}
	p.State = state
	p.middle.Objects = []fyne.CanvasObject{object}
	p.middle.Refresh()
}

// ShowRows shows the rows, or the empty screen if there are none.
func (p *RowsPage) ShowRows(any bool) {
	if any {
		p.put("rows", p.rows)
		if p.eager && p.Window.Host().Canvas.Focused() == nil {
			p.take()
		}
		p.eager = false
	} else if state := "empty: " + p.Reason; p.State != state {
		p.put(state, p.empty())
	}
}

// Fail says why the rows could not be loaded.
func (p *RowsPage) Fail(err error) {
	text := words.Explain(face.FailureOf(err)).String()
	if state := "failed: " + text; p.State != state {
		p.Summary.SetText("")
		p.put(state, FailedScreen(text, p.Window.Poke))
	}
}

// FailedScreen says why a page, or a sheet, could not be filled, and offers to try
// again.
func FailedScreen(reason string, retry func()) fyne.CanvasObject {
	return kit.EmptyScreen(theme.WarningIcon(), reason, kit.NewButtonWithIcon(words.L("Try again"), theme.ViewRefreshIcon(), retry))
}

// SelectedWords says how many rows are selected, and their size together.
func SelectedWords(count int, size int64) string {
	return words.N("{{.Count}} selected, {{.Size}}", count, words.Values{"Count": words.Count(count), "Size": words.Size(size)})
}

const headHeight = 40

// headLayout puts name, summary and buttons on one line.
type headLayout struct{}

func (headLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	name, summary, buttons := objects[0], objects[1], objects[2]
	wide := name.MinSize().Width
	name.Move(fyne.NewPos(0, 0))
	name.Resize(fyne.NewSize(wide, size.Height))
	end := buttons.MinSize()
	buttons.Move(fyne.NewPos(size.Width-end.Width, (size.Height-end.Height)/2))
	buttons.Resize(end)
	// It aligns the baselines of the name and the smaller summary.
	const lower = 3
	summary.Move(fyne.NewPos(wide+look.GapLarge, lower))
	summary.Resize(fyne.NewSize(max(size.Width-wide-end.Width-2*look.GapLarge, 0), size.Height))
}

func (headLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := 2 * look.GapLarge
	for _, object := range objects {
		width += object.MinSize().Width
	}
	return fyne.NewSize(width, headHeight)
}

// FilterLayout puts the chips at the start of a line and the field at its end.
// The field gives way.
type FilterLayout struct{}

func (FilterLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const widest = 240
	chips, field := objects[0], objects[1]
	wide := chips.MinSize()
	chips.Move(fyne.NewPos(0, (size.Height-wide.Height-look.Gap)/2))
	chips.Resize(wide)
	width := min(size.Width-wide.Width-look.GapLarge, widest)
	field.Move(fyne.NewPos(size.Width-width, 0))
	field.Resize(fyne.NewSize(width, field.MinSize().Height))
}

func (FilterLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(objects[0].MinSize().Width+look.GapLarge, objects[1].MinSize().Height+look.Gap)
}
