//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/ticks"
	"centralizedp2p/app/desktop/native"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func openAt(t *testing.T, engine *fakeEngine, at pages.Place) *desk {
	t.Helper()
	d := newDesk(t, engine, Options{})
	d.window.goTo(at)
	return d
}

func TestADownloadReadsInWordsWhatItDoes(t *testing.T) {
	const megabyte = 1_000_000
	download := face.Download{Name: "film.mkv", Size: 1200 * megabyte, Done: 412 * megabyte, Path: "/home/ada/Downloads/film.mkv"}
	for _, c := range []struct {
		state face.DownloadState
		edit  func(*face.Download)
		want  []string
	}{
		{face.DownloadDownloading, func(d *face.Download) { d.Rate, d.SecsLeft, d.Sources = 8_400_000, 62, 5 },
			[]string{"412 MB of 1.2 GB · 8.4 MB/s · 1 min left · 5 sources"}},
		{face.DownloadDownloading, func(d *face.Download) { d.Sources, d.Size = 1, -1 }, []string{"412 MB of ? · 0 B/s · 1 source"}},
		{face.DownloadWaiting, nil, []string{"Waiting for a source · 412 MB of 1.2 GB"}},
		{face.DownloadQueued, func(d *face.Download) { d.Place = 3 }, []string{"Queued (place 3) · 412 MB of 1.2 GB"}},
		{face.DownloadConnecting, nil, []string{"Connecting · 412 MB of 1.2 GB"}},
		{face.DownloadVerifying, nil, []string{"Verifying · 412 MB of 1.2 GB"}},
		{face.DownloadPaused, nil, []string{"Paused · 412 MB of 1.2 GB"}},
		{face.DownloadFinished, nil, []string{"Finished · 1.2 GB · /home/ada/Downloads"}},
		{face.DownloadNoSpace, func(d *face.Download) { d.Failure = face.Failure{Code: netproto.CodeNoSpace} },
			[]string{"Not enough space · 412 MB of 1.2 GB", "Free some space; the download then continues by itself."}},
		{face.DownloadFailed, func(d *face.Download) {
			d.Failure = face.Failure{Code: netproto.CodeFolderUnwritable, Detail: "/home/ada/Downloads"}
		},
			[]string{"Failed: The folder cannot be written to: /home/ada/Downloads.", "Choose another folder in Settings, or change its permissions."}},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			engine := newFake()
			row := download
			row.ID, row.State = "1", c.state
			if c.edit != nil {
				c.edit(&row)
			}
			engine.downloads = []face.Download{row}
			d := openAt(t, engine, pages.PlaceDownloads)
			d.reads("film.mkv")
			for _, want := range c.want {
				d.reads(want)
			}
		})
	}
}

func TestAnEmptyPageSaysWhatGoesThereAndLeadsOn(t *testing.T) {
	for at, want := range map[pages.Place]struct{ sentence, button, then string }{
		pages.PlaceDownloads: {"Your downloads appear here", "Search", "Nothing here yet"},
		pages.PlaceUploads:   {"When others download what you share, it appears here", "See what you share", "Drop files or folders anywhere"},
		pages.PlaceShared:    {"Drop files or folders anywhere on the window", "Add files", "Choose a file to share"},
	} {
		t.Run(string(at.Name()), func(t *testing.T) {
			d := openAt(t, newFake(), at)
			d.reads(want.sentence)
			d.tap(want.button)
			d.reads(want.then)
		})
	}
}

