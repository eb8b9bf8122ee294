//go:build !darwin || cgo

package desktop

import (
	"sync"
	"testing"

	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/launch"
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
func (d *desk) settings() *settingsPage           { return d.window.pages[placeSettings].(*settingsPage) }
func (d *desk) hasSettings(want func(face.Settings) bool) {
	d.t.Helper()
	d.until("the engine has the settings", func() bool { return want(d.engine.applied()) })
}

func TestChecksOfTheSettingsAreAppliedAtOnce(t *testing.T) {
	d := openAt(t, newFake(), placeSettings)
	d.reads("/home/ada/Downloads")
	was := d.engine.applied()
	for i, c := range d.settings().checks {
		test.Tap(c.box)
		d.hasSettings(func(s face.Settings) bool { return *c.of(&s) == !*d.settings().checks[i].of(&was) })
	}
	d.settings().ignore.entry.SetText("*.tmp\n.git/")
	d.settings().quickDown.entry.SetText("50")
	d.hasSettings(func(s face.Settings) bool { return s.Ignore == "*.tmp\n.git/" && s.QuickDown == 50_000 })
}

func TestTheQuickLimitIsASwitchThatShowsHowItIs(t *testing.T) {
	d := openAt(t, newFake(), placeSettings)
	d.reads("/home/ada/Downloads")
	test.Tap(d.settings().quick)
	d.did("quick-limit true")
	d.engine.change(func(f *fakeEngine) { f.status.QuickLimit = false }) // from the tray
	d.until("the switch is off", func() bool { return !d.settings().quick.Checked })
	if n := len(d.engine.actions()); n != 1 {
		t.Errorf("the engine was asked %v", d.engine.actions())
	}
}

func TestTheTestOfThePortSaysWhatToDo(t *testing.T) {
	for reach, want := range map[netproto.Reachability]string{
		netproto.ReachableYes:     "Others can reach this computer.",
		netproto.ReachableNo:      "Open the port in your router and firewall",
		netproto.ReachableUnknown: "The tracker could not find out.",
	} {
		engine := newFake()
		engine.status.Reachable = reach
		d := openAt(t, engine, placeSettings)
		d.tap("Test")
		d.reads(want)
	}
	engine := newFake()
	engine.err = netproto.Errorf(netproto.CodeUnreachable, "attic:5000")
	d := openAt(t, engine, placeSettings)
	d.tap("Test")
	d.reads("The tracker cannot be reached: attic:5000.")
}

func TestTheSystemStartsTheProgramWhereThePersonWantsIt(t *testing.T) {
	system := &fakeSystem{links: true}
	d := newDesk(t, newFake(), Options{System: system})
	d.window.goTo(placeSettings)
	face := d.settings().face
	d.until("the switch shows what the system does", func() bool { return face.links.box.Checked && !face.login.box.Checked })
	test.Tap(face.login.box)
	d.until("the system was told", func() bool { on, _ := system.AtLogin(); return on })
	system.mu.Lock()
	system.err = launch.ErrTemporary
	system.mu.Unlock()
	test.Tap(face.links.box)
	d.reads("This program runs from a temporary folder.")
	if !face.links.box.Checked {
		t.Error("the switch shows what the system does not do")
	}
}

func TestAnotherLanguageIsShownAtOnce(t *testing.T) {
	engine := newFake()
	d := openAt(t, engine, placeSettings)
	d.reads("/home/ada/Downloads")
	d.window.frame.entry.SetText("hello")
	before := d.settings()
	d.window.setLanguage("en")
	if d.settings() == before || d.window.frame.entry.Text != "hello" || d.window.place != placeSettings || d.window.prefs.language() != "en" {
		t.Error("the window was not built anew, or forgot where it was")
	}
	d.reads("/home/ada/Downloads")
	d.reads("Connected to attic")
	d.until("the tray has its menu", func() bool { return d.window.tray.menu.Items[0].Label == "Show the window" })
}
