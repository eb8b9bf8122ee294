//go:build !darwin || cgo

package kit

import "fyne.io/fyne/v2"

// Mark is a state in words, with the icon and the colour beside them.
type Mark struct {
	Text  string
	Icon  fyne.Resource
	Color fyne.ThemeColorName
}
