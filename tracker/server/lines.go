package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/places"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// line makes the connection of a peer that has joined its line.
func (s *Server) line(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	if err := rest.WantsUpgrade(w, r, netproto.LineProtocol); err != nil {
		return err
	}
	peer, err := s.store.Online(r.Context(), c.ID)
	if err != nil {
		return joinFirst(err)
	}
	seen := s.seenAt(r, c)
	conn, early, err := rest.Upgrade(w, netproto.LineProtocol)
	if err != nil {
		s.log.Debug("a connection could not become a line", slog.Any("error", err))
		return nil // no answer is possible now
	}
	at := netip.AddrPortFrom(c.Addr, cmp.Or(seen.Port(), places.OutsidePort(peer, c.Addr))) // of a port that a proxy hides, the best guess
	joined := peer.Observed.Addr()
	moved := joined.Is4() == c.Addr.Is4() && joined != c.Addr
	if s.lines.Open(conn, early, line.Owner{Key: *c.Key, Seen: seen}, at, moved) {
		// A ban between the admission and now found no line to cut.
		if s.store.Admit(context.WithoutCancel(r.Context()), c.Key, c.Addr) != nil {
			s.lines.Cut(func(o line.Owner) bool { return o.Key == *c.Key })
		}
		s.tellWaiting(c.ID)
	}
	return nil
}

// tellWaiting tells a peer on its new line what came for it since it joined, when nobody
// could.
func (s *Server) tellWaiting(id netproto.PeerID) {
	if waiting := s.store.NotesFor(id); waiting > 0 {
		s.lines.Tell(id, netproto.LineFrame{Note: &netproto.NotesWaiting{Waiting: waiting}})
	}
	if waiting := s.wishes.Renew(id); waiting > 0 {
		s.lines.Tell(id, netproto.LineFrame{Wishes: &netproto.WishesWaiting{Waiting: waiting}})
	}
}

// joinFirst turns the store's word for a peer that is not online into the one for a
// caller that is not.
func joinFirst(err error) error {
	if netproto.CodeOf(err) == netproto.CodeNotFound {
		return &netproto.Error{Code: netproto.CodeJoinFirst}
	}
	return err
}

// seenAt returns where a request comes from. Its port is 0 if a proxy hides it.
func (s *Server) seenAt(r *http.Request, c origin.Caller) netip.AddrPort {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || netaddr.Plain(remote.Addr()) != c.Addr || c.Relay {
		return netip.AddrPortFrom(c.Addr, 0)
	}
	return netip.AddrPortFrom(c.Addr, remote.Port())
}

// host is the server as its lines know it.
type host struct{ *Server }

// Charge implements line.Host: a frame is a request.
func (h host) Charge(l *line.Line, beat bool) (time.Duration, error) {
	err := h.guard.Frame(l.ID(), l.Owner().Seen.Addr(), beat)
	if err == nil {
		return 0, nil
	}
	if known, ok := errors.AsType[*netproto.Error](err); ok {
		return known.RetryAfter, err
	}
	return time.Second, err
}

// Beat implements line.Host with what a request meets on its way in.
func (h host) Beat(ctx context.Context, l *line.Line, req netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	h.requests.Count()
	owner := l.Owner()
	c := origin.Caller{Key: &owner.Key, ID: l.ID(), Addr: owner.Seen.Addr()}
	err := h.storeReady(ctx)
	if err == nil {
		err = h.store.Admit(ctx, c.Key, c.Addr)
	}
	if err == nil {
		err = h.checkMember(ctx, owner.Key)
	}
	if err != nil {
		return netproto.HeartbeatResponse{}, err
	}
	return h.beat(ctx, c, req, func(netip.Addr) bool { return l.Moved() })
}

// Refused implements line.Host.
func (h host) Refused(ctx context.Context, err error) netproto.Problem {
	return netproto.ProblemOf(h.note(ctx, err, "a frame of a line failed"))
}

// lineOwners returns what a ban or the end of a membership is about.
func lineOwners(t store.Target) func(line.Owner) bool {
	return func(o line.Owner) bool {
		return !t.Key.IsZero() && netproto.FingerprintOf(o.Key[:]) == t.Key || t.Prefix.IsValid() && t.Prefix.Contains(o.Seen.Addr())
	}
}
