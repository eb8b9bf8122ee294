package server

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/places"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

func (s *Server) join(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var req netproto.JoinRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	peer, err := places.PeerOf(req, c)
	if err != nil {
		return err
	}
	if err := s.guard.Join(r.Context(), c, s.store); err != nil {
		return err
	}
	if err := s.redeem(r.Context(), peer.Key, req.Invite); err != nil {
		return err
	}
	held, err := s.store.Join(r.Context(), peer)
	if err != nil {
		return err
	}
	s.guard.Holds(c, held.Count)
	s.lines.Joined(c.ID, c.Addr)
	return rest.Answer(w, netproto.JoinResponse{
		PeerID:           c.ID,
		ObservedAddress:  peer.Observed.String(),
		Reachable:        s.reach.Sign(c.ID, peer.Outside()),
		HeartbeatSeconds: int(s.config.Heartbeat / time.Second),
		LeaseSeconds:     int(s.config.lease() / time.Second),
		Count:            held.Count,
		Digest:           held.Digest,
		Line:             true,
		Notes:            s.store.NotesFor(c.ID),
		TrackerAt:        s.places.TrackerAt(c),
	})
}

func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var req netproto.HeartbeatRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	response, err := s.beat(r.Context(), c, req, func(joined netip.Addr) bool {
		return joined != c.Addr && !slices.ContainsFunc(s.seen(c.ID), func(seen netip.AddrPort) bool { return seen.Addr() == c.Addr })
	})
	if err != nil {
		return err
	}
	return rest.Answer(w, response)
}

// beat renews a lease, by request or over a line. moved reports whether the peer is no
// longer where it joined, so that others would be sent to its old address.
func (s *Server) beat(
	ctx context.Context, c origin.Caller, req netproto.HeartbeatRequest, moved func(joined netip.Addr) bool,
) (netproto.HeartbeatResponse, error) {
	status, at, err := s.store.Heartbeat(ctx, c.ID, store.Holdings{Count: req.Count, Digest: req.Digest})
	if err != nil {
		return netproto.HeartbeatResponse{}, err
	}
	if status != netproto.HeartbeatJoin && moved(at.Addr()) {
		status = netproto.HeartbeatJoin
	}
	s.metrics.Beat(status)
	if status == netproto.HeartbeatOK {
		s.metrics.Met(req.Ways)
	}
	reachable := netproto.ReachableUnknown
	if status == netproto.HeartbeatOK {
		s.guard.Holds(c, req.Count)
	}
	if status != netproto.HeartbeatJoin {
		reachable = s.reach.Sign(c.ID, s.signOf(ctx, c, at))
	}
	response := netproto.HeartbeatResponse{Status: status, Reachable: reachable, TrackerAt: s.places.TrackerAt(c)}
	if status != netproto.HeartbeatJoin {
		response.Notes = s.store.NotesFor(c.ID)
		response.Wishes = s.wishes.Renew(c.ID)
	}
	if stats, err := s.store.Stats(ctx); err == nil { // a heartbeat must not fail for want of counts
		response.Stats = &stats
	}
	return response, nil
}

// signOf returns where a sign of life says that a peer is: where it joined, or in the
// other family if the sign came from there.
func (s *Server) signOf(ctx context.Context, c origin.Caller, joined netip.AddrPort) netip.AddrPort {
	if joined.Addr().Is4() == c.Addr.Is4() {
		return joined
	}
	peer, err := s.store.Online(ctx, c.ID)
	if err != nil {
		return joined
	}
	return netip.AddrPortFrom(c.Addr, places.OutsidePort(peer, c.Addr))
}

// leaveTime bounds how long the store may take to note that a peer has left.
const leaveTime = 10 * time.Second

func (s *Server) leave(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	// A program that ends does not wait for the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), leaveTime)
	defer cancel()
	if err := s.store.Leave(ctx, c.ID); err != nil {
		return err
	}
	s.goes(c.ID)
	s.others.Left(c.ID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// goes forgets what this node keeps of a peer that has left.
func (s *Server) goes(id netproto.PeerID) {
	s.wishes.Drop(id)
	s.reach.Left(id)
	s.lines.Left(id)
}
