//go:build !darwin || cgo

package kit

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// stand is an application for widgets. The test's goroutine is its UI thread:
// what comes back to it waits in a queue until the test looks.
type stand struct {
	t      *testing.T
	app    fyne.App
	window fyne.Window
	queue  chan func()
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{t: t, app: test.NewTempApp(t), queue: make(chan func(), 16)}
	s.app.Settings().SetTheme(NewTheme(LookLight))
	return s
}

func (s *stand) host() Host {
	return Host{Tips: NewTips(), Prefs: s.app.Preferences(), Pressed: func(*fyne.KeyEvent) {},
		Beside: func(work func() func()) { go func() { s.queue <- work() }() }}
}

// show opens a window of 320 × 240 with an object in it.
func (s *stand) show(object fyne.CanvasObject) {
	s.t.Helper()
	s.window = test.NewTempWindow(s.t, object)
	s.window.SetPadded(false)
	s.window.Resize(fyne.NewSize(320, 240))
}

// until runs what comes back until something is true.
func (s *stand) until(what string, is func() bool) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	for !is() {
		select {
		case f := <-s.queue:
			f()
		case <-deadline:
			s.t.Fatalf("in vain waited until %s", what)
		}
	}
}
