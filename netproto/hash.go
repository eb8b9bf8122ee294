package netproto

import (
	"crypto/ed25519"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strings"

	"github.com/google/uuid"
)

// ContentHash is the plain BLAKE3-256 of a file, as `b3sum` prints it. It is the
// name of a content. Its text is 64 lower-case hexadecimal digits.
type ContentHash [32]byte

// ParseContentHash reads 64 hexadecimal digits of either case.
func ParseContentHash(s string) (ContentHash, error) {
	var h ContentHash
	if len(s) != 2*len(h) {
		return h, fmt.Errorf("a content hash has 64 hexadecimal digits, this one has %d characters", len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return h, fmt.Errorf("a content hash has only the digits 0-9 and a-f: %w", err)
	}
	return h, nil
}

func (h ContentHash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether the hash was never set; no content has the zero hash.
func (h ContentHash) IsZero() bool { return h == ContentHash{} }

// MarshalText makes a hash usable as a JSON string and a JSON object key.
func (h ContentHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText accepts what [ParseContentHash] accepts.
func (h *ContentHash) UnmarshalText(text []byte) error {
	parsed, err := ParseContentHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// ParseMD5 reads 32 hexadecimal digits of either case; it reports false for anything else.
func ParseMD5(s string) (sum [md5.Size]byte, ok bool) {
	if len(s) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(s))
	return sum, err == nil
}

// Limits of a content and its pieces, in bytes (design §6).
const (
	MinPieceSize = 256 << 10
	MaxPieceSize = 16 << 20
	// MaxContentSize bounds a manifest to 2^20 pieces, 32 MiB of hashes.
	MaxContentSize = MaxPieceSize << 20
	// comfortablePieces is the number of pieces up to which a piece stays small.
	comfortablePieces = 4096
)

// PieceSize returns the smallest power of two from 256 KiB to 16 MiB that divides
// size bytes into at most 4,096 pieces, or 16 MiB if none does.
func PieceSize(size int64) int64 {
	if size <= MinPieceSize*comfortablePieces {
		return MinPieceSize
	}
	least := (size + comfortablePieces - 1) / comfortablePieces
	return min(int64(1)<<bits.Len64(uint64(least-1)), MaxPieceSize)
}

// PieceCount returns the number of pieces of a content of size bytes. An empty
// content has one piece of zero bytes, so every content has a piece.
func PieceCount(size int64) int {
	p := PieceSize(size)
	return max(1, int((size+p-1)/p))
}

// PieceLength returns the number of bytes in the piece with that index. The last
// piece may be shorter than the others.
func PieceLength(size int64, index int) int64 {
	p := PieceSize(size)
	return min(p, size-int64(index)*p)
}

// PeerID names an installation. Version 8 ids are derived from a public key;
// versions 1 to 7 are seed clients, which prove nothing.
type PeerID = uuid.UUID

const peerIDDomain = "centralizedp2p peer-id v1\x00"

// PeerIDOf returns the version 8 UUID (RFC 9562) of a public key: the first 16
// bytes of SHA-256(domain ‖ key) with version and variant set.
func PeerIDOf(key ed25519.PublicKey) PeerID {
	sum := sha256.Sum256(append([]byte(peerIDDomain), key...))
	var id PeerID
	copy(id[:], sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Fingerprint is the SHA-256 of a raw ed25519 public key. Its text is 52
// characters of lower-case base32 (RFC 4648) without padding.
type Fingerprint [32]byte

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// FingerprintOf returns the fingerprint of a public key.
func FingerprintOf(key ed25519.PublicKey) Fingerprint { return sha256.Sum256(key) }

// ParseFingerprint reads the text of a fingerprint. Case does not matter, nor do
// spaces and dashes, which people add when they copy one by hand.
func ParseFingerprint(s string) (Fingerprint, error) {
	var f Fingerprint
	s = strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(s))
	if len(s) != base32Lower.EncodedLen(len(f)) {
		return f, fmt.Errorf("a fingerprint has 52 characters, this one has %d", len(s))
	}
	if _, err := base32Lower.Decode(f[:], []byte(s)); err != nil {
		return f, fmt.Errorf("a fingerprint has only the characters a-z and 2-7: %w", err)
	}
	if f.String() != s {
		return f, fmt.Errorf("a fingerprint ends in \"a\" or \"q\", this one does not: a character was mistyped")
	}
	return f, nil
}

func (f Fingerprint) String() string { return base32Lower.EncodeToString(f[:]) }

// IsZero reports whether the fingerprint is unknown.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// MarshalText makes a fingerprint a JSON string; the zero one is empty.
func (f Fingerprint) MarshalText() ([]byte, error) {
	if f.IsZero() {
		return nil, nil
	}
	return []byte(f.String()), nil
}

// UnmarshalText accepts what [ParseFingerprint] accepts and the empty text.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*f = Fingerprint{}
		return nil
	}
	parsed, err := ParseFingerprint(string(text))
	if err != nil {
		return err
	}
	*f = parsed
	return nil
}
