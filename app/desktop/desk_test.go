//go:build !darwin || cgo

package desktop

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"go.uber.org/goleak"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
)

func TestMain(m *testing.M) {
	// Fyne keeps goroutines of its own for the life of the process.
	os.Exit(func() int {
		os.Setenv("LC_ALL", "en_US.UTF-8") // the language that the tests expect
		code := m.Run()
		if code == 0 {
			if err := goleak.Find(goleak.IgnoreAnyFunction("fyne.io/fyne/v2/internal/async.init.0.func1")); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return code
	}())
}

// patience bounds every wait of the tests.
const patience = time.Minute

// desk is a window with a fake engine. The test's goroutine is its UI thread:
// what crosses to it waits in a queue until the test pumps.
type desk struct {
	t      *testing.T
	app    *deskApp
	engine *fakeEngine
	window *window
	queue  chan func()
}

// deskApp is an application on a desktop with a tray and notifications.
type deskApp struct {
	fyne.App
	menu    *fyne.Menu // in the tray
	openURL func(*url.URL) error

	mu   sync.Mutex
	told []fyne.Notification
}

func (a *deskApp) OpenURL(at *url.URL) error {
	if a.openURL != nil {
		return a.openURL(at)
	}
	return a.App.OpenURL(at)
}

func (a *deskApp) SetSystemTrayMenu(menu *fyne.Menu) { a.menu = menu }
func (a *deskApp) SetSystemTrayIcon(fyne.Resource)   {}
func (a *deskApp) SetSystemTrayWindow(fyne.Window)   {}

func (a *deskApp) SendNotification(n *fyne.Notification) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = append(a.told, *n)
}

func (a *deskApp) notifications() []fyne.Notification {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.told)
}

func newDesk(t *testing.T, engine *fakeEngine, options Options) *desk {
	t.Helper()
	return newDeskWith(t, engine, engine, options)
}

// newDeskWith is newDesk with an engine around the fake.
func newDeskWith(t *testing.T, engine *fakeEngine, around face.Engine, options Options) *desk {
	t.Helper()
	return newDeskOn(t, test.NewTempApp(t), engine, around, options)
}

// newDeskOn is newDeskWith in an application that has preferences already.
func newDeskOn(t *testing.T, app fyne.App, engine *fakeEngine, around face.Engine, options Options) *desk {
	t.Helper()
	d := &desk{t: t, app: &deskApp{App: app}, engine: engine, queue: make(chan func(), 1024)}
	engine.ui = goroutine()
	if options.TrayHost == nil {
		options.TrayHost = func(context.Context) bool { return false }
	}
	w, err := newWindow(d.app, around, options, func(f func()) { d.queue <- f })
	if err != nil {
		t.Fatal(err)
	}
	d.window = w
	t.Cleanup(d.close)
	w.goTo(pages.PlaceSearch) // most tests begin there
	w.begin()
	return d
}

func (d *desk) close() {
	if d.window.crossing.ctx.Err() == nil {
		d.window.win.Close()
	}
	closed := make(chan bool)
	go func() { closed <- d.window.crossing.close() }()
	for {
		select {
		case f := <-d.queue:
			f()
		case clean := <-closed:
			if !clean {
				d.t.Error("goroutines of the window did not end")
			}
			for _, call := range d.engine.stuck {
				d.t.Errorf("the engine was called on the UI thread, which it may hold:\n%s", call)
			}
			return
		}
	}
}

// until runs what crosses to the UI thread until something is true.
func (d *desk) until(what string, is func() bool) {
	d.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond) // for what happens off the UI thread
	defer look.Stop()
	for !is() {
		select {
		case f := <-d.queue:
			f()
		case <-look.C:
		case <-deadline.C:
			d.t.Fatalf("in vain waited until %s; the window says:\n%s", what, strings.Join(d.texts(), "\n"))
		}
	}
}

// reads waits until a text is somewhere in the window.
func (d *desk) reads(text string) {
	d.t.Helper()
	d.until(fmt.Sprintf("the window reads %q", text), func() bool { return d.shows(text) })
}

