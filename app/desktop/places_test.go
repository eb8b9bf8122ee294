//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func urisOf(t *testing.T, paths ...string) []fyne.URI {
	t.Helper()
	var uris []fyne.URI
	for _, path := range paths {
		uris = append(uris, storage.NewFileURI(path))
	}
	return uris
}

func TestTheStatusLineAndTheSidebarSayHowThingsAre(t *testing.T) {
	engine := newFake()
	engine.status.DownRate, engine.status.UpRate = 8_400_000, 120_000
	engine.status.Counts = face.Counts{Downloads: 4, Failed: 1, Uploads: 2, Shares: 1234}
	d := newDesk(t, engine, Options{})
	for _, want := range []string{"Connected to attic", "8.4 MB/s", "120 kB/s", "11 online", "Reachable", "4 !", "2", "1,234"} {
		d.reads(want)
	}
	d.window.frame.line.Tapped(nil)
	if d.window.place != pages.PlaceTracker {
		t.Error("a click on the status line does not show the details")
	}
}

func TestThePersonReadsHowOthersReachThisComputerAndWhatHelps(t *testing.T) {
	for name, c := range map[string]struct {
		reach         face.Reach
		line, page    string
		advice, never string
	}{
		"open": {face.Reach{Verdict: netproto.VerdictReachable, Port: 6881}, "Reachable", "Others can connect to port 6881 of this computer.", "", "Switch on UPnP"},
		"by the router": {face.Reach{Verdict: netproto.VerdictRouter, Port: 6881, RouterPort: 7000, Protocol: "PCP"}, "Reachable through the router",
			"Others connect to port 7000 of the router", "Reachable through the router · PCP", "Switch on UPnP"},
		"called": {face.Reach{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceSwitchOnUPnP, Port: 6881}, "Reachable through the tracker",
			"so the tracker arranges connections. The router opens no port", "Connected to attic · The router opens no port. Switch on UPnP in its settings, or forward TCP port 6881 there.", "Not reachable"},
		"nobody": {face.Reach{Verdict: netproto.VerdictUnreachable, Reason: netproto.ReachCallsOff, Advice: netproto.AdviceCannotBeOpened, Port: 6881}, "Not reachable",
			"Switch on “Let the tracker arrange connections” in Settings. Your provider shares one address", "Connected to attic · Your provider shares", "forward TCP port"},
	} {
		t.Run(name, func(t *testing.T) {
			engine := newFake()
			engine.status.Reach, engine.tracker.Reach = c.reach, c.reach
			engine.tracker.Address = "attic:5000"
			d := openAt(t, engine, pages.PlaceTracker)
			d.reads(c.line)
			d.reads(c.page)
			d.reads(c.advice)
			if d.shows(c.never) {
				t.Errorf("it says %q", c.never)
			}
			engine.change(func(f *fakeEngine) { f.status.Connection, f.tracker = face.ConnectionNone, face.TrackerView{} })
			d.until("nothing is said without a tracker", func() bool { return !d.shows(c.page) })
		})
	}
}

func TestLossOfTheTrackerIsABannerThatCountsDownAndHealsItself(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.reads("Connected to attic")
	lost := func(seconds int) func(*fakeEngine) {
		return func(f *fakeEngine) {
			f.status.Connection, f.status.RetrySeconds = face.ConnectionReconnecting, seconds
		}
	}
	engine.change(lost(5))
	d.reads("The tracker attic cannot be reached. Trying again in 5 s")
	d.reads("Reconnecting in 5 s")
	engine.mu.Lock()
	lost(4)(engine) // a second passed; the engine need not report it
	engine.mu.Unlock()
	d.reads("Trying again in 4 s")
	d.tap("Try now")
	d.did("reconnect")
	engine.change(func(f *fakeEngine) { f.status.Connection = face.ConnectionConnected })
	d.until("the banner is gone", func() bool { return !d.shows("Trying again") })
}

