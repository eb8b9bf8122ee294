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
	window   *window
	quitting bool // the engine is asked what others lose, or the person is told
}

// closeAsked answers the close button of the window. The window may disappear
// and the program stay only if there is a tray.
func (e *exit) closeAsked() {
	w := e.window
	if w.prefs.closing() == closeQuits {
		e.quit()
		return
	}
	w.crossing.startWithin(hostTime, func(ctx context.Context) func() {
		there := w.tray.hosted(ctx)
		return func() {
			switch {
			case !there:
				e.quit()
			case w.prefs.closing() == closeToTray:
				e.hide()
			default:
				e.ask()
			}
		}
	})
}

// hide leaves the window in the tray, where nothing in it is refreshed.
func (e *exit) hide() {
	w := e.window
	w.sheets.Close()
	w.prefs.setSize(w.win.Canvas().Size())
	w.win.Hide()
	w.crossing.setHidden(true)
}

// ask asks once what the close button should do.
func (e *exit) ask() {
	w := e.window
	decided := func(chosen closing, then func()) func() {
		return func() {
			w.sheets.Close()
			w.prefs.setClosing(chosen)
			then()
		}
	}
	quit := widget.NewButton(words.L("Quit"), decided(closeQuits, e.quit))
	stay := kit.PrimaryButton(words.L("Keep it in the tray"), theme.ConfirmIcon(), decided(closeToTray, e.hide))
	w.sheets.Open(words.L("Close the window, or quit?"),
		kit.Paragraph(words.L("In the tray, CentralizedP2P continues to download and share without its window. You can change this in Settings.")),
		fyne.NewSize(480, 220), w.sheets.CancelButton(), quit, stay)
}

// quit ends the program, after telling what others lose. Asked a second time,
// it does not wait.
func (e *exit) quit() {
	w := e.window
	if e.quitting || w.app.Preferences().Bool(prefQuiet) {
		w.win.Close()
		return
	}
	e.quitting = true
	w.crossing.startWithin(leavingTime, func(ctx context.Context) func() {
		leaving, err := w.engine.Leaving(ctx)
		return func() {
			e.quitting = false
			if err != nil || leaving.Uploads == 0 && len(leaving.Alone) == 0 {
				w.win.Close()
				return
			}
			e.warn(leaving)
		}
	})
}

// warn says what others lose. While that is shown, quit ends the program.
func (e *exit) warn(leaving face.Leaving) {
	w := e.window
	w.present()
	quietly := widget.NewCheck(words.L("Don't show this again"), nil)
	quit := widget.NewButtonWithIcon(words.L("Quit"), theme.LogoutIcon(), func() {
		w.app.Preferences().SetBool(prefQuiet, quietly.Checked)
		w.win.Close()
	})
	quit.Importance = widget.DangerImportance
	stay := widget.NewButton(words.L("Stay"), func() { w.sheets.Close() })
	opened := w.sheets.Open(words.L("Quit now?"), container.NewVBox(kit.Paragraph(leavingWords(leaving)), quietly),
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
		return text + words.N("Nobody else online has “{{.Name}}” and {{.Count}} others. Nobody can download them until you are back.", more,
			words.Values{"Name": first, "Count": words.Count(more)})
	}
	return text + words.L("Nobody else online has “{{.Name}}”. Nobody can download it until you are back.", words.Values{"Name": first})
}
