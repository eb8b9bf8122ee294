package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Server answers for an engine.
type Server struct {
	engine  face.Engine
	methods func(name string) reflect.Value // of the engine
	version string
	log     *slog.Logger
	http    *http.Server
	ctx     context.Context // of all calls; ends when Close begins
	stop    context.CancelFunc
	serving sync.WaitGroup
}

// NewServer returns a server for an engine, which stays the caller's.
func NewServer(engine face.Engine, version string, log *slog.Logger) *Server {
	s := &Server{engine: engine, methods: methodsOf(engine), version: version, log: log}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       2 * silenceTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	return s
}

// Serve answers at a listener, which it closes in the end, until Close. It returns at
// once.
func (s *Server) Serve(ln net.Listener) {
	s.serving.Go(func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("this peer can no longer be driven from elsewhere", slog.Any("error", err))
		}
	})
}

// Close cancels the calls under way and waits for their end.
func (s *Server) Close() error {
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), headerTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.serving.Wait()
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+routePeer, func(w http.ResponseWriter, _ *http.Request) {
		s.respond(w, http.StatusOK, "application/json", Peer{API: API, Version: s.version, Methods: methodNames()})
	})
	mux.HandleFunc("POST "+routeEngine+"{method}", s.call)
	mux.HandleFunc("GET "+routeEvents, s.events)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, netproto.Errorf(netproto.CodeMethod, "this version does not answer %s %s", r.Method, netproto.Printable(r.URL.Path)), nil)
	})
	return mux
}

// call answers a call of a method.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	body, err := s.body(w, r)
	if err != nil {
		s.fail(w, err, nil)
		return
	}
	result, err := s.invoke(r.Context(), r.PathValue("method"), body)
	if err != nil {
		s.fail(w, err, result)
		return
	}
	raw, err := json.Marshal(result)
	if err != nil {
		s.fail(w, err, nil)
		return
	}
	s.respond(w, http.StatusOK, "application/json", answer{raw})
}

// body reads what a call sends.
func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // any connection of net/http has one
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxArguments))
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		return nil, netproto.Errorf(netproto.CodeTooLarge, "the arguments of a call have at most %d bytes", maxArguments)
	case err != nil:
		return nil, netproto.Errorf(netproto.CodeBadRequest, "%w", err)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // or a long call would end with it
	return body, nil
}

// fail answers with an error, and with a result that came with it.
func (s *Server) fail(w http.ResponseWriter, err error, result any) {
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
	s.respond(w, p.Status, netproto.MediaTypeProblem, p)
}

func (s *Server) respond(w http.ResponseWriter, status int, mediaType string, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		s.log.Error("an answer cannot be sent", slog.Any("error", err))
		panic(http.ErrAbortHandler)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(raw) // fails only if the caller has hung up
}

// events tells of changes until the caller hangs up, does not read, or the engine closes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	changed := s.engine.Watch(ctx)
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for text := lineHere; ; {
		_ = control.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := io.WriteString(w, text); err != nil || control.Flush() != nil {
			break
		}
		select {
		case <-tick.C:
			text = lineHere
			continue
		case _, open := <-changed:
			if open {
				text = lineChanged
				continue
			}
		}
		break
	}
	stop()
	for range changed { // until the engine has let go of it
	}
}

// The lines of an event stream.
const (
	lineHere    = ": here\n\n"
	lineChanged = "event: changed\ndata: {}\n\n"
)
