//go:build !darwin || cgo

package desktop

import (
	"os"
	"runtime/debug"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

const (
	startPercent = 400 // of what lives may be garbage until the window is shown
	shownPercent = 50  // and from then on: a long list would leave half as much again behind
)

// GetReady does what a window needs and an engine does not, so that it is done when the
// engine is: it reads the fonts. Garbage is left alone until the window is shown. The app
// must be made before. Nothing else may be asked of it until wait returns.
func GetReady() (wait func()) {
	setGarbage(startPercent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, own := fontLocales[prefs{fyne.CurrentApp().Preferences()}.language()]; own {
			return // for another locale than that of the system; the window finds them
		}
		for _, bold := range []bool{false, true} {
			fyne.MeasureText(appName, theme.TextSize(), fyne.TextStyle{Bold: bold})
		}
	}()
	return func() { <-done }
}

// setGarbage bounds garbage, in percent of what lives, unless the environment does. before
// sets what it was.
func setGarbage(percent int) (before func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	was := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(was) }
}
