package daemon_test

import (
	"io"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

func TestLimitsThatMeanNothingAreRefused(t *testing.T) {
	for name, change := range map[string]func(*daemon.Options){
		"--rate-address":  func(o *daemon.Options) { o.Limits.RateAddress = -1 },
		"--peers":         func(o *daemon.Options) { o.Limits.Peers = -5 },
		"--role":          func(o *daemon.Options) { o.Role = "index" },
		"--role is for":   func(o *daemon.Options) { o.Role = "search" },
		"--trusted-proxy": func(o *daemon.Options) { o.TrustedProxies = "10.0.0.0/8,nowhere" },
	} {
		o := options(t)
		change(&o)
		tracker, err := daemon.Open(o, boltstore.Open, io.Discard)
		if err == nil {
			tracker.Close()
		}
		if netproto.CodeOf(err) != netproto.CodeUsage || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
