package netproto

import (
	"strings"
	"testing"
)

// FuzzParseContentHash checks that a hash has only one text, apart from its case.
func FuzzParseContentHash(f *testing.F) {
	f.Add(countingHash().String())
	f.Add(strings.ToUpper(repeated(0xab).String()))
	f.Add(ContentHash{}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseContentHash(s)
		if err != nil {
			return
		}
		if h.String() != strings.ToLower(s) {
			t.Fatalf("%q became %q", s, h)
		}
		if again, err := ParseContentHash(h.String()); err != nil || again != h {
			t.Fatalf("%q is not read back: %v", h, err)
		}
	})
}

// FuzzParseFingerprint checks that whatever people type, spaced or not, gives a
// fingerprint whose own text reads back unchanged.
func FuzzParseFingerprint(f *testing.F) {
	f.Add(Fingerprint(countingHash()).String())
	f.Add(strings.ToUpper(Fingerprint(repeated(0xff)).String()))
	f.Add("aaaq-eaye audaoca jbifqyd iob4ib ceqtcq kqrmfyyd enbwha 5dypq")
	f.Add(strings.Repeat("a", 51) + "b")
	f.Add(strings.Repeat("a", 50) + "\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		print, err := ParseFingerprint(s)
		if err != nil {
			return
		}
		text := print.String()
		if again, err := ParseFingerprint(text); err != nil || again != print || again.String() != text {
			t.Fatalf("%q gave %q, which is not read back: %v", s, text, err)
		}
		var viaText Fingerprint
		if raw, err := print.MarshalText(); err != nil || viaText.UnmarshalText(raw) != nil || viaText != print {
			t.Fatalf("%q does not survive as JSON text", text)
		}
	})
}

// FuzzDigest checks that a digest has only one text, apart from its case.
func FuzzDigest(f *testing.F) {
	f.Add("0000000000000000")
	f.Add("fedcba9876543210")
	f.Add("FFFFFFFFFFFFFFFF")
	f.Add("123")
	f.Fuzz(func(t *testing.T, s string) {
		var d Digest
		if err := d.UnmarshalText([]byte(s)); err != nil {
			return
		}
		if d.String() != strings.ToLower(s) {
			t.Fatalf("%q became %q", s, d)
		}
	})
}
