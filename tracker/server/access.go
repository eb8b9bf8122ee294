package server

import (
	"context"
	"log/slog"
	"net/http"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Access says who may use a tracker.
type Access string

// The two kinds of access.
const (
	AccessOpen   Access = "open"   // everybody except the banned
	AccessInvite Access = "invite" // keys that joined with an invite; no seed clients, which have no key
)

// ParseAccess reads open or invite. Any other text is netproto.CodeInvalid.
func ParseAccess(s string) (Access, error) {
	switch a := Access(s); a {
	case AccessOpen, AccessInvite:
		return a, nil
	}
	return "", netproto.Errorf(netproto.CodeInvalid, "access is open or invite, not %q", s)
}

// admit refuses banned callers.
func (s *Server) admit(r *http.Request, c caller) error {
	return s.store.Admit(r.Context(), c.key, c.addr)
}

// needMember is needKey plus, on a private tracker, membership.
func (s *Server) needMember(h handler) handler {
	return needKey(func(w http.ResponseWriter, r *http.Request, c caller) error {
		if s.config.Access == AccessInvite {
			member, err := s.store.IsMember(r.Context(), *c.key)
			if err != nil {
				return err
			}
			if !member {
				return &netproto.Error{Code: netproto.CodeInvite}
			}
		}
		return h(w, r, c)
	})
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
