package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// Access says who may use a tracker.
type Access string

// The two kinds of trackers.
const (
	AccessOpen   Access = "open"   // everybody who is not banned
	AccessInvite Access = "invite" // keys that joined with an invite; no seed clients, who have none
)

// ParseAccess reads the name of a kind of access; another one is a
// netproto.CodeInvalid.
func ParseAccess(s string) (Access, error) {
	switch a := Access(s); a {
	case AccessOpen, AccessInvite:
		return a, nil
	}
	return "", netproto.Errorf(netproto.CodeInvalid, "access is open or invite, not %q", s)
}

// Limits of what the owner of a tracker says.
const (
	MaxInviteFor     = netproto.MaxPeerName // bytes of who an invite is for
	MaxWhy           = 200                  // bytes of the reason of a ban
	DefaultInviteAge = 7 * 24 * time.Hour
	MaxInviteAge     = 366 * 24 * time.Hour
	MaxInvites       = 10_000  // that are neither used nor over
	MaxBans          = 100_000 // targets
)

// Invite lets one key become a member. Who reads the store cannot join with
// it: only the hash of the token is kept.
type Invite struct {
	Hash    [sha256.Size]byte // InviteHash of the token
	For     string            // who it is meant for, in words of the owner; may be empty
	Expires time.Time
}

// InviteHash is what a tracker remembers of the token of an invite. The token
// is random, so that its hash needs no salt.
func InviteHash(token netproto.Invite) [sha256.Size]byte {
	return sha256.Sum256(append([]byte("centralizedp2p invite v1\x00"), token[:]...))
}

// Member is a key that may use a private tracker.
type Member struct {
	Key   netproto.PublicKey
	For   string    // as its invite said
	Since time.Time // when it used its invite
}

// Fingerprint is the name of a member's key.
func (m Member) Fingerprint() netproto.Fingerprint { return netproto.FingerprintOf(m.Key[:]) }

// Target is what a ban is about: exactly one of the three is set.
type Target struct {
	Key    netproto.Fingerprint // a peer, wherever it comes from
	Prefix netip.Prefix         // addresses, of peers and seed clients
	Hash   netproto.ContentHash // a content, whoever has it
}

// ParseTarget reads the fingerprint of a key (52 characters), a content hash
// (64 hexadecimal digits), an address, or a range of addresses as CIDR. An
// IPv6 address stands for its /64: that is what one customer has. Another text
// is a netproto.CodeInvalid.
func ParseTarget(s string) (Target, error) {
	s = strings.TrimSpace(s)
	if hash, err := netproto.ParseContentHash(s); err == nil && !hash.IsZero() {
		return Target{Hash: hash}, nil
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return prefixTarget(s, addr, 0)
	}
	if prefix, err := netip.ParsePrefix(s); err == nil {
		if prefix.Bits() == 0 {
			return Target{}, netproto.Errorf(netproto.CodeInvalid, "%s is everybody; stop the tracker for that", s)
		}
		return prefixTarget(s, prefix.Addr(), prefix.Bits())
	}
	if key, err := netproto.ParseFingerprint(s); err == nil && !key.IsZero() {
		return Target{Key: key}, nil
	}
	return Target{}, netproto.Errorf(netproto.CodeInvalid, "%q is neither the fingerprint of a key, nor an address or CIDR range, nor a content hash", s)
}

// prefixTarget is a range of addresses; without bits it is what one customer
// has.
func prefixTarget(s string, addr netip.Addr, bits int) (Target, error) {
	if addr.Zone() != "" || bits == 0 && addr.IsUnspecified() {
		return Target{}, netproto.Errorf(netproto.CodeInvalid, "%q is an address that no request comes from", s)
	}
	if addr.Is4In6() && bits > 96 {
		bits -= 96
	}
	addr = addr.Unmap()
	switch {
	case bits != 0:
	case addr.Is6() && !addr.IsLoopback():
		bits = 64
	default:
		bits = addr.BitLen()
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return Target{}, netproto.Errorf(netproto.CodeInvalid, "%q is no range of addresses", s)
	}
	return Target{Prefix: prefix}, nil
}

// String is the one text of a target; ParseTarget reads it back.
func (t Target) String() string {
	switch {
	case !t.Key.IsZero():
		return t.Key.String()
	case !t.Hash.IsZero():
		return t.Hash.String()
	case t.Prefix.IsSingleIP() && t.Prefix.Addr().Is4():
		return t.Prefix.Addr().String()
	}
	return t.Prefix.String()
}

// Kind says in a word what a target is.
func (t Target) Kind() string {
	switch {
	case !t.Key.IsZero():
		return "key"
	case !t.Hash.IsZero():
		return "hash"
	}
	return "address"
}

