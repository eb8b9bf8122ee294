//go:build !darwin || cgo

package desktop

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// How long a person who quits waits: leavingTime for what others lose, hostTime
// to find out whether there is a tray.
const (
	leavingTime = 2 * time.Second
	hostTime    = time.Second
)

// exit decides what closing the window means, and ends the program.
type exit struct {
	window   pages.Window
	win      fyne.Window
	prefs    prefs
	crossing *crossing
	engine   face.Overview
	hosted   func(context.Context) bool // reports whether there is a tray
	present  func()                     // brings the window to the front
	quitting bool                       // the engine is asked what others lose, or the person is told
}

// closeAsked answers the close button of the window. The window may disappear
// and the program stay only if there is a tray.
func (e *exit) closeAsked() {
	if e.prefs.closing() == closeQuits {
		e.quit()
		return
	}
	e.crossing.startWithin(hostTime, func(ctx context.Context) func() {
		there := e.hosted(ctx)
		return func() {
			switch {
			case !there:
				e.quit()
			case e.prefs.closing() == closeToTray:
				e.hide()
			default:
				e.ask()
			}
		}
	})
}

// hide leaves the window in the tray, where nothing in it is refreshed.
func (e *exit) hide() {
	e.window.Sheets().Close()
	e.prefs.setSize(e.win.Canvas().Size())
	e.win.Hide()
	e.crossing.setHidden(true)
}

// ask asks once what the close button should do.
func (e *exit) ask() {
	w := e.window
	decided := func(chosen closing, then func()) func() {
		return func() {
			w.Sheets().Close()
			e.prefs.setClosing(chosen)
			then()
		}
	}
	quit := kit.NewButton(words.L("Quit"), decided(closeQuits, e.quit))
	stay := kit.PrimaryButton(words.L("Keep it in the tray"), theme.ConfirmIcon(), decided(closeToTray, e.hide))
	w.Sheets().Open(words.L("Close the window, or quit?"),
		kit.Paragraph(words.L("In the tray, CentralizedP2P continues to download and share without its window. You can change this in Settings.")),
		fyne.NewSize(480, 220), w.Sheets().CancelButton(), quit, stay)
}

// quit ends the program, after telling what others lose. Asked a second time,
// it does not wait.
func (e *exit) quit() {
	if e.quitting || e.prefs.Bool(prefQuiet) {
		e.win.Close()
		return
	}
	e.quitting = true
	e.crossing.startWithin(leavingTime, func(ctx context.Context) func() {
		leaving, err := e.engine.Leaving(ctx)
		return func() {
			e.quitting = false
			if err != nil || leaving.Uploads == 0 && len(leaving.Alone) == 0 {
				e.win.Close()
				return
			}
			e.warn(leaving)
		}
	})
}

// warn says what others lose. While that is shown, quit ends the program.
func (e *exit) warn(leaving face.Leaving) {
	w := e.window
	e.present()
	quietly := kit.NewCheck(words.L("Don’t show this again"), nil)
	quit := kit.NewButtonWithIcon(words.L("Quit"), theme.LogoutIcon(), func() {
		e.prefs.SetBool(prefQuiet, quietly.Checked)
		e.win.Close()
	})
	quit.Importance = widget.DangerImportance
	stay := kit.NewButton(words.L("Stay"), func() { w.Sheets().Close() })
	opened := w.Sheets().Open(words.L("Quit now?"), container.NewVBox(kit.Paragraph(leavingWords(leaving)), quietly),
		fyne.NewSize(480, 260), stay, quit)
	e.quitting = true
	opened.Gone = func() { e.quitting = false }
}

// leavingWords says what others lose, in one to three sentences.
func leavingWords(leaving face.Leaving) string {
	text := ""
	if leaving.Uploads > 0 {
		text = words.N("{{.Count}} uploads are running or waiting. They would stop.", leaving.Uploads,
			words.Values{"Count": words.Count(leaving.Uploads)})
	}
	if len(leaving.Alone) == 0 {
		return text
	}
	if text != "" {
		text += "\n"
	}
	first := netproto.Printable(words.CutName(leaving.Alone[0]))
	if more := len(leaving.Alone) - 1; more > 0 {
		return text + words.N("Nobody else online has “{{.Name}}” and {{.Count}} other files. Nobody can download them until you are back.", more,
			words.Values{"Name": first, "Count": words.Count(more)})
	}
	return text + words.L("Nobody else online has “{{.Name}}”. Nobody can download it until you are back.", words.Values{"Name": first})
}
