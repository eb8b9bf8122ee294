//go:build !darwin || cgo

package kit

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// transferRowHeight is the height of a two-line row; the list adds a gap of 4.
const transferRowHeight = 52

// TwoLines is a row of a name, a thin bar and a caption, with a state icon
// before them and buttons behind. For a failure, a line that says what to do
// takes the place of the bar.
type TwoLines struct {
	widget.BaseWidget
	picture *widget.Icon
	thumb   *canvas.Image // in place of the icon, if there is one
	name    *Line
	bar     *bar
	caption *Line
	advice  *Line
	whole   string          // a failure and its advice, which may not fit
	Buttons *fyne.Container // those given to Init
	box     *fyne.Container
	state   Mark
}

// Init makes the parts. A type that embeds TwoLines calls it once, before
// ExtendBaseWidget.
func (v *TwoLines) Init(buttons ...fyne.CanvasObject) {
	v.picture, v.name, v.bar = widget.NewIcon(nil), NewNameLine(), newBar()
	v.caption, v.advice = NewCaption(), NewCaption()
	v.Buttons = container.NewHBox(buttons...)
	v.thumb = NewPicture(nil)
	v.advice.Hide()
	v.thumb.Hide()
}

// CreateRenderer implements fyne.Widget.
func (v *TwoLines) CreateRenderer() fyne.WidgetRenderer {
	v.box = container.New(&twoLineLayout{v}, v.picture, v.thumb, v.name, v.bar, v.caption, v.advice, v.Buttons)
	return widget.NewSimpleRenderer(v.box)
}

// RowText is what a two-line row shows.
type RowText struct {
	Name    string
	State   Mark
	Picture image.Image // in place of the icon of the state; nil keeps that
	Done    float64     // of the bar, 0 to 1
	NoBar   bool        // the bar is not shown
	Caption string
	Advice  string // what to do about a failure; there is no bar beside it
}

// Set shows other contents.
func (v *TwoLines) Set(t RowText) {
	v.name.SetText(t.Name)
	captionColor := ColorCaption
	if t.State.Color == theme.ColorNameError {
		captionColor = theme.ColorNameError
	}
	v.caption.Set(t.Caption, captionColor)
	v.advice.SetText(t.Advice)
	v.whole = ""
	if t.Advice != "" {
		v.whole = t.Caption + " " + t.Advice
	}
	if v.state.Icon == nil || v.state.Icon.Name() != t.State.Icon.Name() || v.state.Color != t.State.Color {
		v.picture.SetResource(Tinted(t.State.Icon, t.State.Color))
	}
	v.state = t.State
	if v.thumb.Image != t.Picture {
		v.thumb.Image = t.Picture
		v.thumb.Refresh()
	}
	Reveal(nil, v.thumb, t.Picture != nil)
	Reveal(nil, v.picture, t.Picture == nil)
	barColor := t.State.Color
	if barColor == ColorCaption {
		barColor = theme.ColorNamePlaceHolder
	}
	v.bar.set(t.Done, barColor)
	hasBar, hasAdvice := !t.NoBar && t.Advice == "", t.Advice != ""
	if v.bar.Visible() != hasBar || v.advice.Visible() != hasAdvice {
		Reveal(nil, v.bar, hasBar)
		Reveal(nil, v.advice, hasAdvice)
		v.Refresh()
	}
}

// hint returns the text of a tooltip.
func (v *TwoLines) hint() string { return v.whole }

// Refresh lays out the parts again.
func (v *TwoLines) Refresh() {
	if v.box != nil {
		v.box.Refresh()
	}
}

// twoLineLayout places the parts of a two-line row.
type twoLineLayout struct{ view *TwoLines }

func (l *twoLineLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	const iconSize, nameHeight, captionHeight = 24, 20, 16
	v := l.view
	buttons := v.Buttons.MinSize()
	v.Buttons.Move(fyne.NewPos(size.Width-buttons.Width-Gap, (size.Height-buttons.Height)/2))
	v.Buttons.Resize(buttons)
	v.picture.Move(fyne.NewPos(GapMedium, (size.Height-iconSize)/2))
	v.picture.Resize(fyne.NewSquareSize(iconSize))

	v.thumb.Move(fyne.NewPos(GapMedium+(iconSize-ThumbnailSize)/2, (size.Height-ThumbnailSize)/2))
	v.thumb.Resize(fyne.NewSquareSize(ThumbnailSize))

	left := GapMedium + iconSize + GapMedium + Gap
	width := max(size.Width-left-buttons.Width-GapLarge, 0)
	top := Gap
	switch {
	case v.advice.Visible():
		top = 0
	case !v.bar.Visible():
		top = (size.Height - nameHeight - captionHeight) / 2
	}
	v.name.Move(fyne.NewPos(left, top))
	v.name.Resize(fyne.NewSize(width, nameHeight))
	top += nameHeight
	if v.bar.Visible() {
		v.bar.Move(fyne.NewPos(left, top+2))
		v.bar.Resize(fyne.NewSize(width, barHeight))
		top += GapMedium
	}
	v.caption.Move(fyne.NewPos(left, top))
	v.caption.Resize(fyne.NewSize(width, captionHeight))
	v.advice.Move(fyne.NewPos(left, top+captionHeight))
	v.advice.Resize(fyne.NewSize(width, captionHeight))
}

func (l *twoLineLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(LeastNameWidth+l.view.Buttons.MinSize().Width, transferRowHeight)
}
