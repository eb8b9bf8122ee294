//go:build !darwin || cgo

package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/words"
)

// Text is text of several lines, broken where the script of its language allows it.
// Fyne breaks lines at every space, also at one that holds two words together
// (U+00A0), and Chinese between any two characters; so Text breaks them itself.
type Text struct {
	widget.BaseWidget
	Text       string
	Importance widget.Importance
	Alignment  fyne.TextAlign
	SizeName   fyne.ThemeSizeName
	label      *widget.Label // with the lines as they are broken
}

// Paragraph makes a text.
func Paragraph(text string) *Text {
	t := &Text{Text: text, SizeName: theme.SizeNameText, label: widget.NewLabel(text)}
	t.label.Wrapping = fyne.TextWrapWord // for words that are longer than a line
	t.ExtendBaseWidget(t)
	return t
}

// Hint is a quieter paragraph, for hints below fields.
func Hint(text string) *Text {
	t := Paragraph(text)
	t.Importance = widget.LowImportance
	t.SizeName = theme.SizeNameCaptionText
	t.write(0)
	return t
}

// SetText shows another text.
func (t *Text) SetText(text string) {
	t.Text = text
	t.Refresh()
}

// Resize implements fyne.CanvasObject.
func (t *Text) Resize(size fyne.Size) {
	if size.Width != t.Size().Width {
		t.write(size.Width)
	}
	t.BaseWidget.Resize(size)
}

// Refresh redraws the text, for another theme or other fields too.
func (t *Text) Refresh() {
	t.write(t.Size().Width)
	t.BaseWidget.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	t.ExtendBaseWidget(t)
	t.write(t.Size().Width)
	return Rendered(t, t.label)
}

// write has the label show the text in lines for a width.
func (t *Text) write(width float32) {
	l := t.label
	l.Text, l.Importance, l.Alignment, l.SizeName = t.broken(width), t.Importance, t.Alignment, t.SizeName
	l.Refresh()
}

// broken returns the text with its lines broken for a width.
func (t *Text) broken(width float32) string {
	room := width - 2*t.Theme().Size(theme.SizeNameInnerPadding)
	if room <= 0 { // it was not laid out yet
		return t.Text
	}
	size := t.Theme().Size(t.SizeName)
	fits := func(line string) bool { return fyne.MeasureText(line, size, fyne.TextStyle{}).Width <= room }
	var lines []string
	for _, paragraph := range strings.Split(t.Text, "\n") {
		if fits(paragraph) {
			lines = append(lines, paragraph)
			continue
		}
		lines = append(lines, words.Wrap(paragraph, fits)...)
	}
	return strings.Join(lines, "\n")
}

// PrimaryButton is the main action of a screen.
func PrimaryButton(text string, icon fyne.Resource, tapped func()) *Button {
	b := NewButtonWithIcon(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}
