package remote

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// caller answers one kind of callers: those on this computer, or those on others.
type caller struct {
	server  *Server
	engine  face.Engine
	methods func(name string) reflect.Value // of the engine
	log     *slog.Logger
}

func newCaller(s *Server, engine face.Engine) *caller {
	return &caller{server: s, engine: engine, methods: methodsOf(engine), log: s.log}
}

// handler answers a request with a value to send as JSON, or nil for none.
type handler func(w http.ResponseWriter, r *http.Request) (any, error)

// routes answers what all callers may ask.
func (c *caller) routes(more map[string]handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+routeEngine+"{method}", c.call)
	mux.HandleFunc("GET "+routeEvents, c.events)
	more["GET "+routePeer] = func(http.ResponseWriter, *http.Request) (any, error) {
		return Peer{API: API, Version: c.server.options.Version, Methods: methodNames()}, nil
	}
	more["GET "+routeOpenAPI] = c.describe
	for pattern, h := range more {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := h(w, r)
			switch {
			case err != nil:
				c.fail(w, err, nil)
			case body == nil:
				w.WriteHeader(http.StatusNoContent)
			default:
				c.respond(w, http.StatusOK, "application/json", body)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.fail(w, netproto.Errorf(netproto.CodeMethod, "this version does not answer %s %s", r.Method, netproto.Printable(r.URL.Path)), nil)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := ofProgram(r); err != nil {
			c.fail(w, err, nil)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// named has every answer say which program gives it, so that a caller of another version
// can tell why it is not understood.
func (c *caller) named(routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerVersion, c.server.options.Version)
		w.Header().Set(headerAPI, strconv.Itoa(API))
		routes.ServeHTTP(w, r)
	})
}

// ofProgram refuses what a page in a browser sends: pages name their origin, and cannot
// send JSON to other sites without asking first.
func ofProgram(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Origin") != "" || r.Method == http.MethodPost && kind != mediaJSON && kind != mediaBytes {
		return netproto.Errorf(netproto.CodeDenied, "this is for programs, not for pages in a browser")
	}
	return nil
}

// call answers a call of a method.
func (c *caller) call(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		c.fail(w, err, nil)
		return
	}
	result, err := c.invoke(r.Context(), r.PathValue("method"), body)
	if err != nil {
		c.fail(w, err, result)
		return
	}
	raw, err := json.Marshal(result)
	if err != nil {
		c.fail(w, err, nil)
		return
	}
	sum := sha256.Sum256(raw)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:tagLength]) + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag { // the caller has it already
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.TLS != nil && len(raw) >= leastPacked && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		c.respondPacked(w, answer{raw})
		return
	}
	c.respond(w, http.StatusOK, mediaJSON, answer{raw})
}

const (
	tagLength   = 12      // bytes of a hash
	leastPacked = 4 << 10 // bytes of an answer that is worth the work
)

// respondPacked sends a large answer compressed, for a line that may be slow.
func (c *caller) respondPacked(w http.ResponseWriter, body any) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	packed := gzip.NewWriter(deadlined{w, func() { _ = control.SetWriteDeadline(time.Now().Add(writeTime)) }})
	if json.NewEncoder(packed).Encode(body) != nil || packed.Close() != nil {
		panic(http.ErrAbortHandler) // the caller has hung up
	}
}

// deadlined gives each write its own time.
type deadlined struct {
	io.Writer
	extend func()
}

// Write implements io.Writer.
func (d deadlined) Write(p []byte) (int, error) {
	d.extend()
	return d.Writer.Write(p)
}

// readBody reads what a call sends.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // any connection of net/http has one
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxArguments))
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		return nil, netproto.Errorf(netproto.CodeTooLarge, "the arguments of a call have at most %d bytes", maxArguments)
	case err != nil:
		return nil, netproto.Errorf(netproto.CodeBadRequest, "%w", err)
	}
	_ = control.SetReadDeadline(time.Time{}) // or a long call would end with it
	return body, nil
}

// read decodes the body of a request into v.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return netproto.Errorf(netproto.CodeBadRequest, "%w", err)
	}
	return nil
}

// fail answers with an error, and with a result that came with it.
func (c *caller) fail(w http.ResponseWriter, err error, result any) {
	p := problem{}
	if fields, ok := errors.AsType[face.InvalidSettings](err); ok {
		p.Fields, err = fields, netproto.Errorf(netproto.CodeInvalid, "%s", fields.Error())
	}
	failure := face.FailureOf(err)
	p.Problem = netproto.ProblemOf(failure.Error())
	p.Detail = failure.Detail
	if result != nil {
		p.Result, _ = json.Marshal(result) // what cannot be told is left out
	}
	c.respond(w, p.Status, netproto.MediaTypeProblem, p)
}

func (c *caller) respond(w http.ResponseWriter, status int, mediaType string, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		c.log.Error("an answer cannot be sent", slog.Any("error", err))
		panic(http.ErrAbortHandler)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(raw) // fails only if the caller has hung up
}

// events tells of changes until the caller hangs up, does not read, or the engine closes.
func (c *caller) events(w http.ResponseWriter, r *http.Request) {
	select {
	case c.server.streams <- struct{}{}:
		defer func() { <-c.server.streams }()
	default:
		c.fail(w, netproto.Errorf(netproto.CodeFull, "%d event streams are open", maxStreams), nil)
		return
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	changed := c.engine.Watch(ctx)
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for text, open := lineHere, true; open; {
		_ = control.SetWriteDeadline(time.Now().Add(c.server.stalled))
		if _, err := io.WriteString(w, text); err != nil || control.Flush() != nil || !c.still(r) {
			break
		}
		select {
		case <-tick.C:
			text = lineHere
		case _, open = <-changed:
			text = lineChanged
		}
	}
	stop()
	for range changed { // until the engine has let go of it
	}
}

// still reports whether the caller is still one that is answered: its key may have been
// removed from the book meanwhile.
func (c *caller) still(r *http.Request) bool {
	key, far := keyOf(r.TLS)
	return !far || c.server.options.Controllers.Has(key)
}

// The lines of an event stream.
const (
	lineHere    = ": here\n\n"
	lineChanged = "event: changed\ndata: {}\n\n"
)