func TestTheSearchBeginsAgainWhenTheTrackerIsBack(t *testing.T) {
	engine := newFake()
	engine.status.Connection = face.ConnectionOffline
	engine.status.Failure = face.Failure{Code: netproto.CodeUnreachable, Detail: "attic:5000"}
	d := newDesk(t, engine, Options{})
	d.reads("The tracker cannot be reached: attic:5000.")
	engine.change(func(f *fakeEngine) {
		f.status = face.Status{Tracker: "attic", Connection: face.ConnectionConnected}
		f.search = answers(hit(1, "hello.txt", 1, netproto.KindDocument, 1))
	})
	d.reads("hello.txt")
}

func TestAChangedKeyWaitsForADecision(t *testing.T) {
	engine := newFake()
	known, shown := netproto.Fingerprint{1}, netproto.Fingerprint{2}
	engine.status.Connection = face.ConnectionKeyChanged
	engine.tracker = face.TrackerView{KnownTracker: face.KnownTracker{Address: "attic:5000"},
		ChangedKey: &face.ChangedKey{Address: "attic:5000", Known: known, Shown: shown}}
	d := openAt(t, engine, pages.PlaceTracker)
	d.reads("The tracker attic has a new identity.")
	d.reads(words.Fingerprint(known))
	d.reads(words.Fingerprint(shown))
	d.tap("Trust the new key")
	d.did("accept attic:5000")
}

func TestTheTrackerPageShowsTheTrackerAndSwitches(t *testing.T) {
	engine := newFake()
	engine.tracker = face.TrackerView{
		KnownTracker: face.KnownTracker{Address: "attic:5000", Name: "attic", Fingerprint: netproto.Fingerprint{1}},
		LeaseSeconds: 90, RoundTripMilli: 14, PeersOnline: 12, Resources: 4021,
		Known:  []face.KnownTracker{{Address: "attic:5000"}, {Address: "office:5000", Name: "office"}},
		Nearby: []face.KnownTracker{{Address: "192.168.1.20:5000", Name: "kitchen"}},
	}
	d := openAt(t, engine, pages.PlaceTracker)
	for _, want := range []string{"11 online · 4,021 files and folders", "kitchen", "office"} {
		d.reads(want)
	}
	d.box("Details").SetChecked(true)
	d.reads("90 s")
	d.reads("14 ms")
	d.tap("Forget this tracker and its key")
	d.did("forget office:5000")
	d.tap("Also use")
	d.did("also-use-tracker office:5000 true")
	d.entry("Address or link").SetText("cellar")
	d.tap("Connect")
	d.did("use cellar")
	d.reads("Connected to attic.")
}

func TestATrackerThatDoesNotAnswerKeepsWhatWasTyped(t *testing.T) {
	engine := newFake()
	engine.err = netproto.Errorf(netproto.CodeUnreachable, "cellar:5000")
	d := openAt(t, engine, pages.PlaceTracker)
	d.entry("Address or link").SetText("cellar")
	d.tap("Connect")
	d.reads("The tracker cannot be reached: cellar:5000.")
	if text := d.entry("Address or link").Text; text != "cellar" || d.button("Connect") == nil {
		t.Errorf("the entry has %q, there is a button: %v", text, d.button("Connect") != nil)
	}
}

func TestBeingTheTrackerIsASwitch(t *testing.T) {
	engine := newFake()
	d := openAt(t, engine, pages.PlaceTracker)
	test.Tap(d.box("Run a tracker on this computer"))
	d.did("start-tracker")
	invite := "cp2p://192.168.1.4:5000"
	engine.change(func(f *fakeEngine) {
		f.tracker.Own = face.OwnTracker{Running: true, Addresses: []string{"192.168.1.4:5000"}, Invite: invite, Peers: 3, Resources: 1, Rate: 1.5}
	})
	d.reads("2 online · 1 file or folder")
	d.tap("Copy invite link")
	if got := d.app.Clipboard().Content(); got != invite {
		t.Errorf("the clipboard has %q", got)
	}
	engine.change(func(f *fakeEngine) { f.tracker.Own.LinkProblem = face.LinkNoNetwork })
	d.reads("Only this computer can use the invite link, because it has no network. Connect it, then switch the tracker off and on again.")
	test.Tap(d.box("Run a tracker on this computer"))
	d.did("stop-tracker")
	engine.change(func(f *fakeEngine) {
		f.tracker.Own = face.OwnTracker{Failure: face.Failure{Code: netproto.CodePortInUse, Detail: "5000"}}
	})
	d.reads("The port is used by another program: 5000.")
}

