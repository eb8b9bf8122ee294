//go:build !darwin || cgo

package desktop

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// TestShots draws every page and every sheet to the folder SHOTS, for somebody to look
// at: NAME-LANGUAGE-LOOK-WIDTH-SCALE.png. SHOTS_OF may leave out some: words that the name
// must contain, one of each that is separated by spaces, such as "zh-Hans -dark-720-2".
// SHOTS_CROWDED draws long names, large numbers and full lists.
func TestShots(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	of := strings.Fields(os.Getenv("SHOTS_OF"))
	for _, tag := range words.Languages() {
		for _, look := range []look.Choice{look.Light, look.Dark} {
			for _, size := range []fyne.Size{defaultSize, leastSize} {
				for _, scale := range []float32{1, 2} {
					kind := fmt.Sprintf("-%s-%s-%.0f-%.0f.png", tag, look, size.Width, scale)
					wanted := len(of) == 0
					for _, part := range of {
						wanted = wanted || strings.Contains(kind, part)
					}
					if wanted {
						t.Run(kind, func(t *testing.T) { shots(t, tag, look, size, scale, filepath.Join(dir, "%s"+kind)) })
					}
				}
			}
		}
	}
}

func shots(t *testing.T, tag string, look look.Choice, size fyne.Size, scale float32, path string) {
	app := test.NewTempApp(t)
	app.Preferences().SetString(prefLanguage, tag)
	app.Preferences().SetString(prefLook, string(look))
	restoreTexts(t)
	engine := stage(t)
	signs := [pages.PlaceCount]string{"Hopper", "lecture 10.mp4", "song.flac", "Grace", "photos", "kitchen", "/home/ada/Downloads"}
	if os.Getenv("SHOTS_CROWDED") != "" {
		engine = crowded(t)
		signs[pages.PlaceSearch] = "Wolfe"
	}
	d := newDeskOn(t, app, engine, engine, Options{Version: "9.8.7", Elsewhere: stagePeers(), System: &fakeSystem{links: true}})
	w := d.window
	w.win.Canvas().(software.WindowlessCanvas).SetScale(scale)
	w.win.Resize(size)
	shot := func(name string) {
		end := time.Now().Add(250 * time.Millisecond) // for what moves
		d.until("time passes", func() bool { return time.Now().After(end) })
		f, err := os.Create(fmt.Sprintf(path, strings.ReplaceAll(name, " ", "_")))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, w.win.Canvas().Capture()); err != nil {
			t.Fatal(err)
		}
	}
	for at := range pages.PlaceCount {
		w.goTo(at)
		d.reads(signs[at])
		shot(string(at.Name()))
	}
	for _, at := range []float32{600, 1200, 9999} {
		walk(w.pages[pages.PlaceSettings].Screen(), func(o fyne.CanvasObject) {
			if page, ok := o.(interface{ ScrollToOffset(fyne.Position) }); ok {
				page.ScrollToOffset(fyne.NewPos(0, at))
			}
		})
		shot(fmt.Sprint("Settings, ", at))
	}
	w.goTo(pages.PlacePeople)
	d.tap(words.L("Sent"))
	shot("Sent")
	w.GoToPerson(engine.list[0].PeerID)
	d.reads("Holidays")
	shot("person")
	d.tap(words.L("Sent and received"))
	shot("person, requests")
	w.people().Back()
	w.goTo(pages.PlaceSearch)
	listOf[face.Hit](d).SelectOnly(2)
	shot("Search, one chosen")
	w.search().Entry.SetText("unheard of")
	d.reads(words.L("No results."))
	shot("no results")
	w.search().Entry.SetText("")
	d.reads(signs[pages.PlaceSearch])
	w.goTo(pages.PlaceShared)
	listOf[face.Share](d).SelectOnly(3)
	shot("Shared, one chosen")
	w.goTo(pages.PlaceDownloads)
	listOf[face.Download](d).SelectOnly(0)
	w.keys.details()
	d.reads("Peer 1")
	shot("details")
	w.undo.Offer(pages.Deed{Words: words.N("{{.Count}} downloads removed", 2, words.Values{"Count": "2"})})
	shot("undo")
	w.undo.settle()
	w.keys.details()
	d.tap(w.choice.title())
	shot("this computer")
	w.win.Canvas().Overlays().Top().Hide()
	for _, over := range w.win.Canvas().Overlays().List() {
		w.win.Canvas().Overlays().Remove(over)
	}
	for _, sheet := range everySheet(d) {
		d.open(sheet)
		shot("over " + sheet.name)
		w.sheets.CloseAll()
	}
	engine.tracker = face.TrackerView{}
	for i, name := range []string{"first start", "first start, tracker"} {
		if i == 0 {
			w.firstStart()
			w.wizard.Begin()
		} else {
			d.tap(words.L("Skip"))
		}
		shot(name)
	}
}
