package localengine

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"
	"sync"

	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/web"
	"centralizedp2p/netproto"
)

// webPages implements [face.Web].
type webPages struct {
	*core

	mu    sync.Mutex
	last  int // number of the newest page
	pages []*webPage
}

// webPage is a page and the goroutine that opens and closes it.
type webPage struct {
	id    string
	items []node.WebItem // of a link
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	share   sharing.Share // that is being hashed
	failure error
	link    *node.WebLink  // nil while it is prepared
	inbox   *node.WebInbox // nil of a link
}

// OfferWeb begins a link.
func (ws *webPages) OfferWeb(_ context.Context, offer face.WebOffer) (string, error) {
	items, err := ws.items(offer)
	if err != nil {
		return "", err
	}
	ws.mu.Lock()
	for _, p := range ws.pages {
		if p.offers(items) {
			ws.mu.Unlock()
			return p.id, nil
		}
	}
	ws.mu.Unlock()
	return ws.add(&webPage{items: items}, func(ctx context.Context, p *webPage) (closing func() error, err error) {
		l, err := ws.node.OpenWebLink(ctx, node.WebLinkOptions{Items: items, Changed: ws.news.tell, Preparing: func(s sharing.Share) {
			p.mu.Lock()
			p.share = s
			p.mu.Unlock()
		}})
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		p.link = l
		p.mu.Unlock()
		return l.Close, nil
	})
}

// items are what an offer names.
func (ws *webPages) items(offer face.WebOffer) ([]node.WebItem, error) {
	var items []node.WebItem
	for _, s := range ws.engine.Shares.List() {
		if slices.Contains(offer.Shares, s.ID) {
			items = append(items, node.WebItem{Path: s.Path, Except: s.Except, Allow: s.Allow, AllowAll: s.AllowAll})
		}
	}
	if len(items) != len(offer.Shares) {
		return nil, netproto.Errorf(netproto.CodeNotFound, "it is no longer shared")
	}
	for _, item := range offer.Items {
		if err := readable(item.Path); err != nil {
			return nil, err
		}
		items = append(items, node.WebItem{Path: item.Path, Except: item.Except, Allow: item.Allow})
	}
	if len(items) == 0 {
		return nil, netproto.Errorf(netproto.CodeInvalid, "choose something")
	}
	return items, nil
}

// offers reports whether a page is a link to the same items that can still be used.
func (p *webPage) offers(items []node.WebItem) bool {
	same := slices.EqualFunc(p.items, items, func(a, b node.WebItem) bool {
		return a.Path == b.Path && slices.Equal(a.Except, b.Except) && slices.Equal(a.Allow, b.Allow) && a.AllowAll == b.AllowAll
	})
	switch state := p.view().State; {
	case !same || len(items) == 0:
		return false
	default:
		return state == face.WebOpen || state == face.WebPreparing
	}
}

