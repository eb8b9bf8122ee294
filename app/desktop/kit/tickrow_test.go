//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

func TestATickRowTellsWhatThePersonTicksAndNotWhatItWasFilledWith(t *testing.T) {
	s := newStand(t)
	var told []bool
	row := NewTickRow()
	s.show(row)
	line := TickLine{Name: "film.mkv", Detail: "28 MB", Icon: theme.FileIcon(), Tint: ColorCaption}
	for _, line.Tick = range []Tick{Ticked, Unticked, PartlyTicked, Ticked} {
		row.Fill(line, func(ticked bool) { told = append(told, ticked) })
	}
	if len(told) != 0 {
		t.Fatalf("filling the row told %v", told)
	}
	test.Tap(row.check)
	test.Tap(row.check)
	if len(told) != 2 || told[0] || !told[1] {
		t.Errorf("unticking and ticking told %v", told)
	}
	line.Tick, line.Indented = NoTick, true
	row.Fill(line, nil)
	if row.check.Visible() || !row.indent.Visible() {
		t.Error("a line without a box has one, or is not indented")
	}
}
