package web

import (
	"bytes"
	"embed"
	"net/http"
	"strconv"

	"github.com/dustin/go-humanize"

	"centralizedp2p/app/pagelang"
	"centralizedp2p/netproto"
)

//go:embed page
var files embed.FS

// pages are in all languages of the window and more.
var pages = pagelang.Load(files)

// view is what a page shows.
type view struct {
	Lang string
	// Of a link.
	Name, Size, Hash string
	Zip              bool
	Count            int
	Files            []fileView
	Others           int // files that are not in the list
	// Of an inbox.
	Texts map[string]string // for the script
	// Of both.
	Problem string
}

type fileView struct {
	Number           int
	Name, Size, Hash string
}

// mostListed is how many files a page lists. The ZIP has all.
const mostListed = 500

func (l *Link) view() *view {
	o := l.offering
	v := &view{Name: netproto.Printable(o.Name), Size: humanize.Bytes(uint64(o.Size())), Zip: !o.Single(), Count: len(o.Files)}
	if !v.Zip {
		v.Hash = o.Files[0].Hash.String()
		return v
	}
	for i, f := range o.Files {
		if f.Dir {
			v.Count--
			continue
		}
		if len(v.Files) < mostListed {
			v.Files = append(v.Files, fileView{i, netproto.Printable(f.Path), humanize.Bytes(uint64(f.Size)), f.Hash.String()})
		}
	}
	v.Others = v.Count - len(v.Files)
	return v
}

// writePage answers with a page.
func writePage(w http.ResponseWriter, r *http.Request, status int, name string, v *view) {
	if v == nil {
		v = &view{}
	}
	v.Lang = pages.Of(r)
	var body bytes.Buffer
	if err := pages.Write(&body, v.Lang, name, v); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body.Bytes())
	}
}

// Why something that is offered cannot be had.
const (
	problemUnreadable = "The file cannot be read just now. Try again later."
	problemChanged    = "The file has changed or is no longer offered. Ask for a new link."
)

// refusePage says that something that is offered cannot be had now.
func refusePage(w http.ResponseWriter, r *http.Request, err error) {
	code := netproto.CodeOf(err)
	problem := problemUnreadable
	if code == netproto.CodeGone || code == netproto.CodeFileChanged {
		problem = problemChanged
	}
	writePage(w, r, statusOf(code), "ended.html", &view{Problem: problem})
}

// assets are the files of the pages, by path.
var assets = map[string]string{"page.css": "text/css; charset=utf-8", "receive.js": "text/javascript; charset=utf-8",
	"sender.js": "text/javascript; charset=utf-8", "blake3.js": "text/javascript; charset=utf-8"}

// serveAsset answers with a file of the pages, if path names one.
func serveAsset(w http.ResponseWriter, r *http.Request, path string) bool {
	kind, ok := assets[path]
	if !ok {
		return false
	}
	body, err := files.ReadFile("page/" + path)
	if err != nil {
		http.NotFound(w, r)
		return true
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
	return true
}
