//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// mixed are downloads in every kind of state.
func mixed() []face.Download {
	return []face.Download{
		{ID: "run", Name: "Running.mkv", State: face.DownloadDownloading, Size: 10, Rate: 5_000_000},
		{ID: "wait", Name: "waiting.iso", State: face.DownloadQueued, Size: 10, Place: 1},
		{ID: "rest", Name: "resting.zip", State: face.DownloadPaused, Size: 10},
		{ID: "bad", Name: "broken.exe", State: face.DownloadFailed, Size: 10, Failure: face.Failure{Code: netproto.CodeNoSource}},
		{ID: "done", Name: "done.pdf", State: face.DownloadFinished, Size: 10, Done: 10, Path: "/home/ada/Downloads/done.pdf"},
	}
}

func openDownloads(t *testing.T, engine *fakeEngine) (*desk, *lists.List[face.Download]) {
	t.Helper()
	d := openAt(t, engine, pages.PlaceDownloads)
	d.until("the downloads are shown", func() bool { return len(rowsOf[face.Download](d)) == len(engine.downloads) })
	return d, listOf[face.Download](d)
}

// chooseItem chooses an item of a menu; "menu > item" is one in a submenu.
func chooseItem(t *testing.T, menu *fyne.Menu, text string) {
	t.Helper()
	first, rest, inner := strings.Cut(text, " > ")
	for _, item := range menu.Items {
		if item.Label != first {
			continue
		}
		if inner {
			chooseItem(t, item.ChildMenu, rest)
		} else {
			item.Action()
		}
		return
	}
	t.Fatalf("the menu has no %q", first)
}

func TestTheMenuActsOnAllSelectedDownloads(t *testing.T) {
	for text, want := range map[string]string{
		"Queue > Move to top of queue":    "move-in-queue [run wait rest] top",
		"Queue > Move up in queue":        "move-in-queue [run wait rest] up",
		"Queue > Move down in queue":      "move-in-queue [run wait rest] down",
		"Queue > Move to bottom of queue": "move-in-queue [run wait rest] bottom",
		"Priority > High":                 "priority [run wait rest] high",
		"Download limit > 1.0 MB/s":       "limit [run wait rest] 1000000",
		"Download limit > No limit":       "limit [run wait rest] 0",
		"Verify again":                    "verify [run wait rest bad done]",
		"Pause":                           "pause [run wait]",
	} {
		engine := newFake()
		engine.downloads = mixed()
		d, list := openDownloads(t, engine)
		list.SelectAll()
		chooseItem(t, list.Menu(), text)
		d.did(want)
	}
}

func TestAFileIsFetchedFirst(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	engine.downloads[1].Folder = true
	engine.folder = face.Folder{Files: []face.FolderFile{
		{FolderEntry: netproto.FolderEntry{Path: "day 1", Dir: true}},
		{FolderEntry: netproto.FolderEntry{Path: "day 1/first.mkv", Size: 2000}},
		{FolderEntry: netproto.FolderEntry{Path: "day 1/here.mkv", Size: 2000}, Here: true},
		{FolderEntry: netproto.FolderEntry{Path: "day 2.mkv", Size: 3000}},
	}}
	d, list := openDownloads(t, engine)
	list.SelectOnly(0)
	chooseItem(t, list.Menu(), "Download in order, to preview it")
	d.did(`prefer run ""`)
	d.reads("It is now downloaded in order, before everything else.")
	list.SelectOnly(1)
	chooseItem(t, list.Menu(), "Download in order, to preview it")
	d.reads("Which file do you want to look at first?")
	d.reads("day 1/first.mkv")
	if d.shows("here.mkv") {
		t.Error("a file that is here already is offered")
	}
	d.key(fyne.KeyDown)
	d.tap("Download this first")
	d.did(`prefer wait "day 2.mkv"`)
}

