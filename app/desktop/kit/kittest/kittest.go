//go:build !darwin || cgo

// Package kittest is a window for the tests of widgets, which may be compared with how
// they looked.
package kittest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit/look"
)

// Stand is an application for widgets. The test's goroutine is its UI thread:
// what comes back to it waits in a queue until the test looks.
type Stand struct {
	T      *testing.T
	App    fyne.App
	Window fyne.Window
	queue  chan func()
}

// New makes an application in the light look, without a window.
func New(t *testing.T) *Stand {
	t.Helper()
	s := &Stand{T: t, App: test.NewTempApp(t), queue: make(chan func(), 16)}
	s.App.Settings().SetTheme(look.NewTheme(look.Light))
	return s
}

// Beside runs work in a goroutine. What it returns waits in the queue.
func (s *Stand) Beside(work func() func()) { go func() { s.queue <- work() }() }

// Show opens a window of 320 × 240 with an object in it.
func (s *Stand) Show(object fyne.CanvasObject) {
	s.T.Helper()
	s.Window = test.NewTempWindow(s.T, object)
	s.Window.SetPadded(false)
	s.Window.Resize(fyne.NewSize(320, 240))
}

// Until runs what comes back until something is true.
func (s *Stand) Until(what string, is func() bool) {
	s.T.Helper()
	deadline := time.After(time.Minute)
	for !is() {
		select {
		case f := <-s.queue:
			f()
		case <-deadline:
			s.T.Fatalf("in vain waited until %s", what)
		}
	}
}

// AssertLooks compares widgets with testdata/<name>.xml. A test that fails writes
// what it saw to testdata/failed. A function may show its widget itself, and return
// nil.
func AssertLooks(t *testing.T, looks map[string]func(*Stand) fyne.CanvasObject) {
	for name, widget := range looks {
		t.Run(name, func(t *testing.T) {
			s := New(t)
			if object := widget(s); object != nil {
				s.Show(object)
			}
			test.AssertRendersToMarkup(t, name+".xml", s.Window.Canvas())
		})
	}
}

// AssertForgotten makes the renderers of our widgets again, and compares what they
// draw. Fyne forgets the renderers of what was out of sight for a minute.
func AssertForgotten(t *testing.T, looks map[string]func(*Stand) fyne.CanvasObject) {
	for name, widget := range looks {
		t.Run(name, func(t *testing.T) {
			s := New(t)
			if object := widget(s); object != nil {
				s.Show(object)
			}
			for _, object := range test.LaidOutObjects(s.Window.Content()) {
				w, ok := object.(fyne.Widget)
				if !ok || !strings.Contains(reflect.TypeOf(w).Elem().PkgPath(), "/desktop/kit") || w.Size().IsZero() {
					continue
				}
				before := test.TempWidgetRenderer(t, w).Objects()
				places := make([]string, len(before))
				for i, o := range before {
					places[i] = placeOf(o)
				}
				after := w.CreateRenderer().Objects()
				for i, o := range after {
					if got := placeOf(o); i < len(places) && o.Visible() && got != places[i] {
						t.Errorf("%T: part %d is %s, and was %s", w, i, got, places[i])
					}
				}
			}
		})
	}
}

// placeOf says where an object is, and what it reads.
func placeOf(o fyne.CanvasObject) string {
	if text, ok := o.(*canvas.Text); ok {
		return fmt.Sprint(o.Position(), o.Size(), text.Text)
	}
	if box, ok := o.(*fyne.Container); ok {
		said := fmt.Sprint(o.Position(), o.Size())
		for _, inner := range box.Objects {
			said += " " + placeOf(inner)
		}
		return said
	}
	return fmt.Sprint(o.Position(), o.Size())
}
