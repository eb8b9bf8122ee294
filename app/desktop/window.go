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
	"fmt"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/kit/sheets"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/firststart"
	"centralizedp2p/app/desktop/pages/people"
	"centralizedp2p/app/desktop/pages/search"
	"centralizedp2p/app/desktop/pages/settings"
	"centralizedp2p/app/desktop/pages/shares"
	"centralizedp2p/app/desktop/pages/tracker"
	"centralizedp2p/app/desktop/pages/transfers"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// Options say how the window opens.
type Options struct {
	Version    string                                 // shown in the help; empty stands for that of Metadata
	Newest     func(context.Context) (Release, error) // asks for the newest release; nil if the builder named nobody to ask
	Open       []string                               // cp2p:// links to ask about, and files and folders to review for sharing
	FirstStart bool                                   // starts with the questions of a new installation
	// FirstStartOver is called once they are answered; it may be nil. It may wait
	// for the disk.
	FirstStartOver func() error
	// Requests receives what other starts of the program hand over, as Open. It
	// is closed when no more come; it may be nil.
	Requests <-chan []string
	// Elsewhere are peers on other computers; nil if the window drives none.
	Elsewhere Elsewhere
	System    System // nil if the window does not change the system
	// Picker lets the person choose files, or a folder, in a picker of the system. It
	// fails if there is none; then, or if it is nil, the window has one of its own.
	Picker func(ctx context.Context, title string, folder bool) ([]string, error)
	// Reveal has the file manager select a file or folder. It fails if there is none that
	// does; then, or if it is nil, the window has the folder opened.
	Reveal func(ctx context.Context, path string) error
	// TrayHost reports whether something shows icons of the tray. If it is nil,
	// the window asks the desktop.
	TrayHost func(context.Context) bool
}

// Release is the newest release of the program.
type Release struct {
	Version string
	Newer   bool   // than this program
	Page    string // for people, on the web; may be empty
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
	w.crossing.beside(func(ctx context.Context) {
		giveBackMemory(ctx, func() { w.crossing.show(func() { w.win.Canvas().Refresh(w.win.Content()) }) }, giveBackC)
	})
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
	toasts   *fyne.Container // float above the page: notice and undo
	undo     *undo
	tray     *tray
	herald   *herald

	prefs     prefs
	menus     *menus
	keys      *keyboard
	sheets    *sheets.Sheets
	help      *help
	links     *links
	drops     *drops
	requests  *requests
	transfers *allTransfers
	exit      *exit
	player    *player
	choice    *choice
	fonts     *fonts

	pages     [pages.PlaceCount]page
	place     pages.Place          // the page shown; for the UI thread
	following atomic.Pointer[page] // the page shown; for the goroutine that pulls
	asking    bool                 // the questions of the first start are not answered yet
	wizard    *firststart.Wizard   // asks them; nil if they were answered before
	gone      bool                 // the window was closed
	status    face.Status          // as shown
}

func newWindow(app fyne.App, engine face.Engine, options Options, toUI func(func())) (*window, error) {
	w := &window{app: app, engine: engine, options: options, crossing: newCrossing(toUI), tips: kit.NewTips(), prefs: prefs{app.Preferences()}}
	if err := loadTexts(w.prefs.language()); err != nil {
		return nil, err
	}
	w.fonts = &fonts{app: app, prefs: w.prefs, toUI: toUI}
	if err := w.fonts.show(); err != nil {
		return nil, err
	}
	w.fonts.follow(w.Fail)
	w.choice = &choice{window: w, here: engine}
	w.win = app.NewWindow(appName)
	w.win.SetIcon(appIcon())
	w.win.SetMaster()
	w.win.SetPadded(false)
	w.assemble()
	w.build()
	if options.FirstStart {
		w.firstStart()
	} else {
		w.showPages()
	}
	w.attend()
	w.win.SetOnClosed(w.closed)
	w.win.Resize(w.prefs.size())
	w.goTo(pages.PlacePeople)
	return w, nil
}

