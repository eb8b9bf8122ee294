//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit/look"
)

// The keys of prefs.
const (
	prefWidth    = "window.width"
	prefHeight   = "window.height"
	prefLook     = "look"
	prefLanguage = "language"
	prefClose    = "close"
	prefQuiet    = "quit.quietly"
	prefFinished = "notify.finished"
	prefFailed   = "notify.failed"
	prefAsked    = "notify.requests"
	prefWished   = "notify.wishes"
)

// Sizes of the window: at first, and at least.
var (
	defaultSize = fyne.NewSize(1100, 700)
	leastSize   = fyne.NewSize(720, 480)
)

// closing is what the close button of the window does.
type closing string

const (
	closeAsks   closing = "" // nobody has decided yet
	closeToTray closing = "tray"
	closeQuits  closing = "quit"
)

// prefs are what the window remembers itself. The settings of the engine are in
// face.Settings.
type prefs struct{ fyne.Preferences }

func (p prefs) closing() closing {
	switch chosen := closing(p.String(prefClose)); chosen {
	case closeToTray, closeQuits:
		return chosen
	default:
		return closeAsks
	}
}

func (p prefs) setClosing(chosen closing) { p.SetString(prefClose, string(chosen)) }

func (p prefs) look() look.Choice {
	switch chosen := look.Choice(p.String(prefLook)); chosen {
	case look.Light, look.Dark:
		return chosen
	default:
		return look.System
	}
}

// language is the tag of the chosen language; "" stands for that of the system.
func (p prefs) language() string { return p.String(prefLanguage) }

// size is the size of the window when it was last closed.
func (p prefs) size() fyne.Size {
	return fyne.NewSize(
		float32(p.FloatWithFallback(prefWidth, float64(defaultSize.Width))),
		float32(p.FloatWithFallback(prefHeight, float64(defaultSize.Height))),
	).Max(leastSize)
}

func (p prefs) setSize(size fyne.Size) {
	size = size.Max(leastSize)
	p.SetFloat(prefWidth, float64(size.Width))
	p.SetFloat(prefHeight, float64(size.Height))
}
