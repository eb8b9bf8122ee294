//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/sheets"
	"centralizedp2p/app/desktop/native"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// The window lends itself to its pages.
var _ pages.Window = (*window)(nil)

// GoTo shows a page, unless it is shown already.
func (w *window) GoTo(to pages.Place) {
	if w.place != to {
		w.goTo(to)
	}
}

// GoToPerson shows the page of a person.
func (w *window) GoToPerson(person netproto.PeerID) {
	w.GoTo(pages.PlacePeople)
	w.people().Show(person)
}

// Shows reports whether the person sees a page now.
func (w *window) Shows(place pages.Place) bool {
	return w.place == place && !w.asking && !w.crossing.hidden.Load()
}

// Host is what the window lends to widgets of the kit.
func (w *window) Host() lists.Host {
	return lists.Host{Tips: w.tips, Canvas: w.win.Canvas(), Prefs: w.app.Preferences(), Pressed: w.menus.typedKey,
		Beside: func(work func() func()) { w.crossing.start(func(context.Context) func() { return work() }) }}
}

// Sheets lie above the pages.
func (w *window) Sheets() *sheets.Sheets { return w.sheets }

// Status is what the frame shows.
func (w *window) Status() face.Status { return w.status }

// Start runs work beside the UI thread; see the crossing.
func (w *window) Start(work func(context.Context) func()) { w.crossing.start(work) }

// Follow runs work beside the UI thread for as long as the person waits.
func (w *window) Follow(work func(context.Context) func()) {
	w.crossing.startWithin(reviewTime, work)
}

// After runs f on the UI thread once wait has passed.
func (w *window) After(wait time.Duration, f func()) (forget func()) {
	return w.crossing.after(wait, f)
}

// Poke asks for a pull as soon as possible.
func (w *window) Poke() { w.crossing.poke() }

// Act hands an action to the engine. It shows a failure; after success it runs
// done, unless that is nil, and pulls the page again.
func (w *window) Act(action func(context.Context) error, done func()) {
	w.crossing.start(func(ctx context.Context) func() {
		err := pages.InTime(ctx, action(ctx))
		return func() {
			if err != nil {
				w.Fail(err)
			} else if done != nil {
				done()
			}
			w.crossing.poke()
		}
	})
}

// Fail shows an error that has no row of its own.
func (w *window) Fail(err error) {
	switch {
	case errors.Is(err, pages.ErrSlow):
		w.notice.fail(pages.SlowWords())
	case !errors.Is(err, context.Canceled):
		w.notice.fail(words.Explain(face.FailureOf(err)))
	}
}

// Tell says that something was done.
func (w *window) Tell(text string) { w.notice.tell(text) }

// TellNext says that something was done, and offers the next step.
func (w *window) TellNext(text, step string, take func()) { w.notice.tellNext(text, step, take) }

// Copy copies text to the clipboard, and says so.
func (w *window) Copy(text, said string) {
	w.app.Clipboard().SetContent(text)
	w.Tell(said)
}

// Elsewhere reports whether a peer on another computer is driven.
func (w *window) Elsewhere() bool { return w.choice.driven != nil }

// OpenPath opens a file or folder with the program that the desktop chose for it.
func (w *window) OpenPath(path string) {
	if w.far(path) {
		return
	}
	at := native.FileURL(path)
	w.crossing.start(func(context.Context) func() {
		_, err := os.Stat(path)
		return func() {
			switch {
			case err != nil:
				w.Fail(netproto.Errorf(netproto.CodeFileUnreadable, "%w", err))
			case w.app.OpenURL(at) != nil:
				w.notice.fail(words.Message{What: words.L("No program can open this kind of file"), Why: netproto.Printable(filepath.Base(path)),
					Next: words.L("Open its folder, and choose a program there.")})
			}
		}
	})
}

// ShowInFolder opens the folder of a file or folder, with that selected where the file
// manager can do it.
func (w *window) ShowInFolder(path string) {
	w.crossing.start(func(ctx context.Context) func() {
		if w.options.Reveal != nil && w.options.Reveal(ctx, path) == nil {
			return nil
		}
		return func() { w.OpenPath(filepath.Dir(path)) }
	})
}
