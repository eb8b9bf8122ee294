//go:build !darwin || cgo

package ticks

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
)

// Tick is the state of the box in a Row.
type Tick int

// The states of the box.
const (
	NoTick Tick = iota // there is no box
	Unticked
	PartlyTicked
	Ticked
)

// Line is what a Row shows.
type Line struct {
	Name     string // cut in the middle
	Detail   string
	Icon     fyne.Resource
	Tint     fyne.ThemeColorName
	Indented bool
	Tick     Tick
}

// Row is a row of a list or a tree: a box to tick, an icon, a name, and a
// detail at its end.
type Row struct {
	widget.BaseWidget
	check        *kit.Check
	picture      *widget.Icon
	name, detail *kit.Line
	indent       fyne.CanvasObject
	box          *fyne.Container
	filling      bool // Fill sets the box, not the person
	ticked       func(bool)
}

// NewRow makes an empty row.
func NewRow() *Row {
	r := &Row{picture: widget.NewIcon(nil), name: kit.NewLine(theme.ColorNameForeground, theme.SizeNameText), detail: kit.NewCaption()}
	r.name.CutMiddle = true
	r.detail.Align, r.detail.Whole = fyne.TextAlignTrailing, true
	indent := canvas.NewRectangle(color.Transparent)
	indent.SetMinSize(fyne.NewSize(look.GapLarge, 0))
	r.indent = indent
	r.check = kit.NewCheck("", func(on bool) {
		if !r.filling {
			r.ticked(on)
		}
	})
	lead := container.NewHBox(r.indent, container.NewGridWrap(r.check.MinSize(), r.check), r.picture)
	r.box = kit.Inset(look.Gap, 0, container.NewBorder(nil, nil, lead, nil, container.New(nameAndDetail{}, r.name, r.detail)))
	r.ExtendBaseWidget(r)
	return r
}

// Fill shows a line in the row. It calls ticked when the person ticks or
// unticks the box.
func (r *Row) Fill(l Line, ticked func(bool)) {
	r.ticked, r.filling = ticked, true
	defer func() { r.filling = false }()
	r.check.Checked, r.check.Partial = l.Tick == Ticked, l.Tick == PartlyTicked
	r.check.Refresh()
	r.picture.SetResource(look.Tinted(l.Icon, l.Tint))
	r.name.SetText(l.Name)
	r.detail.SetText(l.Detail)
	kit.Reveal(nil, r.indent, l.Indented)
	kit.Reveal(nil, r.check, l.Tick != NoTick)
	r.box.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (r *Row) CreateRenderer() fyne.WidgetRenderer { return kit.Rendered(r, r.box) }

// nameAndDetail puts a detail behind a name. The detail gets the width it asks
// for, within mostDetail.
type nameAndDetail struct{}

// mostDetail is the share of the width that a detail takes at most.
const mostDetail = 0.6

func (nameAndDetail) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	detail := min(objects[1].MinSize().Width, size.Width*mostDetail)
	name := size.Width - detail - look.GapMedium
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(fyne.NewSize(name, size.Height))
	objects[1].Move(fyne.NewPos(name+look.GapMedium, 0))
	objects[1].Resize(fyne.NewSize(detail, size.Height))
}

func (nameAndDetail) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(kit.LeastNameWidth, objects[0].MinSize().Height)
}
