package web

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// Terms say when a link ends.
type Terms struct {
	Expires time.Time // zero: never
	Count   int       // after that many whole downloads; 0: never
}

// LinkState is whether a link can be used.
type LinkState string

// The states of a link.
const (
	LinkOpen    LinkState = "open"
	LinkExpired LinkState = "expired"
	LinkCounted LinkState = "counted" // its downloads are used up
)

// LinkStatus is a link as its owner sees it.
type LinkStatus struct {
	State     LinkState
	Terms     Terms
	Downloads int   // whole ones
	Running   int   // answers with bytes
	Sent      int64 // bytes
}

// Account is told what browsers get, while the link is locked: it must not wait, nor
// ask the link.
type Account interface {
	// Gave counts bytes that went out, from and up to a place among those of all
	// files, one behind the other.
	Gave(from, to int64)
	// GaveAll counts somebody who has everything now.
	GaveAll()
}

// Link is a page that hands out an offering. Whoever has its address may download. A
// download counts when one address got every byte, in whatever pieces; that a browser
// asks for a piece counts nothing.
type Link struct {
	offering Offering
	contents Contents
	limits   Limits
	account  Account
	secret   string
	changed  func()
	archive  *archive // nil of a single file
	etag     string   // of the archive
	bases    []int64  // of each file among the bytes of all

	ctx context.Context // ends with the link
	end context.CancelFunc

	mu       sync.Mutex
	terms    Terms
	expiry   *time.Timer // nil without one
	over     LinkState   // "" while it is open
	status   LinkStatus  // counts only
	visitors map[netip.Addr]*visitor
}

// visitor is an address that downloads.
type visitor struct {
	got  coverage
	last time.Time
}

// mostVisitors is how many addresses are known at a time; the one that was seen longest
// ago makes room, and begins anew if it comes back.
const mostVisitors = 256

// NewLink makes a page for an offering. changed is called when its status changed; it
// must not wait.
func NewLink(o Offering, secret string, terms Terms, contents Contents, limits Limits, account Account, changed func()) *Link {
	l := &Link{offering: o, contents: contents, limits: limits, account: account, secret: secret, changed: changed, visitors: map[netip.Addr]*visitor{}}
	l.ctx, l.end = context.WithCancel(context.Background())
	var base int64
	for _, f := range o.Files {
		l.bases = append(l.bases, base)
		base += f.Size
	}
	if !o.Single() {
		made := time.Now()
		l.archive, l.etag = newArchive(o.Files, contents, made), `"`+o.tag(made)+`"`
	}
	l.SetTerms(terms)
	return l
}

// SetTerms changes when the link ends. One that has ended stays so.
func (l *Link) SetTerms(terms Terms) {
	l.change(func() {
		if l.over != "" {
			return
		}
		l.terms = terms
		if l.expiry != nil {
			l.expiry.Stop()
			l.expiry = nil
		}
		if !terms.Expires.IsZero() {
			l.expiry = time.AfterFunc(time.Until(terms.Expires), func() { l.change(l.expire) })
		}
		l.countOut()
	})
}

// change does something with the lock held, and then says that the link has changed.
func (l *Link) change(do func()) {
	l.mu.Lock()
	do()
	l.mu.Unlock()
	l.changed()
}

// expire ends the link if its time is over, which it is no more if that was changed. The
// caller holds the lock.
func (l *Link) expire() {
	if !l.terms.Expires.IsZero() && !time.Now().Before(l.terms.Expires) {
		l.finish(LinkExpired)
	}
}

// countOut ends the link if its downloads are used up. The caller holds the lock.
func (l *Link) countOut() {
	if l.terms.Count > 0 && l.status.Downloads >= l.terms.Count {
		l.finish(LinkCounted)
	}
}

// finish ends the link, and downloads that run. The caller holds the lock.
func (l *Link) finish(as LinkState) {
	if l.over == "" {
		l.over = as
		l.end()
	}
}

// Status is the link as its owner sees it.
func (l *Link) Status() LinkStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.status
	s.State, s.Terms = LinkOpen, l.terms
	if l.over != "" {
		s.State = l.over
	}
	return s
}

// Over is closed when the link has ended. Its page says so as long as it is served.
func (l *Link) Over() <-chan struct{} { return l.ctx.Done() }

// Close ends downloads that run.
func (l *Link) Close() {
	l.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.expiry != nil {
		l.expiry.Stop()
	}
}

