//go:build !darwin || cgo

package desktop

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/browsers"
	"centralizedp2p/app/desktop/pages/firststart"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// busy is an engine with something on every page, in every state that has long
// texts.
func busy() *fakeEngine {
	engine := newFake()
	engine.status.DownRate, engine.status.UpRate, engine.status.PeersOnline = 998_000_000, 120_000_000, 1234
	engine.status.Reach = face.Reach{Verdict: netproto.VerdictRouter, Advice: netproto.AdviceCannotBeOpened, Port: 65535}
	engine.status.Counts = face.Counts{Downloads: 1234, Failed: 1, Uploads: 12, Shares: 1234}
	marked := hit(1, "a.iso", 812_000_000, netproto.KindArchive, 4123)
	marked.Added = marked.Added.AddDate(0, 1, 0) // so that it comes first
	marked.Have = face.HaveHere
	hits := append(manyHits(10, 100), marked, hit(2, "b", 1, netproto.KindOther, 1),
		hit(3, "c.pdf", 812_000, netproto.KindDocument, 41), hit(4, "d.exe", 812_000, netproto.KindProgram, 41))
	engine.search = answers(hits...)
	states := []face.DownloadState{face.DownloadDownloading, face.DownloadWaiting, face.DownloadQueued, face.DownloadPaused, face.DownloadFinished, face.DownloadVerifying, face.DownloadNoSpace}
	for i, state := range slices.Concat(states, states) { // enough for the field to appear
		engine.downloads = append(engine.downloads, face.Download{ID: fmt.Sprint(i), Name: fmt.Sprintf("film %d.mkv", i), Size: 998_000_000_000,
			Done: 412_000_000_000, Rate: 988_000_000, SecsLeft: 26*3600 + 1, Sources: 1234, Place: 123, State: state, Hash: hashOf(i)})
	}
	for _, failure := range []face.Failure{{Code: netproto.CodeFolderUnwritable, Detail: "/home/ada/Downloads"}, {Code: netproto.CodeSeedChecksum}, {Code: netproto.CodeNoSpace}} {
		failed := face.Download{ID: "failed " + string(failure.Code), Name: "setup.exe", Size: 81_000_000, Done: 4_000_000, State: face.DownloadFailed, Failure: failure, Hash: hashOf(99)}
		engine.downloads = append(engine.downloads, failed)
		failed.ID, failed.State = "no room "+string(failure.Code), face.DownloadNoSpace
		engine.downloads = append(engine.downloads, failed)
	}
	for i, state := range []face.UploadState{face.UploadSending, face.UploadQueued, face.UploadEnded} {
		engine.uploads = append(engine.uploads, face.Upload{ID: fmt.Sprint(i), Name: "film.mkv", Peer: "Grace", Size: 998_000_000, Sent: 412_000_000, Rate: 120_000_000, State: state, Place: 123})
	}
	for i, state := range []face.ShareState{face.ShareWaiting, face.ShareHashing, face.ShareShared, face.ShareRehashing, face.ShareMissing} {
		engine.shares = append(engine.shares, face.Share{ID: fmt.Sprint(i), Name: fmt.Sprintf("share %d", i), Path: "/a", Files: 1234, Size: 998_000_000, Hashed: 412_000_000,
			Rate: 900_000_000, State: state, Fetched: 1234, Sent: 998_000_000})
	}
	for i, state := range []face.SourceState{face.SourceConnecting, face.SourceIdle, face.SourceQueued, face.SourceDownloading, face.SourceStalled, face.SourceBanned, face.SourceKnown} {
		engine.details.Sources = append(engine.details.Sources, face.Source{Name: fmt.Sprintf("Peer %d", i), Address: fmt.Sprintf("203.0.113.%d:4001", i), State: state, Way: []face.Way{face.WayLAN, face.WayDirect, face.WayRouter, face.WayCalled, face.WayRelayed}[i%5],
			Rate: 998_000_000, Share: 1, Place: 12, Got: 998_000_000, Local: true})
	}
	for i, failed := range []face.Source{{Failure: face.Failure{Code: netproto.CodePeerUnreachable}}, {Failure: face.Failure{Code: netproto.CodePeerUnreachable}, Shut: true},
		{Failure: face.Failure{Code: netproto.CodeProtocol}}, {Failure: face.Failure{Code: netproto.CodeFileChanged}}, {Failure: face.Failure{Code: netproto.CodeInternal}},
		{NoRelay: netproto.RelayFull, Shut: true}, {NoRelay: netproto.RelayCallerDay, RelayAgain: time.Date(2026, 1, 2, 14, 30, 0, 0, time.Local)}} {
		failed.Name, failed.State = fmt.Sprintf("Failed %d", i), face.SourceFailed
		engine.details.Sources = append(engine.details.Sources, failed)
	}
	engine.list, engine.in, engine.out = somePeople()
	engine.status.Counts.Requests = len(engine.in)
	engine.details.Slow, engine.details.Copies = face.SlowOneSource, 2.4
	engine.details.Speeds = []int64{1e6, 998e6, 5e6}
	engine.details.Pieces = []face.Cell{{State: face.CellVerified}, {State: face.CellPartly}, {State: face.CellInFlight}, {State: face.CellMissing}}
	engine.tracker = face.TrackerView{
		KnownTracker: face.KnownTracker{Address: "attic:5000", Name: "attic", Fingerprint: netproto.Fingerprint{1}},
		Reach:        face.Reach{Verdict: netproto.VerdictUnreachable, Reason: netproto.ReachCallsOff, Advice: netproto.AdviceCannotBeOpened, Port: 65535},
		LeaseSeconds: 90, RoundTripMilli: 14, PeersOnline: 1234, Resources: 402_100,
		Known:      []face.KnownTracker{{Address: "office:5000", Name: "office"}},
		Nearby:     []face.KnownTracker{{Address: "192.168.1.20:5000", Name: "kitchen"}},
		Own:        face.OwnTracker{Running: true, Addresses: []string{"192.168.1.4:5000"}, Invite: "cp2p://192.168.1.4:5000", Peers: 3, Resources: 1, Rate: 1.5},
		ChangedKey: &face.ChangedKey{Address: "attic:5000", Known: netproto.Fingerprint{1}, Shown: netproto.Fingerprint{2}},
	}
	return engine
}