func TestRowsOfDownloadsArePausedResumedRetriedAndRemoved(t *testing.T) {
	engine := newFake()
	engine.downloads = []face.Download{
		{ID: "run", Name: "run", State: face.DownloadDownloading, Size: 10},
		{ID: "rest", Name: "rest", State: face.DownloadPaused, Size: 10},
		{ID: "broken", Name: "broken", State: face.DownloadFailed, Size: 10, Failure: face.Failure{Code: netproto.CodeNoSource}},
		{ID: "done", Name: "done", State: face.DownloadFinished, Size: 10, Done: 10},
	}
	d := openAt(t, engine, pages.PlaceDownloads)
	d.reads("broken")
	for _, step := range []struct{ button, action string }{
		{"Pause", "pause [run]"}, {"Resume", "resume [rest]"}, {"Retry", "retry [broken]"},
		{"Remove from list", "remove [done]"}, {"Clear finished", "remove [done]"},
	} {
		d.until("everything is listed", func() bool { return d.shows("1 finished") })
		d.tap(step.button)
		d.window.undo.settle()
		d.did(step.action)
	}
	d.until("everything is listed", func() bool { return len(rowsOf[face.Download](d)) == 4 })
	list := listOf[face.Download](d)
	list.SelectAll()
	d.menu("Pause or resume")
	d.did("pause [run]")
	list.SelectOnly(1)
	list.Focus()
	d.key(fyne.KeySpace)
	d.did("resume [rest]")
	list.SelectOnly(3)
	d.key(fyne.KeyDelete)
	d.reads("1 download removed")
	d.window.undo.settle()
	d.did("remove [done]")
}

func TestAnActionThatFailsSaysWhy(t *testing.T) {
	engine := newFake()
	engine.downloads = []face.Download{{ID: "run", Name: "run", State: face.DownloadDownloading, Size: 10}}
	engine.err = netproto.Errorf(netproto.CodeStore, "/home/ada/.config")
	d := openAt(t, engine, pages.PlaceDownloads)
	d.reads("run")
	d.tap("Pause")
	d.reads("The folder with the settings cannot be used: /home/ada/.config. Check its permissions and the space on its disk.")
	d.tap("Close this message")
	if d.shows("cannot be used") {
		t.Error("the message does not go away")
	}
}

func TestFiveHundredDownloadsAreShown(t *testing.T) {
	engine := newFake()
	for i := range 500 {
		engine.downloads = append(engine.downloads, face.Download{ID: fmt.Sprint(i), Name: fmt.Sprintf("file %d", i), State: face.DownloadQueued, Size: 1})
	}
	d := openAt(t, engine, pages.PlaceDownloads)
	d.reads("500 waiting")
	engine.change(func(f *fakeEngine) { f.downloads[2].State = face.DownloadDownloading; f.downloads[2].Sources = 7 })
	d.reads("7 sources")
	d.reads("1 running · 499 waiting")
}

func TestUploadsSayToWhomAndHowFar(t *testing.T) {
	engine := newFake()
	engine.uploads = []face.Upload{
		{ID: "1", Name: "a", Peer: "Grace", Address: "203.0.113.5:4000", Size: 40e6, Sent: 12e6, Rate: 1.2e6, State: face.UploadSending},
		{ID: "2", Name: "b", Peer: "Linus", State: face.UploadQueued, Place: 2},
		{ID: "3", Name: "c", Address: "203.0.113.6:4000", Sent: 5e6, Size: 5e6, State: face.UploadEnded},
	}
	d := openAt(t, engine, pages.PlaceUploads)
	d.reads("To Grace · 12 MB of 40 MB · 1.2 MB/s · 203.0.113.5:4000")
	d.reads("To Linus · Queued (place 2)")
	d.reads("To 203.0.113.6:4000 · Ended · 5.0 MB sent")
	d.reads("1 running · 1 waiting")
}

