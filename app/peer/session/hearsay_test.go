package session

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestFewAddressesThatPeersNamedAreDialled(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var h Hearsay
	at := func(text string) bool { return h.Allow(netip.MustParseAddrPort(text), now) }
	for _, never := range []string{"192.0.2.1:1023", "192.0.2.1:80", "0.0.0.0:5000", "224.0.0.1:5000", "255.255.255.255:5000", "[ff02::1]:5000"} {
		if at(never) {
			t.Errorf("%s was dialled", never)
		}
	}
	count := func(address func(i int) string) int {
		n := 0
		for i := range 1000 {
			if at(address(i)) {
				n++
			}
		}
		return n
	}
	if n := count(func(i int) string { return fmt.Sprintf("192.0.2.1:%d", 2000+i) }); n != 4 {
		t.Errorf("%d ports of one address were dialled", n)
	}
	if n := count(func(i int) string { return fmt.Sprintf("[2001:db8::%x]:5000", i+1) }); n != 4 {
		t.Errorf("%d addresses of one network were dialled", n)
	}
	if n := count(func(i int) string { return fmt.Sprintf("198.51.%d.%d:5000", i/250, i%250) }); n != 60-8 {
		t.Errorf("%d addresses were dialled in the rest of a minute", n)
	}
	now = now.Add(2 * time.Minute)
	if at("192.0.2.1:2000") {
		t.Error("the first address was dialled again after two minutes")
	}
	now = now.Add(10 * time.Minute)
	if !at("192.0.2.1:2000") {
		t.Error("the first address was not dialled again after ten minutes")
	}
}