func TestALinkToWhatWasFoundOrFetchedIsCopied(t *testing.T) {
	engine := newFake()
	engine.tracker = face.TrackerView{KnownTracker: face.KnownTracker{Address: "attic:5000", Fingerprint: netproto.Fingerprint{1}}}
	engine.downloads = mixed()
	engine.search = answers(hit(7, "found.mkv", 10, netproto.KindVideo, 1))
	d, list := openDownloads(t, engine)
	list.SelectOnly(4)
	chooseItem(t, list.Menu(), "Copy link")
	d.reads("Link copied.")
	link, err := netproto.ParseLink(d.app.Clipboard().Content())
	if err != nil || link.Name != "done.pdf" || link.Tracker != "attic:5000" || link.Fingerprint != (netproto.Fingerprint{1}) {
		t.Errorf("the clipboard has %+v (%v)", link, err)
	}
	d.window.goTo(pages.PlaceSearch)
	d.reads("found.mkv")
	listOf[face.Hit](d).SelectOnly(0)
	chooseItem(t, listOf[face.Hit](d).Menu(), "Copy link")
	d.until("the other link is there", func() bool {
		link, err := netproto.ParseLink(d.app.Clipboard().Content())
		return err == nil && link.Hash == hashOf(7)
	})
	engine.change(func(f *fakeEngine) { f.tracker = face.TrackerView{} })
	chooseItem(t, listOf[face.Hit](d).Menu(), "Copy link")
	d.reads("The tracker cannot be reached: No tracker chosen.")
}

func TestFilesAreDeletedOnlyAfterAQuestion(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	d, list := openDownloads(t, engine)
	list.SelectOnly(4)
	list.Held = func() fyne.KeyModifier { return fyne.KeyModifierShift }
	list.Focus()
	d.key(fyne.KeyDelete)
	d.reads("This removes 1 download from the list and deletes 10 B for good. Nothing goes into the trash.")
	if done := engine.actions(); len(done) != 0 {
		t.Fatalf("before the answer: %v", done)
	}
	d.tap("Delete files")
	d.did("remove-with-files [done]")
}

func TestTheQueueHasKeysThatStandInTheMenus(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	d, list := openDownloads(t, engine)
	list.SelectOnly(1)
	keys := map[string]string{}
	for _, c := range d.window.menus.queue() {
		keys[c.keys()] = string(c.name)
	}
	for _, want := range []string{"Alt+↑", "Alt+↓", "Alt+Home", "Alt+End", "Shift+Del"} {
		if keys[want] == "" {
			t.Errorf("%s does nothing; there are %v", want, keys)
		}
	}
	d.menu("Move up in queue")
	d.did("move-in-queue [wait] up")
	d.window.goTo(pages.PlaceShared)
	before := len(engine.actions())
	d.menu("Move down in queue")
	d.window.goTo(pages.PlaceDownloads)
	d.reads("waiting.iso")
	if after := engine.actions(); len(after) != before {
		t.Errorf("on another page the queue was changed: %v", after[before:])
	}
}

func TestAnotherLimitIsTyped(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	d, list := openDownloads(t, engine)
	list.SelectOnly(0)
	chooseItem(t, list.Menu(), "Download limit > Another limit…")
	entry := d.window.win.Canvas().Focused().(*kit.TextEntry)
	entry.SetText("much")
	d.tap("Set the limit")
	d.reads("Type a number of kB/s, or leave it empty.")
	entry.SetText("250")
	d.tap("Set the limit")
	d.did("limit [run] 250000")
}

func TestWhatWasChosenForADownloadStandsInItsRow(t *testing.T) {
	engine := newFake()
	engine.downloads = []face.Download{
		{ID: "1", Name: "first", State: face.DownloadQueued, Size: 10, Priority: face.PriorityHigh, Limit: 500_000},
		{ID: "2", Name: "second", State: face.DownloadFailed, Size: 10, RetrySecs: 40, Failure: face.Failure{Code: netproto.CodeNoSource}},
		{ID: "3", Name: "third", State: face.DownloadMoving, Size: 10, Done: 5},
	}
	d, _ := openDownloads(t, engine)
	d.reads("Queued · 0 B of 10 B · high priority · at most 500 kB/s")
	d.reads("Next attempt in 40 s.")
	d.reads("Moving to another folder · 5 B of 10 B")
}

