//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/words"
	"centralizedp2p/netproto"
)

// Line is one line of literal text that never asks for more width than it is
// given: of what does not fit the last parts are left out, or its end when there
// is one part, or its middle when it is a name.
type Line struct {
	widget.BaseWidget
	Text      string
	Color     fyne.ThemeColorName
	TextSize  fyne.ThemeSizeName
	Style     fyne.TextStyle
	Align     fyne.TextAlign
	CutMiddle bool // cut there
	Whole     bool // asks for the width of its text after all
}

func NewLine(color fyne.ThemeColorName, size fyne.ThemeSizeName) *Line {
	l := &Line{Color: color, TextSize: size}
	l.ExtendBaseWidget(l)
	return l
}

// NewNameLine is for the name of a row: bold, cut in the middle.
func NewNameLine() *Line {
	l := NewLine(theme.ColorNameForeground, theme.SizeNameText)
	l.Style.Bold = true
	l.CutMiddle = true
	return l
}

// NewCaption is for second lines and cells.
func NewCaption() *Line { return NewLine(ColorCaption, theme.SizeNameCaptionText) }

// NewHeading is the title of a part of a page.
func NewHeading(text string) *Line {
	l := NewLine(theme.ColorNameForeground, theme.SizeNameSubHeadingText)
	l.Style.Bold = true
	l.Text = text
	return l
}

// NewTitle is the name of a page.
func NewTitle(text string) *Line {
	l := NewHeading(text)
	l.TextSize = theme.SizeNameHeadingText
	l.Whole = true
	return l
}

// SetText shows another text; it may come from anywhere.
func (l *Line) SetText(text string) { l.Set(text, l.Color) }

func (l *Line) Set(text string, color fyne.ThemeColorName) {
	text = netproto.Printable(text)
	if text == l.Text && color == l.Color {
		return
	}
	l.Text, l.Color = text, color
	l.Refresh()
}

// FullWidth is the width of the whole text.
func (l *Line) FullWidth() float32 {
	return fyne.MeasureText(l.Text, l.Theme().Size(l.TextSize), l.Style).Width
}

// isCut tells whether the text does not fit into the width that it has.
func (l *Line) isCut() bool { return l.FullWidth() > l.Size().Width }

// CreateRenderer is how Fyne draws a widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	r := &lineRenderer{line: l, drawn: canvas.NewText("", ThemeColor(l.Color))}
	r.apply()
	return r
}

type lineRenderer struct {
	line  *Line
	drawn *canvas.Text
	shown string  // the text that was cut
	width float32 // for this width
}

func (r *lineRenderer) apply() {
	l := r.line
	r.drawn.Color = ThemeColor(l.Color)
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
	if r.line.CutMiddle {
		r.drawn.Text = words.CutMiddle(r.shown, fits)
	} else {
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
	return fyne.NewSize(GapHuge, fyne.MeasureText("M", size, r.line.Style).Height)
}

func (r *lineRenderer) Refresh() {
	r.apply()
	r.width = -1
	r.Layout(r.line.Size())
	canvas.Refresh(r.line)
}

func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.drawn} }

func (r *lineRenderer) Destroy() {}

// Paragraph is text of several lines, wrapped between words.
func Paragraph(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

// Hint is a paragraph of less weight: hints below fields.
func Hint(text string) *widget.Label {
	label := Paragraph(text)
	label.Importance = widget.LowImportance
	label.SizeName = theme.SizeNameCaptionText
	return label
}
