//go:build !darwin || cgo

// Package desktop is the window: it shows what the engine knows and passes on
// what the person wants. It sees the engine only through [face.Engine]. Its
// widgets are in kit, its pages in pages, and its texts in words; this package has
// what surrounds the pages, and lends itself to them as a [pages.Window].
//
// The UI thread builds and changes widgets and never waits. Everything that may
// take time runs in goroutines of the crossing, which brings the results back.
// The crossing also follows the changes of the engine, and pulls a snapshot for
// the frame and for the page that is shown.
//
// Every file carries the constraint "!darwin || cgo", because Fyne's widgets do
// not compile for macOS without cgo, where the headless build is still made
// with ./... .
package desktop

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// Options say how the window opens.
type Options struct {
	Version    string   // shown in the help; empty stands for that of Metadata
	Open       []string // cp2p:// links to ask about, and files and folders to review for sharing
	FirstStart bool     // starts with the three questions of a new installation
	// Requests receives what other starts of the program hand over, as Open. It
	// is closed when no more come; it may be nil.
	Requests <-chan []string
	System   System // nil if the window does not change the system
	// TrayHost reports whether something shows icons of the tray. If it is nil,
	// the window asks the desktop.
	TrayHost func(context.Context) bool
}

// System starts the program when the person logs in and when a link is opened;
// see package launch. Its methods may wait for the disk.
type System interface {
	AtLogin() (bool, error)
	SetAtLogin(on bool) error
	OpensLinks() (bool, error)
	SetOpensLinks(on bool) error
}

// Run shows the window and returns when it was closed, the person quit, or ctx
// ended. It must be called on the main goroutine. It fails if the texts of the
// window cannot be read, or if the engine did not return when the window
// closed.
func Run(ctx context.Context, app fyne.App, engine face.Engine, options Options) error {
	return run(ctx, app, engine, options, uiThread)
}

// run is Run with a way to the UI thread. Fyne's driver for tests has none: it
// would show results on the goroutine that brings them.
func run(ctx context.Context, app fyne.App, engine face.Engine, options Options, toUI func(func())) error {
	w, err := newWindow(app, engine, options, toUI)
	if err != nil {
		return err
	}
	quit := context.AfterFunc(ctx, func() { w.crossing.toUI(w.win.Close) })
	defer quit()
	w.win.Show()
	w.begin()
	app.Run()
	w.closed() // the system may have ended the application without closing the window
	if !w.crossing.close() {
		return fmt.Errorf("the engine did not return within %v after the window was closed", farewell)
	}
	return nil
}

// page is one of the screens in the sidebar. Pull runs beside the UI thread,
// everything else on it.
type page interface {
	Screen() fyne.CanvasObject
	// Pull asks the engine for what the page shows, and returns a function that
	// shows it.
	Pull(ctx context.Context) func()
	// Focus gives the focus to the main part of the page.
	Focus()
}

// actor is a page whose selected rows answer Space, Del and Enter.
type actor interface {
	Toggle() // pause or resume
	Remove()
	Open()
}

// window is the one window, with everything in it.
type window struct {
	app      fyne.App
	win      fyne.Window
	engine   face.Engine
	options  Options
	crossing *crossing
	tips     *kit.Tips
	frame    *frame
	notice   *notice
	banner   *banner
	undo     *undo
	tray     *tray
	herald   *herald

	prefs     prefs
	menus     *menus
	keys      *keyboard
	sheets    *kit.Sheets
	help      *help
	links     *links
	drops     *drops
	requests  *requests
	transfers *transfers
	exit      *exit

	pages     [pages.PlaceCount]page
	place     pages.Place          // the page shown; for the UI thread
	following atomic.Pointer[page] // the page shown; for the goroutine that pulls
	asking    bool                 // the questions of the first start are not answered yet
	gone      bool                 // the window was closed
	status    face.Status          // as shown
}

func newWindow(app fyne.App, engine face.Engine, options Options, toUI func(func())) (*window, error) {
	w := &window{app: app, engine: engine, options: options, crossing: newCrossing(toUI), tips: kit.NewTips(), prefs: prefs{app.Preferences()}}
	w.menus, w.keys, w.help = &menus{w}, &keyboard{w}, &help{w}
	w.links, w.drops, w.requests = &links{w}, &drops{window: w}, &requests{window: w}
	w.transfers, w.exit = &transfers{w}, &exit{window: w}
	if err := loadTexts(w.prefs.language()); err != nil {
		return nil, err
	}
	app.Settings().SetTheme(kit.NewTheme(w.prefs.look()))
	w.win = app.NewWindow(appName)
	w.win.SetIcon(appIcon())
	w.win.SetMaster()
	w.win.SetPadded(false)
	w.sheets = kit.NewSheets(w.win, w.tips, w.Fail, func() { w.crossing.after(0, w.requests.openNext) })
	w.undo, w.tray, w.herald = newUndo(w), newTray(w), newHerald(w)
	w.build()
	w.showPages()
	w.win.Canvas().SetOnTypedKey(w.keys.typedKey)
	w.win.Canvas().SetOnTypedRune(w.keys.typedRune)
	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { w.drops.dropped(uris) })
	w.win.SetOnClosed(w.closed)
	w.win.SetCloseIntercept(w.exit.closeAsked)
	w.win.Resize(w.prefs.size())
	w.goTo(pages.PlaceSearch)
	return w, nil
}

