//go:build !darwin || cgo

package sheets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
)

// sheetsOf returns the sheets of a window, and how many were closed.
func sheetsOf(s *kittest.Stand) (sheets *Sheets, closed *int) {
	s.T.Helper()
	s.Show(canvas.NewRectangle(theme.Color(theme.ColorNameBackground)))
	closed = new(int)
	return New(s.Window, kit.NewTips(), func(err error) { s.T.Error(err) }, func() { *closed++ }), closed
}

func TestASheetTakesThePlaceOfTheOneBefore(t *testing.T) {
	sheets, closed := sheetsOf(kittest.New(t))
	size, gone := fyne.NewSize(200, 100), 0
	sheets.Open("First", kit.Paragraph("one"), size).Gone = func() { gone++ }
	sheets.Open("Second", kit.Paragraph("two"), size, sheets.CancelButton())
	if gone != 1 || *closed != 1 || !sheets.IsOpen() {
		t.Errorf("the first was closed %d times, the window heard of it %d times, open: %v", gone, *closed, sheets.IsOpen())
	}
	if !sheets.Close() || sheets.IsOpen() || sheets.Close() {
		t.Error("a sheet is open after the only one was closed")
	}
}

func TestAPickerLiesAboveTheSheetThatAsks(t *testing.T) {
	s := kittest.New(t)
	sheets, closed := sheetsOf(s)
	sheets.Open("Share these?", kit.Paragraph("one"), fyne.NewSize(200, 100))
	sheets.PickFiles(func([]string) {})
	if over := len(s.Window.Canvas().Overlays().List()); over != 2 {
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
	s := kittest.New(t)
	sheets, _ := sheetsOf(s)
	done := 0
	sheets.Decide("Delete files?", "This cannot be undone.", "Delete files", func() { done++ })
	sheets.Close()
	if done != 0 {
		t.Error("what was not agreed to is done")
	}
	sheets.Decide("Delete files?", "This cannot be undone.", "Delete files", func() { done++ })
	for _, object := range test.LaidOutObjects(s.Window.Canvas().Overlays().Top()) {
		if b, ok := object.(*kit.Button); ok && b.Text == "Delete files" {
			test.Tap(b)
		}
	}
	if done != 1 || sheets.IsOpen() {
		t.Errorf("what was agreed to is done %d times, the question is open: %v", done, sheets.IsOpen())
	}
}
