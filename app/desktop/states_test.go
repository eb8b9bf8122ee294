//go:build !darwin || cgo

package desktop

import (
	"context"
	"sync/atomic"
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// refusing is an engine that fails to answer, or does not answer until it is
// told to.
type refusing struct {
	*fakeEngine
	broken atomic.Bool
	answer chan struct{} // nil if it answers at once
}

func (r *refusing) wait(ctx context.Context) error {
	if r.answer != nil {
		select {
		case <-r.answer:
		case <-ctx.Done():
		}
	}
	if r.broken.Load() {
		return netproto.Errorf(netproto.CodeStore, "/home/ada/.config")
	}
	return nil
}

func (r *refusing) Downloads(ctx context.Context) ([]face.Download, error) { return nil, r.wait(ctx) }
func (r *refusing) Uploads(ctx context.Context) ([]face.Upload, error)     { return nil, r.wait(ctx) }
func (r *refusing) Shares(ctx context.Context) ([]face.Share, error)       { return nil, r.wait(ctx) }

// rowsPlaces are the pages of rows.
var rowsPlaces = []pages.Place{pages.PlaceDownloads, pages.PlaceUploads, pages.PlaceShared}

func TestAPageThatCannotBeFilledSaysWhyAndIsTriedAgain(t *testing.T) {
	for _, at := range rowsPlaces {
		t.Run(string(at.Name()), func(t *testing.T) {
			engine := &refusing{fakeEngine: newFake()}
			engine.broken.Store(true)
			d := newDeskWith(t, engine.fakeEngine, engine, Options{})
			d.window.goTo(at)
			d.reads("The folder with the settings cannot be used: /home/ada/.config.")
			engine.broken.Store(false)
			d.tap("Try again")
			d.until("the page is empty and well", func() bool { return !d.shows("cannot be used") })
		})
	}
}

func TestAPageThatWaitsForItsRowsSaysSo(t *testing.T) {
	for _, at := range rowsPlaces {
		engine := &refusing{fakeEngine: newFake(), answer: make(chan struct{})}
		d := newDeskWith(t, engine.fakeEngine, engine, Options{})
		d.window.goTo(at)
		d.reads("One moment…")
		close(engine.answer)
		d.until("it is over", func() bool { return !d.shows("One moment…") })
	}
}

func TestTheRowsGetTheKeysWhenTheyCome(t *testing.T) {
	engine := newFake()
	engine.search = answers(hit(1, "film.mkv", 1, netproto.KindVideo, 1))
	engine.downloads = mixed()
	d := newDesk(t, engine, Options{})
	d.reads("film.mkv")
	listOf[face.Hit](d).Focus()
	d.menu("Downloads") // whose rows were never asked for
	d.until("the rows have the keys", func() bool { return d.window.win.Canvas().Focused() == fyne.Focusable(listOf[face.Download](d)) })
}
