package webpage

import (
	"context"
	"slices"
	"time"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/face"
	"centralizedp2p/app/web"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// What link and receive do with a peer that runs with the profile already: the page is
// the running peer's, and ends with the command.

// endPage closes a page of a running peer, also when the command was stopped.
func endPage(ctx context.Context, engine face.Engine, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drive.AnswerTime)
	defer cancel()
	return engine.CloseWeb(ctx, []string{id})
}

// followPage shows a page to look whenever it changes, until that has seen enough, or the
// command is stopped.
func followPage(ctx context.Context, engine face.Engine, id string, look func(face.WebPage) (done bool, err error)) error {
	err := lookout.Follow(ctx, engine, func() (bool, error) {
		pages, err := engine.WebPages(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(pages, func(p face.WebPage) bool { return p.ID == id })
		if i < 0 {
			return false, netproto.Errorf(netproto.CodeGone, "the page was closed elsewhere")
		}
		if pages[i].State == face.WebFailed {
			return false, pages[i].Failure.Error()
		}
		return look(pages[i])
	})
	if netproto.CodeOf(err) == netproto.CodeCancelled && ctx.Err() != nil { // Ctrl+C is how it ends
		return nil
	}
	return err
}

// webLinkThere has a running peer hand out paths until ctx or the link ends.
func (p *program) webLinkThere(ctx context.Context, engine face.Engine, paths []string, how linkWay) (err error) {
	if how.port != 0 {
		return netproto.Errorf(netproto.CodeUsage, "a peer runs with this profile already, and it chooses the port of a page itself")
	}
	items, err := drive.ItemsOf(ctx, engine, paths, how.secrets)
	if err != nil {
		return err
	}
	before, err := engine.WebPages(ctx)
	if err != nil {
		return err
	}
	id, err := engine.OfferWeb(ctx, face.WebOffer{Items: items})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(before, func(p face.WebPage) bool { return p.ID == id }) { // otherwise somebody else needs it
		defer func() {
			if closed := endPage(ctx, engine, id); err == nil {
				err = closed
			}
		}()
	}
	bar := p.NewBar("Hashing")
	defer bar.End()
	opened, told := false, 0
	return followPage(ctx, engine, id, func(page face.WebPage) (bool, error) {
		if page.State == face.WebPreparing {
			bar.Set(page.Hashed, max(page.Size, 1), 0)
			return false, nil
		}
		if !opened {
			bar.End()
			opened, told = true, page.Downloads
			terms := face.WebTerms{Count: how.count}
			if how.expires > 0 { // from now on: hashing took its time
				terms.Expires = time.Now().Add(how.expires)
			}
			if err := engine.SetWebTerms(ctx, id, terms); err != nil {
				return false, err
			}
			p.handsOutThere(page, terms)
			lookout.There(ctx, p.Screen, engine).HandedOut(paths)
		}
		for ; told < page.Downloads; told++ {
			p.downloadedFromPage(told + 1)
		}
		if page.State != face.WebOpen {
			p.pageEnded(web.LinkState(page.State), page.Downloads)
			return true, nil
		}
		return false, nil
	})
}

func (p *program) handsOutThere(page face.WebPage, terms face.WebTerms) {
	e := webLinkEvent{Event: "web-link", URL: page.URL, Others: page.Others, Name: page.Name, Size: page.Size, Files: page.Files, Count: terms.Count}
	if !terms.Expires.IsZero() {
		e.Expires = &terms.Expires
	}
	if !page.Hash.IsZero() {
		e.Hash = &page.Hash
	}
	p.handsOutAs(e)
}

// webInboxThere has a running peer take files until ctx ends, the time is over, or there
// were too many wrong PINs.
func (p *program) webInboxThere(ctx context.Context, engine face.Engine, folder, pin string, flags webFlags) (err error) {
	if flags.port != 0 || pin != "" {
		return netproto.Errorf(netproto.CodeUsage, "a peer runs with this profile already, and it chooses the port and the PIN of a page itself")
	}
	id, err := engine.ReceiveWeb(ctx, folder)
	if err != nil {
		return err
	}
	defer func() {
		if closed := endPage(ctx, engine, id); err == nil {
			err = closed
		}
	}()
	if flags.expires > 0 {
		limited, cancel := context.WithTimeout(ctx, flags.expires)
		defer cancel()
		ctx = limited
	}
	opened := false
	over := map[string]bool{} // arrivals that were told
	return followPage(ctx, engine, id, func(page face.WebPage) (bool, error) {
		if !opened {
			opened = true
			p.takesIn(webInboxEvent{"web-inbox", page.URL, page.Others, page.PIN, page.Folder})
		}
		for _, a := range slices.Backward(page.Arrivals) {
			key := a.Name + "\x00" + a.Path + "\x00" + string(a.State)
			if a.State != face.ArrivalRunning && !over[key] {
				over[key] = true
				p.arrivedThere(a)
			}
		}
		if page.State == face.WebShut {
			return false, wrongPINs()
		}
		return false, nil
	})
}

func (p *program) arrivedThere(a face.WebArrival) {
	e := receivedEvent{Event: "received", Name: a.Name, Size: a.Size, Hash: a.Hash, From: a.From}
	e.Path, e.PathBytes = cli.PathText(a.Path)
	p.arrivedAs(e, web.ArrivalState(a.State), a.Done)
}
