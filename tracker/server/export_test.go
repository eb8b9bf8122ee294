package server

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/front"
	"centralizedp2p/tracker/server/origin"
)

// Hurry bounds each phase of a connection by d.
func (s *Server) Hurry(d time.Duration) {
	s.times = front.Times{FirstByte: d, Header: d, Read: d, Write: d, Idle: d, Stop: d}
}

// StopWithin bounds how long the server waits for its connections when it stops.
func (s *Server) StopWithin(d time.Duration) { s.times.Stop = d }

// TimeBy lets the limits go by another clock.
func (s *Server) TimeBy(now func() time.Time) { s.guard.Now = now }

// DialBackWith lets dial make the connections with which the server finds out which
// peers can be reached.
func (s *Server) DialBackWith(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.reach.Dial = dial
}

// LeaveFor has a peer leave with a request.
func (s *Server) LeaveFor(r *http.Request, id netproto.PeerID) error {
	return s.leave(httptest.NewRecorder(), r, origin.Caller{ID: id})
}
