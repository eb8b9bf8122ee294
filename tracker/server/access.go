package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/owner"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// admit refuses banned callers.
func (s *Server) admit(r *http.Request, c origin.Caller) error {
	return s.store.Admit(r.Context(), c.Key, c.Addr)
}

// needMember is needKey plus, on a private tracker, membership.
func (s *Server) needMember(h rest.Handler) rest.Handler {
	return needKey(func(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
		if err := s.checkMember(r.Context(), *c.Key); err != nil {
			return err
		}
		return h(w, r, c)
	})
}

// checkMember refuses, on a private tracker, keys that are no member's.
func (s *Server) checkMember(ctx context.Context, key netproto.PublicKey) error {
	if s.config.Access != AccessInvite {
		return nil
	}
	member, err := s.store.IsMember(ctx, key)
	if err == nil && !member {
		err = &netproto.Error{Code: netproto.CodeInvite}
	}
	return err
}

// redeem lets members and keys with an invite join a private tracker.
func (s *Server) redeem(ctx context.Context, key netproto.PublicKey, token netproto.Invite) error {
	if s.config.Access != AccessInvite {
		return nil
	}
	member, err := s.store.IsMember(ctx, key)
	switch {
	case err != nil || member:
		return err
	case token.IsZero():
		return &netproto.Error{Code: netproto.CodeInvite}
	}
	if err := s.store.Redeem(ctx, store.InviteHash(token), key); err != nil {
		return err
	}
	s.log.Info("an invite was used", slog.Any("key", netproto.FingerprintOf(key[:])))
	return nil
}

func needKey(h rest.Handler) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
		if c.Key == nil {
			return &netproto.Error{Code: netproto.CodeCertificate}
		}
		return h(w, r, c)
	}
}

// Owner returns the owner's side of the server.
func (s *Server) Owner() *owner.Owner {
	return owner.New(s.store, s.config.Access == AccessInvite, s.cut, s.log)
}

// cut ends the connections, lines and circuits of a target at this node and returns how many.
func (s *Server) cut(t store.Target) int {
	return s.conns.Cut(connections(t)) + s.lines.Cut(lineOwners(t)) + s.relay.Cut(relayTakers(t))
}

// connections returns what a ban or the end of a membership is about.
func connections(t store.Target) func(netproto.Fingerprint, netip.Addr) bool {
	return func(key netproto.Fingerprint, from netip.Addr) bool {
		return !t.Key.IsZero() && key == t.Key || t.Prefix.IsValid() && t.Prefix.Contains(from)
	}
}