// build makes everything that contains words.
func (w *window) build() {
	w.notice, w.banner = newNotice(w), newBanner(w)
	w.undo.build()
	w.pages = [pages.PlaceCount]page{
		pages.PlaceSearch:    pages.NewSearch(w, w.engine, w.drops.pickFile),
		pages.PlaceDownloads: pages.NewDownloads(w, w.engine, w.undo, w.keys.find),
		pages.PlaceUploads:   pages.NewUploads(w, w.engine),
		pages.PlaceShared:    pages.NewShared(w, w.engine, w.undo, w.drops.pickFile),
		pages.PlaceTracker:   pages.NewTracker(w, w.engine),
		pages.PlaceSettings:  pages.NewSettings(w, w.engine, newFaceSettings(w)),
	}
	w.frame = newFrame(w)
	w.win.SetMainMenu(w.menus.main())
}

// showPages fills the window with the frame and its pages.
func (w *window) showPages() {
	w.win.SetContent(container.NewStack(w.frame.content, w.tips.Layer))
}

// begin starts to follow the engine, and asks about what the program was
// started with.
func (w *window) begin() {
	lifecycle := w.app.Lifecycle()
	lifecycle.SetOnEnteredForeground(func() {
		w.crossing.setBackground(false)
		w.crossing.setHidden(false) // the tray may have shown the window
	})
	lifecycle.SetOnExitedForeground(func() { w.crossing.setBackground(true) })
	w.crossing.follow(w.engine.Watch, w.pull)
	w.crossing.herald(w.engine.Watch, w.herald.look)
	w.crossing.poke()
	w.tray.begin()
	w.requests.follow()
	w.requests.waiting = w.options.Open
	if w.options.FirstStart {
		w.firstStart()
	} else {
		w.requests.openNext()
	}
}

// pull asks for what the frame and the current page show. It runs beside the UI
// thread.
func (w *window) pull(ctx context.Context) func() {
	status, err := w.engine.Status(ctx)
	if err != nil {
		return func() { w.Fail(pages.InTime(ctx, err)) }
	}
	showPage := (*w.following.Load()).Pull(ctx)
	return func() {
		w.showStatus(status)
		if showPage != nil {
			showPage()
		}
	}
}

func (w *window) showStatus(status face.Status) {
	arrived := status.Connection == face.ConnectionConnected &&
		(w.status.Connection != face.ConnectionConnected || w.status.Tracker != status.Tracker)
	changed := w.status.Connection != status.Connection
	w.status = status
	if arrived {
		w.search().Begin()
	} else if changed {
		w.search().ShowAnswer()
	}
	w.crossing.countdown.Store(status.Connection == face.ConnectionReconnecting)
	w.frame.show(w.undo.without(status))
	w.banner.show(status)
}

// GoTo shows a page, unless it is shown already.
func (w *window) GoTo(to pages.Place) {
	if w.place != to {
		w.goTo(to)
	}
}

// goTo shows a page, and pulls it at once.
func (w *window) goTo(to pages.Place) {
	w.place = to
	w.following.Store(&w.pages[to])
	w.frame.showPlace(to)
	w.tips.Hide()
	w.crossing.poke()
}

func (w *window) search() *pages.Search { return w.pages[pages.PlaceSearch].(*pages.Search) }

// Host is what the window lends to widgets of the kit.
func (w *window) Host() kit.Host {
	return kit.Host{Tips: w.tips, Canvas: w.win.Canvas(), Prefs: w.app.Preferences(), Pressed: w.keys.typedKey,
		Beside: func(work func() func()) { w.crossing.start(func(context.Context) func() { return work() }) }}
}

// Sheets lie above the pages.
func (w *window) Sheets() *kit.Sheets { return w.sheets }

// Status is what the frame shows.
func (w *window) Status() face.Status { return w.status }

// Start runs work beside the UI thread; see the crossing.
func (w *window) Start(work func(context.Context) func()) { w.crossing.start(work) }

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
		w.notice.fail(words.Message{
			What: words.L("This took too long"),
			Next: words.L("Try again; if it keeps failing, copy the diagnostics in Settings and report it."),
		})
	case !errors.Is(err, context.Canceled):
		w.notice.fail(words.Explain(face.FailureOf(err)))
	}
}

// Tell says that something was done.
func (w *window) Tell(text string) { w.notice.tell(text) }

// Copy copies text to the clipboard, and says so.
func (w *window) Copy(text, said string) {
	w.app.Clipboard().SetContent(text)
	w.Tell(said)
}

// closed ends what the window started. A deed that could still be undone is
// completed.
func (w *window) closed() {
	if w.gone {
		return
	}
	w.gone = true
	w.prefs.setSize(w.win.Canvas().Size())
	w.undo.finish()
	w.crossing.cancel()
}
