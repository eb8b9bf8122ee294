//go:build !darwin || cgo

package desktop

import (
	"context"
	"slices"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/firststart"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestAFirstStartAsksForNameTrackerAndFolder(t *testing.T) {
	engine := newFake()
	engine.status.Connection = face.ConnectionNone
	engine.tracker.Nearby = []face.KnownTracker{{Address: "192.168.1.20:5000", Name: "kitchen"}}
	over := make(chan bool, 1)
	d := newDesk(t, engine, Options{FirstStart: true, FirstStartOver: func() error { over <- true; return nil }})
	d.reads("Nothing is shared until you say so.")
	d.reads("Ada")
	d.reads("Download folder")
	test.Type(d.window.win.Canvas().Focused(), "Grace") // the suggestion is selected
	test.Tap(d.box("Share what I download with others"))
	d.tap("Next")
	d.reads("Choose a tracker")
	if len(over) != 0 {
		t.Error("the first start is over before its last question")
	}
	d.tap("Join kitchen") // the second click, and the last one
	d.did("use 192.168.1.20:5000")
	d.reads("Search by name")
	<-over
	if s := engine.applied(); s.Name != "Grace" || s.DownloadFolder != "/home/ada/Downloads" || s.ShareDownloads {
		t.Errorf("the settings are %+v", s)
	}
}

func TestAFirstStartCanBeSkippedAndTellsWhatWentWrong(t *testing.T) {
	engine := newFake()
	engine.err = netproto.Errorf(netproto.CodePortInUse, "5000")
	d := newDesk(t, engine, Options{FirstStart: true})
	d.reads("Ada")
	d.tap("Skip")
	d.tap("Run a tracker on this computer")
	d.reads("The port is used by another program: 5000. Close that program and try again.")
	d.tap("Back")
	d.reads("Welcome")
	d.key(fyne.KeyEscape) // skips, too
	d.reads("Choose a tracker")
	d.tap("Skip")
	d.reads("Connected to attic")
	if done := engine.actions(); !slices.Equal(done, []string{"start-tracker"}) {
		t.Errorf("the engine was asked to %v", done)
	}
}

func TestAfterARefusedTrackerTheNextKeysReplaceIt(t *testing.T) {
	engine := newFake()
	engine.status.Connection = face.ConnectionNone
	engine.err = netproto.Errorf(netproto.CodeUnreachable, "nowhere.invalid")
	d := newDesk(t, engine, Options{FirstStart: true})
	d.reads("Ada")
	d.tap("Skip")
	d.reads("Looking for trackers on your network…")
	test.Type(d.window.win.Canvas().Focused(), "nowhere.invalid")
	d.tap("Connect")
	d.reads("The tracker cannot be reached: nowhere.invalid. Check its address and that it is running, or choose another one.")
	test.Type(d.window.win.Canvas().Focused(), "attic")
	d.tap("Connect")
	d.did("use attic")
}

func TestAnInviteLinkPastedAtFirstStartConnects(t *testing.T) {
	for _, second := range []bool{false, true} {
		engine := newFake()
		d := newDesk(t, engine, Options{FirstStart: true})
		d.reads("Ada")
		test.Type(d.window.win.Canvas().Focused(), "Bob")
		if second {
			d.tap("Next")
			d.reads("Choose a tracker")
		}
		d.app.Clipboard().SetContent(netproto.Link{Tracker: "attic:5000", Size: -1, Fingerprint: netproto.Fingerprint{7}}.String())
		d.menu("Paste link") // Ctrl+V, which Fyne's menus take from the field
		d.reads("Search by name")
		d.did("use " + d.app.Clipboard().Content())
		if engine.applied().Name != "Bob" || d.window.sheets.IsOpen() {
			t.Errorf("the name is %q, a question is open: %t", engine.applied().Name, d.window.sheets.IsOpen())
		}
	}
}

func TestALinkToAFilePastedAtFirstStartIsAskedAboutAfterwards(t *testing.T) {
	d := newDesk(t, newFake(), Options{FirstStart: true})
	d.reads("Ada")
	d.app.Clipboard().SetContent(netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 12}.String())
	d.menu("Paste link")
	d.did("use cp2p://attic:5000")
	d.reads("film.mkv")
	d.tap("Download")
	d.did("download film.mkv []")
}

