// Package webpages shows a tracker to people: its page, and packages of this program to
// download. It knows neither peers nor routes: what it shows, it is given.
package webpages

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/status.html"))

const (
	pageHits   = 50 // of a search
	pageNewest = 10

	// pagePolicy lets the page load its two files and itself, and nothing else: no
	// name in it can do harm, however it is made.
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// statusView is what the page shows. It holds no address and no key of a peer.
type statusView struct {
	Name, Version, Fingerprint, LinkText string
	Link                                 template.URL // empty if the tracker does not know how it is reached

	PeersOnline, Resources, Bytes, Rate string

	System          string // of the visitor, if there is a window for it
	Fitting, Others []downloadView

	Private  bool // only members see what is shared
	Query    string
	MaxQuery int
	Searched bool
	Problem  string
	Hits     []hitView
	More     bool
	Meant    []suggestionView // if nothing was found
	Newest   []hitView
}

// hitView is a row of a list.
type hitView struct {
	Link                        template.URL
	Name, Size, Added, AddedISO string
	Sources                     int
}

// suggestionView is a name that the visitor may have meant.
type suggestionView struct{ Name, Query string }

// Page is the page for people. It is complete without a script; with one
// it is fetched again and again.
type Page struct {
	Name, Version string
	Fingerprint   netproto.Fingerprint // of the tracker
	PublicURL     string               // HOST:PORT in links; what the visitor used
	Private       bool                 // only members see what is shared
	Downloads     *Downloads           // none are offered
	Counts        Counts
	Searches      Searches
	Rate          func() float64 // requests a second
}

// Counts tells how much there is on the tracker.
type Counts interface {
	Stats(context.Context) (netproto.Stats, error)
}

// Searches answers as to any other request of the visitor.
type Searches interface {
	Search(context.Context, origin.Caller, store.Query) (netproto.SearchResponse, error)
}

// Serve answers with the page. Its error is that of what it asks.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	stats, err := p.Counts.Stats(r.Context())
	if err != nil {
		return err
	}
	view := statusView{
		Name: netproto.Printable(p.Name), Version: p.Version,
		Fingerprint: p.Fingerprint.String(),
		PeersOnline: humanize.Comma(int64(stats.PeersOnline + stats.SeedPeers)),
		Resources:   humanize.Comma(int64(stats.Resources)),
		Bytes:       humanize.Bytes(uint64(max(stats.Bytes, 0))),
		Rate:        strconv.FormatFloat(p.Rate(), 'f', 1, 64),
		MaxQuery:    netproto.MaxQueryBytes,
		Private:     p.Private,
	}
	view.System, view.Fitting, view.Others = p.Downloads.offer(r.UserAgent())
	link := p.linkFor(r)
	if link.Tracker != "" {
		view.LinkText = link.String()
		view.Link = template.URL(view.LinkText) // trusted: html/template does not know this scheme
	}
	status := http.StatusOK
	if !view.Private {
		if status, err = p.fillLists(r, c, link, &view); err != nil {
			return err
		}
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, view); err != nil {
		return err
	}
	Write(w, status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// fillLists searches for what the visitor asked for and for the newest resources.
func (p *Page) fillLists(r *http.Request, c origin.Caller, link netproto.Link, view *statusView) (status int, err error) {
	q := rest.QueryOf(r)
	text := q.Text()
	view.Query, status = netproto.Printable(text), http.StatusOK
	if q.Err != nil {
		view.Problem, view.Query, status = q.Err.Error(), "", netproto.CodeOf(q.Err).Status()
	} else if view.Searched = strings.TrimSpace(text) != ""; view.Searched {
		hits, page, err := p.listed(r.Context(), c, link, store.Query{Text: text, Sort: netproto.SortSources, Limit: pageHits})
		if err != nil {
			return 0, err
		}
		view.Hits, view.More = hits, page.Next != ""
		for _, name := range page.Suggestions {
			view.Meant = append(view.Meant, suggestionView{Name: netproto.Printable(name), Query: name})
		}
	}
	view.Newest, _, err = p.listed(r.Context(), c, link, store.Query{Sort: netproto.SortNewest, Limit: pageNewest})
	return status, err
}

func (p *Page) listed(ctx context.Context, c origin.Caller, link netproto.Link, q store.Query) (list []hitView, page netproto.SearchResponse, err error) {
	q.MaxSize = -1
	if page, err = p.Searches.Search(ctx, c, q); err != nil {
		return nil, page, err
	}
	for _, hit := range page.Items {
		line := hitView{
			Name: netproto.Printable(hit.Name), Size: humanize.Bytes(uint64(max(hit.Size, 0))), Sources: hit.Sources,
			Added: humanize.Time(hit.Added), AddedISO: hit.Added.UTC().Format(time.RFC3339),
		}
		if link.Tracker != "" {
			to := link
			to.Hash, to.Name, to.Size = hit.Hash, hit.Name, hit.Size
			line.Link = template.URL(to.String())
		}
		list = append(list, line)
	}
	return list, page, nil
}

// linkFor returns an invitation to the tracker at the address that its owner
// named, or else at the one the visitor used. Without either, the link names no
// tracker.
func (p *Page) linkFor(r *http.Request) netproto.Link {
	link := netproto.Link{Size: -1, Fingerprint: p.Fingerprint, Tracker: p.PublicURL}
	if link.Tracker != "" {
		return link
	}
	host := r.Host
	if _, _, err := net.SplitHostPort(host); err != nil { // a browser omits the default port of a scheme
		port := "80"
		if r.TLS != nil {
			port = "443"
		}
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	if address, err := netproto.TrackerAddress(host); err == nil {
		link.Tracker = address
	}
	return link
}

// File serves a file that belongs to the page.
func File(name, mediaType string) rest.Handler {
	body, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(fmt.Sprintf("a file of the status page is missing: %v", err)) // every test would find it
	}
	return func(w http.ResponseWriter, _ *http.Request, _ origin.Caller) error {
		Write(w, http.StatusOK, mediaType, body)
		return nil
	}
}

// Write answers with what a browser may show, and nobody may keep.
func Write(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}
