//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// newTrayDesk is a desk with a tray.
func newTrayDesk(t *testing.T, engine *fakeEngine) *desk {
	t.Helper()
	d := newDesk(t, engine, Options{TrayHost: func(context.Context) bool { return true }})
	d.until("the icon is in the tray", func() bool { return d.app.menu != nil })
	return d
}

// tray chooses an item of the icon's menu.
func (d *desk) tray(name string) {
	d.t.Helper()
	for _, item := range d.app.menu.Items {
		if item.Label == name {
			item.Action()
			return
		}
	}
	d.t.Fatalf("the tray has no %q", name)
}

func (d *desk) closed() bool { return d.window.crossing.ctx.Err() != nil }

func TestTheTrayShowsPausesLimitsAndQuits(t *testing.T) {
	engine := threeDownloads()
	engine.status.DownRate, engine.status.UpRate = 8_400_000, 120_000
	d := newTrayDesk(t, engine)
	d.until("the tray has the rates", func() bool {
		return slices.ContainsFunc(d.app.menu.Items, func(i *fyne.MenuItem) bool {
			return i.Label == "Down 8.4 MB/s, up 120 kB/s" && i.Disabled
		})
	})
	d.tray("Pause all")
	d.did("pause [run]")
	d.tray("Resume all")
	d.did("resume [rest]")
	d.tray("Quick limit")
	d.did("quick-limit true")
	d.tray("Quit")
	d.until("the window is closed", d.closed)
}

func TestAWindowInTheTrayAsksForNothingUntilItIsShown(t *testing.T) {
	engine := newFake()
	d := newTrayDesk(t, engine)
	d.reads("Connected to attic")
	d.window.exit.closeAsked()
	d.reads("Close the window, or quit?")
	d.tap("Keep it in the tray")
	if !d.window.crossing.hidden.Load() || d.window.prefs.closing() != closeToTray {
		t.Fatal("the window is not in the tray")
	}
	engine.change(func(f *fakeEngine) { f.status.PeersOnline = 99 })
	// The herald still looks, so it noticed the change; the window does not
	// show it.
	engine.change(func(f *fakeEngine) { f.status.DownRate = 1_000_000 })
	d.until("the tray tells the rate", func() bool { return d.app.menu.Items[1].Label == "Down 1.0 MB/s, up 0 B/s" })
	if d.shows("98 online") {
		t.Error("a hidden window was refreshed")
	}
	d.tray("Show the window")
	d.reads("98 online")
	d.window.exit.closeAsked()
	d.until("the second time nothing is asked", d.window.crossing.hidden.Load)
}

func TestWhereThereIsNoTrayTheWindowIsNeverHidden(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	d.window.prefs.setClosing(closeToTray)
	d.window.exit.closeAsked()
	d.until("the window is closed", d.closed)
	if d.window.crossing.hidden.Load() {
		t.Error("the window was hidden")
	}
}

func TestTheCloseButtonQuitsWhereThePersonWantsThat(t *testing.T) {
	d := newTrayDesk(t, newFake())
	d.window.exit.closeAsked()
	d.reads("Close the window, or quit?")
	d.tap("Quit")
	d.until("the window is closed", d.closed)
	if d.window.prefs.closing() != closeQuits {
		t.Error("the answer was forgotten")
	}
}

func TestQuittingSaysWhatOthersLose(t *testing.T) {
	engine := newFake()
	engine.leaving = face.Leaving{Uploads: 2, Alone: []string{"film.mkv", "b", "c"}}
	d := newDesk(t, engine, Options{})
	d.menu("Quit")
	d.reads("2 uploads are running or waiting. They would stop.")
	d.reads("Nobody else online has “film.mkv” and 2 other files")
	d.tap("Stay")
	if d.closed() {
		t.Fatal("the window closed all the same")
	}
	d.menu("Quit")
	d.reads("Quit now?")
	d.tap("Quit")
	d.until("the window is closed", d.closed)
}

func TestQuittingTwiceMeansIt(t *testing.T) {
	engine := newFake()
	engine.leaving = face.Leaving{Alone: []string{"film.mkv"}}
	d := newDesk(t, engine, Options{})
	d.menu("Quit")
	d.reads("Nobody else online has “film.mkv”. Nobody can download it until you are back.")
	d.menu("Quit")
	d.until("the window is closed", d.closed)
}

func TestWhoDoesNotWantToHearItQuitsAtOnce(t *testing.T) {
	engine := newFake()
	engine.leaving = face.Leaving{Uploads: 1}
	d := newDesk(t, engine, Options{})
	d.app.Preferences().SetBool(prefQuiet, true)
	d.menu("Quit")
	if !d.closed() {
		t.Error("the window is still open")
	}
}