// attend has the parts answer what the person does with the window.
func (w *window) attend() {
	w.win.Canvas().SetOnTypedKey(w.menus.typedKey)
	w.win.Canvas().SetOnTypedRune(w.keys.typedRune)
	w.win.Canvas().AddShortcut(&fyne.ShortcutCut{}, w.menus.typedCut)
	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { w.drops.arrived(uris) })
	w.win.SetCloseIntercept(w.exit.closeAsked)
}

// assemble makes the parts that stay when the language changes.
func (w *window) assemble() {
	w.sheets = sheets.New(w.win, w.tips, w.Fail, func() { w.crossing.after(0, w.requests.openNext) })
	w.sheets.Native = w.pick
	w.undo = newUndo(w, w.crossing, func() { w.notice.hide() }, w.moved)
	w.links = &links{window: w, engine: w.engine, clipboard: w.app.Clipboard(), next: func() { w.requests.openNext() },
		wishes: func() { w.search().ShowWishes() }}
	w.drops = &drops{window: w, engine: w.engine, crossing: w.crossing, bring: w.bring, refuse: func(m words.Message) { w.notice.fail(m) },
		under: func() (face.Person, bool, bool) {
			if w.place != pages.PlacePeople || w.sheets.IsOpen() || w.asking {
				return face.Person{}, false, false
			}
			return w.people().Under()
		}}
	w.requests = &requests{crossing: w.crossing, incoming: w.options.Requests, present: w.present,
		busy: func() bool { return w.sheets.IsOpen() || w.asking || w.links.asking }, link: w.links.open, files: w.drops.review, waiting: w.options.Open}
	w.player = &player{window: w}
	w.transfers = &allTransfers{window: w, engine: w.engine, undo: w.undo}
	w.exit = &exit{window: w, win: w.win, prefs: w.prefs, crossing: w.crossing, engine: w.engine, present: w.present,
		hosted: func(ctx context.Context) bool { return w.tray.hosted(ctx) }}
	w.tray = &tray{window: w, app: w.app, win: w.win, exit: w.exit, transfers: w.transfers, host: w.options.TrayHost, present: w.present}
	w.tray.build()
	w.herald = &herald{window: w, app: w.app, engine: w.engine, wishes: func() { w.search().ShowWishes() }, seen: func(status face.Status) {
		w.status.QuickLimit = status.QuickLimit // the tray changes it while the window is hidden
		w.tray.show(status)
	}}
	w.keys, w.menus = &keyboard{w}, &menus{window: w}
	w.help = &help{window: w, version: w.options.Version, newest: w.options.Newest, openPage: w.app.OpenURL, commands: w.menus.listed}
}

// build makes everything that contains words.
func (w *window) build() {
	w.notice, w.banner = newNotice(w, w.moved), newBanner(w, w.engine, w.moved)
	w.undo.build()
	search := search.New(w, w.engine, w.drops.pickFile)
	w.pages = [pages.PlaceCount]page{
		pages.PlacePeople:    people.New(w, w.engine, w.drops.pickFor),
		pages.PlaceSearch:    search,
		pages.PlaceDownloads: transfers.NewDownloads(w, w.engine, w.undo, w.keys.find),
		pages.PlaceUploads:   transfers.NewUploads(w, w.engine),
		pages.PlaceShared:    shares.New(w, w.engine, w.undo, w.drops.pickFile, w.drops.reviewFor),
		pages.PlaceTracker:   tracker.New(w, w.engine),
		pages.PlaceSettings: settings.New(w, w.engine, newWindowSettings(w, w.prefs, w.system(), chosen{
			language: w.setLanguage, look: w.setLook, moved: func() { w.pages[pages.PlaceSettings].Screen().Refresh() }})),
	}
	w.frame = newFrame(w, surroundings{visit: w.visit, choice: w.choice.button(), entry: search.Entry, adds: []adding{
		{"Add files", theme.FileIcon(), w.drops.pickFile},
		{"Add folder", theme.FolderIcon(), w.drops.pickFolder},
		{"Paste link", theme.ContentPasteIcon(), w.links.paste},
		{"Invite people", theme.AccountIcon(), func() { pages.Invite(w, w.engine) }},
	}, banner: w.banner.box})
	w.toasts = container.New(floating{}, w.notice.box, w.undo.box)
	w.win.SetMainMenu(w.menus.main())
}

