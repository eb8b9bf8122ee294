package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"

	"filippo.io/edwards25519"
	"golang.org/x/crypto/nacl/box"

	"centralizedp2p/netproto"
)

// What is sealed is, inside: 32 bytes key of the sender | 64 bytes its signature |
// text. The signature covers sealWords | 32 bytes key of the receiver | text, so
// nobody can pass a text on as if it were meant for somebody else. Around it is an
// anonymous box of NaCl (golang.org/x/crypto/nacl/box) for the X25519 key that follows
// from the receiver's ed25519 key, as RFC 7748 §4.1 maps the two curves.
const (
	sealWords = "centralizedp2p sealed note v1\x00"

	// SealBytes is how much longer a sealed text is.
	SealBytes = box.AnonymousOverhead + ed25519.PublicKeySize + ed25519.SignatureSize
)

// Seal encloses a text so that only the owner of a key can read it, and learns for
// certain who wrote it. The error is a netproto.CodeInvalid for a key that is none.
func (id *Identity) Seal(to netproto.PublicKey, text []byte) ([]byte, error) {
	key, err := exchangeKey(to)
	if err != nil {
		return nil, err
	}
	inside := append(append([]byte{}, id.Key()...), ed25519.Sign(id.key, signed(to, text))...)
	return box.SealAnonymous(nil, append(inside, text...), key, rand.Reader)
}

// Open reads what was sealed for this identity, and returns whose it is. Anything else
// is a netproto.CodeProtocol.
func (id *Identity) Open(sealed []byte) (from netproto.PublicKey, text []byte, err error) {
	own := netproto.PublicKey(id.Key())
	public, err := exchangeKey(own)
	if err != nil {
		return from, nil, err
	}
	// The scalar of an ed25519 key (RFC 8032 §5.1.5); X25519 clamps it.
	digest := sha512.Sum512(id.key.Seed())
	private := [32]byte(digest[:32])
	inside, ok := box.OpenAnonymous(nil, sealed, public, &private)
	if !ok || len(inside) < ed25519.PublicKeySize+ed25519.SignatureSize {
		return from, nil, netproto.Errorf(netproto.CodeProtocol, "a sealed note is damaged, or is for somebody else")
	}
	copy(from[:], inside)
	signature := inside[ed25519.PublicKeySize:][:ed25519.SignatureSize]
	text = inside[ed25519.PublicKeySize+ed25519.SignatureSize:]
	if !ed25519.Verify(from[:], signed(own, text), signature) {
		return netproto.PublicKey{}, nil, netproto.Errorf(netproto.CodeProtocol, "a sealed note is not from the one who is said to have sent it")
	}
	return from, text, nil
}

func signed(to netproto.PublicKey, text []byte) []byte {
	return append(append([]byte(sealWords), to[:]...), text...)
}

// exchangeKey returns the X25519 key of an ed25519 key. A key of small order is none:
// everybody could read what is sealed for it.
func exchangeKey(key netproto.PublicKey) (*[32]byte, error) {
	point, err := new(edwards25519.Point).SetBytes(key[:])
	if err != nil || new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil, netproto.Errorf(netproto.CodeInvalid, "a public key that belongs to nobody")
	}
	return (*[32]byte)(point.BytesMontgomery()), nil
}
