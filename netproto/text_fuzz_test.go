package netproto

import (
	"bytes"
	"encoding"
	"testing"
	"unicode/utf8"
)

// FuzzPasted checks that a text loses only what was copied with it: what is left
// stays the same when it is pasted again, and a link survives.
func FuzzPasted(f *testing.F) {
	link := Link{Tracker: "192.0.2.7:5000", Hash: countingHash(), Name: "a b.txt", Size: 3}.String()
	for _, text := range []string{link, " <" + link + ">.\n", "URL:" + link, "„" + link + "“", "(" + link[:40] + "\r\n " + link[40:] + ")", "url:url:", "((", "&amp;amp;", "\u200b", "x]", "\xff«"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		left := Pasted(text)
		if len(left) > len(text) && utf8.ValidString(text) {
			t.Fatalf("%q grew to %q", text, left)
		}
		if parsed, err := ParseLink(text); err == nil {
			if again, err := ParseLink(Pasted(parsed.String())); err != nil || again != parsed {
				t.Fatalf("%q is %+v, and pasted %+v, %v", text, parsed, again, err)
			}
		}
	})
}

// FuzzTexts reads every value that travels as a JSON string: what is accepted is
// written as a text that gives the same value.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{"", "aa", "0123456789abcdef", countingHash().String(), "7OLSRTFLDZWYAVSBTZPEBEB6DB3KVXWDJHCLPYBJE5ZKBI3BFZ4Q",
		"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA", "aebagbafaydqqcikbmga2dqpca", "video", "lan", "open", "\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, pair := range [][2]interface {
			encoding.TextUnmarshaler
			encoding.TextMarshaler
		}{
			{new(Digest), new(Digest)}, {new(PublicKey), new(PublicKey)}, {new(ContentHash), new(ContentHash)},
			{new(Fingerprint), new(Fingerprint)}, {new(Invite), new(Invite)},
		} {
			value, again := pair[0], pair[1]
			if value.UnmarshalText(text) != nil {
				continue
			}
			written, err := value.MarshalText()
			if err != nil {
				t.Fatalf("%q is a %T that cannot be written: %v", text, value, err)
			}
			if err := again.UnmarshalText(written); err != nil {
				t.Fatalf("%q is a %T that is written as %q: %v", text, value, written, err)
			}
			if back, err := again.MarshalText(); err != nil || !bytes.Equal(back, written) {
				t.Fatalf("%q is a %T, and %q after %q, %v", text, value, back, written, err)
			}
		}
		if kind, err := ParseKind(string(text)); err == nil && string(text) != "" && string(kind) != string(text) {
			t.Fatalf("%q is the kind %q", text, kind)
		}
		if policy, err := ParseSeedPolicy(string(text)); err == nil && string(policy) != string(text) && len(text) > 0 {
			t.Fatalf("%q is the policy %q", text, policy)
		}
	})
}
