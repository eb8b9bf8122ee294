//go:build !darwin || cgo

package tables

import (
	"image"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
)

// Cell is what one cell of a table shows: a text, with an icon before it, a
// mark at its end, or a bar below it if they are set.
type Cell struct {
	Text string
	// Short is shown where there is no room for Text; "" has that cut.
	Short string
	Ink   fyne.ThemeColorName // ColorCaption if empty
	Icon  fyne.Resource
	// Picture is shown in place of the icon; nil keeps that.
	Picture image.Image
	Tint    fyne.ThemeColorName // of the icon; that of the text if empty
	Mark    kit.Mark
	Bar     bool
	Done    float64 // of the bar, 0 to 1
}
