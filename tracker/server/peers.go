package server

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

func (s *Server) join(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var req netproto.JoinRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	peer, err := peerOf(req, c)
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
		TrackerAt:        s.trackerAt(c),
	})
}

// peerOf checks what a peer says about itself. Its address is where its connection
// comes from, so nobody can send others anywhere else.
func peerOf(req netproto.JoinRequest, c origin.Caller) (store.Peer, error) {
	switch {
	case len(req.Name) > netproto.MaxPeerName:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "the name has %d bytes, %d are allowed", len(req.Name), netproto.MaxPeerName)
	case !utf8.ValidString(req.Name) || netproto.Printable(req.Name) != req.Name:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "the name has invisible characters")
	case req.Port < 1 || req.Port > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "port is from 1 to 65535, not %d", req.Port)
	case req.MappedPort < 0 || req.MappedPort > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "mapped_port is from 0 to 65535, not %d", req.MappedPort)
	case req.SeedPort < 0 || req.SeedPort > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "seed_port is from 0 to 65535, not %d", req.SeedPort)
	}
	candidates, err := candidatesOf(req.Candidates)
	if err != nil {
		return store.Peer{}, err
	}
	return store.Peer{
		Key:        *c.Key,
		Name:       req.Name,
		Observed:   netip.AddrPortFrom(c.Addr, uint16(req.Port)),
		MappedPort: uint16(req.MappedPort),
		SeedPort:   uint16(req.SeedPort),
		Candidates: candidates,
		Unlisted:   req.Unlisted,
	}, nil
}

// candidatesOf reads the addresses that a peer has in its own network. It omits
// any that are not private, so a candidate never sends anybody to an address on
// the internet.
func candidatesOf(texts []string) ([]netip.AddrPort, error) {
	if len(texts) > netproto.MaxCandidates {
		return nil, netproto.Errorf(netproto.CodeInvalid, "there are %d candidates, %d are allowed", len(texts), netproto.MaxCandidates)
	}
	var list []netip.AddrPort
	for _, text := range texts {
		at, err := netip.ParseAddrPort(text)
		if err != nil || at.Port() == 0 {
			return nil, netproto.Errorf(netproto.CodeInvalid, "%q is not an ip:port", text)
		}
		if at.Addr().Zone() == "" && at.Addr().Unmap().IsPrivate() {
			list = append(list, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
		}
	}
	return list, nil
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
	response := netproto.HeartbeatResponse{Status: status, Reachable: reachable, TrackerAt: s.trackerAt(c)}
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
	return netip.AddrPortFrom(c.Addr, outsidePort(peer, c.Addr))
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
