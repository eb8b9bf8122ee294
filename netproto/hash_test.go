package netproto

import (
	"crypto/ed25519"
	"math/bits"
	"strings"
	"testing"
)

func TestPiecesCoverAContentOfAnySize(t *testing.T) {
	const KiB, GiB = int64(1) << 10, int64(1) << 30
	sizes := []int64{0, 1, 2, 1000}
	for _, edge := range []int64{
		256 * KiB, 512 * KiB, 1 << 20, GiB, 2 * GiB, 3 * GiB, 4 * GiB, 32 * GiB, 63 * GiB, 64 * GiB,
		65 * GiB, 128 * GiB, 1 << 40, MaxContentSize - 1,
	} {
		sizes = append(sizes, edge-1, edge, edge+1)
	}
	for piece := int64(MinPieceSize); piece <= MaxPieceSize; piece *= 2 {
		sizes = append(sizes, piece*comfortablePieces-1, piece*comfortablePieces, piece*comfortablePieces+1)
	}
	for _, size := range sizes {
		piece, count := PieceSize(size), PieceCount(size)
		if piece < MinPieceSize || piece > MaxPieceSize || bits.OnesCount64(uint64(piece)) != 1 {
			t.Errorf("size %d: pieces of %d bytes", size, piece)
		}
		if size <= 64*GiB && count > 4096 {
			t.Errorf("size %d: %d pieces", size, count)
		}
		if piece > MinPieceSize && (size+piece/2-1)/(piece/2) <= 4096 {
			t.Errorf("size %d: pieces of %d bytes, half of that would do", size, piece)
		}
		if size > 64*GiB && piece != MaxPieceSize {
			t.Errorf("size %d: pieces of %d bytes", size, piece)
		}
		if count < 1 || count > 1<<20 {
			t.Errorf("size %d: %d pieces", size, count)
		}
		sum := int64(0)
		for i := range count {
			length := PieceLength(size, i)
			if i < count-1 && length != piece || length > piece || length < 1 && size > 0 || length < 0 {
				t.Fatalf("size %d: piece %d of %d has %d bytes", size, i, count, length)
			}
			sum += length
		}
		if sum != size {
			t.Errorf("size %d: its pieces have %d bytes", size, sum)
		}
	}
}

func TestPieceSizesAreTheOnesThatPeersKnow(t *testing.T) {
	const KiB, MiB, GiB = int64(1) << 10, int64(1) << 20, int64(1) << 30
	for _, c := range []struct {
		size, piece int64
		count       int
	}{
		{0, 256 * KiB, 1},
		{1, 256 * KiB, 1},
		{256*KiB - 1, 256 * KiB, 1},
		{256 * KiB, 256 * KiB, 1},
		{256*KiB + 1, 256 * KiB, 2},
		{GiB - 1, 256 * KiB, 4096},
		{GiB, 256 * KiB, 4096},
		{GiB + 1, 512 * KiB, 2049},
		{2 * GiB, 512 * KiB, 4096},
		{2*GiB + 1, MiB, 2049},
		{64*GiB - 1, 16 * MiB, 4096},
		{64 * GiB, 16 * MiB, 4096},
		{64*GiB + 1, 16 * MiB, 4097},
		{MaxContentSize, 16 * MiB, 1 << 20},
	} {
		if piece, count := PieceSize(c.size), PieceCount(c.size); piece != c.piece || count != c.count {
			t.Errorf("size %d: %d pieces of %d bytes, want %d of %d", c.size, count, piece, c.count, c.piece)
		}
	}
}

// The ids and fingerprints below were computed with sha256sum and base32 of
// coreutils from the public keys of RFC 8032 §7.1, tests 1 and 2.
var keyVectors = []struct{ key, id, fingerprint string }{
	{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "1a306670-c76b-8bdf-b86a-1c1ec8855233", "eh7ddx5bksrgcytl7bkai36se4nxx3klnk7elksyq57pi74xeg4q"},
	{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "c3533ec4-dda0-86f1-b1d8-a0c62fcd34b7", "hh3rhufgiqst6bcssqq3t5i3tmejphiiffmvtrhttehomf7vcopq"},
}

