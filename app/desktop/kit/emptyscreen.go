//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
)

// EmptyScreen fills a page that has nothing to show: an icon, a sentence that
// says what belongs here, and buttons. action is the main one; it may be nil.
func EmptyScreen(icon fyne.Resource, sentence string, action *Button, others ...fyne.CanvasObject) *fyne.Container {
	picture := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(56),
		widget.NewIcon(look.Tinted(icon, theme.ColorNameDisabled))))
	text := Paragraph(sentence)
	text.Alignment = fyne.TextAlignCenter
	parts := []fyne.CanvasObject{layout.NewSpacer(), picture, text}
	if action != nil {
		action.Importance = widget.HighImportance
		parts = append(parts, container.NewCenter(action))
	}
	for _, other := range others {
		parts = append(parts, container.NewCenter(other))
	}
	return container.NewVBox(append(parts, layout.NewSpacer(), layout.NewSpacer())...)
}
