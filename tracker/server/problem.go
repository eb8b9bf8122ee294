package server

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/seedapi"
)

// problem answers with an error, in the seed's form on the seed's routes. Anything
// but a netproto.Error is a failure of the tracker, which is logged and not shown.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok {
		known = &netproto.Error{Code: netproto.CodeInternal}
	}
	met, limited := errors.AsType[refusal](err)
	p := netproto.ProblemOf(known)
	if _, elsewhere := errors.AsType[misdirected](err); elsewhere {
		p.Status = http.StatusMisdirectedRequest
	}
	expected := limited || known.Code == netproto.CodeFull && known.Cause == nil // by strangers, who could fill the log
	if p.Status >= http.StatusInternalServerError && !expected && r.Context().Err() == nil {
		s.log.Error("a request failed", slog.String("method", r.Method), slog.String("path", netproto.Printable(r.URL.Path)), slog.Any("error", err))
	}
	switch {
	case limited:
		s.metrics.refuse(met.limit)
	case known.Code != netproto.CodeInternal:
		s.metrics.refuse(string(known.Code))
	}
	switch p.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(known)))
	case http.StatusUpgradeRequired:
		w.Header().Set("Upgrade", "TLS/1.3") // required by RFC 9110 §15.5.22
		w.Header().Set("Connection", "Upgrade")
	}
	if seedapi.IsRoute(r) {
		seedapi.WriteError(w, p.Status, known)
		return
	}
	writeJSON(w, p.Status, netproto.MediaTypeProblem, p)
}

// misdirected is an answer with status 421: the request is for another host.
type misdirected struct{ error }

func (m misdirected) Unwrap() error { return m.error }
