package seedpeer

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func TestThePolicySaysWhoIsAnswered(t *testing.T) {
	for _, c := range []struct {
		source string
		lan    bool
	}{
		{"127.0.0.1", true},
		{"127.8.9.1", true},
		{"::1", true},
		{"::ffff:127.0.0.1", true},
		{"10.1.2.3", true},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"192.168.178.20", true},
		{"169.254.3.4", true},
		{"fe80::1%eth0", true},
		{"fd00::1", true},
		{"::ffff:192.168.0.1", true},
		{"172.32.0.1", false},
		{"100.64.0.1", false}, // of a provider, shared with strangers
		{"8.8.8.8", false},
		{"::ffff:8.8.8.8", false},
		{"2001:db8::1", false},
		{"0.0.0.0", false},
		{"224.0.0.1", false},
	} {
		source := netip.MustParseAddr(c.source)
		if got := allows(netproto.SeedLAN, source); got != c.lan {
			t.Errorf("lan answers %s: %v", source, got)
		}
		if !allows(netproto.SeedOpen, source) {
			t.Errorf("open does not answer %s", source)
		}
		if allows(netproto.SeedOff, source) || allows("", source) {
			t.Errorf("off answers %s", source)
		}
	}
}

func TestASourceThatAsksTooMuchIsNotAnsweredAndTheOthersAre(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := newLimits()
	greedy, other := netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.168.0.2")
	if got := count(l, greedy, now, 1000); got != answersPerSource {
		t.Errorf("%d answers at once to one source, want %d", got, answersPerSource)
	}
	if got := count(l, other, now, 1); got != 1 {
		t.Error("another source is not answered")
	}
	if got := count(l, greedy, now.Add(time.Second), 1000); got != answersPerSource {
		t.Errorf("%d answers a second later, want %d", got, answersPerSource)
	}
}

func TestForgedSourcesTogetherGetNoMoreThanTheTotal(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := newLimits()
	answers := 0
	for i := range 100_000 {
		source := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		answers += count(l, source, now.Add(time.Duration(i)*10*time.Microsecond), 1)
	}
	if want := 2 * answersInAll; answers > want {
		t.Errorf("%d answers in a second, want at most %d", answers, want)
	}
	if want := 2 * answersInAll; len(l.sources) > want {
		t.Errorf("%d sources are remembered, want at most %d", len(l.sources), want)
	}
	l.allow(netip.MustParseAddr("192.168.0.1"), now.Add(time.Minute))
	if len(l.sources) != 1 {
		t.Errorf("%d sources are remembered a minute later, want 1", len(l.sources))
	}
}

func TestAnIPv6NetworkIsOneSource(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := newLimits()
	answers := 0
	for i := range 1000 {
		answers += count(l, netip.MustParseAddr(fmt.Sprintf("fd00:db8:1:2::%x", i)), now, 1)
	}
	if answers != answersPerSource {
		t.Errorf("%d answers into one /64, want %d", answers, answersPerSource)
	}
	if count(l, netip.MustParseAddr("fd00:db8:1:3::1"), now, 1) != 1 {
		t.Error("the next /64 is not answered")
	}
	for _, same := range [][2]string{{"fe80::1%eth0", "fe80::2%eth1"}, {"::ffff:192.0.2.1", "192.0.2.1"}} {
		if network(netip.MustParseAddr(same[0])) != network(netip.MustParseAddr(same[1])) {
			t.Errorf("%s and %s are two sources", same[0], same[1])
		}
	}
}

func TestTheServerIsAWeakWeaponAgainstOthers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	forged := func(source func(i int) string) (answers int, l *limits) {
		l = newLimits()
		for i := range 100_000 { // in a hundred seconds
			answers += count(l, netip.MustParseAddr(source(i)), now.Add(time.Duration(i)*time.Millisecond), 1)
		}
		return answers, l
	}
	for name, c := range map[string]struct {
		source func(i int) string
		most   int
	}{
		"one address": {func(int) string { return "192.0.2.1" }, 20 + 50},
		"its network": {func(i int) string { return fmt.Sprintf("192.0.2.%d", i%256) }, 4 * (20 + 50)},
		"a /48":       {func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i%65_536) }, 4 * (20 + 50)},
		"all others":  {func(i int) string { return fmt.Sprintf("%d.%d.%d.1", 20+i/65_536, i/256%256, i%256) }, 100 + 5*100},
	} {
		answers, l := forged(c.source)
		if answers > c.most || answers < c.most-2 {
			t.Errorf("%s gets %d answers in 100 seconds, want %d", name, answers, c.most)
		}
		if len(l.sources) > 2*c.most {
			t.Errorf("%s: %d are remembered", name, len(l.sources))
		}
		if count(l, netip.MustParseAddr("192.168.0.1"), now.Add(100*time.Second), 1) != 1 {
			t.Errorf("%s: the local network is not answered", name)
		}
	}
}

func count(l *limits, source netip.Addr, now time.Time, tries int) int {
	answers := 0
	for range tries {
		if l.allow(source, now) {
			answers++
		}
	}
	return answers
}
