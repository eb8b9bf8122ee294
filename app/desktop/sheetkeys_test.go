//go:build !darwin || cgo

package desktop

import (
	"os"
	"regexp"
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// sheetsOfTheWindow open each kind of sheet, and say what it reads once it is filled.
func sheetsOfTheWindow(d *desk) map[string]struct {
	open  func()
	reads string
} {
	w := d.window
	link := netproto.Link{Tracker: "office:5000", Size: -1}
	file := netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 12}
	type sheet = struct {
		open  func()
		reads string
	}
	onDownloads := func(do func(*pages.Downloads)) func() {
		return func() {
			w.goTo(pages.PlaceDownloads)
			listOf[face.Download](d).SelectOnly(0)
			do(w.pages[pages.PlaceDownloads].(*pages.Downloads))
		}
	}
	onWeb := func(open func()) func() { // the page of the sheet before ends beside the UI thread
		return func() {
			d.until("no page is left", func() bool {
				d.engine.mu.Lock()
				defer d.engine.mu.Unlock()
				return len(d.engine.webPages) == 0
			})
			open()
		}
	}
	return map[string]sheet{
		"review":   {func() { w.drops.review([]string{"/a/film.mkv"}) }, "1 file"},
		"folder":   {func() { w.goTo(pages.PlaceSearch); openRow(listOf[face.Hit](d), 0) }, "chosen"},
		"link":     {func() { d.app.Clipboard().SetContent(""); w.links.paste() }, "Open a link"},
		"tracker":  {func() { w.links.open(link.String()) }, "Use this tracker?"},
		"download": {func() { w.links.open(file.String()) }, "film.mkv"},
		"help":     {w.help.showKeys, "Ctrl+Shift+O"},
		"about":    {w.help.about, "9.8.7"},
		"licences": {w.help.licences, "Below each are its licences"},
		"quit":     {func() { w.exit.warn(face.Leaving{Uploads: 1}) }, "Quit now?"},
		"closing":  {w.exit.ask, "Close the window, or quit?"},
		"browser":  {onWeb(func() { pages.SendToBrowser(w, d.engine, face.WebOffer{Shares: []string{"7"}}) }), "complete downloads so far."},
		"phone":    {onWeb(func() { pages.ReceiveFromPhone(w, d.engine) }), "PIN: 271828"},
		"delete":   {onDownloads((*pages.Downloads).RemoveWithFiles), "Delete files"},
	}
}

func sheetDesk(t *testing.T) *desk {
	t.Helper()
	engine := newFake()
	engine.search = answers(hit(1, "holidays", 100, netproto.KindFolder, 1))
	engine.folder = face.Folder{Files: []face.FolderFile{{FolderEntry: netproto.FolderEntry{Path: "a/b.txt", Size: 3}}}}
	engine.review = face.Review{Items: []face.ReviewItem{{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 12}}}
	engine.downloads = []face.Download{{ID: "1", Name: "one", State: face.DownloadFinished, Path: "/home/ada/one"}}
	return newDesk(t, engine, Options{Version: "9.8.7"})
}

// Fyne gives a key only to what has the focus, so each of these must pass Escape on.
func TestEscapeClosesASheetWhateverHasTheFocus(t *testing.T) {
	d := sheetDesk(t)
	pressed := 0
	for name, sheet := range sheetsOfTheWindow(d) {
		for at := 0; ; at++ {
			sheet.open()
			d.reads(sheet.reads)
			var focusable []fyne.Focusable
			for _, object := range laidOut(d.window.win.Canvas().Overlays().Top()) {
				if f, ok := object.(fyne.Focusable); ok && !partsOfFyne[typeOf(object)] {
					focusable = append(focusable, f)
				}
			}
			if at > len(focusable) {
				d.window.sheets.CloseAll()
				break
			}
			what := "nothing"
			if at < len(focusable) {
				what = typeOf(focusable[at].(fyne.CanvasObject))
				d.window.win.Canvas().Focus(focusable[at])
			} else {
				d.window.win.Canvas().Unfocus()
			}
			d.key(fyne.KeyEscape)
			pressed++
			if d.window.sheets.IsOpen() {
				t.Errorf("%s: Escape does not close it while %s has the focus", name, what)
				d.window.sheets.CloseAll()
			}
		}
	}
	if pressed < 30 {
		t.Errorf("Escape was pressed %d times only", pressed)
	}
}

func TestEnterPressesThePrimaryButtonOfASheetAndNothingBehindIt(t *testing.T) {
	for name, want := range map[string]string{
		"review": "share [{/a/film.mkv [] []}]", "folder": "download holidays []", "tracker": "use cp2p://office:5000",
		"download": "download film.mkv []", "delete": "remove-with-files [1]",
	} {
		t.Run(name, func(t *testing.T) {
			d := sheetDesk(t)
			sheet := sheetsOfTheWindow(d)[name]
			sheet.open()
			d.reads(sheet.reads)
			d.key(fyne.KeyDown) // must not lead to the rows behind
			d.until("the button can be pressed", func() bool { return d.window.sheets.IsOpen() })
			d.key(fyne.KeyReturn)
			d.did(want)
			if d.window.sheets.IsOpen() {
				t.Error("the sheet is still open")
			}
		})
	}
}

func TestEnterPressesTheButtonThatHasTheFocus(t *testing.T) {
	d := sheetDesk(t)
	d.window.links.open(netproto.Link{Tracker: "office:5000", Size: -1}.String())
	d.reads("Use this tracker?")
	d.window.win.Canvas().Focus(d.button("Cancel").(*kit.Button))
	d.key(fyne.KeyReturn)
	if d.window.sheets.IsOpen() || len(d.engine.actions()) > 0 {
		t.Errorf("Cancel had the focus; the sheet is open: %t, the engine was asked %q", d.window.sheets.IsOpen(), d.engine.actions())
	}
}

// Fyne's own widgets keep Escape and Enter to themselves.
func TestTheWindowIsMadeOfWidgetsThatPassKeysOn(t *testing.T) {
	fynes := regexp.MustCompile(`widget\.New(Button|ButtonWithIcon|Check|Entry|MultiLineEntry|Select|Tree|List)\(`)
	for _, name := range sources(t) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := fynes.Find(source); found != nil {
			t.Errorf("%s has %s…): take the one of the kit", name, found)
		}
	}
}