// ReceiveWeb begins an inbox.
func (ws *webPages) ReceiveWeb(ctx context.Context, folder string) (string, error) {
	settings, err := ws.settings()
	if err != nil {
		return "", err
	}
	folder = cmp.Or(folder, settings.DownloadDir)
	if err := usable(folder); err != nil {
		return "", coded(err)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	in, err := ws.node.OpenWebInbox(ctx, node.WebInboxOptions{Folder: folder, Changed: ws.news.tell})
	if err != nil {
		return "", coded(err)
	}
	return ws.add(&webPage{inbox: in}, func(context.Context, *webPage) (func() error, error) { return in.Close, nil })
}

// add has a page opened, and closed in the end, by a goroutine of its own.
func (ws *webPages) add(p *webPage, open func(context.Context, *webPage) (closing func() error, err error)) (string, error) {
	var ctx context.Context
	ctx, p.stop = context.WithCancel(ws.ctx)
	p.ended = make(chan struct{})
	ws.mu.Lock()
	ws.last++
	p.id = strconv.Itoa(ws.last)
	ws.pages = append(ws.pages, p)
	ws.mu.Unlock()
	run := func() {
		defer close(p.ended)
		closing, err := open(ctx, p)
		if err != nil {
			p.mu.Lock()
			p.failure = err
			p.mu.Unlock()
			ws.news.tell()
			return
		}
		ws.news.tell()
		<-ctx.Done()
		if err := closing(); err != nil {
			ws.log.Warn("a page for browsers did not end as it should", "error", err)
		}
	}
	if !ws.begin(run) { // the program ends: so does the page, at once
		run()
		return "", netproto.Errorf(netproto.CodeCancelled, "the program ends")
	}
	return p.id, nil
}

// WebPages returns the pages.
func (ws *webPages) WebPages(context.Context) ([]face.WebPage, error) {
	ws.mu.Lock()
	list := slices.Clone(ws.pages)
	ws.mu.Unlock()
	views := make([]face.WebPage, len(list))
	for i, p := range list {
		views[i] = p.view()
	}
	return views, nil
}

// SetWebTerms changes when a link ends.
func (ws *webPages) SetWebTerms(_ context.Context, id string, terms face.WebTerms) error {
	if terms.Count < 0 {
		return netproto.Errorf(netproto.CodeInvalid, "a count of downloads cannot be negative")
	}
	ws.mu.Lock()
	i := slices.IndexFunc(ws.pages, func(p *webPage) bool { return p.id == id })
	var p *webPage
	if i >= 0 {
		p = ws.pages[i]
	}
	ws.mu.Unlock()
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.link != nil {
			p.link.SetTerms(web.Terms{Expires: terms.Expires, Count: terms.Count})
			return nil
		}
	}
	return netproto.Errorf(netproto.CodeNotFound, "there is no such link")
}

// CloseWeb ends pages.
func (ws *webPages) CloseWeb(_ context.Context, ids []string) error {
	ws.mu.Lock()
	var closed []*webPage
	ws.pages = slices.DeleteFunc(ws.pages, func(p *webPage) bool {
		gone := slices.Contains(ids, p.id)
		if gone {
			closed = append(closed, p)
		}
		return gone
	})
	ws.mu.Unlock()
	for _, p := range closed {
		p.stop()
		<-p.ended
	}
	ws.news.tell()
	return nil
}

// wait waits for the pages to end, whose context has ended.
func (ws *webPages) wait() {
	ws.mu.Lock()
	list := slices.Clone(ws.pages)
	ws.mu.Unlock()
	for _, p := range list {
		<-p.ended
	}
}

// view is a page as its owner sees it.
func (p *webPage) view() face.WebPage {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := face.WebPage{ID: p.id, State: face.WebOpen}
	switch {
	case p.failure != nil:
		v.State, v.Failure = face.WebFailed, face.FailureOf(p.failure)
	case p.inbox != nil:
		p.viewInbox(&v)
	case p.link == nil:
		v.State, v.Name, v.Size, v.Hashed = face.WebPreparing, p.share.Name, p.share.Size, p.share.Hashed
	default:
		l, status := p.link, p.link.Status()
		v.URL, v.Others = l.URLs[0], l.URLs[1:]
		v.Name, v.Size, v.Files = l.Offering.Name, l.Offering.Size(), len(l.Offering.Files)
		if l.Offering.Single() {
			v.Hash = l.Offering.Files[0].Hash
		}
		v.State, v.Terms = face.WebState(status.State), face.WebTerms{Expires: status.Terms.Expires, Count: status.Terms.Count}
		v.Downloads, v.Running, v.Sent = status.Downloads, status.Running, status.Sent
	}
	return v
}

func (p *webPage) viewInbox(v *face.WebPage) {
	v.Inbox, v.PIN, v.Folder, v.URL, v.Others = true, p.inbox.PIN, p.inbox.Folder, p.inbox.URLs[0], p.inbox.URLs[1:]
	if p.inbox.Shut() {
		v.State = face.WebShut
	}
	for _, a := range p.inbox.Arrivals() {
		if a.State == web.ArrivalStored {
			v.Stored++
		}
		if len(v.Arrivals) < face.MaxArrivals {
			v.Arrivals = append(v.Arrivals, face.WebArrival{Name: a.Name, Path: a.Path, Size: a.Size, Done: a.Done, Hash: a.Hash,
				State: face.ArrivalState(a.State), From: a.From.String()})
		}
	}
}
