//go:build !darwin || cgo

package ticks

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/kit/look"
)

// looks are the widgets of this room, in the states that look different.
var looks = map[string]func(*kittest.Stand) fyne.CanvasObject{
	"tickrow": func(*kittest.Stand) fyne.CanvasObject {
		box := container.NewVBox()
		for _, l := range []Line{
			{Name: "film.mkv", Detail: "28 MB", Icon: theme.FileIcon(), Tint: look.ColorCaption, Tick: Ticked},
			{Name: "photos", Detail: "4 files", Icon: theme.FolderIcon(), Tint: look.ColorCaption, Tick: PartlyTicked},
			{Name: "id_rsa", Detail: "3 kB", Icon: theme.WarningIcon(), Tint: theme.ColorNameWarning, Tick: Unticked, Indented: true},
			{Name: "a.sock", Detail: "is a device, not a file", Icon: theme.CancelIcon(), Tint: look.ColorCaption},
		} {
			row := NewRow()
			row.Fill(l, func(bool) {})
			box.Add(row)
		}
		return box
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) { kittest.AssertLooks(t, looks) }

func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	kittest.AssertForgotten(t, looks)
}
