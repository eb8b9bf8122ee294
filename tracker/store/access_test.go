package store_test

import (
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func TestTargetsAreReadAndWritten(t *testing.T) {
	key := netproto.FingerprintOf(make([]byte, 32)).String()
	for text, want := range map[string]string{
		key:                     key,
		strings.Repeat("A", 64): strings.Repeat("a", 64),
		" 192.0.2.7 ":           "192.0.2.7",
		"192.0.2.7/24":          "192.0.2.0/24",
		"192.0.2.7/32":          "192.0.2.7",
		"::ffff:192.0.2.7":      "192.0.2.7",
		"::ffff:192.0.2.7/120":  "192.0.2.0/24",
		"2001:db8::7":           "2001:db8::/64",
		"2001:db8::7/128":       "2001:db8::7/128",
		"::1":                   "::1/128",
	} {
		target, err := store.ParseTarget(text)
		if err != nil || target.String() != want {
			t.Errorf("ParseTarget(%q) = %s, %v; want %s", text, target, err, want)
		}
		if again, err := store.ParseTarget(want); err != nil || again != target {
			t.Errorf("ParseTarget(%q) = %s, %v", want, again, err)
		}
	}
	for _, text := range []string{"", "me", "0.0.0.0/0", "::/0", "0.0.0.0", "fe80::1%eth0", "192.0.2.7/33", strings.Repeat("0", 64), "192.0.2.7:80"} {
		if target, err := store.ParseTarget(text); netproto.CodeOf(err) != netproto.CodeInvalid || target != (store.Target{}) {
			t.Errorf("ParseTarget(%q) = %s, %v", text, target, err)
		}
	}
}

// FuzzParseTarget holds that a target has one text and says one thing.
func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{"192.0.2.7", "192.0.2.0/24", "2001:db8::7", "::ffff:1.2.3.4/100", strings.Repeat("a", 64), strings.Repeat("a", 52)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := store.ParseTarget(s)
		if err != nil {
			return
		}
		again, err := store.ParseTarget(target.String())
		if err != nil || again != target {
			t.Fatalf("%q gives %s, that gives %s, %v", s, target, again, err)
		}
	})
}