// someDetails is what the engine knows about a running download.
func someDetails() face.Details {
	return face.Details{
		Slow: face.SlowOneSource, Copies: 1.5, Speeds: []int64{2_000_000, 4_000_000},
		Pieces: []face.Cell{{State: face.CellVerified}, {State: face.CellInFlight}, {State: face.CellPartly}, {State: face.CellMissing}},
		Sources: []face.Source{
			{Name: "Grace", Address: "203.0.113.5:4001", State: face.SourceDownloading, Rate: 3_000_000, Share: 0.75, Local: true, Way: face.WayLAN},
			{Address: "203.0.113.6:4001", Way: face.WayRelayed, Limit: 1_000_000, State: face.SourceQueued, Place: 2, Share: 0.25},
			{Name: "Linus", Address: "203.0.113.7:4001", State: face.SourceFailed, Failure: face.Failure{Code: netproto.CodePeerUnreachable}},
			{Name: "Hedy", Address: "203.0.113.8:4001", State: face.SourceFailed, Failure: face.Failure{Code: netproto.CodePeerUnreachable}, Shut: true},
			{Name: "Annie", Address: "203.0.113.9:4001", State: face.SourceFailed, Failure: face.Failure{Code: netproto.CodePeerUnreachable}, Shut: true,
				NoRelay: netproto.RelayCalleeDay, RelayAgain: time.Date(2026, 1, 2, 14, 30, 0, 0, time.Local)},
			{Name: "Joan", Address: "203.0.113.10:4001", State: face.SourceFailed, Failure: face.Failure{Code: netproto.CodePeerUnreachable}, Shut: true,
				NoRelay: netproto.RelayFull},
		},
	}
}

func TestTheDetailsTellWhyHowFastAndFromWhere(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	engine.downloads[0].Done = 4
	engine.details = someDetails()
	d, list := openDownloads(t, engine)
	d.key(fyne.KeyF8)
	for _, want := range []string{
		"Only one source is connected", "3.0 MB/s on average", "40 % · 1.5 copies among the sources",
		"here 25 %", "requested 25 %", "partly here 25 %", "missing 25 %", "1 minute ago", "5.0 MB/s", "nearby",
	} {
		d.reads(want)
	}
	for name, want := range map[string]string{
		"Grace":            "Grace | nearby | Sending to you | LAN | 3.0 MB/s",
		"203.0.113.6:4001": "203.0.113.6:4001 | Queued (place 2) | Relayed",
		"Linus":            "Linus | Failed: The other computer cannot be reached.",
		"Hedy":             "Hedy | Behind a router, no answer",
		"Annie":            "Annie | Relay used up until 14:30",
		"Joan":             "Joan | The relay is full",
	} {
		if got := readRow(t, d.window.win.Content(), name); got != want {
			t.Errorf("the source reads %q, not %q", got, want)
		}
	}
	list.SelectOnly(4)
	d.reads("Finished.")
	engine.change(func(f *fakeEngine) { f.downloads = f.downloads[:4] })
	d.reads("This download is no longer in the list.")
	d.tap("Close the details")
	if d.shows("This download is no longer") {
		t.Error("the pane does not close")
	}
}

func TestTheDetailsSayWhatARelayAndANATMean(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	engine.details = someDetails()
	engine.details.Slow = face.SlowRelay
	d, _ := openDownloads(t, engine)
	d.key(fyne.KeyF8)
	d.reads("It comes through a relay, which is limited to 1.0 MB/s.")
	engine.change(func(f *fakeEngine) {
		f.downloads[0].State = face.DownloadWaiting
		f.details = face.Details{Sources: f.details.Sources[3:]}
	})
	d.reads("Its sources are behind routers and do not answer.")
	engine.change(func(f *fakeEngine) { f.details.Sources[0].Shut = false })
	d.reads("Nobody who has it is online.")
}

func TestThePaneFitsTheSmallestWindow(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	engine.details = someDetails()
	d, _ := openDownloads(t, engine)
	d.key(fyne.KeyF8)
	d.window.win.Resize(leastSize)
	d.reads("Only one source")
	if least := d.window.win.Content().MinSize(); least.Width > leastSize.Width || least.Height > leastSize.Height {
		t.Errorf("the window cannot be smaller than %v", least)
	}
}

func TestTheMenuKeyOpensTheActionsOfADownload(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	d, list := openDownloads(t, engine)
	list.Focus()
	d.key(desktop.KeyMenu)
	d.until("a menu is open", func() bool { return d.window.win.Canvas().Overlays().Top() != nil })
}

func TestShiftDeleteAsksWhetherFilesAreDeletedAsFyneSendsIt(t *testing.T) {
	for _, focused := range []bool{true, false} {
		engine := newFake()
		engine.downloads = mixed()
		d, list := openDownloads(t, engine)
		list.SelectOnly(4)
		cut := &fyne.ShortcutCut{Clipboard: d.app.Clipboard(), Secondary: true}
		if focused {
			list.Held = func() fyne.KeyModifier { return fyne.KeyModifierShift }
			list.Focus()
			list.TypedShortcut(cut)
		} else {
			d.window.win.Canvas().Unfocus()
			d.window.menus.typedCut(&fyne.ShortcutCut{})
			if d.window.sheets.IsOpen() {
				t.Error("Ctrl+X asks, too")
			}
			d.window.menus.typedCut(cut)
		}
		d.reads("This removes 1 download from the list and deletes 10 B for good. Nothing goes into the trash.")
	}
}

