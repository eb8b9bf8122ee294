//go:build !darwin || cgo

package desktop

import (
	"slices"
	"testing"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// threeDownloads are a running, a paused and a finished one.
func threeDownloads() *fakeEngine {
	engine := newFake()
	engine.downloads = []face.Download{
		{ID: "run", Name: "run", State: face.DownloadDownloading, Size: 10_000_000, Done: 4_000_000},
		{ID: "rest", Name: "rest", State: face.DownloadPaused, Size: 10},
		{ID: "done", Name: "done", State: face.DownloadFinished, Size: 10, Done: 10},
	}
	engine.status.Counts.Downloads = 2
	return engine
}

func (d *desk) rows(n int) {
	d.t.Helper()
	d.until("the rows are as many as expected", func() bool { return len(rowsOf[face.Download](d)) == n })
}

// remove removes rows of the downloads from the list.
func (d *desk) remove(rows ...string) {
	d.t.Helper()
	list := listOf[face.Download](d)
	for _, id := range rows {
		list.SelectOnly(rowOf(d.t, list, func(row face.Download) bool { return row.ID == id }))
		d.menu("Remove")
	}
}

func TestWhatIsRemovedStopsAtOnceAndComesBackWhenItIsUndone(t *testing.T) {
	engine := threeDownloads()
	d := openAt(t, engine, pages.PlaceDownloads)
	d.rows(3)
	listOf[face.Download](d).SelectAll()
	d.menu("Remove")
	d.reads("3 downloads removed")
	d.did("pause [run]")
	d.rows(0)
	d.until("the sidebar counts none of them", func() bool {
		return slices.Equal(linesIn(d.window.frame.nav[pages.PlaceDownloads]), []string{"Downloads"})
	})
	d.tap("Undo")
	d.did("resume [run]")
	d.rows(3)
	if d.shows("downloads removed") {
		t.Error("the strip is still there")
	}
	if done := engine.actions(); !slices.Equal(done, []string{"pause [run]", "resume [run]"}) {
		t.Errorf("the engine was asked to %v", done)
	}
}

func TestWhatIsNotUndoneIsRemoved(t *testing.T) {
	engine := threeDownloads()
	d := openAt(t, engine, pages.PlaceDownloads)
	d.rows(3)
	listOf[face.Download](d).SelectAll()
	d.menu("Remove")
	d.tap("Close this message")
	d.did("remove [done]")
	d.did("cancel [run rest]")
}

func TestTheNextRemovalMakesTheOneBeforeFinal(t *testing.T) {
	engine := threeDownloads()
	d := openAt(t, engine, pages.PlaceDownloads)
	d.rows(3)
	d.remove("rest", "done")
	d.did("cancel [rest]")
	d.window.keys.undo() // Ctrl+Z
	d.until("the strip is gone", func() bool { return !d.shows("removed") })
	if slices.Contains(engine.actions(), "remove [done]") {
		t.Error("what was undone was removed")
	}
}

func TestARemovalThatFailsIsToldAndTheRowComesBack(t *testing.T) {
	engine := threeDownloads()
	d := openAt(t, engine, pages.PlaceDownloads)
	d.rows(3)
	d.remove("done")
	d.rows(2)
	engine.change(func(f *fakeEngine) { f.err = netproto.Errorf(netproto.CodeStore, "/home/ada/.config") })
	d.window.undo.settle()
	d.reads("The folder with the settings cannot be used")
	d.rows(3)
}

func TestTheEndOfTheWindowMakesARemovalFinal(t *testing.T) {
	engine := threeDownloads()
	d := openAt(t, engine, pages.PlaceDownloads)
	d.rows(3)
	d.remove("done")
	d.reads("1 download removed")
	d.close()
	if !slices.Contains(engine.actions(), "remove [done]") {
		t.Errorf("the engine was asked to %v", engine.actions())
	}
}

func TestStoppingToShareIsUndoneBySharingAgain(t *testing.T) {
	engine := newFake()
	engine.shares = []face.Share{{ID: "photos", Name: "photos", Path: "/photos", Folder: true, Files: 3, Size: 10, State: face.ShareShared}}
	d := openAt(t, engine, pages.PlaceShared)
	d.reads("photos")
	listOf[face.Share](d).SelectOnly(0)
	d.tap("Stop sharing")
	d.did("stop-sharing [photos]")
	d.reads("Stopped sharing 1 item")
	d.menu("Undo")
	d.did("share-again [photos]")
}

func TestCtrlZInAnEntryIsAboutItsText(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	entry := d.window.search().Entry
	d.window.win.Canvas().Focus(entry)
	entry.TypedRune('x')
	d.window.keys.undo()
	if entry.Text != "" {
		t.Errorf("the entry has %q", entry.Text)
	}
}

func TestAllDownloadsArePausedAndResumedFromTheMenus(t *testing.T) {
	engine := threeDownloads()
	d := newDesk(t, engine, Options{})
	d.menu("Pause all")
	d.did("pause [run]")
	d.menu("Resume all")
	d.did("resume [rest]")
	d.menu("Quick limit")
	d.did("quick-limit true")
	d.menu("Details") // no page has details in front
	d.menu("Select all rows")
	if d.window.win.Canvas().Focused() == nil {
		t.Error("nothing has the keys")
	}
}
