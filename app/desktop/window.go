//go:build !darwin || cgo

// Package desktop is the window: it shows what the engine knows and passes on
// what the person wants. It sees the engine only through [face.Engine]. Its
// widgets are in kit, and its texts in words; this package has the pages and
// what surrounds them.
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

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"centralizedp2p/app/desktop/kit"
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

// page is one of the screens in the sidebar. pull runs beside the UI thread,
// everything else on it.
type page interface {
	screen() fyne.CanvasObject
	// pull asks the engine for what the page shows, and returns a function that
	// shows it.
	pull(ctx context.Context) func()
	// focus gives the focus to the main part of the page.
	focus()
}

// actor is a page whose selected rows answer Space, Del and Enter.
type actor interface {
	toggle() // pause or resume
	remove()
	open()
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

	pages     [placeCount]page
	place     place                // the page shown; for the UI thread
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
	w.sheets = kit.NewSheets(w.win, w.tips, w.fail, func() { w.crossing.after(0, w.requests.openNext) })
	w.undo, w.tray, w.herald = newUndo(w), newTray(w), newHerald(w)
	w.build()
	w.showPages()
	w.win.Canvas().SetOnTypedKey(w.keys.typedKey)
	w.win.Canvas().SetOnTypedRune(w.keys.typedRune)
	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { w.drops.dropped(uris) })
	w.win.SetOnClosed(w.closed)
	w.win.SetCloseIntercept(w.exit.closeAsked)
	w.win.Resize(w.prefs.size())
	w.goTo(placeSearch)
	return w, nil
}

// build makes everything that contains words.
func (w *window) build() {
	w.notice, w.banner = newNotice(w), newBanner(w)
	w.undo.build()
	w.pages = [placeCount]page{
		placeSearch:    newSearchPage(w),
		placeDownloads: newDownloadsPage(w),
		placeUploads:   newUploadsPage(w),
		placeShared:    newSharedPage(w),
		placeTracker:   newTrackerPage(w),
		placeSettings:  newSettingsPage(w),
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
		return func() { w.fail(inTime(ctx, err)) }
	}
	showPage := (*w.following.Load()).pull(ctx)
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
		w.search().begin()
	} else if changed {
		w.search().showAnswer()
	}
	w.crossing.countdown.Store(status.Connection == face.ConnectionReconnecting)
	w.frame.show(w.undo.without(status))
	w.banner.show(status)
}

// goTo shows a page.
func (w *window) goTo(to place) {
	w.place = to
	w.following.Store(&w.pages[to])
	w.frame.showPlace(to)
	w.tips.Hide()
	w.crossing.poke()
}

func (w *window) search() *searchPage { return w.pages[placeSearch].(*searchPage) }

// host is what the window lends to widgets of the kit.
func (w *window) host() kit.Host {
	return kit.Host{Tips: w.tips, Canvas: w.win.Canvas(), Prefs: w.app.Preferences(), Pressed: w.keys.typedKey,
		Beside: func(work func() func()) { w.crossing.start(func(context.Context) func() { return work() }) }}
}

// act hands an action to the engine. It shows a failure; after success it runs
// done, unless that is nil, and pulls the page again.
func (w *window) act(action func(context.Context) error, done func()) {
	w.crossing.start(func(ctx context.Context) func() {
		err := inTime(ctx, action(ctx))
		return func() {
			if err != nil {
				w.fail(err)
			} else if done != nil {
				done()
			}
			w.crossing.poke()
		}
	})
}

// ask gets a value from the engine and hands it to answer on the UI thread.
func ask[T any](w *window, question func(context.Context) (T, error), answer func(T, error)) {
	w.crossing.start(func(ctx context.Context) func() {
		value, err := question(ctx)
		return func() { answer(value, inTime(ctx, err)) }
	})
}

// errSlow stands for an engine that did not answer in time.
var errSlow = errors.New("the engine did not answer in time")

// inTime returns errSlow if the time for the engine has run out, else err.
func inTime(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errSlow
	}
	return err
}

// fail shows an error that has no row of its own.
func (w *window) fail(err error) {
	switch {
	case errors.Is(err, errSlow):
		w.notice.fail(words.Message{
			What: words.L("This took too long"),
			Next: words.L("Try again; if it keeps failing, copy the diagnostics in Settings and report it."),
		})
	case !errors.Is(err, context.Canceled):
		w.notice.fail(words.Explain(face.FailureOf(err)))
	}
}

// tell says that something was done.
func (w *window) tell(text string) { w.notice.tell(text) }

// copyText copies text to the clipboard, and says so.
func (w *window) copyText(text, said string) {
	w.app.Clipboard().SetContent(text)
	w.tell(said)
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
