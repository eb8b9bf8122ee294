//go:build !darwin || cgo

package lists

import (
	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
)

// Host is what the window lends to its lists and tables.
type Host struct {
	Tips   *kit.Tips        // shows what does not fit into a row; nil shows nothing
	Canvas fyne.Canvas      // where lists get the focus, even before they are drawn
	Prefs  fyne.Preferences // where tables remember their columns
	// Beside runs work in a goroutine, and then what work returns on the UI
	// thread.
	Beside func(work func() func())
	// Pressed receives the keys that lists do not use themselves.
	Pressed func(*fyne.KeyEvent)
}
