//go:build !darwin || cgo

package ticks

import (
	"testing"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/kit/look"
)

func TestATickRowTellsWhatThePersonTicksAndNotWhatItWasFilledWith(t *testing.T) {
	s := kittest.New(t)
	var told []bool
	row := NewRow()
	s.Show(row)
	line := Line{Name: "film.mkv", Detail: "28 MB", Icon: theme.FileIcon(), Tint: look.ColorCaption}
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