// did waits until the engine was asked for an action.
func (d *desk) did(action string) {
	d.t.Helper()
	d.until(fmt.Sprintf("the engine is asked to %q, not only %q", action, d.engine.actions()), func() bool {
		for _, done := range d.engine.actions() {
			if done == action {
				return true
			}
		}
		return false
	})
}

func (d *desk) shows(text string) bool {
	for _, shown := range d.texts() {
		if strings.Contains(shown, text) {
			return true
		}
	}
	return false
}

// texts returns everything that can be read in the window now, sheets included.
func (d *desk) texts() []string {
	c := d.window.win.Canvas()
	var texts []string
	for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
		walk(object, func(o fyne.CanvasObject) {
			switch o := o.(type) {
			case *kit.Line:
				texts = append(texts, o.Text)
			case *kit.Text:
				texts = append(texts, o.Text)
			case *widget.Label:
				texts = append(texts, o.Text)
			case *canvas.Text:
				texts = append(texts, o.Text)
			case *widget.Entry:
				texts = append(texts, o.Text)
			}
		})
	}
	return texts
}

// walk visits everything visible.
func walk(object fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if object == nil || !object.Visible() {
		return
	}
	visit(object)
	switch o := object.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			walk(child, visit)
		}
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			walk(child, visit)
		}
	}
}

// tap waits for a visible button with this text, and presses the topmost one.
func (d *desk) tap(text string) {
	d.t.Helper()
	var found fyne.Tappable
	d.until(fmt.Sprintf("there is a button %q to press", text), func() bool {
		found = d.button(text)
		return found != nil
	})
	test.Tap(found)
}

// button returns the topmost visible button with this text, or nil.
func (d *desk) button(text string) (found fyne.Tappable) {
	c := d.window.win.Canvas()
	for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
		walk(object, func(o fyne.CanvasObject) {
			switch o := o.(type) {
			case *kit.Button:
				if o.Text == text && !o.Disabled() {
					found = o
				}
			case *kit.Check:
				if o.Text == text && !o.Disabled() {
					found = o
				}
			case interface { // our own widgets
				fyne.Tappable
				AccessibilityLabel() string
			}:
				if o.AccessibilityLabel() == text {
					found = o
				}
			}
		})
	}
	return found
}

// menu chooses an entry of the main menu.
func (d *desk) menu(text string) {
	d.t.Helper()
	for _, menu := range d.window.win.MainMenu().Items {
		for _, item := range menu.Items {
			if item.Label == text {
				item.Action()
				return
			}
		}
	}
	d.t.Fatalf("the menus have no %q", text)
}

// key presses a key, for what has the focus.
func (d *desk) key(name fyne.KeyName) {
	event := &fyne.KeyEvent{Name: name}
	if focused := d.window.win.Canvas().Focused(); focused != nil {
		focused.TypedKey(event)
	} else {
		d.window.menus.typedKey(event)
	}
}

// names returns the names of the hits on the page.
func names(d *desk) []string {
	var names []string
	for _, h := range rowsOf[face.Hit](d) {
		names = append(names, h.Name)
	}
	return names
}

// linesIn returns the texts of the lines in an object.
func linesIn(object fyne.CanvasObject) []string {
	var texts []string
	walk(object, func(o fyne.CanvasObject) {
		if l, ok := o.(*kit.Line); ok && l.Text != "" {
			texts = append(texts, l.Text)
		}
	})
	return texts
}

// readRow returns what a row of a table says, text by text.
func readRow(t *testing.T, table fyne.CanvasObject, name string) string {
	t.Helper()
	const rowHeight = 40 // at most
	found := ""
	walk(table, func(o fyne.CanvasObject) {
		if texts := linesIn(o); found == "" && o.Size().Height <= rowHeight && len(texts) > 1 && texts[0] == name {
			found = strings.Join(texts, " | ")
		}
	})
	if found == "" {
		t.Fatalf("no row %q is on the screen", name)
	}
	return found
}
