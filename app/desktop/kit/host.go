//go:build !darwin || cgo

// Package kit holds the widgets of the window: lists and tables whose rows can be
// sorted and selected, chips, graphs, the sheets above the window, and the theme
// with its icons. It knows neither the pages nor the engine; a page fills a widget
// with plain values and is called back through fields that are functions.
//
// Every widget is used on the UI thread only.
//
// Every file carries the constraint "!darwin || cgo", because Fyne's widgets do
// not compile for macOS without cgo, where the headless build is still made with
// ./... .
package kit

import "fyne.io/fyne/v2"

// Host is what the window lends to its lists and tables.
type Host struct {
	Tips   *Tips            // shows what does not fit into a row; nil shows nothing
	Canvas fyne.Canvas      // where lists get the focus, even before they are drawn
	Prefs  fyne.Preferences // where tables remember their columns
	// Beside runs work in a goroutine, and then what work returns on the UI
	// thread.
	Beside func(work func() func())
	// Pressed receives the keys that lists do not use themselves.
	Pressed func(*fyne.KeyEvent)
}