func TestSharesSayTheirState(t *testing.T) {
	engine := newFake()
	engine.shares = []face.Share{
		{ID: "1", Name: "photos", Folder: true, Files: 214, Size: 340e6, State: face.ShareShared, Fetched: 3, Sent: 1_100_000_000},
		{ID: "2", Name: "big.iso", Files: 1, Size: 4e9, State: face.ShareHashing, Hashed: 1.6e9, Rate: 900e6},
		{ID: "3", Name: "edited", Files: 1, Size: 100, State: face.ShareRehashing, Hashed: 50},
		{ID: "4", Name: "gone", Path: "/home/ada/gone", Files: 1, State: face.ShareMissing},
		{ID: "5", Name: "secret", Files: 1, State: face.ShareFailed, Failure: face.Failure{Code: netproto.CodeFileUnreadable, Detail: "/home/ada/secret"}},
		{ID: "6", Name: "new", Files: 1, Size: 7, State: face.ShareShared},
	}
	d := openAt(t, engine, pages.PlaceShared)
	d.reads("preparing 1.6 GB of 4.0 GB")
	for name, want := range map[string]string{
		"photos":  "photos | 340 MB | Shared | 3 times | Everybody",
		"big.iso": "big.iso | 4.0 GB | Preparing 40 % | never | Everybody",
		"edited":  "edited | 100 B | Changed, preparing 50 % | never | Everybody",
		"gone":    "gone | 0 B | Missing | never | Everybody",
		"secret":  "secret | 0 B | The file cannot be read | never | Everybody",
		"new":     "new | 7 B | Shared | never | Everybody",
	} {
		if got := readRow(t, d.window.win.Content(), name); got != want {
			t.Errorf("the row reads %q, not %q", got, want)
		}
	}
	for name, want := range map[string]string{
		"gone":    "Put it back to share it again, or stop sharing it. · /home/ada/gone",
		"secret":  "The file cannot be read: /home/ada/secret. Check that it still exists and that you may read it.",
		"big.iso": "1.6 GB of 4.0 GB · 900 MB/s",
	} {
		list := listOf[face.Share](d)
		list.SelectOnly(rowOf(t, list, func(s face.Share) bool { return s.Name == name }))
		d.reads(want)
	}
}

func TestAShareGivesItsLinkAsTextAndAsACode(t *testing.T) {
	engine := newFake()
	engine.shares = []face.Share{{ID: "photos", Name: "photos", Files: 1, State: face.ShareShared}}
	d := openAt(t, engine, pages.PlaceShared)
	d.reads("photos")
	listOf[face.Share](d).SelectOnly(0)
	d.tap("Copy link")
	d.reads("Link copied.")
	link := "cp2p://attic:5000/" + hashOf(7).String() + "?name=photos"
	if got := d.app.Clipboard().Content(); got != link {
		t.Errorf("the clipboard has %q", got)
	}
	d.tap("Show QR code")
	d.reads(link)
	d.window.sheets.Close()
	d.tap("Stop sharing")
	d.did("stop-sharing [photos]")
	d.reads("Stopped sharing 1 item. The files stay where they are.")
}

func TestFilesDroppedOnTheWindowAreReviewedBeforeTheyAreShared(t *testing.T) {
	engine := newFake()
	engine.review = face.Review{
		Items: []face.ReviewItem{
			{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 1_200_000_000},
			{Path: "/a/project", Name: "project", Folder: true, Files: 214, Size: 20_000_000,
				Secrets: []face.SecretFile{{Path: ".env", Size: 120}, {Path: "keys/id_rsa", Size: 2600}}},
			{Path: "/a/pass.kdbx", Name: "pass.kdbx", Files: 1, Size: 10, Secret: true},
		},
		Skipped: []face.SkippedPath{{Path: "/a/pipe", Reason: face.SkipSpecial}, {Path: "/a/project", Reason: face.SkipUnreadable, Count: 3}},
	}
	d := newDesk(t, engine, Options{})
	d.window.drops.dropped(urisOf(t, "/a/film.mkv", "/a/project", "/a/pass.kdbx", "/a/pipe"))
	d.did("review [/a/film.mkv /a/project /a/pass.kdbx /a/pipe]")
	d.reads("213 files · 1.2 GB · 4 skipped")
	d.reads("3 look like secrets (keys or passwords) and are left out unless you tick them.")
	d.reads("is a device, not a file")
	d.reads("3 files skipped: cannot be read")
	d.check(".env")
	d.reads("214 files")
	d.tap("Share")
	d.did("share [{/a/film.mkv [] []} {/a/project [] [.env]}]")
	d.reads("Drop files or folders anywhere") // the Shared page is shown
}

