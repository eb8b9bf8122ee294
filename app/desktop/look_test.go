//go:build !darwin || cgo

package desktop

import (
	"testing"

	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestTheChosenLookIsRemembered(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	if d.window.prefs.look() != look.System {
		t.Errorf("at first the look is %s", d.window.prefs.look())
	}
	d.window.setLook(look.Dark)
	if d.window.prefs.look() != look.Dark || d.app.Preferences().String(prefLook) != "dark" {
		t.Errorf("the look is %s", d.window.prefs.look())
	}
}

func TestEveryPageFollowsAnotherLookEvenWhenItWasNotInFront(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "film.mkv", 1, netproto.KindVideo, 1))
	engine.downloads = []face.Download{{ID: "1", Name: "film.mkv", State: face.DownloadPaused, Size: 2, Done: 1}}
	engine.shares = []face.Share{{ID: "1", Name: "photos", State: face.ShareShared}}
	engine.tracker = face.TrackerView{Known: []face.KnownTracker{{Address: "office:5000"}}}
	d := newDesk(t, engine, Options{})
	d.window.setLook(look.Light)
	sign := map[pages.Place]string{pages.PlaceSearch: "film.mkv", pages.PlaceDownloads: "film.mkv", pages.PlaceShared: "photos", pages.PlaceTracker: "office", pages.PlaceSettings: "Ada"}
	for at, text := range sign {
		d.window.goTo(at)
		d.reads(text)
	}
	d.window.goTo(pages.PlaceUploads)
	d.window.setLook(look.Dark)
	dark := look.NewTheme(look.Dark)
	for at := range sign {
		d.window.goTo(at)
		for _, object := range laidOut(d.window.win.Content()) {
			if l, ok := object.(*kit.Line); ok {
				if drawn := test.WidgetRenderer(l).Objects()[0].(*canvas.Text); drawn.Color != dark.Color(l.Color, theme.VariantDark) {
					t.Errorf("%s: %q is drawn in %v, not in the dark look's %s", at.Name(), l.Text, drawn.Color, l.Color)
				}
			}
		}
	}
}