// misfits returns the texts in the window that are wider than their places,
// except names, which are cut on purpose.
func (d *desk) misfits() []string {
	var misfits []string
	c := d.window.win.Canvas()
	for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
		walk(object, func(o fyne.CanvasObject) {
			if text, needs := textOf(o); text != "" && needs > o.Size().Width+1 && o.Size().Width > 0 {
				misfits = append(misfits, fmt.Sprintf("%T %q needs %.0f and has %.0f", o, text, needs, o.Size().Width))
			}
		})
	}
	return misfits
}

// outside returns the buttons over the pages that are not wholly in the window.
func (d *desk) outside() (all []string) {
	c := d.window.win.Canvas()
	for _, over := range c.Overlays().List() {
		walk(over, func(o fyne.CanvasObject) {
			b, ok := o.(*kit.Button)
			if !ok {
				return
			}
			at := d.app.Driver().AbsolutePositionForObject(o)
			if end := at.Add(o.Size()); at.X < 0 || at.Y < 0 || end.X > c.Size().Width || end.Y > c.Size().Height {
				all = append(all, fmt.Sprintf("the button %q goes from %v to %v", b.Text, at, end))
			}
		})
	}
	return all
}

// textOf returns the text of a widget on one line, and the width that it needs.
func textOf(object fyne.CanvasObject) (string, float32) {
	switch o := object.(type) {
	case *kit.Line:
		if o.CutMiddle {
			return "", 0
		}
		text := cmp.Or(o.Short, o.Text)
		if first, _, more := strings.Cut(text, words.Separator); more {
			text = first + words.Separator + "…" // the last parts may be left out
		}
		return text, fyne.MeasureText(text, o.Theme().Size(o.TextSize), o.Style).Width
	case *widget.Label:
		if o.Wrapping != fyne.TextWrapOff {
			return "", 0
		}
		return o.Text, fyne.MeasureText(o.Text, theme.TextSize(), o.TextStyle).Width + 2*theme.InnerPadding()
	case *kit.Button:
		return o.Text, o.MinSize().Width
	case *kit.Check:
		return o.Text, o.MinSize().Width
	case *kit.Select:
		options := o.Options
		if options[0] == words.L("From anyone") {
			options = options[:1] // the others are names
		}
		widest := slices.MaxFunc(options, func(a, b string) int { return cmp.Compare(textWidth(a), textWidth(b)) })
		return widest, textWidth(widest) + theme.IconInlineSize() + 3*theme.InnerPadding()
	case *widget.Entry:
		if o.Text != "" {
			return "", 0
		}
		return o.PlaceHolder, fyne.MeasureText(o.PlaceHolder, theme.TextSize(), o.TextStyle).Width + 4*theme.InnerPadding()
	case *canvas.Text:
		return o.Text, o.MinSize().Width
	}
	return "", 0
}

