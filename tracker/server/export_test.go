package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/server/origin"
)

// Hurry bounds each phase of a connection by d.
func (s *Server) Hurry(d time.Duration) {
	s.timeouts = timeouts{firstByte: d, header: d, read: d, write: d, idle: d, stop: d}
}

// StopWithin bounds how long the server waits for its connections when it stops.
func (s *Server) StopWithin(d time.Duration) { s.timeouts.stop = d }

// TimeBy lets the limits go by another clock.
func (s *Server) TimeBy(now func() time.Time) { s.guard.Now = now }

// DialBackWith lets dial make the connections with which the server finds out which
// peers can be reached.
func (s *Server) DialBackWith(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.reach.Dial = dial
}

// Meeting is a server to which two peers have lines.
type Meeting struct {
	s      *Server
	places map[netproto.PublicKey]netip.AddrPort
}

// Meet returns a meeting of a callee and a caller that are seen there.
func Meet(t testing.TB, callee, caller netip.AddrPort) *Meeting {
	m := &Meeting{New(Config{}), map[netproto.PublicKey]netip.AddrPort{{1}: callee, {2}: caller}}
	for key, at := range m.places {
		near, far := net.Pipe()
		m.s.lines.Open(near, nil, line.Owner{Key: key, Seen: at}, at, false)
		t.Cleanup(func() { near.Close(); far.Close() })
	}
	return m
}

// Told returns all that both are told about each other, as a source and in a call, after
// they have joined with what they say.
func (m *Meeting) Told(callee, caller netproto.JoinRequest) map[string][]string {
	told := map[string][]string{}
	for key, says := range map[netproto.PublicKey]netproto.JoinRequest{{1}: callee, {2}: caller} {
		peer, err := peerOf(says, m.caller(key))
		if err != nil {
			continue // refused
		}
		v := m.s.viewerOf(m.caller(netproto.PublicKey{3 - key[0]}))
		told[fmt.Sprint("source ", key[0])] = m.s.addressesFor(peer, v)
		told[fmt.Sprint("call ", key[0])] = m.s.callAddresses(peer, v)
	}
	return told
}

func (m *Meeting) caller(key netproto.PublicKey) origin.Caller {
	return origin.Caller{Key: &key, ID: netproto.PeerIDOf(key[:]), Addr: m.places[key].Addr()}
}

// LeaveFor has a peer leave with a request.
func (s *Server) LeaveFor(r *http.Request, id netproto.PeerID) error {
	return s.leave(httptest.NewRecorder(), r, origin.Caller{ID: id})
}