// ServeHTTP answers browsers.
func (l *Link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard(l.secret, w, r, func(w http.ResponseWriter, r *http.Request, rest string) {
		number, isFile := strings.CutPrefix(rest, "file/")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "A link can only be read.", http.StatusMethodNotAllowed)
		case serveAsset(w, r, rest):
		case rest != "" && rest != "download" && !isFile:
			http.NotFound(w, r)
		case l.Status().State != LinkOpen:
			writePage(w, r, http.StatusGone, "ended.html", nil)
		case rest == "":
			writePage(w, r, http.StatusOK, "link.html", l.view())
		case rest == "download" && l.archive != nil:
			l.serveZip(w, r)
		case rest == "download":
			l.serveFile(w, r, 0)
		default:
			i, err := strconv.Atoi(number)
			if err != nil || i < 0 || i >= len(l.offering.Files) || l.offering.Files[i].Dir {
				http.NotFound(w, r)
				return
			}
			l.serveFile(w, r, i)
		}
	})
}

func (l *Link) serveFile(w http.ResponseWriter, r *http.Request, i int) {
	f := l.offering.Files[i]
	reader, err := l.contents.OpenContent(f.Hash)
	if err != nil {
		refusePage(w, r, err)
		return
	}
	defer reader.Close()
	name := f.Path[strings.LastIndexByte(f.Path, '/')+1:]
	h := w.Header()
	h.Set("Content-Type", mediaType(name))
	h.Set("Content-Disposition", attachment(name))
	h.Set("ETag", `"`+f.Hash.String()+`"`)
	content := &wholeFile{Reader: reader, size: f.Size}
	l.send(w, r, content, func(from, to int64, add func(span)) { add(span{l.bases[i] + from, l.bases[i] + to}) })
}

func (l *Link) serveZip(w http.ResponseWriter, r *http.Request) {
	content := &zipReader{ctx: r.Context(), archive: l.archive}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", attachment(netproto.SafeName(l.offering.Name+".zip")))
	h.Set("ETag", l.etag)
	l.send(w, r, content, l.archive.covers)
}

// seekReader is a content as http.ServeContent wants it.
type seekReader interface {
	Read(b []byte) (int, error)
	Seek(offset int64, whence int) (int64, error)
}

// send answers with a content or a range of it. covers says which of the files' bytes
// are in a range of the content.
func (l *Link) send(w http.ResponseWriter, r *http.Request, content seekReader, covers func(from, to int64, add func(span))) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range") // several ranges at once: the whole is an answer, too (RFC 9110 §14.2)
	}
	from, _ := fromOf(r)
	var got coverage
	t := &transfer{ResponseWriter: w, ctx: ctx, limits: l.limits, to: from, source: content,
		sent: func(from, to int64) { covers(from, to, got.add) }}
	control := http.NewResponseController(w)
	stop := context.AfterFunc(ctx, func() { control.SetWriteDeadline(time.Unix(1, 0)) }) // nobody waits for a browser that has gone
	l.change(func() { l.status.Running++ })
	http.ServeContent(t, r, "", time.Time{}, content)
	stop() // this download may end the link, which must not cut off its last bytes: they are still buffered
	l.change(func() { l.got(from, t, got.spans, t.failed == nil && r.Method == http.MethodGet) })
	if t.failed != nil {
		panic(http.ErrAbortHandler) // the browser must not take it for whole
	}
}

// got notes what an address got with one answer, at its end, so that nobody is cut off
// halfway. finished says that the answer was not broken off. The caller holds the lock.
func (l *Link) got(from netip.Addr, t *transfer, spans []span, finished bool) {
	l.status.Running--
	l.status.Sent += t.bytes
	v := l.visitor(from)
	for _, s := range spans {
		v.got.add(s)
		l.account.Gave(s.from, s.to)
	}
	if size := l.offering.Size(); v.got.whole(size) && (finished || size > 0) {
		v.got = coverage{}
		l.status.Downloads++
		l.account.GaveAll()
		l.countOut()
	}
}

// visitor returns who is behind an address. The caller holds the lock.
func (l *Link) visitor(from netip.Addr) *visitor {
	v := l.visitors[from]
	if v == nil {
		if len(l.visitors) == mostVisitors {
			oldest := slices.MinFunc(slices.Collect(maps.Keys(l.visitors)), func(a, b netip.Addr) int { return l.visitors[a].last.Compare(l.visitors[b].last) })
			delete(l.visitors, oldest)
		}
		v = &visitor{}
		l.visitors[from] = v
	}
	v.last = time.Now()
	return v
}
