package store

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"time"

	"centralizedp2p/netproto"
)

// Limits of what the owner of a tracker can ask for.
const (
	MaxInviteFor     = netproto.MaxPeerName // bytes of the name an invite is for
	MaxWhy           = 200                  // bytes of the reason for a ban
	DefaultInviteAge = 7 * 24 * time.Hour
	MaxInviteAge     = 366 * 24 * time.Hour
	MaxInvites       = 10_000  // neither used nor expired
	MaxBans          = 100_000 // targets
)

// Invite lets one key become a member. The store keeps only the hash of its
// token, so nobody who reads the database can join with it.
type Invite struct {
	Hash    [sha256.Size]byte // InviteHash of the token
	For     string            // whom it is meant for, in the owner's words; may be empty
	Expires time.Time
}

// InviteHash returns what a tracker remembers of an invite's token. The token
// is random, so its hash needs no salt.
func InviteHash(token netproto.Invite) [sha256.Size]byte {
	return sha256.Sum256(append([]byte("centralizedp2p invite v1\x00"), token[:]...))
}

// Member is a key that may use a private tracker.
type Member struct {
	Key   netproto.PublicKey
	For   string    // copied from its invite
	Since time.Time // when it used its invite
}

// Fingerprint names the member's key.
func (m Member) Fingerprint() netproto.Fingerprint { return netproto.FingerprintOf(m.Key[:]) }

// Target is the subject of a ban. Exactly one of the three is set.
type Target struct {
	Key    netproto.Fingerprint // a peer at any address
	Prefix netip.Prefix         // addresses of peers and seed clients
	Hash   netproto.ContentHash // a content at any peer
}

// ParseTarget reads the fingerprint of a key (52 characters), a content hash
// (64 hexadecimal digits), an address, or a CIDR range of addresses. An IPv6
// address stands for its /64, which is what one customer has. Any other text is
// netproto.CodeInvalid.
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
			return Target{}, netproto.Errorf(netproto.CodeInvalid, "%s would ban everybody; to do that, stop the tracker", s)
		}
		return prefixTarget(s, prefix.Addr(), prefix.Bits())
	}
	if key, err := netproto.ParseFingerprint(s); err == nil && !key.IsZero() {
		return Target{Key: key}, nil
	}
	return Target{}, netproto.Errorf(netproto.CodeInvalid, "%q is not the fingerprint of a key, an address, a CIDR range or a content hash", s)
}

// prefixTarget returns a range of addresses; without bits it is the range that
// one customer has.
func prefixTarget(s string, addr netip.Addr, bits int) (Target, error) {
	if addr.Zone() != "" || bits == 0 && addr.IsUnspecified() {
		return Target{}, netproto.Errorf(netproto.CodeInvalid, "no request can come from the address %q", s)
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
		return Target{}, netproto.Errorf(netproto.CodeInvalid, "%q is not a range of addresses", s)
	}
	return Target{Prefix: prefix}, nil
}

// String returns the one text form of a target; ParseTarget reads it back.
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

// Kind returns "key", "hash" or "address".
func (t Target) Kind() string {
	switch {
	case !t.Key.IsZero():
		return "key"
	case !t.Hash.IsZero():
		return "hash"
	}
	return "address"
}

// Ban keeps a key, an address or a content out.
type Ban struct {
	Target
	Why   string    // for the tracker's owner; may be empty
	Since time.Time // when it was last imposed
}