// check ticks the line with that name in a review.
func (d *desk) check(name string) {
	d.t.Helper()
	for _, overlay := range d.window.win.Canvas().Overlays().List() {
		for _, object := range laidOut(overlay) {
			if row, ok := object.(*ticks.Row); ok && linesIn(row)[0] == name {
				for _, part := range laidOut(row) {
					if box, ok := part.(*kit.Check); ok {
						test.Tap(box)
						return
					}
				}
			}
		}
	}
	d.t.Fatalf("the review has no line %q", name)
}

func TestTextDroppedOnTheWindowIsRefusedWithAWord(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	d.window.drops.dropped(nil)
	d.reads("What was dropped is not a file.")
}

func TestTheSheetOfAReviewClosesWithEscape(t *testing.T) {
	d := newDesk(t, newFake(), Options{Open: []string{"/a"}})
	d.reads("0 files")
	d.window.win.Canvas().Unfocus()
	d.key(fyne.KeyEscape)
	if d.window.sheets.IsOpen() || d.shows("Share these?") {
		t.Error("the sheet is still open")
	}
}

func TestALinkIsAskedAboutBeforeAnythingIsDownloaded(t *testing.T) {
	engine := newFake()
	link := netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 1_200_000_000}
	d := newDesk(t, engine, Options{Open: []string{link.String()}})
	d.reads("Download this?")
	d.reads("film.mkv")
	d.reads("1.2 GB")
	if len(engine.actions()) != 0 {
		t.Error("something was done before the person agreed")
	}
	d.tap("Download")
	d.did("download film.mkv []")
}

func TestPastingALinkOpensItAndPastingTextDoesNot(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.app.Clipboard().SetContent("two words")
	d.menu("Paste link") // Ctrl+V while the search entry has the focus
	if got := d.window.search().Entry.Text; got != "two words" {
		t.Errorf("the search entry has %q", got)
	}
	d.app.Clipboard().SetContent(netproto.Link{Tracker: "office:5000", Size: -1}.String())
	d.menu("Paste link")
	d.reads("Use this tracker?")
	d.tap("Use this tracker")
	d.did("use cp2p://office:5000")
	d.app.Clipboard().SetContent("")
	d.window.links.paste()
	d.reads("Open a link")
	entry := d.window.win.Canvas().Focused().(*kit.TextEntry)
	entry.SetText("http://example.org")
	d.tap("Open")
	d.reads("a link begins with cp2p://")
}

func TestAnythingOverThePagesClosesWithEscapeAndKeepsThePageBelow(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	for name, open := range map[string]func(){"Add files": d.window.drops.pickFile, "Add folder": d.window.drops.pickFolder, "Keys and help": d.window.help.showKeys} {
		open()
		d.menu("Settings")
		if d.window.place != pages.PlaceSearch {
			t.Errorf("%s: the page below was changed", name)
		}
		d.window.win.Canvas().Unfocus()
		d.key(fyne.KeyEscape)
		if d.window.sheets.IsOpen() || len(d.window.win.Canvas().Overlays().List()) != 0 {
			t.Errorf("%s: Escape did not close it", name)
		}
	}
}

func TestManyFilesFromThePickerOfTheSystemAreReviewedTogether(t *testing.T) {
	engine, there := newFake(), true
	d := newDesk(t, engine, Options{Picker: func(_ context.Context, _ string, folder bool) ([]string, error) {
		switch {
		case !there:
			return nil, native.ErrNoPicker
		case folder:
			return []string{"/a/photos"}, nil
		default:
			return []string{"/a/one", "/a/two"}, nil
		}
	}})
	d.tap("Add files")
	d.did("review [/a/one /a/two]")
	d.window.sheets.CloseAll()
	d.tap("Add folder")
	d.did("review [/a/photos]")
	d.window.sheets.CloseAll()
	there = false
	d.tap("Add files")
	d.reads("Choose a file to share") // our own
}
