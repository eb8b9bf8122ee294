package remote

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/app/face"
	"centralizedp2p/app/pagelang"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sites"
)

// A plain page for browsers: how the peer is doing, its downloads, a field for links, and
// buttons to pause, resume and remove. Whoever logs in with the code that the peer shows
// gets a session. The page saves into the folder for downloads only, and knows no settings.
//
//	GET  /                     the page, or the question for the code
//	POST /login   code         a session
//	POST /add     link, token  a download
//	POST /act     verb, id, token
//	POST /logout  token
//
// token is that of the session: other sites do not know it. The page answers only where
// it is asked by an address, so that no site with a name of its own can pose as it.

const (
	sessionLife   = 12 * time.Hour
	maxSessions   = 16
	sessionCookie = "cp2p_session"
	pageRows      = 200
	maxForm       = 8 << 10 // bytes
	pageTime      = 20 * time.Second
)

//go:embed page
var pageFiles embed.FS

// pages are in the languages of the window.
var pages = pagelang.Load(pageFiles)

// What a page says besides what its template and the states of downloads say.
const (
	pageWrongCode = "This is not the code that is shown, or none is shown now."
	pageNoSession = "Log in first."
	pageNoLink    = "This is no link to a file or a folder."
)

// Page answers browsers.
type Page struct {
	engine face.Engine
	login  *pairing
	server *Server
	http   *http.Server
	ln     net.Listener

	mu       sync.Mutex
	sessions map[string]session // by their cookie
}

type session struct {
	token string
	until time.Time
}

// ServePage answers browsers at [HOST]:PORT until Close of the result or of the server.
// "port-in-use" if another program has the port.
func (s *Server) ServePage(listen string) (*Page, error) {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodePortInUse, "%w", err)
	}
	p := &Page{engine: s.engine, login: &pairing{now: time.Now}, server: s, ln: ln, sessions: map[string]session{}}
	p.http = s.newHTTP(p.routes())
	p.http.ReadTimeout, p.http.WriteTimeout = pageTime, writeTime
	s.mu.Lock()
	s.page = p
	s.mu.Unlock()
	s.serve(&fewListener{Listener: ln, room: make(chan struct{}, maxConnections)}, p.http)
	return p, nil
}

// Address returns the HOST:PORT at which browsers reach it.
func (p *Page) Address() string { return p.server.options.reached(p.ln) }

// Close ends the page and all sessions.
func (p *Page) Close() error {
	p.server.mu.Lock()
	p.server.page = nil
	p.server.mu.Unlock()
	return p.http.Close()
}

// showPageCode makes a code to log in with; "invalid" if the peer has no page.
func (c *caller) showPageCode(http.ResponseWriter, *http.Request) (any, error) {
	c.server.mu.Lock()
	page := c.server.page
	c.server.mu.Unlock()
	if page == nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "this peer has no page for browsers: start it with --web :%d", DefaultPort+1)
	}
	code, until := page.login.begin()
	return Code{Code: shownCode(code), Expires: until, Address: page.Address()}, nil
}

func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { p.show(w, r, http.StatusOK) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "page/style.css") })
	mux.HandleFunc("POST /login", p.logIn)
	mux.HandleFunc("POST /logout", p.with(p.logOut))
	mux.HandleFunc("POST /add", p.with(p.add))
	mux.HandleFunc("POST /act", p.with(p.act))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		switch {
		case !sites.NamesAddress(r.Host):
			http.Error(w, "Open this page by the IP address of the computer.", http.StatusMisdirectedRequest)
		case sites.FromAnother(r):
			http.Error(w, "This was sent by another site.", http.StatusForbidden)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			mux.ServeHTTP(w, r)
		}
	})
}

// logIn begins a session for who knows the code.
func (p *Page) logIn(w http.ResponseWriter, r *http.Request) {
	typed, err := typedCode(r.PostFormValue("code"))
	if err == nil {
		_, err = p.login.try(func(code string) bool { return subtle.ConstantTimeCompare([]byte(code), []byte(typed)) == 1 })
	}
	if err != nil {
		p.show(w, r, http.StatusForbidden, pageWrongCode)
		return
	}
	name := rand.Text()
	p.mu.Lock()
	for old, s := range p.sessions { // the one that ends first makes room
		if time.Now().After(s.until) || len(p.sessions) >= maxSessions && s.until.Equal(p.oldest()) {
			delete(p.sessions, old)
		}
	}
	p.sessions[name] = session{rand.Text(), time.Now().Add(sessionLife)}
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: int(sessionLife.Seconds())})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// oldest is when the first session ends; the caller holds the lock.
func (p *Page) oldest() (first time.Time) {
	for _, s := range p.sessions {
		if first.IsZero() || s.until.Before(first) {
			first = s.until
		}
	}
	return first
}

// session returns the session of a request.
func (p *Page) session(r *http.Request) (name string, s session, ok bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return "", s, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok = p.sessions[cookie.Value]
	return cookie.Value, s, ok && time.Now().Before(s.until)
}

