//go:build !darwin || cgo

package desktop

import (
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/launch"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// fakeSystem is an operating system that can start a program.
type fakeSystem struct {
	mu           sync.Mutex
	login, links bool
	err          error
}

func (s *fakeSystem) get(of *bool) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *of, nil
}

func (s *fakeSystem) set(of *bool, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		*of = on
	}
	return s.err
}

func (s *fakeSystem) AtLogin() (bool, error)      { return s.get(&s.login) }
func (s *fakeSystem) SetAtLogin(on bool) error    { return s.set(&s.login, on) }
func (s *fakeSystem) OpensLinks() (bool, error)   { return s.get(&s.links) }
func (s *fakeSystem) SetOpensLinks(on bool) error { return s.set(&s.links, on) }
func (d *desk) hasSettings(want func(face.Settings) bool) {
	d.t.Helper()
	d.until("the engine has the settings", func() bool { return want(d.engine.applied()) })
}

func TestChecksOfTheSettingsAreAppliedAtOnce(t *testing.T) {
	d := openAt(t, newFake(), pages.PlaceSettings)
	d.reads("/home/ada/Downloads")
	was := d.engine.applied()
	for name, of := range map[string]func(face.Settings) bool{
		"Reserve disk space when a download starts":            func(s face.Settings) bool { return s.Preallocate },
		"Share completed downloads":                            func(s face.Settings) bool { return s.ShareDownloads },
		"Allow more uploads when there is spare bandwidth":     func(s face.Settings) bool { return s.AdaptiveSlots },
		"Prepare files slowly to keep the computer responsive": func(s face.Settings) bool { return s.GentleHashing },
		"No limits on the local network":                       func(s face.Settings) bool { return s.LocalExempt },
		"Uploads leave room for others on the line":            func(s face.Settings) bool { return s.PoliteUploads },
		"Open the port on the router":                          func(s face.Settings) bool { return s.RouterPort },
		"Let the tracker arrange connections":                  func(s face.Settings) bool { return s.Calls },
		"Use the relay when nothing else works":                func(s face.Settings) bool { return s.Relay },
		"Keep the computer awake while files are transferred":  func(s face.Settings) bool { return s.KeepAwake },
		"Turn the quick limit on at these times":               func(s face.Settings) bool { return s.Timetable.On },
		"Sun":                                                  func(s face.Settings) bool { return s.Timetable.Days[time.Sunday] },
	} {
		test.Tap(d.box(name))
		d.hasSettings(func(s face.Settings) bool { return of(s) == !of(was) })
	}
	d.field("Ignore in folders").SetText("*.tmp\n.git/")
	d.field("Quick download limit, kB/s").SetText("50")
	d.hasSettings(func(s face.Settings) bool { return s.Ignore == "*.tmp\n.git/" && s.QuickDown == 50_000 })
	d.field("From").SetText("22:30")
	d.field("To").SetText("25:00")
	d.reads("Type a time, such as 22:00.")
	d.field("To").SetText("6:05")
	d.hasSettings(func(s face.Settings) bool { return s.Timetable.From == 22*60+30 && s.Timetable.To == 6*60+5 })
}

func TestTheQuickLimitIsASwitchThatShowsHowItIs(t *testing.T) {
	d := openAt(t, newFake(), pages.PlaceSettings)
	d.reads("/home/ada/Downloads")
	quick := d.box("Quick limit")
	test.Tap(quick)
	d.did("quick-limit true")
	d.engine.change(func(f *fakeEngine) { f.status.QuickLimit = false }) // from the tray
	d.until("the switch is off", func() bool { return !quick.Checked })
	if n := len(d.engine.actions()); n != 1 {
		t.Errorf("the engine was asked %v", d.engine.actions())
	}
}

func TestTheTestOfThePortSaysWhatToDo(t *testing.T) {
	for reach, want := range map[netproto.Reachability]string{
		netproto.ReachableYes:     "Others can reach this computer.",
		netproto.ReachableNo:      "The Tracker page says what helps.",
		netproto.ReachableUnknown: "The tracker could not find out.",
	} {
		engine := newFake()
		engine.port = reach
		d := openAt(t, engine, pages.PlaceSettings)
		d.tap("Test")
		d.reads(want)
	}
	engine := newFake()
	engine.err = netproto.Errorf(netproto.CodeUnreachable, "attic:5000")
	d := openAt(t, engine, pages.PlaceSettings)
	d.tap("Test")
	d.reads("The tracker cannot be reached: attic:5000.")
}

