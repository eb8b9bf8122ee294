//go:build !darwin || cgo

package desktop

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// herald sends notifications about downloads that end, even while the window is
// hidden. It gathers those that end within a few seconds.
type herald struct {
	window   pages.Window
	app      fyne.App
	engine   heraldEngine
	seen     func(face.Status)             // called with each status
	known    map[string]face.DownloadState // nil before the first look
	finished []face.Download
	failed   []face.Download
	gathers  bool // tell is due
}

// heraldEngine is what the herald needs of the engine.
type heraldEngine interface {
	face.Overview
	face.Downloads
}

// look asks the engine for news. It runs beside the UI thread.
func (h *herald) look(ctx context.Context) func() {
	status, err := h.engine.Status(ctx)
	if err != nil {
		return nil // the window says so
	}
	downloads, err := h.engine.Downloads(ctx)
	if err != nil {
		return nil
	}
	return func() {
		h.seen(status)
		h.see(downloads)
	}
}

// see compares downloads with what they were.
func (h *herald) see(downloads []face.Download) {
	known := make(map[string]face.DownloadState, len(downloads))
	for _, d := range downloads {
		before := h.known[d.ID]
		known[d.ID] = d.State
		switch {
		case h.known == nil || before == d.State:
		case before == face.DownloadFinished && d.State == face.DownloadVerifying:
			known[d.ID] = before // which is no news if it ends well
		case d.IsFinished():
			h.finished = append(h.finished, d)
		case d.IsFailed():
			h.failed = append(h.failed, d)
		}
	}
	h.known = known
	if len(h.finished)+len(h.failed) > 0 && !h.gathers {
		h.gathers = true
		h.window.After(gatherTime, h.tell)
	}
}

// tell sends what was gathered.
func (h *herald) tell() {
	prefs := h.app.Preferences()
	if len(h.finished) > 0 && prefs.BoolWithFallback(prefFinished, true) {
		h.send(words.N("{{.Count}} downloads finished", len(h.finished), words.Values{"Count": words.Count(len(h.finished))}), namesOf(h.finished))
	}
	if len(h.failed) > 0 && prefs.BoolWithFallback(prefFailed, true) {
		text := namesOf(h.failed)
		if len(h.failed) == 1 {
			text += "\n" + words.Explain(h.failed[0].Failure).String()
		}
		h.send(words.N("{{.Count}} downloads failed", len(h.failed), words.Values{"Count": words.Count(len(h.failed))}), text)
	}
	h.finished, h.failed, h.gathers = nil, nil, false
}

// send may wait for the desktop, so it does not run on the UI thread.
func (h *herald) send(title, text string) {
	h.window.Start(func(context.Context) func() {
		h.app.SendNotification(fyne.NewNotification(title, text))
		return nil
	})
}

// namesOf lists a few names.
func namesOf(downloads []face.Download) string {
	const most = 4
	var names []string
	for _, d := range downloads[:min(len(downloads), most)] {
		names = append(names, netproto.Printable(words.CutName(d.Name)))
	}
	if more := len(downloads) - most; more > 0 {
		names = append(names, words.N("and {{.Count}} others", more, words.Values{"Count": words.Count(more)}))
	}
	return strings.Join(names, "\n")
}