func textWidth(text string) float32 {
	return fyne.MeasureText(text, theme.TextSize(), fyne.TextStyle{}).Width
}

// smallest opens the smallest window in a language. look reports all its
// misfits.
func smallest(t *testing.T, tag string, engine *fakeEngine, options Options) (d *desk, look func(name string)) {
	t.Helper()
	app := test.NewTempApp(t)
	app.Preferences().SetString(prefLanguage, tag)
	restoreTexts(t)
	d = newDeskOn(t, app, engine, engine, options)
	d.window.win.Resize(leastSize)
	return d, func(name string) {
		t.Helper()
		if least := d.window.win.Content().MinSize(); least.Width > leastSize.Width || least.Height > leastSize.Height {
			t.Errorf("%s: the window needs %v, and has %v", name, least, leastSize)
		}
		for _, over := range d.window.win.Canvas().Overlays().List() {
			walk(over, func(o fyne.CanvasObject) {
				sheet, ok := o.(*widget.PopUp)
				if !ok {
					return
				}
				if at, end := sheet.Position(), sheet.Position().Add(sheet.Size()); at.X < 0 || at.Y < 0 || end.X > leastSize.Width || end.Y > leastSize.Height {
					t.Errorf("%s: the sheet goes from %v to %v in a window of %v", name, at, end, leastSize)
				}
			})
		}
		for _, outside := range d.outside() {
			t.Errorf("%s: %s", name, outside)
		}
		for _, misfit := range d.misfits() {
			t.Errorf("%s: %s", name, misfit)
		}
	}
}

// inEveryLanguage runs a test in each language.
func inEveryLanguage(t *testing.T, run func(t *testing.T, tag string)) {
	for _, tag := range words.Languages() {
		t.Run(tag, func(t *testing.T) { run(t, tag) })
	}
}

func TestNoPageCutsATextInAnyLanguageInTheSmallestWindow(t *testing.T) {
	signs := [pages.PlaceCount]string{"Hopper", "a.iso", "film 1.mkv", "Grace", "share 1", "kitchen", "/home/ada/Downloads"}
	inEveryLanguage(t, func(t *testing.T, tag string) {
		d, look := smallest(t, tag, busy(), Options{System: &fakeSystem{links: true}})
		w := d.window
		for at := range pages.PlaceCount {
			w.goTo(at)
			d.reads(signs[at])
			look(string(at.Name()))
		}
		w.goTo(pages.PlaceDownloads)
		d.tap(words.L("Failed"))
		d.reads("setup.exe")
		look("failed downloads")
		d.tap(words.L("All"))
		listOf[face.Download](d).SelectOnly(0)
		w.keys.details()
		d.reads("Peer 1")
		look("the details")
		w.undo.Offer(pages.Deed{Words: words.N("{{.Count}} downloads removed", 1234, words.Values{"Count": words.Count(1234)})})
		look("what was done")
		w.undo.settle()
		w.Fail(netproto.Errorf(netproto.CodePortInUse, "5000"))
		look("what failed")
	})
}

func TestNoCellOfATableIsCutInAnyLanguageInTheWindowAsItIsAtFirst(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, tag string) {
		engine := busy()
		d, _ := smallest(t, tag, engine, Options{System: &fakeSystem{links: true}})
		d.window.win.Resize(defaultSize)
		whole := func(table fyne.CanvasObject, where string) {
			t.Helper()
			walk(table, func(o fyne.CanvasObject) {
				if line, ok := o.(*kit.Line); ok && !line.CutMiddle && !line.ShowsWhole() {
					t.Errorf("%s: %q needs %.0f and has %.0f", where, line.Text, line.FullWidth(), line.Size().Width)
				}
			})
		}
		d.window.goTo(pages.PlaceSearch)
		d.reads("a.iso")
		whole(listOf[face.Hit](d), "the search")
		d.window.goTo(pages.PlaceShared)
		d.reads("share 1")
		whole(listOf[face.Share](d), "what is shared")
		d.window.goTo(pages.PlaceDownloads)
		d.reads("film 1.mkv")
		listOf[face.Download](d).SelectOnly(0)
		d.window.keys.details()
		d.reads("Peer 1")
		whole(listOf[face.Source](d), "the sources")
	})
}