func TestTheSystemStartsTheProgramWhereThePersonWantsIt(t *testing.T) {
	system := &fakeSystem{links: true}
	d := newDesk(t, newFake(), Options{System: system})
	d.window.goTo(pages.PlaceSettings)
	login, links := d.box("Start when I log in"), d.box("Open cp2p:// links with this program")
	d.until("the switch shows what the system does", func() bool { return links.Checked && !login.Checked })
	test.Tap(login)
	d.until("the system was told", func() bool { on, _ := system.AtLogin(); return on })
	system.mu.Lock()
	system.err = launch.ErrTemporary
	system.mu.Unlock()
	test.Tap(links)
	d.reads("This program runs from a temporary folder.")
	if !links.Checked {
		t.Error("the switch shows what the system does not do")
	}
}

func TestAnotherLanguageIsShownAtOnce(t *testing.T) {
	engine := newFake()
	d := openAt(t, engine, pages.PlaceSettings)
	d.reads("/home/ada/Downloads")
	d.window.search().Entry.SetText("hello")
	before := d.window.pages[pages.PlaceSettings]
	d.window.setLanguage("en")
	if d.window.pages[pages.PlaceSettings] == before || d.window.search().Entry.Text != "hello" || d.window.place != pages.PlaceSettings || d.window.prefs.language() != "en" {
		t.Error("the window was not built anew, or forgot where it was")
	}
	d.reads("/home/ada/Downloads")
	d.reads("Connected to attic")
	d.until("the tray has its menu", func() bool { return d.window.tray.menu.Items[0].Label == "Show the window" })
}

func TestASettingThatIsRefusedHoldsUpNoOther(t *testing.T) {
	engine := newFake()
	engine.apply = func(s face.Settings) error {
		refused := face.InvalidSettings{}
		if s.DownloadFolder == "/locked" {
			refused[face.FieldDownloadFolder] = face.Failure{Code: netproto.CodeFolderUnwritable, Detail: "/locked"}
		}
		if s.Port == 5000 {
			refused[face.FieldPort] = face.Failure{Code: netproto.CodePortInUse, Detail: "5000"}
		}
		if len(refused) > 0 {
			return refused
		}
		return nil
	}
	d := openAt(t, engine, pages.PlaceSettings)
	d.reads("/home/ada/Downloads")
	d.field("Folder").SetText("/locked")
	d.reads("The folder cannot be written to: /locked.")
	d.field("Port (0 for any free one)").SetText("5000")
	d.reads("The port is used by another program: 5000.")
	d.field("Port (0 for any free one)").SetText("4001")
	d.field("Your name").SetText("Grace")
	test.Tap(d.box("Share completed downloads"))
	d.hasSettings(func(s face.Settings) bool { return s.Port == 4001 && s.Name == "Grace" && !s.ShareDownloads })
	d.until("the complaint about the port is gone", func() bool { return !d.shows("used by another program") })
	if !d.shows("The folder cannot be written to: /locked.") || d.field("Folder").Text != "/locked" {
		t.Error("the folder no longer says what is wrong")
	}
	engine.change(func(f *fakeEngine) { f.settings.UploadSlots = 9 }) // somebody else
	d.until("the change is shown", func() bool { return d.field("Uploads at once").Text == "9" })
	if d.field("Folder").Text != "/locked" {
		t.Error("what was typed is gone")
	}
}

func TestTheWheelScrollsAPageWhereverThePointerIs(t *testing.T) {
	for _, at := range []pages.Place{pages.PlaceSettings, pages.PlaceTracker} {
		d := openAt(t, busy(), at)
		d.window.win.Resize(fyne.NewSize(720, 480))
		scroll := seen(d, "a page that scrolls", func(*container.Scroll) bool { return true })
		d.until("the page is full", func() bool { return scroll.Content.MinSize().Height > scroll.Size().Height })
		entries := 0
		for _, object := range laidOut(scroll.Content) {
			if asEntry(object) == nil {
				continue
			}
			entries++
			scroll.ScrollToTop()
			at := d.app.Driver().AbsolutePositionForObject(object).AddXY(object.Size().Width/2, object.Size().Height/2)
			scroll.ScrollToOffset(fyne.NewPos(0, max(at.Y-300, 0)))
			at = d.app.Driver().AbsolutePositionForObject(object).AddXY(object.Size().Width/2, object.Size().Height/2)
			before := scroll.Offset.Y
			test.Scroll(d.window.win.Canvas(), at, 0, -10)
			test.Scroll(d.window.win.Canvas(), at, 0, 5)
			if scroll.Offset.Y == before {
				t.Errorf("the wheel does nothing over a field at %v", at)
			}
		}
		if entries == 0 {
			t.Error("there is no field")
		}
	}
}
