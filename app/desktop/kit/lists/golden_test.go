//go:build !darwin || cgo

package lists

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/kit/look"
)

// looks are the widgets of this room, in the states that look different.
var looks = map[string]func(*kittest.Stand) fyne.CanvasObject{
	"twolines": func(s *kittest.Stand) fyne.CanvasObject {
		running, failed, done := &TwoLines{}, &TwoLines{}, &TwoLines{}
		for v, text := range map[*TwoLines]RowText{
			running: {Name: "film.mkv", State: kit.Mark{Text: "Downloading", Icon: theme.DownloadIcon(), Color: theme.ColorNamePrimary}, Done: 0.5, Caption: captionOf("14 MB of 28 MB")},
			failed:  {Name: "song.flac", State: kit.Mark{Text: "Failed", Icon: theme.ErrorIcon(), Color: theme.ColorNameError}, Caption: captionOf("The folder cannot be written to."), Advice: "Choose another folder."},
			done:    {Name: "photo.jpg", State: kit.Mark{Text: "Finished", Icon: look.Icon("done"), Color: theme.ColorNameSuccess}, NoBar: true, Caption: captionOf("Finished")},
		} {
			v.Init(kit.NewIconButton(kit.NewTips(), theme.CancelIcon(), "Remove", nil))
			v.ExtendBaseWidget(v)
			v.Set(text)
		}
		return container.NewVBox(running, failed, done)
	},
	"rowlist": func(*kittest.Stand) fyne.CanvasObject {
		list := plainListOf(3)
		list.SelectOnly(1)
		list.FocusGained()
		return list
	},
}

func TestEveryWidgetLooksAsItDid(t *testing.T) { kittest.AssertLooks(t, looks) }

func TestAWidgetWhoseRendererWasForgottenLooksAsBefore(t *testing.T) {
	kittest.AssertForgotten(t, looks)
}
