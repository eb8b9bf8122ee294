package daemon_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/netproto/portmap"
)

func TestTheLinkLeadsToTheRouterWhileItPassesThePortOn(t *testing.T) {
	o := options(t)
	tracker := openTracker(t, o)
	defer tracker.Close()
	local := tracker.Link().Tracker
	mapped := portmap.State{Verdict: portmap.Mapped, Protocol: portmap.UPnP, ExternalPort: 5001, External: netip.MustParseAddrPort("203.0.113.9:5001")}
	shared := mapped
	shared.Reason, shared.External = portmap.Shared, netip.MustParseAddrPort("100.64.0.9:5001")
	unsaid := mapped
	unsaid.External = netip.AddrPort{}
	for _, c := range []struct {
		state portmap.State
		want  string
	}{{mapped, "203.0.113.9:5001"}, {shared, local}, {mapped, "203.0.113.9:5001"}, {unsaid, local}, {portmap.State{Verdict: portmap.Unmapped}, local}} {
		tracker.RouterSays(c.state)
		if got := tracker.Link().Tracker; got != c.want {
			t.Errorf("%+v: the link leads to %s, not %s", c.state, got, c.want)
		}
		select {
		case <-tracker.MappingChanged():
		default:
			t.Errorf("%+v: nobody is told", c.state)
		}
	}
}

func TestAPublicAddressThatAPersonGaveIsNotTheRouters(t *testing.T) {
	o := options(t)
	o.PublicURL = "tracker.example:443"
	tracker := openTracker(t, o)
	defer tracker.Close()
	tracker.RouterSays(portmap.State{Verdict: portmap.Mapped, ExternalPort: 5001, External: netip.MustParseAddrPort("203.0.113.9:5001")})
	if got := tracker.Link().Tracker; got != "tracker.example:443" {
		t.Errorf("the link leads to %s", got)
	}
}

func TestTheRouterOfATrackerIsAskedOnlyIfThatIsWantedAndUseful(t *testing.T) {
	for name, c := range map[string]struct {
		listen string
		want   bool
		asks   bool
	}{
		"not wanted":            {":0", false, false},
		"wanted on loopback":    {"127.0.0.1:0", true, false},
		"wanted, all addresses": {":0", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Listen, o.MapPort, o.LANAnnounce = c.listen, c.want, false
			tracker := openTracker(t, o)
			asked := make(chan struct{}, 1)
			tracker.RouteOver(func() ([]portmap.Route, error) {
				select {
				case asked <- struct{}{}:
				default:
				}
				return nil, nil
			})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- tracker.Serve(ctx) }()
			if c.asks {
				for tracker.Mapping().Reason != portmap.NoRouter {
					select {
					case <-tracker.MappingChanged():
					case <-time.After(patience):
						t.Fatalf("the state is %+v", tracker.Mapping())
					}
				}
				tracker.MapPort(false)
				for tracker.Mapping().Verdict != portmap.Off {
					select {
					case <-tracker.MappingChanged():
					case <-time.After(patience):
						t.Fatalf("switched off, the state is %+v", tracker.Mapping())
					}
				}
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if len(asked) > 0 != c.asks {
				t.Errorf("asked: %v", len(asked) > 0)
			}
		})
	}
}
