package server_test

import (
	"slices"
	"testing"

	"centralizedp2p/netproto"
)

func TestOnlyThoseInTheSameNetworkAreGivenPrivateAddresses(t *testing.T) {
	candidates := []string{"192.168.1.20:4000", "[fd00::20]:4000"}
	for _, c := range []struct {
		source, requester string
		want              []string
	}{
		{"198.51.100.4", "203.0.113.9", []string{"198.51.100.4:4000"}},
		{"198.51.100.4", "198.51.100.4", []string{"198.51.100.4:4000", "192.168.1.20:4000", "[fd00::20]:4000"}},
		{"198.51.100.4", "192.168.1.7", []string{"198.51.100.4:4000"}},
		{"198.51.100.4", "", []string{"198.51.100.4:4000"}},
		{"192.168.1.20", "192.168.1.7", []string{"192.168.1.20:4000", "[fd00::20]:4000"}},
		{"192.168.1.20", "", []string{"192.168.1.20:4000", "[fd00::20]:4000"}},
		{"192.168.1.20", "203.0.113.9", []string{"192.168.1.20:4000"}},
		{"2001:db8::4", "203.0.113.9", []string{"[2001:db8::4]:4000"}},
		{"::ffff:198.51.100.4", "203.0.113.9", []string{"198.51.100.4:4000"}},
		{"", "", []string{"127.0.0.1:4000", "192.168.1.20:4000", "[fd00::20]:4000"}},
		{"", "192.168.1.7", []string{":4000", "192.168.1.20:4000", "[fd00::20]:4000"}},
		{"", "203.0.113.9", []string{":4000"}},
		{"::1", "203.0.113.9", []string{":4000"}},
	} {
		tr := startTracker(t, nil)
		source, requester := tr.client(c.source), tr.client(c.requester)
		source.join(netproto.JoinRequest{Port: 4000, Candidates: candidates})
		source.announce(file("a"))
		got := requester.sources("a")
		if len(got) != 1 || !slices.Equal(got[0].Addresses, c.want) {
			t.Errorf("a source at %q for a requester at %q: %+v, want %q", c.source, c.requester, got, c.want)
		}
	}
}

func TestAnAddressOfTheInternetIsNoCandidate(t *testing.T) {
	tr := startTracker(t, nil)
	source := tr.client("198.51.100.4")
	source.join(netproto.JoinRequest{Port: 4000, Candidates: []string{
		"8.8.8.8:53", "127.0.0.1:22", "169.254.169.254:80", "[fe80::1%eth0]:4000", "[fe80::1]:4000", "224.0.0.1:4000",
		"[2001:db8::1]:4000", "[::ffff:10.0.0.7]:4000",
	}})
	source.announce(file("a"))
	if got := tr.client("198.51.100.4").sources("a"); !slices.Equal(got[0].Addresses, []string{"198.51.100.4:4000", "10.0.0.7:4000"}) {
		t.Errorf("%q", got[0].Addresses)
	}
}

func TestAPeerIsNoSourceForItself(t *testing.T) {
	tr := startTracker(t, nil)
	one, other := tr.client(""), tr.client("")
	for _, c := range []*client{one, other} {
		c.join(netproto.JoinRequest{Port: 4000})
		c.announce(file("a"))
	}
	if got := one.sources("a"); len(got) != 1 || got[0].PeerID != other.id.PeerID() {
		t.Errorf("%+v", got)
	}
	if got := tr.clientOf(one.id, "").sources("a"); len(got) != 1 { // over another connection
		t.Errorf("%+v", got)
	}
}

func TestAnAnswerHasAHundredSourcesAtTheMost(t *testing.T) {
	tr := startTracker(t, nil)
	for range 105 {
		c := tr.client("")
		c.join(netproto.JoinRequest{Port: 4000})
		c.announce(file("a"))
		c.http.CloseIdleConnections()
	}
	if got := tr.client("").sources("a"); len(got) != 100 {
		t.Errorf("%d sources", len(got))
	}
}
