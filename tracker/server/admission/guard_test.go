package admission

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// stopped returns a guard whose clock stands.
func stopped(l Limits) *Guard {
	g, now := NewGuard(l), time.Now()
	g.Now = func() time.Time { return now }
	return g
}

// at returns a caller with a key of its own.
func at(addr string, key byte) origin.Caller {
	public := netproto.PublicKey{key}
	return origin.Caller{Key: &public, ID: netproto.PeerIDOf(public[:]), Addr: netip.MustParseAddr(addr)}
}

// hit returns the name of the limit that an error is about, "" for none.
func hit(t *testing.T, err error) string {
	t.Helper()
	refused, is := errors.AsType[Refusal](err)
	if err != nil && !is {
		t.Fatalf("%v names no limit", err)
	}
	return refused.Limit
}

func TestAHeartbeatCountsAgainstItsKeyAlone(t *testing.T) {
	g := stopped(Limits{RateAddress: 1})
	quiet, greedy := at("198.51.100.7", 1), at("198.51.100.7", 2)
	request := func(c origin.Caller, path string) string {
		_, err := g.Request(httptest.NewRequest(http.MethodPost, path, nil), c)
		return hit(t, err)
	}
	g.Holds(quiet, 3)
	for request(greedy, netproto.RouteStats) == "" {
	}
	for name, got := range map[string]string{
		"a beat of whom it knows":  request(quiet, netproto.RouteHeartbeat),
		"a beat over a line":       hit(t, g.Frame(quiet.ID, quiet.Addr, true)),
		"somebody of elsewhere":    request(at("198.51.100.8", 3), netproto.RouteStats),
		"an approach of elsewhere": hit(t, g.Approach(netip.MustParseAddr("198.51.100.8"))),
	} {
		if got != "" {
			t.Errorf("%s is refused by %s", name, got)
		}
	}
	for name, got := range map[string]string{
		"a beat of a stranger": request(greedy, netproto.RouteHeartbeat),
		"something else":       request(quiet, netproto.RouteStats),
		"a call over a line":   hit(t, g.Frame(quiet.ID, quiet.Addr, false)),
		"an approach":          hit(t, g.Approach(quiet.Addr)),
	} {
		if got != limitRateAddress {
			t.Errorf("%s is refused by %q", name, got)
		}
	}
}

func TestAConnectionGivesItsPlaceBack(t *testing.T) {
	g := stopped(Limits{Connections: 3, ConnectionsAddress: 1})
	from := netip.MustParseAddr("198.51.100.7")
	leave, _ := g.Arrive(from, false)
	if again, refused := g.Arrive(from, false); again != nil || refused != limitConnectionsAddress {
		t.Errorf("a second one is refused by %q", refused)
	}
	for range 2 { // of a proxy
		if _, refused := g.Arrive(netip.MustParseAddr("198.51.100.8"), true); refused != "" {
			t.Errorf("one of many is refused by %s", refused)
		}
	}
	if _, refused := g.Arrive(netip.MustParseAddr("203.0.113.9"), false); refused != limitConnections {
		t.Errorf("one too many is refused by %q", refused)
	}
	leave()
	if _, refused := g.Arrive(from, false); refused != "" {
		t.Errorf("after the first has ended: %s", refused)
	}
}

// online is a store with one peer, which is online.
type online netproto.PeerID

func (online) Stats(context.Context) (netproto.Stats, error) {
	return netproto.Stats{PeersOnline: 1}, nil
}

func (o online) Heartbeat(_ context.Context, id netproto.PeerID, _ store.Holdings) (netproto.HeartbeatStatus, netip.AddrPort, error) {
	if id == netproto.PeerID(o) {
		return netproto.HeartbeatOK, netip.AddrPort{}, nil
	}
	return netproto.HeartbeatJoin, netip.AddrPort{}, nil
}

func TestWhoIsThereMayJoinAgain(t *testing.T) {
	there, known, stranger := at("198.51.100.7", 1), at("198.51.100.7", 2), at("198.51.100.7", 3)
	full, seldom := stopped(Limits{Peers: 1}), stopped(Limits{NewKeys: 1})
	full.Holds(known, 0)
	for name, c := range map[string]struct {
		g    *Guard
		who  origin.Caller
		want string
	}{
		"online":        {full, there, ""},
		"known":         {full, known, ""},
		"a stranger":    {full, stranger, limitPeers},
		"the first key": {seldom, there, ""},
	} {
		if got := hit(t, c.g.Join(t.Context(), c.who, online(there.ID))); got != c.want {
			t.Errorf("%s is refused by %q, want %q", name, got, c.want)
		}
	}
	if got := hit(t, seldom.Join(t.Context(), stranger, online(there.ID))); got != limitNewKeys {
		t.Errorf("a second key is refused by %q", got)
	}
}

func TestAFullStoreReadsAnAnnounceOfAHolderNowAndThen(t *testing.T) {
	g := stopped(Limits{Memory: 1 << 30})
	full := &netproto.Error{Code: netproto.CodeFull, Detail: "no memory is left"}
	holder, stranger := at("198.51.100.7", 1), at("198.51.100.7", 2)
	g.Holds(holder, 1)
	if err := g.Announce(stranger, nil); err != nil {
		t.Errorf("of a store with room: %v", err)
	}
	for i, want := range []string{"", limitMemory} {
		if got := hit(t, g.Announce(holder, full)); got != want {
			t.Errorf("announce %d of a holder is refused by %q, want %q", i, got, want)
		}
	}
	err := g.Announce(stranger, full)
	if known, _ := errors.AsType[*netproto.Error](err); hit(t, err) != limitMemory || known.RetryAfter != renewalPause || known.Detail != full.Detail {
		t.Errorf("a stranger is told %+v", known)
	}
}
