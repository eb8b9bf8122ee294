//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/netproto"
)

// LeastNameWidth is the least width of what shows a name, in pixels at scale 1.
const LeastNameWidth = 128

// Line is one line of text that never asks for more width than it is given. If
// the text does not fit, its last parts are left out, or its end if it has one
// part, or its middle if CutMiddle is set.
type Line struct {
	widget.BaseWidget
	Text      string // as set, before it is cut
	Color     fyne.ThemeColorName
	TextSize  fyne.ThemeSizeName
	Style     fyne.TextStyle
	Align     fyne.TextAlign
	CutMiddle bool   // instead of the end
	Short     string // is shown if the text does not fit; "" has the text cut
	Whole     bool   // asks for the width of the whole text

	parts words.Parts // of Text; those that are less important give way first
}

// NewLine makes an empty line.
func NewLine(color fyne.ThemeColorName, size fyne.ThemeSizeName) *Line {
	l := &Line{Color: color, TextSize: size}
	l.ExtendBaseWidget(l)
	return l
}

// NewNameLine makes a line for the name of a row: bold, and cut in the middle.
func NewNameLine() *Line {
	l := NewLine(theme.ColorNameForeground, theme.SizeNameText)
	l.Style.Bold = true
	l.CutMiddle = true
	return l
}

// NewCaption makes a line for cells and for second lines of rows.
func NewCaption() *Line { return NewLine(look.ColorCaption, theme.SizeNameCaptionText) }

// newHeading makes the title of a part of a page.
func newHeading(text string) *Line {
	l := NewLine(theme.ColorNameForeground, theme.SizeNameSubHeadingText)
	l.Style.Bold = true
	l.Text = text
	return l
}

// NewTitle makes the name of a page.
func NewTitle(text string) *Line {
	l := newHeading(text)
	l.TextSize = theme.SizeNameHeadingText
	l.Whole = true
	return l
}

// SetText shows another text, which may come from anywhere: it is made safe to
// show.
func (l *Line) SetText(text string) { l.Set(text, l.Color) }

// Set shows another text in another colour. The text may come from anywhere: it
// is made safe to show.
func (l *Line) Set(text string, color fyne.ThemeColorName) {
	text = netproto.Printable(text)
	if text == l.Text && color == l.Color {
		return
	}
	l.Text, l.Color, l.parts = text, color, words.Parts{}
	l.Refresh()
}

// SetParts shows a text of parts in another colour.
func (l *Line) SetParts(parts words.Parts, color fyne.ThemeColorName) {
	if parts == l.parts && color == l.Color {
		return
	}
	l.Text, l.Color, l.parts = parts.String(), color, parts
	l.Refresh()
}

// FullWidth returns the width of the whole text.
func (l *Line) FullWidth() float32 {
	return fyne.MeasureText(l.Text, l.Theme().Size(l.TextSize), l.Style).Width
}

// ShowsWhole reports whether nothing has to be cut: the text fits, or the short one does.
func (l *Line) ShowsWhole() bool {
	return !l.IsCut() || l.Short != "" && fyne.MeasureText(l.Short, l.Theme().Size(l.TextSize), l.Style).Width <= l.Size().Width
}

// IsCut reports whether the text does not fit.
func (l *Line) IsCut() bool { return l.FullWidth() > l.Size().Width }

// CreateRenderer implements fyne.Widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	r := &lineRenderer{line: l, drawn: canvas.NewText("", look.Color(l.Color))}
	r.apply()
	return LaidOut(l, r)
}

type lineRenderer struct {
	line  *Line
	drawn *canvas.Text
	shown string  // the text before it was cut
	width float32 // the width that it was cut for
}

func (r *lineRenderer) apply() {
	l := r.line
	r.drawn.Color = look.Color(l.Color)
	r.drawn.TextSize = l.Theme().Size(l.TextSize)
	r.drawn.TextStyle = l.Style
	r.drawn.Alignment = l.Align
}

func (r *lineRenderer) cut(width float32) {
	if r.shown == r.line.Text && r.width == width {
		return
	}
	r.shown, r.width = r.line.Text, width
	fits := func(text string) bool {
		return fyne.MeasureText(text, r.drawn.TextSize, r.drawn.TextStyle).Width <= width
	}
	switch {
	case r.line.parts != words.Parts{}:
		r.drawn.Text = r.line.parts.Fit(fits)
	case r.line.CutMiddle:
		r.drawn.Text = words.CutMiddle(r.shown, fits)
	case r.line.Short != "" && !fits(r.shown):
		r.drawn.Text = words.CutParts(r.line.Short, fits)
	default:
		r.drawn.Text = words.CutParts(r.shown, fits)
	}
}

func (r *lineRenderer) Layout(size fyne.Size) {
	r.cut(size.Width)
	height := r.drawn.MinSize().Height
	r.drawn.Move(fyne.NewPos(0, (size.Height-height)/2))
	r.drawn.Resize(fyne.NewSize(size.Width, height))
}

func (r *lineRenderer) MinSize() fyne.Size {
	size := r.line.Theme().Size(r.line.TextSize)
	if r.line.Whole {
		return fyne.MeasureText(r.line.Text, size, r.line.Style)
	}
	return fyne.NewSize(look.GapHuge, fyne.MeasureText("M", size, r.line.Style).Height)
}

func (r *lineRenderer) Refresh() {
	r.apply()
	r.width = -1
	r.Layout(r.line.Size())
	canvas.Refresh(r.line)
}

func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.drawn} }

func (r *lineRenderer) Destroy() {}