func TestADownloadThatWaitsForItsDiskSaysWhatIsWrong(t *testing.T) {
	engine := newFake()
	engine.downloads = []face.Download{
		{ID: "1", Name: "full", Size: 100, State: face.DownloadNoSpace, Failure: face.Failure{Code: netproto.CodeNoSpace, Detail: "/home/ada has 3 MB free, 200 MB are needed"}},
		{ID: "2", Name: "locked", Size: 100, State: face.DownloadNoSpace, Failure: face.Failure{Code: netproto.CodeFolderUnwritable, Detail: "/home/ada"}},
	}
	d, _ := openDownloads(t, engine)
	d.reads("Not enough space · 0 B of 100 B · There is not enough space on the disk: /home/ada has 3 MB free, 200 MB are needed.")
	d.reads("Waiting for its folder · 0 B of 100 B · The folder cannot be written to: /home/ada.")
	d.reads("Make the folder writable, or move the download to another one; it then continues by itself.")
}

func TestAFileThatNoProgramOpensIsNotBlamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "strange.xyz")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, newFake(), Options{})
	d.app.openURL = func(*url.URL) error { return errors.New("exec: \"xdg-open\": executable file not found in $PATH") }
	d.window.OpenPath(path)
	d.reads("No program can open this kind of file: strange.xyz. Open its folder, and choose a program there.")
	d.window.OpenPath(path + ".gone")
	d.reads("The file cannot be read")
}

func TestTheQuickLimitIsSeenInTheFrameAndInTheMenu(t *testing.T) {
	engine := newFake()
	d := newDesk(t, engine, Options{})
	d.reads("Connected to attic")
	if d.shows("Quick limit") {
		t.Error("the quick limit is shown while it is off")
	}
	d.menu("Quick limit")
	d.did("quick-limit true")
	d.reads("Quick limit")
	for i, c := range d.window.menus.of {
		if c.name == "Quick limit" && !d.window.menus.items[i].Checked {
			t.Error("the menu has no check mark")
		}
	}
}

func TestCommandsAreEnabledWhereTheyDoSomething(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	for at, want := range map[pages.Place]bool{pages.PlaceDownloads: true, pages.PlaceShared: false, pages.PlaceSettings: false} {
		d.window.goTo(at)
		for i, c := range d.window.menus.of {
			if (c.name == "Delete files" || c.name == "Pause or resume") && d.window.menus.items[i].Disabled == want {
				t.Errorf("%s: %s is disabled: %t", at.Name(), c.name, want)
			}
		}
	}
}

func TestALinkSaysWhatIsHereAlready(t *testing.T) {
	engine := newFake()
	engine.tracker.KnownTracker = face.KnownTracker{Address: "attic:5000", Name: "attic"}
	engine.here = map[netproto.ContentHash]bool{hashOf(9): true}
	d := newDesk(t, engine, Options{})
	d.window.links.open(netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 12}.String())
	d.reads("On this computer")
	d.window.sheets.CloseAll()
	d.window.links.open(netproto.Link{Tracker: "attic:5000", Size: -1}.String())
	d.reads("You already use this tracker.")
	d.window.links.open(netproto.Link{Tracker: "office:5000", Size: -1}.String())
	d.reads("Use another tracker?")
}

func TestDownloadsAreShownNewestFirstOrAsThePersonWants(t *testing.T) {
	engine := newFake()
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.Local)
	engine.downloads = []face.Download{
		{ID: "1", Name: "b", Size: 5, State: face.DownloadFinished, Done: 5, Path: "/home/ada/b", Added: day, Finished: day.AddDate(-1, 0, 0)},
		{ID: "2", Name: "a", Size: 7, State: face.DownloadQueued, Added: day.Add(time.Hour)},
		{ID: "3", Name: "c", Size: 9, State: face.DownloadFailed, Added: day.Add(2 * time.Hour)},
	}
	d, _ := openDownloads(t, engine)
	d.reads("20 Nov 2025") // when it was finished
	shown := func() string {
		text := ""
		for _, row := range rowsOf[face.Download](d) {
			text += row.Name
		}
		return text
	}
	if got := shown(); got != "cab" {
		t.Errorf("at first the order is %s", got)
	}
	for order, want := range map[string]string{"queue": "bac", "name": "abc", "size": "cab", "progress": "bac", "state": "cab", "newest": "cab"} {
		d.app.Preferences().SetString("downloads.order", order)
		engine.change(func(*fakeEngine) {})
		d.until(order+" is "+want, func() bool { return shown() == want })
	}
	d.tap("Sort")
	if d.window.win.Canvas().Overlays().Top() == nil {
		t.Error("there is no choice of orders")
	}
}

