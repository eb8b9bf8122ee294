package netaddr_test

import (
	"net/netip"
	"testing"

	"centralizedp2p/tracker/netaddr"
)

func TestAnAddressIsComparedWithoutWhatMeansNothingToOthers(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7":        "192.0.2.7",
		"::ffff:192.0.2.7": "192.0.2.7",
		"fe80::1%eth0":     "fe80::1",
		"2001:db8::1":      "2001:db8::1",
	} {
		if got := netaddr.Plain(netip.MustParseAddr(text)); got != netip.MustParseAddr(want) {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}

func TestAnAddressIsLocalIfItMeansNothingElsewhere(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "10.1.2.3": true, "192.168.1.7": true, "fd00::1": true, "169.254.1.1": true, "fe80::1": true,
		"203.0.113.9": false, "2001:db8::1": false, "100.64.0.1": false, "0.0.0.0": false,
	} {
		if got := netaddr.IsLocal(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
