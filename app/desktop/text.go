//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/netproto"
)

// line is one line of literal text that never asks for more width than it is
// given: of what does not fit the last parts are left out, or its end when there
// is one part, or its middle when it is a name.
type line struct {
	widget.BaseWidget
	text   string
	color  fyne.ThemeColorName
	size   fyne.ThemeSizeName
	style  fyne.TextStyle
	align  fyne.TextAlign
	middle bool // cut there
	whole  bool // asks for the width of its text after all
}

func newLine(color fyne.ThemeColorName, size fyne.ThemeSizeName) *line {
	l := &line{color: color, size: size}
	l.ExtendBaseWidget(l)
	return l
}

// newNameLine is for the name of a row: bold, cut in the middle.
func newNameLine() *line {
	l := newLine(theme.ColorNameForeground, theme.SizeNameText)
	l.style.Bold = true
	l.middle = true
	return l
}

// newCaption is for second lines and cells.
func newCaption() *line { return newLine(colorCaption, theme.SizeNameCaptionText) }

// newHeading is the title of a part of a page.
func newHeading(text string) *line {
	l := newLine(theme.ColorNameForeground, theme.SizeNameSubHeadingText)
	l.style.Bold = true
	l.text = text
	return l
}

// newTitle is the name of a page.
func newTitle(text string) *line {
	l := newHeading(text)
	l.size = theme.SizeNameHeadingText
	l.whole = true
	return l
}

// SetText shows another text; it may come from anywhere.
func (l *line) SetText(text string) { l.set(text, l.color) }

func (l *line) set(text string, color fyne.ThemeColorName) {
	text = netproto.Printable(text)
	if text == l.text && color == l.color {
		return
	}
	l.text, l.color = text, color
	l.Refresh()
}

// needs is the width of the whole text.
func (l *line) needs() float32 {
	return fyne.MeasureText(l.text, l.Theme().Size(l.size), l.style).Width
}

// isCut tells whether the text does not fit into the width that it has.
func (l *line) isCut() bool { return l.needs() > l.Size().Width }

// CreateRenderer is how Fyne draws a widget.
func (l *line) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	r := &lineRenderer{line: l, drawn: canvas.NewText("", themeColor(l.color))}
	r.apply()
	return r
}

type lineRenderer struct {
	line  *line
	drawn *canvas.Text
	shown string  // the text that was cut
	width float32 // for this width
}

func (r *lineRenderer) apply() {
	l := r.line
	r.drawn.Color = themeColor(l.color)
	r.drawn.TextSize = l.Theme().Size(l.size)
	r.drawn.TextStyle = l.style
	r.drawn.Alignment = l.align
}

func (r *lineRenderer) cut(width float32) {
	if r.shown == r.line.text && r.width == width {
		return
	}
	r.shown, r.width = r.line.text, width
	fits := func(text string) bool {
		return fyne.MeasureText(text, r.drawn.TextSize, r.drawn.TextStyle).Width <= width
	}
	if r.line.middle {
		r.drawn.Text = cutMiddle(r.shown, fits)
	} else {
		r.drawn.Text = cutParts(r.shown, fits)
	}
}

func (r *lineRenderer) Layout(size fyne.Size) {
	r.cut(size.Width)
	height := r.drawn.MinSize().Height
	r.drawn.Move(fyne.NewPos(0, (size.Height-height)/2))
	r.drawn.Resize(fyne.NewSize(size.Width, height))
}

func (r *lineRenderer) MinSize() fyne.Size {
	size := r.line.Theme().Size(r.line.size)
	if r.line.whole {
		return fyne.MeasureText(r.line.text, size, r.line.style)
	}
	return fyne.NewSize(gapHuge, fyne.MeasureText("M", size, r.line.style).Height)
}

func (r *lineRenderer) Refresh() {
	r.apply()
	r.width = -1
	r.Layout(r.line.Size())
	canvas.Refresh(r.line)
}

func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.drawn} }

func (r *lineRenderer) Destroy() {}

// paragraph is text of several lines, wrapped between words.
func paragraph(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

// quiet is a paragraph of less weight: hints below fields.
func quiet(text string) *widget.Label {
	label := paragraph(text)
	label.Importance = widget.LowImportance
	label.SizeName = theme.SizeNameCaptionText
	return label
}