func TestAToastFloatsAboveThePageAndLeadsOn(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "one.txt", 10, netproto.KindDocument, 9))
	d := newDesk(t, engine, Options{})
	d.reads("one.txt")
	d.window.win.Resize(fyne.NewSize(720, 480))
	before := d.window.frame.middle.Size()
	openRow(listOf[face.Hit](d), 0)
	d.reads("1 download added")
	if after := d.window.frame.middle.Size(); after != before {
		t.Errorf("the page went from %v to %v", before, after)
	}
	box := d.window.notice.box
	if box.Size().Width < 300 || box.Size().Height > 40 {
		t.Errorf("it is %v large", box.Size())
	}
	d.tap("Show")
	if d.window.place != pages.PlaceDownloads || box.Visible() {
		t.Errorf("the page is %s, the toast is there: %t", d.window.place.Name(), box.Visible())
	}
}

func TestFilesGoToTheTrashUnlessThatIsUndone(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	d, list := openDownloads(t, engine)
	list.SelectOnly(4)
	chooseItem(t, list.Menu(), "Move files to the trash")
	d.reads("1 download moved to the trash")
	d.key(fyne.KeyEscape)
	d.window.undo.takeBack()
	d.until("the row is back", func() bool { return len(rowsOf[face.Download](d)) == 5 })
	if done := engine.actions(); len(done) != 0 {
		t.Errorf("although it was undone: %v", done)
	}
	list.SelectOnly(4)
	chooseItem(t, list.Menu(), "Move files to the trash")
	d.window.undo.settle()
	d.did("remove-to-trash [done]")
	list.SelectOnly(0)
	for _, item := range list.Menu().Items {
		if item.Label == "Move files to the trash" || item.Label == "Delete files" {
			t.Errorf("an unfinished download offers %q", item.Label)
		}
	}
}

// savedTo returns where the last download was saved.
func (f *fakeEngine) savedTo() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.to
}

func TestThePersonIsAskedWhereToSave(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(7, "found.mkv", 10, netproto.KindVideo, 1))
	folder := t.TempDir()
	d := newDesk(t, engine, Options{Picker: func(context.Context, string, bool) ([]string, error) { return []string{folder}, nil }})
	d.reads("found.mkv")
	list := listOf[face.Hit](d)
	list.SelectOnly(0)
	chooseItem(t, list.Menu(), "Save to…")
	d.until("it is saved there", func() bool { return engine.savedTo() == folder })
	chooseItem(t, list.Menu(), "Download")
	d.until("it is saved where the settings say", func() bool { return engine.savedTo() == "" })
	d.window.goTo(pages.PlaceSettings)
	test.Tap(d.box("Ask me where to save each download"))
	d.window.goTo(pages.PlaceSearch)
	chooseItem(t, list.Menu(), "Download")
	d.until("it was asked where", func() bool { return engine.savedTo() == folder })
}

func TestAFinishedFileIsShownInItsFolder(t *testing.T) {
	engine := newFake()
	engine.downloads = mixed()
	shown := make(chan string, 1)
	d := newDesk(t, engine, Options{Reveal: func(_ context.Context, path string) error {
		shown <- path
		return nil
	}})
	d.window.goTo(pages.PlaceDownloads)
	d.until("the downloads are shown", func() bool { return len(rowsOf[face.Download](d)) == 5 })
	list := listOf[face.Download](d)
	list.SelectOnly(4)
	chooseItem(t, list.Menu(), "Open folder")
	if path := <-shown; path != "/home/ada/Downloads/done.pdf" {
		t.Errorf("it shows %s", path)
	}
}

func TestTotalsAreSeen(t *testing.T) {
	engine := newFake()
	engine.totals = face.Totals{Today: face.Amounts{Got: 2e6, Sent: 1e6}, Ever: face.Amounts{Got: 4e9, Sent: 6e9}}
	d := openAt(t, engine, pages.PlaceUploads)
	d.reads("Today: 2.0 MB downloaded, 1.0 MB uploaded")
	d.reads("In total: 4.0 GB downloaded, 6.0 GB uploaded")
	d.reads("ratio 1.50")
}
