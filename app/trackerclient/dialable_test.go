package trackerclient_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"centralizedp2p/app/trackerclient"
)

func TestOnlyWhatATrackerMayNameIsDialled(t *testing.T) {
	t.Parallel()
	const public, here = "203.0.113.5", "198.51.100.9"
	for name, c := range map[string]struct {
		tracker, observed string
		named             []string
		want              string
	}{
		"public addresses":                      {public, here, []string{"192.0.2.1:5000", "[2001:db8::1]:5000"}, "192.0.2.1:5000 [2001:db8::1]:5000"},
		"twice, and in other words":             {public, here, []string{"192.0.2.1:5000", "192.0.2.1:5000", "[::ffff:192.0.2.1]:5000"}, "192.0.2.1:5000"},
		"names":                                 {public, here, []string{"victim.example:5000", "localhost:22", "", ":", ":x", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:70000"}, ""},
		"its own host":                          {public, here, []string{":4000"}, public + ":4000"},
		"loopback, from afar":                   {public, here, []string{"127.0.0.1:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000", "0.0.0.0:5000", "[::]:5000"}, ""},
		"the own network, from afar":            {public, here, []string{"192.168.1.1:5000", "10.0.0.1:5000", "172.16.0.1:5000", "169.254.169.254:5000", "[fe80::1]:5000", "[fd00::1]:5000"}, ""},
		"everybody, from afar":                  {public, here, []string{"224.0.0.1:5000", "[ff02::1]:5000"}, ""},
		"a peer behind the same address":        {public, here, []string{here + ":4000", "192.168.1.7:4000", "169.254.169.254:80", "127.0.0.1:4000"}, here + ":4000 192.168.1.7:4000"},
		"before it joined":                      {public, "", []string{"192.168.1.7:4000"}, ""},
		"a tracker in the same network":         {"192.168.1.2", "192.168.1.9", []string{"192.168.1.7:4000", "127.0.0.1:4000"}, "192.168.1.7:4000 127.0.0.1:4000"},
		"a tracker on the same computer":        {"127.0.0.1", "127.0.0.1", []string{"127.0.0.1:4000", ":5"}, "127.0.0.1:4000 127.0.0.1:5"},
		"a tracker on the same computer, by v6": {"::1", "::1", []string{"[::1]:4000", ":5"}, "[::1]:4000 [::1]:5"},
	} {
		observed, _ := netip.ParseAddr(c.observed)
		if got := strings.Join(trackerclient.Dialable(netip.MustParseAddr(c.tracker), observed, c.named), " "); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("192.0.2.1:%d", 1000+i))
	}
	if got := trackerclient.Dialable(netip.MustParseAddr(public), netip.Addr{}, many); len(got) != 16 {
		t.Errorf("%d addresses of one peer are used", len(got))
	}
}