func TestNoEmptyPageCutsATextInAnyLanguageInTheSmallestWindow(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, tag string) {
		engine := newFake()
		engine.status = face.Status{Tracker: "attic", Connection: face.ConnectionReconnecting, RetrySeconds: 59}
		d, look := smallest(t, tag, engine, Options{})
		for at := range pages.PlaceCount {
			d.window.goTo(at)
			d.until("the page was asked for", func() bool { return !d.shows(words.Phrase("One moment…").String()) && d.shows("59") })
			look(string(at.Name()))
		}
	})
}

func TestNothingOverThePagesCutsATextInAnyLanguageInTheSmallestWindow(t *testing.T) {
	link := netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 1_200_000_000}
	inEveryLanguage(t, func(t *testing.T, tag string) {
		engine := busy()
		engine.folder = face.Folder{Files: []face.FolderFile{{FolderEntry: netproto.FolderEntry{Path: "a/b", Size: 3, Hash: hashOf(1)}, Here: true}}}
		engine.review = face.Review{
			Items:   []face.ReviewItem{{Path: "/a/project", Name: "project", Folder: true, Files: 1214, Size: 20_000_000, Secrets: []face.SecretFile{{Path: ".env", Size: 120}}}},
			Skipped: []face.SkippedPath{{Path: "/a/pipe", Reason: face.SkipSpecial}, {Path: "/a/x", Reason: face.SkipName}, {Path: "/a/project", Reason: face.SkipUnreadable, Count: 3}},
		}
		engine.leaving = face.Leaving{Uploads: 3, Alone: []string{"film.mkv", "song.flac"}}
		d, look := smallest(t, tag, engine, Options{})
		w := d.window
		for _, over := range []struct {
			name  string
			open  func()
			reads string
		}{
			{"keys and help", w.help.showKeys, "F8"},
			{"about", w.help.about, appName},
			{"licences", w.help.licences, "The licences stand below"},
			{"the review", func() { w.drops.review([]string{"/a"}) }, "project"},
			{"a folder", func() { openRow(listOf[face.Hit](d), 0) }, "b"},
			{"a link", func() { w.links.open(link.String()) }, "film.mkv"},
			{"another tracker", func() { w.links.open(netproto.Link{Tracker: "office:5000", Size: -1}.String()) }, "office:5000"},
			{"paste", func() { d.app.Clipboard().SetContent(""); w.links.paste() }, ""},
			{"a code", func() { w.goTo(pages.PlaceTracker); d.tap(words.L("Show QR code")) }, "cp2p://"},
			{"to a browser", func() { browsers.SendToBrowser(w, engine, face.WebOffer{Shares: []string{"0"}}) }, "http://192.168.1.4"},
			{"from a phone", func() { browsers.ReceiveFromPhone(w, engine) }, "271828"},
			{"files", w.drops.pickFile, ""},
			{"no wishes", w.search().ShowWishes, ""},
			{"the wishes", func() {
				engine.fulfil("a search with many words that goes on beyond the end of the line and the window", face.Find{Hash: hashOf(7), Name: "Lecture 1.pdf", New: true})
				w.search().ShowWishes()
			}, "Lecture 1.pdf"},
			{"leaving", w.exit.quit, "film.mkv"},
		} {
			over.open()
			d.reads(over.reads)
			look(over.name)
			w.sheets.CloseAll()
		}
	})
}

func TestEverySheetIsSeenWholeInAnyLanguageInTheSmallestWindow(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, tag string) {
		d, see := smallest(t, tag, stage(t), Options{Version: "9.8.7", Elsewhere: stagePeers()})
		for _, sheet := range everySheet(d) {
			d.open(sheet)
			see(sheet.name)
			walk(d.window.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
				if over, ok := o.(*widget.PopUp); ok && over.Content.Size().Height > leastSize.Height-2*look.GapLarge {
					t.Errorf("%s: it is %v high and leaves no margin", sheet.name, over.Content.Size().Height)
				}
			})
			d.window.sheets.CloseAll()
		}
	})
}

func TestTheFirstStartCutsNoTextInAnyLanguageInTheSmallestWindow(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, tag string) {
		engine := busy()
		d, look := smallest(t, tag, engine, Options{FirstStart: true})
		for step := 1; step <= firststart.Steps; step++ {
			said := words.L("Step {{.N}} of {{.Of}}", words.Values{"N": step, "Of": int(firststart.Steps)})
			d.reads(said)
			look(said)
			d.tap(words.L("Skip"))
		}
	})
}
