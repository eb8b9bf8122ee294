//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// transferRowHeight is that of a two-line row; the list adds its gap of 4.
const transferRowHeight = 52

// twoLines is a row of a name, a thin bar and a caption, with a state icon
// before and buttons behind them. A failure takes the place of the bar with a
// line that says what to do.
type twoLines struct {
	widget.BaseWidget
	picture *widget.Icon
	name    *line
	bar     *bar
	caption *line
	advice  *line
	whole   string // of a failure, when it may not fit
	buttons *fyne.Container
	box     *fyne.Container
	state   stateWords
}

func (v *twoLines) init(buttons ...fyne.CanvasObject) {
	v.picture, v.name, v.bar = widget.NewIcon(nil), newNameLine(), newBar()
	v.caption, v.advice = newCaption(), newCaption()
	v.buttons = container.NewHBox(buttons...)
	v.advice.Hide()
}

// CreateRenderer is how Fyne draws a widget.
func (v *twoLines) CreateRenderer() fyne.WidgetRenderer {
	v.box = container.New(&twoLineLayout{v}, v.picture, v.name, v.bar, v.caption, v.advice, v.buttons)
	return widget.NewSimpleRenderer(v.box)
}

// rowText is what a two-line row shows.
type rowText struct {
	name    string
	state   stateWords
	done    float64 // of the bar, 0 to 1
	noBar   bool
	caption string
	advice  string // what to do about a failure; there is no bar beside it
}

func (v *twoLines) fill(t rowText) {
	v.name.SetText(t.name)
	captionColor := colorCaption
	if t.state.color == theme.ColorNameError {
		captionColor = theme.ColorNameError
	}
	v.caption.set(t.caption, captionColor)
	v.advice.SetText(t.advice)
	v.whole = ""
	if t.advice != "" {
		v.whole = t.caption + " " + t.advice
	}
	if v.state.icon == nil || v.state.icon.Name() != t.state.icon.Name() || v.state.color != t.state.color {
		v.picture.SetResource(tinted(t.state.icon, t.state.color))
	}
	v.state = t.state
	barColor := t.state.color
	if barColor == colorCaption {
		barColor = theme.ColorNamePlaceHolder
	}
	v.bar.set(t.done, barColor)
	hasBar, hasAdvice := !t.noBar && t.advice == "", t.advice != ""
	if v.bar.Visible() != hasBar || v.advice.Visible() != hasAdvice {
		reveal(nil, v.bar, hasBar)
		reveal(nil, v.advice, hasAdvice)
		v.Refresh()
	}
}

// hint is what a tooltip of the row says.
func (v *twoLines) hint() string { return v.whole }

// Refresh lays the parts out again.
func (v *twoLines) Refresh() {
	if v.box != nil {
		v.box.Refresh()
	}
}

// twoLineLayout places the parts of a two-line row on the 4 px grid.
type twoLineLayout struct{ view *twoLines }

// Layout is part of fyne.Layout.
func (l *twoLineLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	const iconSize, nameHeight, captionHeight = 24, 20, 16
	v := l.view
	buttons := v.buttons.MinSize()
	v.buttons.Move(fyne.NewPos(size.Width-buttons.Width-gap, (size.Height-buttons.Height)/2))
	v.buttons.Resize(buttons)
	v.picture.Move(fyne.NewPos(gapMedium, (size.Height-iconSize)/2))
	v.picture.Resize(fyne.NewSquareSize(iconSize))

	left := gapMedium + iconSize + gapMedium + gap
	width := max(size.Width-left-buttons.Width-gapLarge, 0)
	top := gap
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
		top += gapMedium
	}
	v.caption.Move(fyne.NewPos(left, top))
	v.caption.Resize(fyne.NewSize(width, captionHeight))
	v.advice.Move(fyne.NewPos(left, top+captionHeight))
	v.advice.Resize(fyne.NewSize(width, captionHeight))
}

// MinSize is part of fyne.Layout.
func (l *twoLineLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(leastNameWidth+l.view.buttons.MinSize().Width, transferRowHeight)
}
