package limit_test

import (
	"net/netip"
	"testing"

	"centralizedp2p/tracker/limit"
)

func TestASourceAndItsNetworkLeaveSomethingForOthers(t *testing.T) {
	for name, c := range map[string]struct {
		source func(n int) netip.Addr
		want   int
	}{
		"one address": {func(int) netip.Addr { return netip.MustParseAddr("192.0.2.1") }, 8},
		"a /24":       {func(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }, 32},
		"strangers":   {func(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(n), 1}) }, 64},
	} {
		amounts := limit.NewAmounts(64)
		var taken []netip.Addr
		for n := range 200 {
			if amounts.Take(c.source(n), 1) {
				taken = append(taken, c.source(n))
			}
		}
		if len(taken) != c.want {
			t.Errorf("%s took %d of 64, not %d", name, len(taken), c.want)
		}
		stranger := netip.MustParseAddr("203.0.113.1")
		if got := amounts.Take(stranger, 1); got != (c.want < 64) {
			t.Errorf("%s: a stranger got it: %t", name, got)
		} else if got {
			amounts.Give(stranger, 1)
		}
		for _, source := range taken {
			amounts.Give(source, 1)
		}
		if !amounts.Take(stranger, 64) {
			t.Errorf("%s: not all was given back, or one that holds nothing may not have all", name)
		}
	}
}