// system is what the window changes of the system: nothing, while it drives a peer on
// another computer.
func (w *window) system() System {
	if w.choice.driven != nil {
		return nil
	}
	return w.options.System
}

// moved lays out again what surrounds the page, after a strip or a toast came or went.
func (w *window) moved() {
	if w.frame != nil {
		w.frame.main.Refresh()
		w.toasts.Refresh()
	}
}

// showPages fills the window with the frame and its pages.
func (w *window) showPages() {
	w.win.SetContent(container.NewStack(w.frame.content, w.toasts, w.tips.Layer))
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
	if w.asking {
		w.wizard.Begin()
	} else {
		w.requests.openNext()
	}
}

// firstStart covers the window with the questions of a new installation.
func (w *window) firstStart() {
	w.asking = true
	w.wizard = firststart.New(w, w.engine, appIcon(), func() {
		w.asking = false
		w.showPages()
		w.win.Canvas().Unfocus() // what is typed now is searched
		if w.options.FirstStartOver != nil {
			w.Act(func(context.Context) error { return w.options.FirstStartOver() }, nil)
		}
		w.requests.openNext()
	})
	w.win.SetContent(container.NewStack(w.wizard.Screen, w.toasts, w.tips.Layer))
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
		if w.asking {
			w.wizard.Look()
		}
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
	w.menus.show()
	w.banner.show(status)
}

// goTo shows a page, and pulls it at once.
func (w *window) goTo(to pages.Place) {
	w.place = to
	shown := w.pages[to] // its place may be given to another one, in another language, while this one is pulled
	w.following.Store(&shown)
	w.frame.showPlace(to, w.pages[to].Screen())
	w.menus.show()
	w.tips.Hide()
	if page, aware := w.pages[to].(interface{ Shown() }); aware {
		page.Shown()
	}
	w.crossing.poke()
}

// visit shows a page and gives it the focus.
func (w *window) visit(to pages.Place) {
	w.goTo(to)
	w.pages[to].Focus()
}

func (w *window) people() *people.Page { return w.pages[pages.PlacePeople].(*people.Page) }

func (w *window) search() *search.Page { return w.pages[pages.PlaceSearch].(*search.Page) }

// setLook shows everything in another look.
func (w *window) setLook(choice look.Choice) {
	w.prefs.SetString(prefLook, string(choice))
	if err := w.fonts.show(); err != nil {
		w.Fail(err)
	}
}

// setLanguage shows everything in another language at once, by building every
// page again. The text in the search entry stays.
func (w *window) setLanguage(tag string) {
	if err := loadTexts(tag); err != nil {
		w.Fail(err)
		return
	}
	w.prefs.SetString(prefLanguage, tag)
	if err := w.fonts.show(); err != nil {
		w.Fail(err)
	}
	text := w.search().Entry.Text
	w.notice.forget()
	w.undo.settle()
	w.build()
	w.showPages()
	w.search().Entry.SetText(text)
	w.tray.build()
	w.showStatus(w.status)
	w.goTo(pages.PlaceSettings)
}

// present brings the window to the front, from the tray too.
func (w *window) present() {
	w.win.Show()
	w.win.RequestFocus()
	w.crossing.setHidden(false)
	w.crossing.poke()
}

// closed ends what the window started. A deed that could still be undone is
// completed.
func (w *window) closed() {
	if w.gone {
		return
	}
	w.gone = true
	defer w.choice.finish()
	w.prefs.setSize(w.win.Canvas().Size())
	w.undo.finish()
	w.player.close()
	w.crossing.cancel()
}
