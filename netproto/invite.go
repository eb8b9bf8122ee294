package netproto

import (
	"errors"
	"fmt"
	"strings"
)

// Invite is the one-time token of an invitation to a private tracker: 16 random
// bytes, which the tracker binds to the key of the first peer that joins with
// them. Its text is 26 characters of lower-case base32 (RFC 4648) without padding.
// The zero value means no invitation.
type Invite [16]byte

// ParseInvite reads the text of an invite; case does not matter.
func ParseInvite(s string) (Invite, error) {
	var i Invite
	s = strings.ToLower(s)
	if len(s) != base32Lower.EncodedLen(len(i)) {
		return Invite{}, fmt.Errorf("an invite has 26 characters, this one has %d", len(s))
	}
	if _, err := base32Lower.Decode(i[:], []byte(s)); err != nil {
		return Invite{}, fmt.Errorf("an invite has only the characters a-z and 2-7: %w", err)
	}
	if i.IsZero() || i.String() != s {
		return Invite{}, errors.New("the invite is damaged: copy all of the link again")
	}
	return i, nil
}

func (i Invite) String() string { return base32Lower.EncodeToString(i[:]) }

// IsZero reports that there is no invitation.
func (i Invite) IsZero() bool { return i == Invite{} }

// MarshalText makes an invite a JSON string.
func (i Invite) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText accepts what [ParseInvite] accepts.
func (i *Invite) UnmarshalText(text []byte) error {
	parsed, err := ParseInvite(string(text))
	if err != nil {
		return err
	}
	*i = parsed
	return nil
}
