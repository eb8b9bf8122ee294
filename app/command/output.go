package command

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// The JSON objects that commands print, one per line.
type (
	sharedEvent struct {
		Event string               `json:"event"` // shared
		Hash  netproto.ContentHash `json:"hash"`
		Size  int64                `json:"size"` // bytes
		Name  string               `json:"name"`
		Path  string               `json:"path"`
		Link  string               `json:"link"`
		Files *int                 `json:"files,omitempty"` // of a folder only
	}
	hitLine struct {
		Hash    netproto.ContentHash `json:"hash"`
		Name    string               `json:"name"`
		Size    int64                `json:"size"` // bytes
		Sources int                  `json:"sources"`
		Folder  bool                 `json:"folder,omitempty"`
	}
	progressEvent struct {
		Event   string      `json:"event"` // progress
		State   queue.State `json:"state"`
		Done    int64       `json:"done"` // bytes verified
		Size    int64       `json:"size"` // bytes; -1 while it is unknown
		Rate    int64       `json:"rate"` // bytes per second
		Sources int         `json:"sources"`
	}
	completedEvent struct {
		Event   string               `json:"event"` // completed
		Path    string               `json:"path"`
		Hash    netproto.ContentHash `json:"hash"`
		Size    int64                `json:"size"` // bytes
		Seconds float64              `json:"seconds"`
		Sources int                  `json:"sources"` // that sent something
	}
	failedEvent struct {
		Event   string        `json:"event"` // error
		Code    netproto.Code `json:"code"`
		Message string        `json:"message"`
		Hint    string        `json:"hint"`
	}
)

// event prints a JSON object. If that fails, the command ends in order and fails.
func (p *program) event(v any) {
	line, err := netproto.VisibleJSON(v)
	if err != nil {
		line, _ = netproto.VisibleJSON(failedEvent{Event: "error", Code: netproto.CodeInternal, Message: err.Error()})
	}
	_, _ = p.Out.Write(line) // the output remembers its failure
}

// say prints a line for people; with --json it prints nothing.
func (p *program) say(format string, args ...any) {
	if !p.json {
		fmt.Fprintf(p.Out, format+"\n", args...)
	}
}

func size(n int64) string {
	if n < 0 {
		return "unknown size"
	}
	return humanize.Bytes(uint64(n))
}

// rate returns n bytes in that many seconds, in words.
func rate(n int64, seconds float64) string {
	if seconds <= 0 {
		return "at once"
	}
	return humanize.Bytes(uint64(float64(n)/seconds)) + "/s"
}

// progress shows how far something has come: a bar on a terminal, events with
// --json, and nothing in a log.
type progress struct {
	program *program
	label   string // a name as it is
	bar     *progressbar.ProgressBar
	last    progressEvent
	since   time.Time // of the state in last
	told    bool      // the person has read what the download waits for
}

func (g *progress) download(d queue.Download) {
	p := g.program
	now := progressEvent{"progress", d.State, d.Done, d.Size, d.Rate, d.Sources}
	if p.json {
		if now != g.last {
			p.event(now)
		}
		g.last = now
		return
	}
	if d.State != g.last.State {
		g.since, g.told = time.Now(), false
	}
	g.last = now
	if !g.told && time.Since(g.since) >= patience {
		g.told = g.wait(d)
	}
	if d.Size > 0 {
		g.set(d.Done, d.Size, d.Rate)
	}
}

// wait prints what a download waits for, if it waits.
func (g *progress) wait(d queue.Download) bool {
	switch d.State {
	case queue.StateWaiting:
		g.end()
		fmt.Fprintln(g.program.Err, "Waiting for a source…")
		return true
	case queue.StateQueued:
		g.end()
		fmt.Fprintf(g.program.Err, "Queued at the source, at place %d…\n", d.Place)
		return true
	}
	return false
}

// set draws the bar on a terminal. done and total are bytes, rate is bytes per
// second; a total of -1 and a rate of 0 are unknown.
func (g *progress) set(done, total, rate int64) {
	if !g.program.Terminal || g.program.json {
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
	text := short(g.label) + "  " + size(done)
	if total >= 0 {
		done = min(done, total)
		text += " of " + size(total)
	}
	if rate > 0 {
		text += ", " + size(rate) + "/s"
		if total >= 0 {
			text += ", " + (time.Duration((total-done)/rate) * time.Second).String() + " left"
		}
	}
	g.bar.Describe(text)
	_ = g.bar.Set64(done)
}

// short shortens a name, so that there is room for the bar beside it.
func short(name string) string {
	const most = 24 // characters
	runes := []rune(netproto.Printable(name))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2:])
}

// end removes the bar from the terminal.
func (g *progress) end() {
	if g.bar != nil {
		_ = g.bar.Clear()
		g.bar = nil
	}
}