func TestASettingIsAppliedAtOnceAndCheckedInPlace(t *testing.T) {
	engine := newFake()
	d := openAt(t, engine, pages.PlaceSettings)
	d.reads("/home/ada/Downloads")
	d.field("Downloads at once").SetText("7")
	d.until("the engine has 7", func() bool { s := engine.applied(); return s.DownloadsAtOnce == 7 })
	d.field("Download limit, kB/s").SetText("500")
	d.field("Port (0 for any free one)").SetText("70000")
	d.reads("Type a number from 0 to 65535.")
	d.field("Port (0 for any free one)").SetText("4001")
	d.until("the engine has the limit and the port", func() bool {
		s := engine.applied()
		return s.DownLimit == 500_000 && s.Port == 4001
	})
	d.until("the complaint is gone", func() bool { return !d.shows("Type a number") })
}

func TestASettingThatTheEngineRefusesSaysWhyBelowItsField(t *testing.T) {
	engine := newFake()
	engine.apply = func(s face.Settings) error {
		if s.DownloadFolder == "/locked" {
			return face.InvalidSettings{face.FieldDownloadFolder: {Code: netproto.CodeFolderUnwritable, Detail: "/locked"}}
		}
		return nil
	}
	d := openAt(t, engine, pages.PlaceSettings)
	d.reads("/home/ada/Downloads")
	d.field("Folder").SetText("/locked")
	d.reads("The folder cannot be written to: /locked.")
	complains := func(name string) bool {
		return slices.ContainsFunc(laidOut(d.row(name)), func(o fyne.CanvasObject) bool {
			l, ok := o.(*kit.Text)
			return ok && l.Importance == widget.DangerImportance
		})
	}
	if !complains("Folder") || complains("Your name") {
		t.Error("the complaint is not below its field")
	}
	engine.change(func(f *fakeEngine) { f.status.PeersOnline = 13 })
	d.reads("12 online")
	if d.field("Folder").Text != "/locked" {
		t.Errorf("what was typed was overwritten with %q", d.field("Folder").Text)
	}
}

func TestDiagnosticsAreCopied(t *testing.T) {
	d := openAt(t, newFake(), pages.PlaceSettings)
	d.tap("Copy diagnostics")
	d.reads("Diagnostics copied.")
	if got := d.app.Clipboard().Content(); !strings.Contains(got, "CentralizedP2P") {
		t.Errorf("the clipboard has %q", got)
	}
}

func TestEveryKeyOfTheDesktopStandsInAMenu(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	var keys []string
	for _, menu := range d.window.win.MainMenu().Items {
		for _, item := range menu.Items {
			if s, ok := item.Shortcut.(fyne.KeyboardShortcut); ok {
				keys = append(keys, command{key: s.Key(), held: s.Mod()}.keys())
			}
		}
	}
	for _, want := range []string{"Ctrl+O", "Ctrl+Shift+O", "Ctrl+V", "Ctrl+F", "Ctrl+1", "Ctrl+2", "Ctrl+3", "Ctrl+4",
		"Ctrl+5", "Ctrl+6", "Space", "Del", "Enter", "Ctrl+,", "F1", "Ctrl+Q"} {
		if !slices.Contains(keys, want) {
			t.Errorf("%s is in no menu", want)
		}
	}
}

