package server

import (
	"net/http"
	"net/netip"
	"time"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func (s *Server) join(w http.ResponseWriter, r *http.Request, c caller) error {
	var req netproto.JoinRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	peer, err := peerOf(req, c)
	if err != nil {
		return err
	}
	if err := s.limitJoin(r, c); err != nil {
		return err
	}
	if err := s.redeem(r.Context(), peer.Key, req.Invite); err != nil {
		return err
	}
	held, err := s.store.Join(r.Context(), peer)
	if err != nil {
		return err
	}
	s.guard.holds(c, held.Count)
	return answer(w, netproto.JoinResponse{
		PeerID:           c.id,
		ObservedAddress:  peer.Observed.String(),
		Reachable:        s.reach.sign(c.id, peer.Observed),
		HeartbeatSeconds: int(s.config.Heartbeat / time.Second),
		LeaseSeconds:     int(s.config.lease() / time.Second),
		Count:            held.Count,
		Digest:           held.Digest,
	})
}

// peerOf checks what a peer says about itself. Its address is where its connection
// comes from, so nobody can send others anywhere else.
func peerOf(req netproto.JoinRequest, c caller) (store.Peer, error) {
	switch {
	case len(req.Name) > netproto.MaxPeerName:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "the name has %d bytes, %d are allowed", len(req.Name), netproto.MaxPeerName)
	case !utf8.ValidString(req.Name) || netproto.Printable(req.Name) != req.Name:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "the name has invisible characters")
	case req.Port < 1 || req.Port > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "port is from 1 to 65535, not %d", req.Port)
	case req.SeedPort < 0 || req.SeedPort > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "seed_port is from 0 to 65535, not %d", req.SeedPort)
	}
	candidates, err := candidatesOf(req.Candidates)
	if err != nil {
		return store.Peer{}, err
	}
	return store.Peer{
		Key:        *c.key,
		Name:       req.Name,
		Observed:   netip.AddrPortFrom(c.addr, uint16(req.Port)),
		SeedPort:   uint16(req.SeedPort),
		Candidates: candidates,
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

func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request, c caller) error {
	var req netproto.HeartbeatRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	status, from, err := s.store.Heartbeat(r.Context(), c.id, store.Holdings{Count: req.Count, Digest: req.Digest})
	if err != nil {
		return err
	}
	if from.Addr() != c.addr {
		status = netproto.HeartbeatJoin // it has moved: others would be sent to its old address
	}
	s.metrics.beats.WithLabelValues(string(status)).Inc()
	reachable := netproto.ReachableUnknown
	switch status {
	case netproto.HeartbeatOK:
		s.guard.holds(c, req.Count)
		reachable = s.reach.sign(c.id, from)
	case netproto.HeartbeatResync:
		reachable = s.reach.sign(c.id, from)
	}
	response := netproto.HeartbeatResponse{Status: status, Reachable: reachable}
	if stats, err := s.store.Stats(r.Context()); err == nil { // a heartbeat must not fail for want of counts
		response.Stats = &stats
	}
	return answer(w, response)
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := s.store.Leave(r.Context(), c.id); err != nil {
		return err
	}
	s.reach.left(c.id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