func TestASecondStartBringsTheWindowToTheFrontAndAsks(t *testing.T) {
	requests := make(chan []string)
	d := newDesk(t, newFake(), Options{Requests: requests})
	link := netproto.Link{Tracker: "attic:5000", Hash: hashOf(7), Size: 1000, Name: "hello.txt"}.String()
	other := netproto.Link{Tracker: "attic:5000", Hash: hashOf(8), Size: 1000, Name: "second.txt"}.String()
	give := func(open ...string) { requests <- open }
	give(link, "/home/ada/a.txt", other, "/home/ada/b.txt")
	d.reads("Download this?")
	d.reads("hello.txt")
	if slices.ContainsFunc(d.engine.actions(), func(a string) bool { return strings.HasPrefix(a, "download") }) {
		t.Fatal("it was downloaded before anybody agreed")
	}
	d.tap("Cancel")
	d.reads("second.txt")
	d.tap("Download")
	d.did("download second.txt []")
	d.did("review [/home/ada/a.txt /home/ada/b.txt]")
	give() // nothing to open
	d.reads("Share these?")
}

func TestFilesThatComeWhileOthersAreReviewedAreAdded(t *testing.T) {
	engine := newFake()
	engine.review = face.Review{Items: []face.ReviewItem{{Path: "/a", Name: "a", Files: 1, Size: 10}, {Path: "/b", Name: "b", Files: 1, Size: 20}}}
	d := newDesk(t, engine, Options{})
	d.window.drops.review([]string{"/a"})
	d.reads("2 files · 30 B")
	d.window.drops.reviewed.tick(0, false)
	d.reads("1 file · 20 B")
	d.window.drops.dropped(urisOf(t, "/b"))
	d.did("review [/a /b]")
	d.until("what was decided stays", func() bool {
		return len(d.window.drops.reviewed.lines) == 2 && !d.window.drops.reviewed.lines[0].ticked
	})
	d.tap("Add another file")
	d.reads("Choose a file to share")
	d.window.sheets.Close() // the picker alone
	d.until("the review is open again", func() bool { return d.window.drops.reviewed != nil && d.window.sheets.IsOpen() })
	d.reads("Share these?")
}

func TestDownloadsThatEndAreToldTogether(t *testing.T) {
	engine := newFake()
	for i := range 7 {
		engine.downloads = append(engine.downloads, face.Download{ID: fmt.Sprint(i), Name: fmt.Sprintf("file %d", i), State: face.DownloadDownloading})
	}
	engine.downloads[6].State = face.DownloadFinished // before the window opened
	d := newDesk(t, engine, Options{})
	d.until("the downloads are known", func() bool { return d.window.herald.known != nil })
	engine.change(func(f *fakeEngine) {
		for i := range 5 {
			f.downloads[i].State = face.DownloadFinished
		}
		f.downloads[5].State = face.DownloadFailed
		f.downloads[5].Failure = face.Failure{Code: netproto.CodeWrongPiece, Detail: "file 5"}
	})
	d.until("the desktop was told", func() bool { return len(d.app.notifications()) == 2 })
	told := d.app.notifications()
	slices.SortFunc(told, func(a, b fyne.Notification) int { return strings.Compare(a.Title, b.Title) })
	if told[0].Title != "1 download failed" || !strings.HasPrefix(told[0].Content, "file 5\nA source sent wrong data") {
		t.Errorf("the failure reads %+v", told[0])
	}
	if want := "file 0\nfile 1\nfile 2\nfile 3\nand 1 other"; told[1].Title != "5 downloads finished" || told[1].Content != want {
		t.Errorf("the success reads %+v", told[1])
	}
}

func TestWhoWantsNoNotificationsGetsNone(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.app.Preferences().SetBool(prefFinished, false)
	d.app.Preferences().SetBool(prefFailed, false)
	h := d.window.herald
	h.see([]face.Download{{ID: "1", State: face.DownloadDownloading}, {ID: "2", State: face.DownloadFinished}})
	h.see([]face.Download{{ID: "1", State: face.DownloadFailed}, {ID: "2", State: face.DownloadVerifying}})
	h.see([]face.Download{{ID: "1", State: face.DownloadFinished}, {ID: "2", State: face.DownloadFinished}})
	if len(h.finished) != 1 || len(h.failed) != 1 {
		t.Errorf("gathered are %v and %v: one that is checked again is no news", h.finished, h.failed)
	}
	h.tell()
	if told := d.app.notifications(); len(told) > 0 || len(h.finished)+len(h.failed) > 0 {
		t.Errorf("the desktop was told %v", told)
	}
}
