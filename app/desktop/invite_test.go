//go:build !darwin || cgo

package desktop

import (
	"testing"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
)

func TestPeopleAreInvitedFromTheEmptyPageFromTheFrameAndFirstOnTheTrackerPage(t *testing.T) {
	invite := "cp2p://192.168.1.4:5001"
	engine := newFake()
	engine.tracker = face.TrackerView{KnownTracker: face.KnownTracker{Address: "192.168.1.4:5001", Name: "Ada"},
		Own: face.OwnTracker{Running: true, Addresses: []string{"192.168.1.4:5001"}, Invite: invite}}
	d := newDesk(t, engine, Options{})
	w := d.window
	d.reads("Nothing here yet. Invite people")
	for _, at := range []pages.Place{pages.PlaceSearch, pages.PlaceShared} { // the card, then the button above the page
		w.goTo(at)
		d.tap("Invite people")
		d.reads("Send this link to the people you want to share with.")
		d.app.Clipboard().SetContent("")
		d.tap("Copy invite link")
		if got := d.app.Clipboard().Content(); got != invite {
			t.Errorf("from %s, copied is %q", at.Name(), got)
		}
		w.sheets.CloseAll()
	}
	w.goTo(pages.PlaceTracker)
	d.tap("Copy invite link")
	first := ""
	for _, text := range linesIn(w.pages[pages.PlaceTracker].Screen()) {
		first = text
		break
	}
	if first != "Invite people" {
		t.Errorf("the Tracker page begins with %q", first)
	}
}

func TestPeopleAreInvitedToATrackerOfOthersToo(t *testing.T) {
	engine := newFake()
	engine.tracker = face.TrackerView{KnownTracker: face.KnownTracker{Address: "attic:5000", Name: "attic"}}
	d := openAt(t, engine, pages.PlaceTracker)
	d.tap("Copy invite link")
	if got := d.app.Clipboard().Content(); got != "cp2p://attic:5000" {
		t.Errorf("copied is %q", got)
	}
	engine.change(func(f *fakeEngine) { f.tracker = face.TrackerView{} })
	d.until("there is nothing to copy", func() bool { return d.button("Copy invite link") == nil })
	d.window.goTo(pages.PlaceSearch)
	pages.Invite(d.window, engine)
	d.reads("Choose a tracker first")
}
