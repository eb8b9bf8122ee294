//go:build !darwin || cgo

package kit

import "fyne.io/fyne/v2"

// Mark is a state in words, with an icon and a colour.
type Mark struct {
	Text  string
	Icon  fyne.Resource
	Color fyne.ThemeColorName
}
