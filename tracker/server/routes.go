package server

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/seedapi"
	"centralizedp2p/tracker/server/metrics"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/server/webpages"
)

// methods holds the handlers of one path by method.
type methods map[string]rest.Handler

// v1Routes returns the routes that require a client certificate.
func (s *Server) v1Routes() map[string]methods {
	return map[string]methods{
		netproto.RouteSelf:          {http.MethodPut: s.join, http.MethodDelete: s.leave},
		netproto.RouteHeartbeat:     {http.MethodPost: s.heartbeat},
		netproto.RouteResources:     {http.MethodGet: s.search, http.MethodPost: s.announce, http.MethodDelete: s.withdraw},
		netproto.RouteResource:      {http.MethodGet: s.resource},
		netproto.RouteSources:       {http.MethodGet: s.sources},
		netproto.RoutePeerResources: {http.MethodGet: s.peerResources},
		netproto.RoutePeers:         {http.MethodGet: s.people},
		netproto.RoutePeer:          {http.MethodGet: s.person},
		netproto.RoutePeerNotes:     {http.MethodPost: s.leaveNote},
		netproto.RouteNotes:         {http.MethodGet: s.notesFor},
		netproto.RouteNote:          {http.MethodDelete: s.noteTaken},
		netproto.RouteWishes:        {http.MethodGet: s.wishesFound, http.MethodPut: s.setWishes},
		netproto.RouteStats:         {http.MethodGet: s.stats},
		netproto.RouteLine:          {http.MethodGet: s.line},
		netproto.RouteCalls:         {http.MethodPost: s.call},
		netproto.RouteRelay:         {http.MethodGet: s.relayed},
	}
}

// openRoutes returns the routes that are open to anybody, with TLS or without.
func (s *Server) openRoutes() map[string]methods {
	page := s.needStore((&webpages.Page{
		Name: s.config.Name, Version: s.config.Version, Fingerprint: s.config.Identity.Fingerprint(), PublicURL: s.config.PublicURL,
		Private: s.config.Access == AccessInvite, Downloads: s.config.Downloads, Counts: s.store, Searches: s.searches, Rate: s.requests.PerSecond,
	}).Serve)
	if s.config.Role == RoleAPI {
		page = s.config.Role.wrongNode
	}
	return map[string]methods{
		netproto.RouteHealth: {http.MethodGet: health},
		netproto.RouteReady:  {http.MethodGet: s.ready},
		"/metrics":           {http.MethodGet: s.metrics.Serve},
		"/openapi.yaml":      {http.MethodGet: describe},
		"/{$}":               {http.MethodGet: page},
		"/get/{name}":        {http.MethodGet: s.config.Downloads.Serve},
		"/page/style.css":    {http.MethodGet: webpages.File("style.css", "text/css; charset=utf-8")},
		"/page/live.js":      {http.MethodGet: webpages.File("live.js", "text/javascript; charset=utf-8")},
	}
}

// secureRoutes serves TLS connections.
func (s *Server) secureRoutes() http.Handler {
	mux := http.NewServeMux()
	for path, m := range s.v1Routes() {
		for name, h := range m {
			h = s.needStore(h)
			switch {
			case !s.config.Role.does(path, name):
				m[name] = s.config.Role.wrongNode
			case path == netproto.RouteSelf && name == http.MethodPut:
				m[name] = needKey(h) // joining is how one becomes a member
			default:
				m[name] = s.needMember(h)
			}
		}
		mux.Handle(path, s.route(m))
	}
	mux.Handle(netproto.RouteTracker, s.route(methods{http.MethodGet: s.tracker}))
	return s.shared(mux)
}

// plainRoutes serves connections without TLS: nothing of version 1, unless a
// trusted proxy has terminated the client's TLS.
func (s *Server) plainRoutes() http.Handler {
	mux, secure := http.NewServeMux(), s.secureRoutes()
	needTLS := s.answerWith(func(http.ResponseWriter, *http.Request, origin.Caller) error {
		return netproto.Errorf(netproto.CodeTLS, "use https on this port")
	})
	overTLS := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.proxies.Passed(r) {
			secure.ServeHTTP(w, r)
			return
		}
		needTLS.ServeHTTP(w, r)
	})
	mux.Handle("/v1", overTLS) // otherwise the mux would redirect it to "/v1/"
	mux.Handle("/v1/", overTLS)
	return s.shared(mux)
}

// shared adds the routes that both kinds of connection have.
func (s *Server) shared(mux *http.ServeMux) http.Handler {
	mux.Handle(netproto.RouteSeedResource, s.seedRoute(s.seed.Resource))
	mux.Handle(netproto.RouteSeedHeartbeat, s.seedRoute(s.seed.Heartbeat))
	for path, m := range s.openRoutes() {
		mux.Handle(path, s.route(m))
	}
	unknown := s.answerWith(func(http.ResponseWriter, *http.Request, origin.Caller) error {
		return netproto.Errorf(netproto.CodeNotFound, "the tracker has no such address")
	})
	mux.Handle("/", unknown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect to the clean form of a path, but a tracker never
		// redirects.
		if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
			unknown.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// seedRoute answers in the seed's form, whatever the method.
func (s *Server) seedRoute(h func(http.ResponseWriter, *http.Request, seedapi.Caller) error) http.Handler {
	return s.answerWith(s.needStore(func(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
		return h(w, r, seedapi.Caller{Key: c.Key, Addr: c.Addr, Local: c.Local, Near: c.Near()})
	}))
}

// seedWork does what takes long for a seed client when it is its turn.
func (s *Server) seedWork(ctx context.Context, c seedapi.Caller, do func(yield func()) error) error {
	turn, err := s.work.List(ctx, c.Addr)
	if err != nil {
		return err
	}
	defer turn.End()
	return do(turn.Yield)
}

// route chooses by method; HEAD is a GET whose body net/http drops.
func (s *Server) route(m methods) http.Handler {
	var allowed []string
	for name := range m {
		allowed = append(allowed, name)
	}
	slices.Sort(allowed)
	return s.answerWith(func(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		h, ok := m[method]
		if !ok {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			return netproto.Errorf(netproto.CodeMethod, "allowed here: %s", strings.Join(allowed, ", "))
		}
		if err := s.admit(r, c); err != nil {
			return err
		}
		return h(w, r, c)
	})
}

// answerWith is where every request comes in and every error goes out.
func (s *Server) answerWith(h rest.Handler) http.Handler {
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		w, began := metrics.Record(plain), time.Now()
		var c origin.Caller
		defer func() { s.metrics.Observe(r, w, c, time.Since(began)) }()
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.problem(w, r, fmt.Errorf("panic: %v", p))
			}
		}()
		s.requests.Count()
		s.conns.Name(r)
		// net/http ignores a Content-Length beside chunks, where a proxy may have gone by
		// it and taken what follows for part of this body (RFC 9112 §6.1).
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		var err error
		if c, err = s.proxies.Caller(r); err == nil {
			err = s.checkPage(r, c)
		}
		if err == nil {
			err = s.within(h, w, r, c)
		}
		if err != nil {
			s.problem(w, r, err)
		}
	})
}

// within runs a handler if the limits allow the request.
func (s *Server) within(h rest.Handler, w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	done, err := s.guard.Request(r, c)
	if err != nil {
		return err
	}
	defer done()
	return h(w, r, c)
}

// needStore answers 503 while the store cannot do its work.
func (s *Server) needStore(h rest.Handler) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
		if err := s.storeReady(r.Context()); err != nil {
			return err
		}
		return h(w, r, c)
	}
}
