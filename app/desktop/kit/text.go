//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Paragraph is text of several lines, wrapped between words.
func Paragraph(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

// Hint is a quieter paragraph, for hints below fields.
func Hint(text string) *widget.Label {
	label := Paragraph(text)
	label.Importance = widget.LowImportance
	label.SizeName = theme.SizeNameCaptionText
	return label
}

// PrimaryButton is the main action of a screen.
func PrimaryButton(text string, icon fyne.Resource, tapped func()) *Button {
	b := NewButtonWithIcon(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}
