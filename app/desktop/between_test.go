//go:build !darwin || cgo

package desktop

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/firststart"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestWhatWentBetweenTwoPeopleIsSeenOnTheirPage(t *testing.T) {
	engine := newFake()
	grace, linus := someone(1, "Grace"), someone(2, "Linus")
	grace.Moved = face.Amounts{Got: 1_200_000_000, Sent: 3_000_000}
	engine.list = []face.Person{grace, linus}
	d := newDesk(t, engine, Options{})
	d.window.GoToPerson(linus.PeerID)
	d.reads("shares nothing")
	if d.shows("received,") {
		t.Error("something is said about nothing")
	}
	d.window.GoToPerson(grace.PeerID)
	d.reads("1.2 GB received, 3.0 MB sent")
}

func TestASharedPictureHasAThumbnailInItsRow(t *testing.T) {
	engine := newFake()
	folder := t.TempDir()
	redSquare(t, filepath.Join(folder, "photo.png"), 300)
	if err := os.WriteFile(filepath.Join(folder, "broken.png"), []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	engine.shares = []face.Share{
		{ID: "1", Name: "photo.png", Path: filepath.Join(folder, "photo.png"), Files: 1, Size: 7, State: face.ShareShared},
		{ID: "2", Name: "broken.png", Path: filepath.Join(folder, "broken.png"), Files: 1, Size: 7, State: face.ShareShared},
	}
	d := newDesk(t, engine, Options{})
	d.window.goTo(pages.PlaceShared)
	d.reads("broken.png")
	d.until("the thumbnail is drawn", func() bool { return d.drawn(2 * kit.ThumbnailSize) })
}

// The path of a file on another computer may lead to another file here.
func TestAFileOnAnotherComputerHasNoThumbnail(t *testing.T) {
	engine := newFake()
	folder := t.TempDir()
	redSquare(t, filepath.Join(folder, "photo.png"), 300)
	engine.shares = []face.Share{{ID: "1", Name: "photo.png", Path: filepath.Join(folder, "photo.png"), Files: 1, Size: 7, State: face.ShareShared}}
	d := newDesk(t, engine, Options{})
	d.window.choice.driven = &Peer{Name: "NAS"}
	d.window.goTo(pages.PlaceShared)
	d.reads("photo.png")
	d.window.crossing.poke()
	d.reads("photo.png")
	if d.drawn(2 * kit.ThumbnailSize) {
		t.Error("a file of this computer is shown")
	}
	d.window.choice.driven = nil
}

// nobodyHas is an engine whose tracker knows nobody with a content.
type nobodyHas struct{ *fakeEngine }

func (n nobodyHas) Download(context.Context, face.DownloadRequest) error {
	return netproto.Errorf(netproto.CodeNotFound, "film.mkv")
}

func TestALinkToWhatNobodyHasBecomesAWish(t *testing.T) {
	engine := newFake()
	d := newDeskWith(t, engine, nobodyHas{engine}, Options{})
	d.window.links.open(netproto.Link{Tracker: "attic:5000", Hash: hashOf(9), Name: "film.mkv", Size: 12}.String())
	d.tap("Download")
	d.reads("Nobody has this now")
	d.reads("film.mkv")
	d.tap("Tell me when somebody has it")
	d.reads("You are told as soon as somebody shares it.")
	list := d.wished()
	if len(list) != 1 || list[0].Hash != hashOf(9) || list[0].Name != "film.mkv" || !list[0].Download {
		t.Fatalf("the wishes are %+v", list)
	}
	d.tap("Show")
	d.reads("Nothing found yet")
}

func TestTechnicalFactsOfTheTrackerAreUnderDetails(t *testing.T) {
	d := newDesk(t, busy(), Options{})
	d.window.goTo(pages.PlaceTracker)
	d.reads("kitchen")
	for _, word := range []string{"Lease", "Round trip"} {
		if d.shows(word) {
			t.Errorf("%q is seen at once", word)
		}
	}
	d.box("Details").SetChecked(true)
	d.reads("Lease")
	d.reads("Fingerprint")
}

// focusWatch is a window whose canvas takes only what is in it for the focus. That of
// Fyne logs an error otherwise, and leaves the focus where it was; that of its tests says
// nothing.
type focusWatch struct {
	pages.Window
	canvas watchedCanvas
}

func (w focusWatch) Host() lists.Host {
	host := w.Window.Host()
	host.Canvas = w.canvas
	return host
}

type watchedCanvas struct {
	fyne.Canvas
	t *testing.T
}

func (c watchedCanvas) Focus(f fyne.Focusable) {
	c.t.Helper()
	if !slices.Contains(laidOut(c.Content()), f.(fyne.CanvasObject)) {
		c.t.Errorf("a %T gets the focus, which is not in the window", f)
	}
	c.Canvas.Focus(f)
}

func TestTheFirstStartFocusesWhatIsInTheWindow(t *testing.T) {
	d := newDesk(t, newFake(), Options{})
	over := false
	watch := focusWatch{d.window, watchedCanvas{d.window.win.Canvas(), t}}
	z := firststart.New(watch, d.engine, appIcon(), func() { over = true })
	d.window.win.SetContent(z.Screen)
	z.Begin()
	d.reads("Ada")
	for range firststart.Steps {
		d.window.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
		z.Skip() // as Escape does
	}
	if !over {
		t.Error("the questions are not over")
	}
}
