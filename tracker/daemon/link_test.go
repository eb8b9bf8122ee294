package daemon

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/tracker/boltstore"
)

func TestTheAddressThatOthersReachIsPreferred(t *testing.T) {
	list := []string{"127.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "2001:4860::1", "192.168.7.5", "169.254.3.4", "198.51.100.7"}
	slices.SortStableFunc(list, func(a, b string) int { return worth(netip.MustParseAddr(a)) - worth(netip.MustParseAddr(b)) })
	if got := strings.Join(list, " "); got != "198.51.100.7 192.168.7.5 2001:4860::1 fd00::1 fe80::1%eth0 169.254.3.4 127.0.0.1 ::1" {
		t.Error(got)
	}
}

func TestALinkThatOthersCannotUseSaysSo(t *testing.T) {
	for listen, c := range map[string]struct{ public, says string }{
		"127.0.0.1:0": {"", "only this computer can use the link, because the tracker listens on a loopback address; --public-url"},
		"127.0.0.2:0": {"tracker.example:443", ""},
		"[::1]:0":     {"", "only this computer"},
	} {
		o := DefaultOptions()
		o.Listen, o.PublicURL, o.Data = listen, c.public, t.TempDir()
		tracker, err := Open(o, boltstore.Open, t.Output())
		if err != nil && strings.Contains(listen, "::1") {
			continue // no IPv6 here
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := tracker.LinkNotice(); c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q", listen, got)
		}
		if c.public != "" && tracker.Link().Tracker != c.public {
			t.Errorf("%s: the link leads to %s", listen, tracker.Link().Tracker)
		}
		if err := tracker.Close(); err != nil {
			t.Error(err)
		}
	}
}