func TestPeerIDsAndFingerprintsFollowFromTheKey(t *testing.T) {
	for _, v := range keyVectors {
		raw, err := ParseContentHash(v.key) // 64 digits as well
		if err != nil {
			t.Fatal(err)
		}
		key := ed25519.PublicKey(raw[:])
		id := PeerIDOf(key)
		if id.String() != v.id {
			t.Errorf("key %s: peer id %s, want %s", v.key, id, v.id)
		}
		// RFC 9562 §4.1 and §5.8: the variant bits are 10, the version is 8.
		if id[8]>>6 != 0b10 || id[6]>>4 != 8 {
			t.Errorf("key %s: peer id %s has variant %b and version %d", v.key, id, id[8]>>6, id[6]>>4)
		}
		print := FingerprintOf(key)
		if print.String() != v.fingerprint {
			t.Errorf("key %s: fingerprint %s, want %s", v.key, print, v.fingerprint)
		}
		if got, err := ParseFingerprint(v.fingerprint); err != nil || got != print || got.IsZero() {
			t.Errorf("ParseFingerprint(%s) = %s, %v", v.fingerprint, got, err)
		}
	}
}

func TestAFingerprintCopiedByHandIsUnderstood(t *testing.T) {
	want := Fingerprint(countingHash())
	text := want.String()
	var grouped []string
	for i := 0; i < len(text); i += 4 {
		grouped = append(grouped, strings.ToUpper(text[i:i+4]))
	}
	for _, s := range []string{text, strings.ToUpper(text), strings.Join(grouped, " "), strings.Join(grouped, "-"), " " + text + " "} {
		if got, err := ParseFingerprint(s); err != nil || got != want {
			t.Errorf("ParseFingerprint(%q) = %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", text[1:], text + "a", text[:51] + "b", "1" + text[1:], text[:50] + "\r\n", text[:51] + "="} {
		if got, err := ParseFingerprint(s); err == nil {
			t.Errorf("ParseFingerprint(%q) = %s, an error belongs there", s, got)
		}
	}
}

func TestOnlyAWholeContentHashIsRead(t *testing.T) {
	text := countingHash().String()
	for _, s := range []string{text, strings.ToUpper(text)} {
		if got, err := ParseContentHash(s); err != nil || got != countingHash() || got.IsZero() {
			t.Errorf("ParseContentHash(%q) = %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", text[1:], text + "0", " " + text[1:], "0x" + text[2:], "g" + text[1:], strings.Repeat("é", 32)} {
		if got, err := ParseContentHash(s); err == nil {
			t.Errorf("ParseContentHash(%q) = %s, an error belongs there", s, got)
		}
	}
	if !(ContentHash{}).IsZero() || !(Fingerprint{}).IsZero() {
		t.Error("what was never set is not zero")
	}
}

func TestTheDigestForgetsWhatIsToggledTwice(t *testing.T) {
	a, b := countingHash(), repeated(0xf0)
	if got := Digest(0).Toggle(a); got != 0x0001020304050607 {
		t.Errorf("one hash gives %s", got)
	}
	if Digest(0).Toggle(a).Toggle(b) != Digest(0).Toggle(b).Toggle(a) {
		t.Error("the order matters")
	}
	if got := Digest(0).Toggle(a).Toggle(b).Toggle(a); got != Digest(0).Toggle(b) || got.String() != "f0f0f0f0f0f0f0f0" {
		t.Errorf("what was taken out again is still there: %s", got)
	}
}

func TestAnMD5HasThirtyTwoDigits(t *testing.T) {
	const digits = "d41d8cd98f00b204e9800998ecf8427e"
	for text, ok := range map[string]bool{
		digits: true, strings.ToUpper(digits): true, digits[1:]: false, digits + "00": false, digits[1:] + "g": false, "": false,
	} {
		if sum, read := ParseMD5(text); read != ok || ok && (sum[0] != 0xd4 || sum[15] != 0x7e) {
			t.Errorf("%q is read as %x, %v", text, sum, read)
		}
	}
}
