//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
)

// Preferences of the face itself; the engine's settings are in face.Settings.
const (
	prefWidth    = "window.width"
	prefHeight   = "window.height"
	prefLook     = "look"
	prefLanguage = "language"
	prefClose    = "close"
	prefQuiet    = "quit.quietly"
	prefFinished = "notify.finished"
	prefFailed   = "notify.failed"
)

// Size of the window where none is remembered, and its least size.
var (
	defaultSize = fyne.NewSize(1100, 700)
	leastSize   = fyne.NewSize(720, 480)
)

// closing is what the close button of the window does.
type closing string

const (
	closeAsks   closing = "" // nobody decided yet
	closeToTray closing = "tray"
	closeQuits  closing = "quit"
)

func (w *window) closing() closing {
	switch chosen := closing(w.app.Preferences().String(prefClose)); chosen {
	case closeToTray, closeQuits:
		return chosen
	default:
		return closeAsks
	}
}

func (w *window) setClosing(chosen closing) { w.app.Preferences().SetString(prefClose, string(chosen)) }

// look is the remembered choice between light and dark.
func (w *window) look() kit.Look {
	switch look := kit.Look(w.app.Preferences().String(prefLook)); look {
	case kit.LookLight, kit.LookDark:
		return look
	default:
		return kit.LookSystem
	}
}

func (w *window) setLook(choice kit.Look) {
	w.app.Preferences().SetString(prefLook, string(choice))
	w.app.Settings().SetTheme(kit.NewTheme(choice))
}

func (w *window) rememberedSize() fyne.Size {
	prefs := w.app.Preferences()
	return fyne.NewSize(
		float32(prefs.FloatWithFallback(prefWidth, float64(defaultSize.Width))),
		float32(prefs.FloatWithFallback(prefHeight, float64(defaultSize.Height))),
	).Max(leastSize)
}

func (w *window) rememberSize() {
	size := w.win.Canvas().Size().Max(leastSize)
	w.app.Preferences().SetFloat(prefWidth, float64(size.Width))
	w.app.Preferences().SetFloat(prefHeight, float64(size.Height))
}

func (w *window) language() string { return w.app.Preferences().String(prefLanguage) }

// setLanguage shows everything in another language at once: every page is built
// anew. What stood in the search entry stays.
func (w *window) setLanguage(tag string) {
	if err := loadTexts(tag); err != nil {
		w.fail(err)
		return
	}
	w.app.Preferences().SetString(prefLanguage, tag)
	text := w.frame.entry.Text
	w.notice.forget()
	w.undo.settle()
	w.build()
	w.showPages()
	w.frame.entry.SetText(text)
	w.tray.build()
	w.showStatus(w.status)
	w.goTo(placeSettings)
}