// slowSettings answers for the settings only when it is let.
type slowSettings struct {
	*fakeEngine
	answer chan struct{}
}

func (e slowSettings) Settings(ctx context.Context) (face.Settings, error) {
	<-e.answer
	return e.fakeEngine.Settings(ctx)
}

func TestANameTypedBeforeTheEngineAnswersIsKept(t *testing.T) {
	engine := newFake()
	slow := slowSettings{engine, make(chan struct{})}
	release := sync.OnceFunc(func() { close(slow.answer) })
	t.Cleanup(release)
	d := newDeskWith(t, engine, slow, Options{FirstStart: true})
	test.Type(d.window.win.Canvas().Focused(), "Bob")
	release()
	d.reads("/home/ada/Downloads")
	if name := d.window.win.Canvas().Focused().(*kit.TextEntry).Text; name != "Bob" {
		t.Errorf("the name is %q", name)
	}
	d.tap("Next")
	d.until("the engine has the name", func() bool { return engine.applied().Name == "Bob" })
}

func TestTrackersKeepArrivingDuringTheFirstStart(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{FirstStart: true})
	d.reads("Ada")
	d.tap("Next")
	d.reads("Looking for trackers on your network")
	nearby := func(names ...string) func(*fakeEngine) {
		return func(f *fakeEngine) {
			f.tracker.Nearby = nil
			for _, name := range names {
				f.tracker.Nearby = append(f.tracker.Nearby, face.KnownTracker{Address: name + ":5000", Name: name})
			}
		}
	}
	engine.change(nearby("kitchen"))
	d.reads("Join kitchen")
	engine.change(nearby("kitchen", "office"))
	d.reads("office on your network")
	d.entry("Address or link").SetText("cellar")
	d.reads("kitchen on your network") // no longer the next step
	d.tap("Connect")
	d.did("use cellar")
}

func TestTheBlueButtonOfTheFirstStartIsNeverSkip(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{FirstStart: true})
	d.reads("Ada")
	d.tap("Next")
	d.reads("Choose a tracker")
	d.key(fyne.KeyReturn) // nothing is typed
	d.did("start-tracker")
	d.reads("Search by name")
}

func TestWhoIsConnectedAlreadyStartsFromTheLastQuestion(t *testing.T) {
	engine := newFake()
	engine.tracker.KnownTracker = face.KnownTracker{Address: "192.168.1.4:5000", Name: "Ada"}
	d := newDesk(t, engine, Options{FirstStart: true})
	d.tap("Next")
	d.reads("Connected to Ada")
	d.tap("Start")
	d.reads("Search by name")
	if done := engine.actions(); len(done) != 0 {
		t.Errorf("the engine was asked to %v", done)
	}
}

func TestThePagesAreNotSeenBeforeTheQuestionsOfTheFirstStart(t *testing.T) {
	d := newDesk(t, newFake(), Options{FirstStart: true})
	d.reads("Ada")
	w := d.window
	seen := func() bool { return slices.Contains(laidOut(w.win.Content()), fyne.CanvasObject(w.frame.line)) }
	if seen() {
		t.Error("the status line is seen")
	}
	d.menu(string(pages.PlaceShared.Name()))
	if name, ok := w.win.Canvas().Focused().(*kit.TextEntry); w.place != pages.PlaceSearch || !ok || name.Text != "Ada" {
		t.Error("a key of the pages works during the first start")
	}
}

func TestWhatIsTypedAfterTheFirstStartIsSearched(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "film.mkv", 1, netproto.KindVideo, 1))
	d := newDesk(t, engine, Options{FirstStart: true})
	d.reads("Ada")
	for range firststart.Steps {
		d.key(fyne.KeyEscape)
	}
	d.reads("film.mkv")
	if focused := d.window.win.Canvas().Focused(); focused != nil {
		t.Errorf("%T has the focus", focused)
	}
	d.window.win.Canvas().OnTypedRune()('f')
	if text := d.window.search().Entry.Text; text != "f" {
		t.Errorf("the search has %q", text)
	}
}
