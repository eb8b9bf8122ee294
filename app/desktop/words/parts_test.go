package words

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheLeastImportantPartsOfALineGiveWayFirst(t *testing.T) {
	transfer := Side(Part{Text: "To Maximiliane Wolfeschlegel", Cut: CutMiddles, Stays: true}, Part{}, Part{Text: "12 MB of 40 MB", Short: "30 %", Stays: true},
		Part{Text: "1.2 MB/s", Stays: true}, Part{Text: "203.0.113.5:4000"})
	reason := Side(Part{Text: "Paused", Stays: true}, Part{Text: "12 MB of 40 MB", Short: "30 %"}, Part{Text: "The folder cannot be written to: /home/ada/Downloads", Cut: CutEnds, Stays: true})
	for _, c := range []struct {
		parts Parts
		room  int
		want  string
	}{
		{transfer, 80, "To Maximiliane Wolfeschlegel · 12 MB of 40 MB · 1.2 MB/s · 203.0.113.5:4000"},
		{transfer, 70, "To Maximiliane …chlegel · 12 MB of 40 MB · 1.2 MB/s · 203.0.113.5:4000"},
		{transfer, 58, "To Maximiliane Wo…schlegel · 12 MB of 40 MB · 1.2 MB/s · …"},
		{transfer, 40, "To Maximilia…legel · 30 % · 1.2 MB/s · …"},
		{transfer, 28, "To Maximili…legel · 30 % · …"},
		{transfer, 20, "To Maximil…legel · …"},
		{transfer, 10, "To Maximi…"},
		{reason, 90, "Paused · 12 MB of 40 MB · The folder cannot be written to: /home/ada/Downloads"},
		{reason, 60, "Paused · 12 MB of 40 MB · The folder cannot be written to: …"},
		{reason, 42, "Paused · 30 % · The folder cannot be writ…"},
		{reason, 37, "Paused · The folder cannot be wr… · …"},
		{reason, 36, "Paused · …"},
		{Side(Part{Text: "a\x1bb"}), 9, `a\u{1b}b`},
		{Side(), 9, ""},
	} {
		got := c.parts.Fit(func(text string) bool { return utf8.RuneCountInString(text) <= c.room })
		if got != c.want {
			t.Errorf("in %d it reads %q (%d) instead of %q", c.room, got, utf8.RuneCountInString(got), c.want)
		}
	}
	for room := range 90 {
		for _, parts := range []Parts{transfer, reason} {
			got := parts.Fit(func(text string) bool { return utf8.RuneCountInString(text) <= room })
			if length := utf8.RuneCountInString(got); length > max(room, 1) || strings.HasPrefix(got, "…") && room > 1 {
				t.Errorf("in %d it reads %q", room, got)
			}
		}
	}
}
