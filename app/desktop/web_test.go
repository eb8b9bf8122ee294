//go:build !darwin || cgo

package desktop

import (
	"slices"
	"testing"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/browsers"
	"centralizedp2p/app/face"
)

// inSheet waits for a widget in the sheet that is open.
func inSheet[T any](d *desk, what string, is func(T) bool) (found T) {
	d.t.Helper()
	d.until(what+" is there", func() bool {
		for _, object := range laidOut(d.window.win.Canvas().Overlays().Top()) {
			if it, ok := object.(T); ok && is(it) {
				found = it
				return true
			}
		}
		return false
	})
	return found
}

func TestAShareIsSentToABrowserWhileItsSheetIsOpen(t *testing.T) {
	engine := newFake()
	engine.shares = []face.Share{{ID: "7", Name: "Holidays", Folder: true, Files: 40, Size: 812_000_000, State: face.ShareShared}}
	d := openAt(t, engine, pages.PlaceShared)
	send := func() {
		t.Helper()
		listOf[face.Share](d).SelectOnly(0)
		chooseItem(t, listOf[face.Share](d).Menu(), "Send to a phone or a browser…")
		d.reads("not encrypted")
		d.reads("No complete downloads yet.")
	}
	send()
	if got := engine.offered[0].Shares; !slices.Equal(got, []string{"7"}) {
		t.Errorf("offered is %v", got)
	}
	d.tap("Copy link")
	if got := d.app.Clipboard().Content(); got != "http://192.168.1.4:40123/secret/" {
		t.Errorf("copied is %q", got)
	}
	inSheet(d, "the choice of a count", func(s *kit.Select) bool { return slices.Contains(s.Options, "3 downloads") && !s.Disabled() }).SetSelected("3 downloads")
	d.did("terms of link0: 3")
	engine.change(func(f *fakeEngine) { f.webPages[0].Downloads, f.webPages[0].Running = 2, 1 })
	d.reads("2 complete downloads so far. · Sending now.")
	engine.change(func(f *fakeEngine) { f.webPages[0].State = face.WebCounted })
	d.reads("This link has ended.")
	if !inSheet(d, "the button", func(b *kit.Button) bool { return b.Text == "Copy link" }).Disabled() {
		t.Error("a link that has ended can be copied")
	}
	d.window.sheets.CloseAll()
	d.did("close pages [link0]")

	send() // anew, and it is kept
	inSheet(d, "the check", func(c *kit.Check) bool { return c.Text == "Keep it working after I close this" }).SetChecked(true)
	d.window.sheets.CloseAll()
	send()
	if !inSheet(d, "the check", func(c *kit.Check) bool { return c.Text == "Keep it working after I close this" }).Checked {
		t.Error("that it is kept was forgotten")
	}
	if slices.Contains(engine.actions(), "close pages [link1]") {
		t.Error("a page that is kept was closed")
	}
}

func TestWhatIsReviewedGoesToABrowserAlone(t *testing.T) {
	engine := newFake()
	engine.review = face.Review{Items: []face.ReviewItem{{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 12}}}
	d := newDesk(t, engine, Options{})
	d.window.drops.review([]string{"/a/film.mkv"})
	d.reads("1 file")
	d.tap("Send to a phone or a browser…")
	d.reads("No complete downloads yet.")
	if offered := d.engine.offered[0]; len(offered.Items) != 1 || offered.Items[0].Path != "/a/film.mkv" {
		t.Errorf("offered is %+v", offered)
	}
	for _, action := range d.engine.actions() {
		if action[:5] == "share" {
			t.Errorf("%s", action)
		}
	}
}

func TestFilesComeFromAPhone(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	browsers.ReceiveFromPhone(d.window, d.engine)
	d.reads("PIN: 271828")
	d.reads("/home/ada/Downloads")
	d.reads("Nothing has arrived yet.")
	d.engine.change(func(f *fakeEngine) {
		f.webPages[0].Stored = 1
		f.webPages[0].Arrivals = []face.WebArrival{{Name: "IMG_0002.jpg", Size: 4_000_000, Done: 1_000_000, State: face.ArrivalRunning},
			{Name: "IMG_0001.jpg", Size: 4_000_000, Done: 4_000_000, State: face.ArrivalStored, Path: "/home/ada/Downloads/IMG_0001.jpg"}}
	})
	d.reads("1 file has arrived.")
	d.reads("IMG_0002.jpg")
	d.reads("25 %")
	d.engine.change(func(f *fakeEngine) { f.webPages[0].State = face.WebShut })
	d.reads("too many wrong PINs")
	d.window.sheets.CloseAll()
	d.did("close pages [inbox]")
}
