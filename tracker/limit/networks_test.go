package limit_test

import (
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/tracker/limit"
)

func TestANetworkHasMoreThanAnAddressButNotForEach(t *testing.T) {
	for name, address := range map[string]func(n int) netip.Addr{
		"a /24": func(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) },
		"a /48": func(n int) netip.Addr { return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, 0, byte(n)}) },
	} {
		now := time.Unix(1_700_000_000, 0)
		rates := limit.NewSourceRates(1, 10, 1000)
		taken := 0
		for n := range 200 {
			for range 20 {
				if rates.Take(address(n), 1, now) == 0 {
					taken++
				}
			}
		}
		if want := 10 * limit.TimesNetwork; taken != want {
			t.Errorf("%s: %d at once, not %d", name, taken, want)
		}
		if wait := rates.Take(netip.MustParseAddr("203.0.113.1"), 1, now); wait != 0 {
			t.Errorf("%s: a stranger waits %s", name, wait)
		}
		if wait := rates.Take(address(7), 1, now.Add(10*time.Second)); wait != 0 {
			t.Errorf("%s: it does not end by itself, but in %s", name, wait)
		}
	}
}

func TestAnAddressDoesNotUseUpItsNetwork(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	rates := limit.NewSourceRates(1, 10, 1000)
	for range 10_000 {
		rates.Take(here, 1, now)
	}
	if wait := rates.Take(there, 1, now); wait != 0 {
		t.Errorf("a neighbour waits %s", wait)
	}
	rates.Charge(here, 1000, now) // what was done cannot be undone: the network pays
	if wait := rates.Take(there, 1, now); wait == 0 {
		t.Error("the network does not pay")
	}
	var none *limit.SourceRates
	none.Charge(here, 1, now)
	if wait := none.Take(here, 1_000_000, now); wait != 0 {
		t.Errorf("without a limit: wait %s", wait)
	}
}

func TestThisComputerIsNoNetwork(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	rates, conns := limit.NewSourceRates(1, 10, 1000), limit.NewConns(0, 2)
	for n := range 250 {
		address := netip.AddrFrom4([4]byte{127, 0, 0, byte(1 + n)})
		for range 2 {
			if rates.Take(address, 5, now) != 0 || conns.Open(address) != limit.Admitted {
				t.Fatalf("%s is counted for its neighbours", address)
			}
		}
	}
}

func TestConnectionsAreCountedByNetwork(t *testing.T) {
	conns := limit.NewConns(0, 2)
	address := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }
	for n := range 4 {
		for range 2 {
			if got := conns.Open(address(n)); got != limit.Admitted {
				t.Fatalf("%d: %v", n, got)
			}
		}
	}
	if got := conns.Open(address(9)); got != limit.TooManyFromSource {
		t.Errorf("one more of the network: %v", got)
	}
	if got := conns.Open(netip.MustParseAddr("192.0.3.1")); got != limit.Admitted {
		t.Errorf("another network: %v", got)
	}
	conns.Close(address(1))
	if got := conns.Open(address(9)); got != limit.Admitted {
		t.Errorf("after one has gone: %v", got)
	}
}
