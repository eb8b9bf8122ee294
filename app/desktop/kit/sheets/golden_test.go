//go:build !darwin || cgo

package sheets

import (
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
)

// looks are the widgets of this room, in the states that look different.
var looks = map[string]func(*kittest.Stand) fyne.CanvasObject{
	"sheet": func(s *kittest.Stand) fyne.CanvasObject {
		sheets, _ := sheetsOf(s)
		sheets.Open("Title", kit.Paragraph("what is asked"), fyne.NewSize(440, 200), sheets.CancelButton(), sheets.CloseButton())
		return nil
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) { kittest.AssertLooks(t, looks) }

func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	kittest.AssertForgotten(t, looks)
}
