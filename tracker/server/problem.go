package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/seedapi"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/rest"
)

// problem answers with an error, in the seed's form on the seed's routes. Anything
// but a netproto.Error is a failure of the tracker, which is logged and not shown.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	known := s.note(r.Context(), err, "a request failed", slog.String("method", r.Method), slog.String("path", netproto.Printable(r.URL.Path)))
	p := netproto.ProblemOf(known)
	if _, elsewhere := errors.AsType[misdirected](err); elsewhere {
		p.Status = http.StatusMisdirectedRequest
	}
	switch p.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(known)))
	case http.StatusUpgradeRequired:
		w.Header().Set("Upgrade", "TLS/1.3") // required by RFC 9110 §15.5.22
		w.Header().Add("Connection", "Upgrade")
	}
	if seedapi.IsRoute(r) {
		seedapi.WriteError(w, p.Status, known)
		return
	}
	rest.WriteJSON(w, p.Status, netproto.MediaTypeProblem, p)
}

// note counts an error that the other side is told, and logs a failure of the tracker
// itself. It returns what is told.
func (s *Server) note(ctx context.Context, err error, what string, about ...any) *netproto.Error {
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok {
		known = &netproto.Error{Code: netproto.CodeInternal}
	}
	met, limited := errors.AsType[admission.Refusal](err)
	// Strangers can bring these about, and could fill the log; a store that is away has said so.
	expected := limited || known.Code == netproto.CodeFull && known.Cause == nil ||
		slices.Contains([]netproto.Code{netproto.CodeStoreAway, netproto.CodeBusy, netproto.CodePeerUnreachable}, known.Code)
	if known.Code.Status() >= http.StatusInternalServerError && !expected && ctx.Err() == nil {
		s.log.Error(what, append(about, slog.Any("error", err))...)
	}
	switch {
	case limited:
		s.metrics.Refuse(met.Limit)
	case known.Code != netproto.CodeInternal:
		s.metrics.Refuse(string(known.Code))
	}
	return known
}

// misdirected is an answer with status 421: the request is for another host.
type misdirected struct{ error }

func (m misdirected) Unwrap() error { return m.error }

// retryAfter returns how long a client is told to wait, in whole seconds from 1:
// the time given in err, or the interval of heartbeats.
func retryAfter(err *netproto.Error) int {
	wait := cmp.Or(err.RetryAfter, netproto.DefaultHeartbeat)
	return max(int(math.Ceil(wait.Seconds())), 1)
}
