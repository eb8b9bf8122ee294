//go:build !darwin || cgo

package desktop

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/pages/people"
	"centralizedp2p/app/desktop/pages/portrait"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// herald sends notifications about downloads that end, requests that arrive and wishes
// that something fits, even while the window is hidden. It gathers those of a few seconds.
type herald struct {
	window   pages.Window
	app      fyne.App
	engine   heraldEngine
	seen     func(face.Status)             // called with each status
	known    map[string]face.DownloadState // nil before the first look
	finished []face.Download
	failed   []face.Download
	arrived  map[string]bool // requests that were told, or were there at the first look; nil before it
	requests []face.Request
	told     map[string]bool // finds of wishes, by wish and content
	finds    []face.Find
	wishes   func() // shows what was found
	gathers  bool   // tell is due
}

// heraldEngine is what the herald needs of the engine.
type heraldEngine interface {
	face.Overview
	face.Downloads
	face.People
	face.Wishes
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
	inbox, err := h.engine.Inbox(ctx)
	if err != nil {
		return nil
	}
	wishes, err := h.engine.Wishes(ctx)
	if err != nil {
		return nil
	}
	return func() {
		h.seen(status)
		h.see(downloads)
		h.hear(inbox)
		h.find(wishes)
	}
}

// find notes what fits wishes and was not seen yet, be it from before this start.
func (h *herald) find(wishes []face.Wish) {
	told := map[string]bool{}
	for _, w := range wishes {
		for _, f := range w.Found {
			if !f.New {
				continue
			}
			key := w.ID + " " + f.Hash.String()
			if told[key] = true; !h.told[key] {
				h.finds = append(h.finds, f)
				h.gather()
			}
		}
	}
	h.told = told
}

// hear notes the requests that arrived.
func (h *herald) hear(inbox []face.Request) {
	known := make(map[string]bool, len(inbox))
	for _, r := range inbox {
		known[r.ID] = true
		if h.arrived != nil && !h.arrived[r.ID] && r.State == face.RequestWaiting {
			h.requests = append(h.requests, r)
			h.gather()
		}
	}
	h.arrived = known
}

// gather tells what happened, and what else happens soon.
func (h *herald) gather() {
	if !h.gathers {
		h.gathers = true
		h.window.After(gatherTime, h.tell)
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
	if len(h.finished)+len(h.failed) > 0 {
		h.gather()
	}
}

// tell sends what was gathered.
func (h *herald) tell() {
	prefs := h.app.Preferences()
	if len(h.finished) > 0 && prefs.BoolWithFallback(prefFinished, true) {
		title := words.N("{{.Count}} downloads finished", len(h.finished), words.Values{"Count": words.Count(len(h.finished))})
		h.send(title, namesOf(h.finished, downloadName))
	}
	if len(h.failed) > 0 && prefs.BoolWithFallback(prefFailed, true) {
		text := namesOf(h.failed, downloadName)
		if len(h.failed) == 1 {
			text += "\n" + words.Explain(h.failed[0].Failure).String()
		}
		h.send(words.N("{{.Count}} downloads failed", len(h.failed), words.Values{"Count": words.Count(len(h.failed))}), text)
	}
	h.tellRequests(prefs.BoolWithFallback(prefAsked, true))
	h.tellFinds(prefs.BoolWithFallback(prefWished, true))
	h.finished, h.failed, h.requests, h.finds, h.gathers = nil, nil, nil, nil, false
}

// tellRequests says who wants to send something: on the page that is shown, and as a
// notification unless the person wants none.
func (h *herald) tellRequests(notify bool) {
	if len(h.requests) == 0 {
		return
	}
	title := words.N("{{.Count}} requests wait for an answer", len(h.requests), words.Values{"Count": words.Count(len(h.requests))})
	if len(h.requests) == 1 {
		title = words.L("{{.Name}} wants to send you something", words.Values{"Name": portrait.NameOf(h.requests[0].Name, h.requests[0].PeerID)})
	}
	if !h.window.Shows(pages.PlacePeople) {
		h.window.TellNext(title, words.L("Show"), func() { h.window.GoTo(pages.PlacePeople) })
	}
	if notify {
		h.send(title, words.Join(words.Files(h.requests[0].Files), words.Size(h.requests[0].Size), people.ItemsOf(h.requests[0])))
	}
}

// tellFinds says what fits wishes: in the window, and as a notification unless the person
// wants none.
func (h *herald) tellFinds(notify bool) {
	if len(h.finds) == 0 {
		return
	}
	title := words.N("{{.Count}} new results for your wishes", len(h.finds), words.Values{"Count": words.Count(len(h.finds))})
	h.window.TellNext(title, words.L("Show"), h.wishes)
	if notify {
		h.send(title, namesOf(h.finds, func(f face.Find) string { return f.Name }))
	}
}

// send may wait for the desktop, so it does not run on the UI thread.
func (h *herald) send(title, text string) {
	h.window.Start(func(context.Context) func() {
		h.app.SendNotification(fyne.NewNotification(title, text))
		return nil
	})
}

func downloadName(d face.Download) string { return d.Name }

// namesOf lists a few names.
func namesOf[T any](list []T, name func(T) string) string {
	const most = 4
	var names []string
	for _, one := range list[:min(len(list), most)] {
		names = append(names, netproto.Printable(words.CutName(name(one))))
	}
	if more := len(list) - most; more > 0 {
		names = append(names, words.N("and {{.Count}} others", more, words.Values{"Count": words.Count(more)}))
	}
	return strings.Join(names, "\n")
}
