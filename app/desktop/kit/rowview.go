//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// transferRowHeight is that of a two-line row; the list adds its gap of 4.
const transferRowHeight = 52

// TwoLines is a row of a name, a thin bar and a caption, with a state icon
// before and buttons behind them. A failure takes the place of the bar with a
// line that says what to do.
type TwoLines struct {
	widget.BaseWidget
	picture *widget.Icon
	name    *Line
	bar     *Bar
	caption *Line
	advice  *Line
	whole   string // of a failure, when it may not fit
	Buttons *fyne.Container
	box     *fyne.Container
	state   Mark
}

func (v *TwoLines) Init(buttons ...fyne.CanvasObject) {
	v.picture, v.name, v.bar = widget.NewIcon(nil), NewNameLine(), NewBar()
	v.caption, v.advice = NewCaption(), NewCaption()
	v.Buttons = container.NewHBox(buttons...)
	v.advice.Hide()
}

// CreateRenderer is how Fyne draws a widget.
func (v *TwoLines) CreateRenderer() fyne.WidgetRenderer {
	v.box = container.New(&twoLineLayout{v}, v.picture, v.name, v.bar, v.caption, v.advice, v.Buttons)
	return widget.NewSimpleRenderer(v.box)
}

// RowText is what a two-line row shows.
type RowText struct {
	Name    string
	State   Mark
	Done    float64 // of the bar, 0 to 1
	NoBar   bool
	Caption string
	Advice  string // what to do about a failure; there is no bar beside it
}

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

// hint is what a tooltip of the row says.
func (v *TwoLines) hint() string { return v.whole }

// Refresh lays the parts out again.
func (v *TwoLines) Refresh() {
	if v.box != nil {
		v.box.Refresh()
	}
}

// twoLineLayout places the parts of a two-line row on the 4 px grid.
type twoLineLayout struct{ view *TwoLines }

// Layout is part of fyne.Layout.
func (l *twoLineLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	const iconSize, nameHeight, captionHeight = 24, 20, 16
	v := l.view
	buttons := v.Buttons.MinSize()
	v.Buttons.Move(fyne.NewPos(size.Width-buttons.Width-Gap, (size.Height-buttons.Height)/2))
	v.Buttons.Resize(buttons)
	v.picture.Move(fyne.NewPos(GapMedium, (size.Height-iconSize)/2))
	v.picture.Resize(fyne.NewSquareSize(iconSize))

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

// MinSize is part of fyne.Layout.
func (l *twoLineLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(LeastNameWidth+l.view.Buttons.MinSize().Width, transferRowHeight)
}
