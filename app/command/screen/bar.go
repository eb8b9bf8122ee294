package screen

import (
	"cmp"
	"time"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
)

// Bar shows how far something has come on a terminal, and nothing in a log.
type Bar struct {
	*Screen
	Label string // a name as it is
	drawn *progressbar.ProgressBar
	width int // columns of the terminal for which the bar was made
}

// NewBar returns a bar that is drawn once [Bar.Set] says how far something has come.
func (s *Screen) NewBar(label string) *Bar { return &Bar{Screen: s, Label: label} }

const (
	usualWidth = 80 // columns of a terminal that does not say
	barRoom    = 11 // columns that the bar takes with nothing in it
	leastBar   = 6  // columns in it, while there is something to leave out
	leastWidth = barRoom + 3
	mostName   = 24
	leastName  = 4
)

// columns returns the width of the terminal.
func (s *Screen) columns() int { return cmp.Or(WidthOf(s.Err), usualWidth) }

// Set draws the bar on a terminal. done and total are bytes, rate is bytes per
// second; a total of -1 and a rate of 0 are unknown. A line that does not fit would
// stay behind at each step, so a narrow terminal shows less.
func (b *Bar) Set(done, total, rate int64) {
	if !b.Terminal || b.JSON {
		return
	}
	width := b.columns()
	if width != b.width {
		b.drawn, b.width = nil, width // the terminal has folded what was drawn
	}
	if width < leastWidth {
		return
	}
	if b.drawn == nil {
		// Its own rate would count what an earlier run fetched.
		b.drawn = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.Err), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetSpinnerChangeInterval(0), // otherwise it keeps drawing by itself
			progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
	}
	if total != b.drawn.GetMax64() {
		b.drawn.ChangeMax64(total)
	}
	if total >= 0 {
		done = min(done, total)
	}
	b.drawn.Describe(describe(b.Label, done, total, rate, width-barRoom))
	_ = b.drawn.Set64(done)
	b.shown = b
}

// describe says in that many columns how far something has come. What does not fit
// is left out: the time that is left first, then the rate, then most of the name.
func describe(label string, done, total, rate int64, columns int) string {
	amount, name := Size(done), Short(label, mostName)
	if total >= 0 {
		amount += " of " + Size(total)
	}
	speed, left := "", ""
	if rate > 0 {
		speed = ", " + Size(rate) + "/s"
		if total >= 0 {
			left = ", " + (time.Duration((total-done)/rate) * time.Second).String() + " left"
		}
	}
	for _, text := range []string{name + "  " + amount + speed + left, name + "  " + amount + speed, name + "  " + amount} {
		if uniseg.StringWidth(text) <= columns-leastBar {
			return text
		}
	}
	if room := columns - len(amount) - len("  "); room >= leastName {
		return Short(label, room) + "  " + amount
	}
	for _, text := range []string{amount, Size(done)} {
		if len(text) <= columns {
			return text
		}
	}
	return ""
}

// End removes the bar from the terminal.
func (b *Bar) End() {
	if b.drawn != nil {
		_ = b.drawn.Clear()
		b.drawn, b.shown = nil, nil
	}
}
