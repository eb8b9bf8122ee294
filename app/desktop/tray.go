//go:build !darwin || cgo

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// tray is the icon in the tray, with its menu.
type tray struct {
	window *window
	there  bool // the icon is in the tray
	menu   *fyne.Menu
	rates  *fyne.MenuItem
	quick  *fyne.MenuItem
}

func newTray(w *window) *tray {
	t := &tray{window: w}
	t.build()
	return t
}

// build makes the menu, in the language in use.
func (t *tray) build() {
	w := t.window
	t.rates = fyne.NewMenuItem(ratesWords(w.status), nil)
	t.rates.Disabled = true
	t.quick = fyne.NewMenuItem(words.L("Quick limit"), w.transfers.switchQuickLimit)
	t.quick.Checked = w.status.QuickLimit
	quit := fyne.NewMenuItem(words.L("Quit"), w.exit.quit)
	quit.IsQuit = true
	t.menu = fyne.NewMenu(appName,
		fyne.NewMenuItem(words.L("Show the window"), w.present),
		t.rates,
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(words.L("Pause all"), w.transfers.pauseAll),
		fyne.NewMenuItem(words.L("Resume all"), w.transfers.resumeAll),
		t.quick,
		fyne.NewMenuItemSeparator(),
		quit)
	t.refresh()
}

// begin puts the icon into the tray. That must happen before the application
// runs: Fyne does not start a tray later. A tray that starts after the program,
// as at login, then finds the icon.
func (t *tray) begin() {
	if t.window.options.TrayHost != nil || trayPossible() {
		t.appear()
	}
}

func (t *tray) appear() {
	app, able := t.window.app.(desktop.App)
	if !able {
		return
	}
	t.there = true
	app.SetSystemTrayMenu(t.menu)
	app.SetSystemTrayWindow(t.window.win) // a click on the icon shows the window
	t.window.win.SetCloseIntercept(t.window.exit.closeAsked)
}

// show updates the menu, if it reads differently.
func (t *tray) show(status face.Status) {
	text := ratesWords(status)
	if t.rates.Label == text && t.quick.Checked == status.QuickLimit {
		return
	}
	t.rates.Label, t.quick.Checked = text, status.QuickLimit
	t.refresh()
}

func (t *tray) refresh() {
	if app, able := t.window.app.(desktop.App); able && t.there {
		app.SetSystemTrayMenu(t.menu)
	}
}

// ratesWords is the line of the menu with the rates. It has no arrows, because
// the fonts of some desktops lack them.
func ratesWords(status face.Status) string {
	return words.L("Down {{.Down}}, up {{.Up}}", words.Values{"Down": words.Rate(status.DownRate), "Up": words.Rate(status.UpRate)})
}

// hosted reports whether something shows icons of the tray.
func (t *tray) hosted(ctx context.Context) bool {
	w := t.window
	if w.options.TrayHost != nil {
		return w.options.TrayHost(ctx)
	}
	return trayHost(ctx)
}
