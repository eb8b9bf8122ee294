//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// sheets returns the sheets of a window, and how many were closed.
func (s *stand) sheets() (sheets *Sheets, closed *int) {
	s.t.Helper()
	s.show(canvas.NewRectangle(theme.Color(theme.ColorNameBackground)))
	closed = new(int)
	return NewSheets(s.window, NewTips(), func(err error) { s.t.Error(err) }, func() { *closed++ }), closed
}

func TestASheetTakesThePlaceOfTheOneBefore(t *testing.T) {
	sheets, closed := newStand(t).sheets()
	size, gone := fyne.NewSize(200, 100), 0
	sheets.Open("First", Paragraph("one"), size).Gone = func() { gone++ }
	sheets.Open("Second", Paragraph("two"), size, sheets.CancelButton())
	if gone != 1 || *closed != 1 || !sheets.IsOpen() {
		t.Errorf("the first was closed %d times, the window heard of it %d times, open: %v", gone, *closed, sheets.IsOpen())
	}
	if !sheets.Close() || sheets.IsOpen() || sheets.Close() {
		t.Error("a sheet is open after the only one was closed")
	}
}

func TestAPickerLiesAboveTheSheetThatAsks(t *testing.T) {
	s := newStand(t)
	sheets, closed := s.sheets()
	sheets.Open("Share these?", Paragraph("one"), fyne.NewSize(200, 100))
	sheets.PickFiles(func([]string) {})
	if over := len(s.window.Canvas().Overlays().List()); over != 2 {
		t.Fatalf("%d lie above the window, not the sheet and the picker", over)
	}
	sheets.Close()
	if !sheets.IsOpen() || *closed != 1 {
		t.Error("the sheet was closed with its picker")
	}
	sheets.PickFolder("Choose a folder", t.TempDir(), func(string) {})
	sheets.CloseAll()
	if sheets.IsOpen() || *closed != 3 {
		t.Errorf("%d were closed, open: %v", *closed, sheets.IsOpen())
	}
}

func TestADecisionIsCarriedOutOnlyWhenItIsAgreedTo(t *testing.T) {
	s := newStand(t)
	sheets, _ := s.sheets()
	done := 0
	sheets.Decide("Delete files?", "This cannot be undone.", "Delete files", func() { done++ })
	sheets.Close()
	if done != 0 {
		t.Error("what was not agreed to is done")
	}
	sheets.Decide("Delete files?", "This cannot be undone.", "Delete files", func() { done++ })
	for _, object := range test.LaidOutObjects(s.window.Canvas().Overlays().Top()) {
		if b, ok := object.(*Button); ok && b.Text == "Delete files" {
			test.Tap(b)
		}
	}
	if done != 1 || sheets.IsOpen() {
		t.Errorf("what was agreed to is done %d times, the question is open: %v", done, sheets.IsOpen())
	}
}
