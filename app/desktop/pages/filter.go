//go:build !darwin || cgo

package pages

import (
	"cmp"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
)

// NewFilter makes a choice that is as wide as the widest of its names.
func NewFilter(names []string) *kit.Select {
	filter := kit.NewSelect(names, nil)
	// Fyne makes a choice as wide as its placeholder, which is never seen here.
	filter.PlaceHolder = slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(textWidth(a), textWidth(b)) })
	return filter
}

func textWidth(text string) float32 {
	return fyne.MeasureText(text, theme.TextSize(), fyne.TextStyle{}).Width
}