// Ban keeps a key or an address out, or a content.
type Ban struct {
	Target
	Why   string    // for the owner of the tracker; may be empty
	Since time.Time // when it was said last
}

// AccessList is what a Store remembers about who may use the tracker. What is
// said of a Store holds here too.
type AccessList interface {
	// AddInvite remembers an invite, and forgets those that are over.
	// netproto.CodeFull when MaxInvites are open.
	AddInvite(ctx context.Context, i Invite) error

	// Redeem makes the key a member, by an invite with that hash which then is
	// used up. A member stays one, whatever the hash, and no invite is used.
	// netproto.CodeInvite for a hash that is unknown, used or over.
	Redeem(ctx context.Context, hash [sha256.Size]byte, key netproto.PublicKey) error

	// IsMember is asked with every request.
	IsMember(ctx context.Context, key netproto.PublicKey) (bool, error)

	// Members lists them, the oldest first.
	Members(ctx context.Context) ([]Member, error)

	// RemoveMember ends a membership and the lease of the peer.
	// netproto.CodeNotFound when the key is no member.
	RemoveMember(ctx context.Context, key netproto.Fingerprint) error

	// Ban remembers a ban, in the place of one of the same target. At once it
	// ends the leases of the peers and takes away the rows of the seed clients
	// that it is about, or the holdings of the content, which no announce
	// brings back: its elements are refused with netproto.CodeBanned, as is a
	// Join or SeedPost. netproto.CodeFull beyond MaxBans.
	Ban(ctx context.Context, b Ban) error

	// Unban ends a ban. What it was about has to come back by itself.
	// netproto.CodeNotFound where there is none.
	Unban(ctx context.Context, t Target) error

	// Bans lists them, the newest first.
	Bans(ctx context.Context) ([]Ban, error)

	// Admit is asked with every request: netproto.CodeBanned when the key, which
	// may be nil, or the address is banned.
	Admit(ctx context.Context, key *netproto.PublicKey, from netip.Addr) error
}

// admit refuses who is banned.
func (s *Server) admit(r *http.Request, c caller) error {
	return s.store.Admit(r.Context(), c.key, c.addr)
}

// needMember is needKey for those that the tracker serves.
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

// redeem lets a key join a private tracker: a member, or one with an invite.
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
	if err := s.store.Redeem(ctx, InviteHash(token), key); err != nil {
		return err
	}
	s.log.Info("an invite was used", slog.Any("key", netproto.FingerprintOf(key[:])))
	return nil
}

// invite makes a one-time token. It is told once, here.
func (s *Server) invite(ctx context.Context, who string, age time.Duration) (netproto.Invite, Invite, error) {
	if err := checkWords("the name", who, MaxInviteFor); err != nil {
		return netproto.Invite{}, Invite{}, err
	}
	if age < time.Minute || age > MaxInviteAge {
		return netproto.Invite{}, Invite{}, netproto.Errorf(netproto.CodeInvalid, "an invite lasts from 1 minute to %d days", MaxInviteAge/(24*time.Hour))
	}
	var token netproto.Invite
	rand.Read(token[:]) // never fails
	invite := Invite{Hash: InviteHash(token), For: who, Expires: time.Now().Add(age).UTC().Truncate(time.Second)}
	return token, invite, s.store.AddInvite(ctx, invite)
}

// removeMember also ends the connections of the key.
func (s *Server) removeMember(ctx context.Context, key netproto.Fingerprint) error {
	if err := s.store.RemoveMember(ctx, key); err != nil {
		return err
	}
	cut := s.conns.cut(Target{Key: key})
	s.log.Info("a member was removed", slog.Any("key", key), slog.Int("connections_cut", cut))
	return nil
}

// ban also ends the connections of those that it is about.
func (s *Server) ban(ctx context.Context, b Ban) error {
	if err := checkWords("the reason", b.Why, MaxWhy); err != nil {
		return err
	}
	b.Since = time.Now().UTC().Truncate(time.Millisecond)
	if err := s.store.Ban(ctx, b); err != nil {
		return err
	}
	cut := s.conns.cut(b.Target)
	s.log.Info("banned", slog.String("target", b.Target.String()), slog.String("why", netproto.Printable(b.Why)), slog.Int("connections_cut", cut))
	return nil
}

func checkWords(what, text string, most int) error {
	if len(text) > most {
		return netproto.Errorf(netproto.CodeInvalid, "%s has %d bytes, %d are allowed", what, len(text), most)
	}
	if !utf8.ValidString(text) || netproto.Printable(text) != text {
		return netproto.Errorf(netproto.CodeInvalid, "%s has invisible characters", what)
	}
	return nil
}
