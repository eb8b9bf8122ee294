package command

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// progress shows how far something has come: a bar on a terminal, events with
// --json, and nothing in a log.
type progress struct {
	program *program
	label   string // a name as it is
	bar     *progressbar.ProgressBar
	width   int // columns of the terminal for which the bar was made
	last    progressEvent
	waits   waiting
	lookout *lookout // nil: nothing else is told
}

// look tells what happens around a download.
func (g *progress) look(d queue.Download) {
	if g.lookout != nil {
		g.lookout.look()
		g.lookout.download(d)
	}
}

func (g *progress) download(d queue.Download) {
	p := g.program
	now := progressEvent{"progress", d.State, d.Done, d.Size, d.Rate, d.Sources, d.Ways}
	if p.json && now != g.last {
		p.event(now)
	}
	g.last = now
	if n, ok := g.waits.look(d, time.Now(), func() string { return g.shut(d.ID) }); ok {
		p.notice(n)
	}
	if d.Size > 0 {
		g.set(d.Done, d.Size, d.Rate)
	}
}

// waiting knows how long a download has waited, and for what, as the person has read.
type waiting struct {
	state queue.State
	done  int64
	since time.Time // of state and done
	told  map[string]bool
}

// look returns what a download waits for, if it waits for too long; each thing once.
// ownQueue reports whether a download waits for others of this peer, and for no source.
func ownQueue(d queue.Download) bool { return d.State == queue.StateQueued && d.Sources == 0 }

// shut says that nobody can connect to its sources, or "".
func (w *waiting) look(d queue.Download, now time.Time, shut func() string) (noticeEvent, bool) {
	if d.Done != w.done || w.told == nil {
		w.told = map[string]bool{}
	}
	if d.State != w.state || d.Done != w.done || w.since.IsZero() {
		w.state, w.done, w.since = d.State, d.Done, now
	}
	if now.Sub(w.since) < patience {
		return noticeEvent{}, false
	}
	var what string
	code := noticeWaiting
	switch d.State {
	case queue.StateWaiting:
		what = "waiting for a source: no peer that has it answers"
	case queue.StateConnecting:
		what = "waiting for a connection to a source"
	case queue.StateQueued:
		what = fmt.Sprintf("waiting in the queue of the source, at place %d", d.Place)
		if ownQueue(d) {
			what = fmt.Sprintf("waiting for its turn among the downloads here, at place %d", d.Place)
		}
	case queue.StateDownloading:
		if now.Sub(w.since) < stalled {
			return noticeEvent{}, false
		}
		what = fmt.Sprintf("waiting for bytes: nothing has come for %d seconds", int(stalled.Seconds()))
	default:
		return noticeEvent{}, false
	}
	if d.State == queue.StateWaiting || d.State == queue.StateConnecting {
		if shut := shut(); shut != "" {
			what, code = shut, noticeShut
		}
	}
	key := code
	if code == noticeWaiting {
		key = string(d.State) // the place in a queue is no news
	}
	if w.told[key] {
		return noticeEvent{}, false
	}
	w.told[key] = true
	return noticeEvent{Code: code, Message: what}, true
}

// shut says that nobody can connect to the sources of a download; "" if that is not so.
func (g *progress) shut(id string) string {
	if g.lookout == nil {
		return ""
	}
	return shutWords(g.lookout.peer.sources(id))
}

const (
	usualWidth = 80 // columns of a terminal that does not say
	barRoom    = 11 // columns that the bar takes with nothing in it
	leastBar   = 6  // columns in it, while there is something to leave out
	leastWidth = barRoom + 3
	mostName   = 24
	// stalled is how long a download may get nothing from its sources before the
	// person reads it.
	stalled   = 10 * time.Second
	leastName = 4
)

// columns returns the width of the terminal.
func (p *program) columns() int { return cmp.Or(widthOf(p.Err), usualWidth) }

// widthOf returns how many columns a terminal has; 0 for what is none.
func widthOf(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return max(width, 0)
}

// set draws the bar on a terminal. done and total are bytes, rate is bytes per
// second; a total of -1 and a rate of 0 are unknown. A line that does not fit would
// stay behind at each step, so a narrow terminal shows less.
func (g *progress) set(done, total, rate int64) {
	if !g.program.Terminal || g.program.json {
		return
	}
	width := g.program.columns()
	if width != g.width {
		g.bar, g.width = nil, width // the terminal has folded what was drawn
	}
	if width < leastWidth {
		return
	}
	if g.bar == nil {
		// Its own rate would count what an earlier run fetched.
		g.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(g.program.Err), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetSpinnerChangeInterval(0), // otherwise it keeps drawing by itself
			progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
	}
	if total != g.bar.GetMax64() {
		g.bar.ChangeMax64(total)
	}
	if total >= 0 {
		done = min(done, total)
	}
	g.bar.Describe(describe(g.label, done, total, rate, width-barRoom))
	_ = g.bar.Set64(done)
	g.program.drawn = g
}

// describe says in that many columns how far something has come. What does not fit
// is left out: the time that is left first, then the rate, then most of the name.
func describe(label string, done, total, rate int64, columns int) string {
	amount, name := size(done), short(label, mostName)
	if total >= 0 {
		amount += " of " + size(total)
	}
	speed, left := "", ""
	if rate > 0 {
		speed = ", " + size(rate) + "/s"
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
		return short(label, room) + "  " + amount
	}
	for _, text := range []string{amount, size(done)} {
		if len(text) <= columns {
			return text
		}
	}
	return ""
}

// short shortens a name to at most that many columns; the end says which kind of file
// it is.
func short(name string, columns int) string {
	name = netproto.Printable(name)
	if uniseg.StringWidth(name) <= columns {
		return name
	}
	var clusters []string
	for g := uniseg.NewGraphemes(name); g.Next(); {
		clusters = append(clusters, g.Str())
	}
	head, tail := 0, len(clusters)
	for left := columns - 1; head < tail; {
		front := head <= len(clusters)-tail // the shorter end grows
		next := clusters[tail-1]
		if front {
			next = clusters[head]
		}
		if left -= uniseg.StringWidth(next); left < 0 {
			break
		}
		if front {
			head++
		} else {
			tail--
		}
	}
	return strings.Join(clusters[:head], "") + "…" + strings.Join(clusters[tail:], "")
}

// end removes the bar from the terminal.
func (g *progress) end() {
	if g.bar != nil {
		_ = g.bar.Clear()
		g.bar, g.program.drawn = nil, nil
	}
}
