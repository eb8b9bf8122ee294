//go:build !darwin || cgo

package kit

import (
	"image"

	"fyne.io/fyne/v2"
)

// Mark is a state in words, with an icon and a colour.
type Mark struct {
	Text  string
	Icon  fyne.Resource
	Color fyne.ThemeColorName
}

// Cell is what one cell of a table shows: a text, with an icon before it, a
// mark at its end, or a bar below it if they are set.
type Cell struct {
	Text string
	Ink  fyne.ThemeColorName // ColorCaption if empty
	Icon fyne.Resource
	// Picture is shown in place of the icon; nil keeps that.
	Picture image.Image
	Tint    fyne.ThemeColorName // of the icon; that of the text if empty
	Mark    Mark
	Bar     bool
	Done    float64 // of the bar, 0 to 1
}
