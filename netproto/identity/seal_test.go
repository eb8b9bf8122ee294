package identity

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"testing"

	"centralizedp2p/netproto"
)

// seeded returns the identity of a known key.
func seeded(t testing.TB, b byte) *Identity {
	t.Helper()
	id, err := New(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func keyOf(id *Identity) netproto.PublicKey { return netproto.PublicKey(id.Key()) }

func TestWhatIsSealedIsReadByItsReceiverAlone(t *testing.T) {
	anna, ben, eve := seeded(t, 1), seeded(t, 2), seeded(t, 3)
	for _, text := range []string{"", "three files", string(make([]byte, netproto.MaxNoteText))} {
		sealed, err := anna.Seal(keyOf(ben), []byte(text))
		if err != nil || len(sealed) != len(text)+SealBytes || len(text) > 0 && bytes.Contains(sealed, []byte(text)) {
			t.Fatalf("sealed in %d bytes, %v", len(sealed), err)
		}
		from, got, err := ben.Open(sealed)
		if err != nil || from != keyOf(anna) || string(got) != text {
			t.Errorf("opened as %q from %x, %v", got, from, err)
		}
		for _, other := range []*Identity{anna, eve} {
			if _, _, err := other.Open(sealed); netproto.CodeOf(err) != netproto.CodeProtocol {
				t.Errorf("somebody else opens it: %v", err)
			}
		}
		for _, at := range []int{0, 40, len(sealed) - 1} {
			spoilt := bytes.Clone(sealed)
			spoilt[at] ^= 1
			if _, _, err := ben.Open(spoilt); netproto.CodeOf(err) != netproto.CodeProtocol {
				t.Errorf("a flipped bit at %d: %v", at, err)
			}
		}
	}
	if netproto.MaxNoteText+SealBytes != netproto.MaxNoteBytes {
		t.Errorf("the longest note is sealed in %d bytes", netproto.MaxNoteText+SealBytes)
	}
}

// sealedElsewhere was made by libsodium (crypto_box_seal, crypto_sign_detached) from the
// keys of the seeds 32 times 01 and 32 times 02.
const sealedElsewhere = "ba1590d5775c68a97c5cccd5602425252d003ee0493e1133d66b634cafb45c3eaec1efd84d637f316576d31cca2275db6217c6cf02304208" +
	"a03f6e97888db2807c4c38d531f0f9ee4835b6516687543f96177babdc21a53a4b25f449ecf423550d3d3485dca2c46577171d59d9ee1d3a" +
	"e5bad0a15b2b83afa0d916e36ca85203df12d893fa3ea3e62e2a2b913a4d11888fd811a9b467f380f954a8"

func TestASealOfAnotherProgramIsOpened(t *testing.T) {
	sealed, err := hex.DecodeString(sealedElsewhere)
	if err != nil {
		t.Fatal(err)
	}
	from, text, err := seeded(t, 2).Open(sealed)
	if err != nil || from != keyOf(seeded(t, 1)) || string(text) != "three files" {
		t.Errorf("opened as %q from %x, %v", text, from, err)
	}
}

func TestNothingIsSealedForAKeyThatBelongsToNobody(t *testing.T) {
	anna := seeded(t, 1)
	neutral := netproto.PublicKey{1} // y = 1
	for _, key := range []netproto.PublicKey{{}, neutral, {2}} {
		if _, err := anna.Seal(key, []byte("x")); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("sealed for %x: %v", key, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	anna, ben := seeded(f, 1), seeded(f, 2)
	sealed, err := anna.Seal(keyOf(ben), []byte("three files"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:SealBytes])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, _, err := ben.Open(raw); err != nil && netproto.CodeOf(err) != netproto.CodeProtocol {
			t.Fatal(err)
		}
	})
}