func TestTheMenusLeadToEveryPage(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	for at := range pages.PlaceCount {
		d.menu(string(at.Name()))
		if d.window.place != at {
			t.Errorf("%s leads to %s", at.Name(), d.window.place.Name())
		}
	}
	d.menu("Find")
	if d.window.win.Canvas().Focused() != fyne.Focusable(d.window.search().Entry) {
		t.Error("Ctrl+F does not lead to the search entry")
	}
	d.key(fyne.KeyF1)
	d.reads("Keys and help")
	d.reads("Ctrl+Shift+O")
	d.key(fyne.KeyEscape)
	d.menu("Change settings") // where an entry has the focus
	d.key(fyne.KeyF1)
	d.reads("Keys and help")
}

func TestTheButtonsAboveThePageLoseTheirWordsWhereThereIsNoRoom(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	d.reads("Connected to attic")
	bar := d.window.search().Entry
	least := (topBarLayout{}).MinSize([]fyne.CanvasObject{bar, canvas.NewRectangle(nil), canvas.NewRectangle(nil)})
	for _, width := range []float32{1100, 560} {
		d.window.win.Resize(fyne.NewSize(width, 480))
		d.tap("Add folder")
		d.reads("Choose a folder to share")
		d.window.sheets.CloseAll()
		if got := bar.Size().Width; got < leastEntry || got < least.Width-look.Gap {
			t.Errorf("in a window of %v the entry has %v", width, got)
		}
	}
}

func TestWhatIsTypedOrPastedWhileNothingHasTheKeysIsSearched(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	d.window.goTo(pages.PlaceTracker)
	d.window.win.Canvas().OnTypedRune()('h')
	if d.window.place != pages.PlaceSearch || d.window.search().Entry.Text != "h" {
		t.Errorf("at %d the entry has %q", d.window.place, d.window.search().Entry.Text)
	}
	d.window.win.Canvas().Unfocus()
	d.app.Clipboard().SetContent("hello")
	d.window.keys.paste()
	if got := d.window.search().Entry.Text; got != "hello" {
		t.Errorf("after pasting the entry has %q", got)
	}
}

func TestTheSidebarWorksWithTheKeyboard(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	item := d.window.frame.nav[pages.PlaceShared]
	d.window.win.Canvas().Focus(item)
	d.key(fyne.KeyReturn)
	if d.window.place != pages.PlaceShared {
		t.Error("Enter on Shared did not open it")
	}
	item.MouseIn(&desktop.MouseEvent{})
	item.MouseOut()
}

func TestTheSizeOfTheWindowIsRemembered(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	if size := d.window.prefs.size(); size != defaultSize {
		t.Errorf("at first the window is %v", size)
	}
	d.window.win.Resize(fyne.NewSize(900, 600))
	d.window.win.Close()
	if size := d.window.prefs.size(); size != fyne.NewSize(900, 600) {
		t.Errorf("the remembered size is %v", size)
	}
	d.app.Preferences().SetFloat(prefWidth, 10)
	if size := d.window.prefs.size(); size.Width != leastSize.Width {
		t.Errorf("a window of 10 is opened with %v", size)
	}
}

func TestRunEndsWithTheApplication(t *testing.T) {
	app := test.NewTempApp(t) // its event loop ends at once, before anything is shown
	if err := run(t.Context(), app, newFake(), Options{}, func(func()) {}); err != nil {
		t.Error(err)
	}
}

func TestAnEngineThatTakesItsTimeNeverHoldsTheWindow(t *testing.T) {
	engine := newFake()
	entered := make(chan struct{})
	engine.search = func(ctx context.Context, _ face.SearchRequest) (face.SearchPage, error) {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-ctx.Done() // answers only when nobody waits any longer
		return face.SearchPage{}, ctx.Err()
	}
	d := newDesk(t, engine, Options{})
	d.reads("Searching…")
	d.window.goTo(pages.PlaceDownloads)
	d.reads("Nothing is downloading yet")
	d.close()
	if err := d.window.crossing.ctx.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("after the window was closed its context says %v", err)
	}
}