// with lets those through who have a session and its token.
func (p *Page) with(do func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, s, ok := p.session(r)
		if !ok || subtle.ConstantTimeCompare([]byte(s.token), []byte(r.PostFormValue("token"))) != 1 {
			p.show(w, r, http.StatusForbidden, pageNoSession)
			return
		}
		if err := do(w, r); err != nil {
			problem := []string{pageNoLink}
			if !errors.Is(err, errNoLink) {
				problem = wordsOf(netproto.CodeOf(err))
			}
			p.show(w, r, http.StatusUnprocessableEntity, problem...)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func (p *Page) logOut(_ http.ResponseWriter, r *http.Request) error {
	name, _, _ := p.session(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, name)
	return nil
}

// add downloads what a link names, into the folder of the settings.
func (p *Page) add(_ http.ResponseWriter, r *http.Request) error {
	link, err := netproto.ParseLink(netproto.Pasted(r.PostFormValue("link")))
	if err != nil || link.Hash.IsZero() {
		return errNoLink
	}
	return p.engine.Download(r.Context(), face.DownloadRequest{Hash: link.Hash, Name: link.Name, Size: link.Size, Link: link.String()})
}

var errNoLink = errors.New("no link")

func (p *Page) act(_ http.ResponseWriter, r *http.Request) error {
	acts := map[string]func(context.Context, []string) error{
		"Pause": p.engine.Pause, "Resume": p.engine.Resume, "Retry": p.engine.Retry, "Remove": p.engine.Remove,
	}
	act := acts[r.PostFormValue("verb")]
	if act == nil {
		return netproto.Errorf(netproto.CodeInvalid, "there is no such button")
	}
	return act(r.Context(), []string{r.PostFormValue("id")})
}

// pageView is what the template shows.
type pageView struct {
	Lang                string
	In, Live            bool
	Tracker, Connection string
	Problem, Down, Up   string
	Token               string
	Total, Shares       int
	From, Before, Next  int
	Downloads           []pageRow
}

type pageRow struct {
	ID, Name, State, Failure, Done string
	Permille                       int
	Verbs                          []pageVerb
}

type pageVerb struct{ Verb, Text string }

// show writes the page, with a problem if there is one: one text, or what happened and
// what to do.
func (p *Page) show(w http.ResponseWriter, r *http.Request, status int, problem ...string) {
	v := pageView{Lang: pages.Of(r), Live: r.FormValue("live") != ""}
	if _, s, ok := p.session(r); ok {
		v.In, v.Token = true, s.token
		if err := p.fill(r, &v); err != nil && problem == nil {
			problem = wordsOf(netproto.CodeOf(err))
		}
	}
	v.Problem = said(v.Lang, problem)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	_ = pages.Write(w, v.Lang, "page.html", v) // fails only if the browser has hung up
}

// wordsOf says what happened, and what to do.
func wordsOf(code netproto.Code) []string { return []string{code.What() + ".", code.Hint()} }

// said is a row of texts in a language.
func said(lang string, english []string) string {
	var texts []string
	for _, text := range english {
		texts = append(texts, pages.In(lang, text))
	}
	return strings.Join(texts, " ")
}

func (p *Page) fill(r *http.Request, v *pageView) error {
	s, err := p.engine.Status(r.Context())
	if err != nil {
		return err
	}
	list, err := p.engine.Downloads(r.Context())
	if err != nil {
		return err
	}
	v.Tracker, v.Connection = netproto.Printable(s.Tracker), pages.In(v.Lang, connectionWords[s.Connection])
	v.Down, v.Up = humanize.Bytes(uint64(max(s.DownRate, 0))), humanize.Bytes(uint64(max(s.UpRate, 0)))
	v.Total, v.Shares = len(list), s.Counts.Shares
	v.From, _ = strconv.Atoi(r.FormValue("from"))
	v.From = min(max(v.From, 0), len(list))
	v.Before = max(v.From-pageRows, 0)
	end := min(v.From+pageRows, len(list))
	if end < len(list) {
		v.Next = end
	}
	for _, d := range list[v.From:end] {
		v.Downloads = append(v.Downloads, rowOf(v.Lang, d))
	}
	return nil
}

// connectionWords and stateWords are what a page says of a state.
var connectionWords = map[face.Connection]string{
	face.ConnectionNone: "No tracker was chosen", face.ConnectionConnecting: "Connecting", face.ConnectionConnected: "Connected",
	face.ConnectionReconnecting: "Reconnecting", face.ConnectionOffline: "Offline", face.ConnectionKeyChanged: "The key of the tracker has changed",
}

var stateWords = map[face.DownloadState]string{
	face.DownloadWaiting: "Waiting for a source", face.DownloadQueued: "Queued", face.DownloadConnecting: "Connecting",
	face.DownloadDownloading: "Downloading", face.DownloadVerifying: "Verifying", face.DownloadPaused: "Paused",
	face.DownloadMoving: "Moving to another folder", face.DownloadFinished: "Finished", face.DownloadNoSpace: "Not enough space", face.DownloadFailed: "Failed",
}

// pageVerbs are what the buttons of a download do.
var pageVerbs = []string{"Pause", "Resume", "Retry", "Remove"}

func rowOf(lang string, d face.Download) pageRow {
	row := pageRow{ID: d.ID, Name: netproto.Printable(d.Name), State: pages.In(lang, stateWords[d.State]), Done: humanize.Bytes(uint64(max(d.Done, 0)))}
	if d.Size > 0 {
		row.Permille = int(float64(d.Done) / float64(d.Size) * 1000)
		row.Done += " / " + humanize.Bytes(uint64(d.Size))
	}
	offers := map[string]bool{"Pause": d.IsRunning(), "Resume": d.IsPaused(), "Retry": d.IsFailed(), "Remove": true}
	if d.IsFailed() {
		row.Failure = said(lang, wordsOf(d.Failure.Code))
	}
	for _, verb := range pageVerbs {
		if offers[verb] {
			row.Verbs = append(row.Verbs, pageVerb{verb, pages.In(lang, verb)})
		}
	}
	return row
}
