//go:build !darwin || cgo

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"centralizedp2p/app/desktop/native"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// tray is the icon in the tray, with its menu.
type tray struct {
	window    pages.Window
	app       fyne.App
	win       fyne.Window
	exit      *exit
	transfers *allTransfers
	host      func(context.Context) bool // nil to ask the desktop whether it shows icons
	present   func()                     // brings the window to the front
	there     bool                       // the icon is in the tray
	menu      *fyne.Menu
	rates     *fyne.MenuItem
	quick     *fyne.MenuItem
}

// build makes the menu, in the language in use.
func (t *tray) build() {
	t.rates = fyne.NewMenuItem(ratesWords(t.window.Status()), nil)
	t.rates.Disabled = true
	t.quick = fyne.NewMenuItem(words.L("Quick limit"), t.transfers.switchQuickLimit)
	t.quick.Checked = t.window.Status().QuickLimit
	quit := fyne.NewMenuItem(words.L("Quit"), t.exit.quit)
	quit.IsQuit = true
	t.menu = fyne.NewMenu(appName,
		fyne.NewMenuItem(words.L("Show the window"), t.present),
		t.rates,
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(words.L("Pause all"), t.transfers.pauseAll),
		fyne.NewMenuItem(words.L("Resume all"), t.transfers.resumeAll),
		t.quick,
		fyne.NewMenuItemSeparator(),
		quit)
	t.refresh()
}

// begin puts the icon into the tray. That must happen before the application
// runs: Fyne does not start a tray later. A tray that starts after the program,
// as at login, then finds the icon.
func (t *tray) begin() {
	if t.host != nil || native.TrayPossible() {
		t.appear()
	}
}

func (t *tray) appear() {
	app, able := t.app.(desktop.App)
	if !able {
		return
	}
	t.there = true
	app.SetSystemTrayMenu(t.menu)
	app.SetSystemTrayWindow(t.win) // a click on the icon shows the window
	t.win.SetCloseIntercept(t.exit.closeAsked)
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
	if app, able := t.app.(desktop.App); able && t.there {
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
	if t.host != nil {
		return t.host(ctx)
	}
	return native.TrayShown(ctx)
}
