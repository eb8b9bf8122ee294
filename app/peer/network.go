package peer

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

// After the computer slept or changed its network, connections may be dead without
// anybody noticing, and what could not be reached perhaps can. Then the trackers are
// joined again at once, dead connections are closed and made again, and nothing waits
// for what failed before.

const (
	// sleptFor is by how much the clock on the wall must run ahead of the one that
	// stands still while the computer sleeps. Smaller steps are corrections.
	sleptFor = 5 * time.Second
	// addressesEvery is how many looks at the clock there are to one at the addresses.
	addressesEvery = 2
)

// surroundings are what the engine looks at to notice sleep and change.
type surroundings struct {
	clock     func() (wall time.Time, awake time.Duration)
	addresses func() ([]netip.Prefix, error) // of this computer
}

var processStart = time.Now()

var realSurroundings = surroundings{
	// Without its monotonic reading a time is that on the wall.
	clock:     func() (time.Time, time.Duration) { now := time.Now(); return now.Round(0), now.Sub(processStart) },
	addresses: interfaceAddresses,
}

func interfaceAddresses() ([]netip.Prefix, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var list []netip.Prefix
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, prefix)
		}
	}
	return list, nil
}

// own are the addresses without their networks, in order. That they cannot be found
// out does not mean that there are none.
func (s *surroundings) own() ([]netip.Addr, error) {
	prefixes, err := s.addresses()
	if err != nil {
		return nil, err
	}
	list := []netip.Addr{}
	for _, prefix := range prefixes {
		list = append(list, prefix.Addr().Unmap().WithZone(""))
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list), nil
}

// watchNetwork renews everything after sleep and change, until ctx ends.
func (e *Engine) watchNetwork(ctx context.Context) error {
	tick := pulse.NewTicker(e.timing.look)
	defer tick.Stop()
	wall, awake := e.around.clock()
	own := e.ownAddresses()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		wallNow, awakeNow := e.around.clock()
		slept := wallNow.Sub(wall) - (awakeNow - awake)
		wall, awake = wallNow, awakeNow
		if slept > sleptFor {
			own = e.ownAddresses()
			e.log.Info("the computer slept", "for", slept)
			e.renew(func(*session.Conn) bool { return true })
			continue
		}
		if n%addressesEvery != 0 {
			continue
		}
		now, before := e.ownAddresses(), own
		if own = now; before != nil && !slices.Equal(now, before) {
			e.log.Info("the addresses of this computer changed", "now", now)
			e.renew(func(c *session.Conn) bool { return !slices.Contains(now, c.LocalAddr()) })
		}
	}
}

// ownAddresses returns the addresses of this computer, those of before if they cannot
// be found out now: the system may be out of descriptors, which is no change.
func (e *Engine) ownAddresses() []netip.Addr {
	now, err := e.around.own()
	if err != nil {
		e.log.Warn("the addresses of this computer cannot be found out", "error", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		e.own = now
	}
	return e.own
}

// renew closes the connections that are dead, joins the trackers again, and has all
// downloads look for their sources now.
func (e *Engine) renew(dead func(*session.Conn) bool) {
	e.router.Refresh()
	e.reach.Renew()
	e.conns.Renew(dead)
	e.Trackers.Renew()
	e.Downloads.Renew()
}

// silentEvery bounds how often the trackers are joined anew because a connection fell
// silent: it may have been the other side's.
const silentEvery = 30 * time.Second

// fellSilent joins the trackers again over new connections, because a router may have got
// another address, which nobody says.
func (e *Engine) fellSilent() {
	e.mu.Lock()
	often := time.Since(e.renewed) < silentEvery
	if !often {
		e.renewed = time.Now()
	}
	e.mu.Unlock()
	if !often {
		e.router.Refresh()
		e.reach.Renew()
		e.Trackers.Renew()
	}
}

// joinRequest is what a tracker learns about this peer.
func (e *Engine) joinRequest() netproto.JoinRequest {
	e.mu.Lock()
	request := netproto.JoinRequest{Name: e.settings.Name, Port: e.port, SeedPort: e.seedPort, Unlisted: e.settings.Unlisted}
	e.mu.Unlock()
	request.MappedPort = e.mappedPort()
	for _, ip := range candidates(e.ownAddresses()) {
		request.Candidates = append(request.Candidates, netip.AddrPortFrom(ip, uint16(request.Port)).String())
	}
	return request
}

// candidates are the private addresses that others in the local network may reach, of
// both families in turn: many of one must not crowd out the other.
func candidates(own []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr
	for _, ip := range own {
		if ip.IsPrivate() {
			families[ip.BitLen()/128] = append(families[ip.BitLen()/128], ip)
		}
	}
	var list []netip.Addr
	for i := range own {
		for _, family := range families {
			if i < len(family) && len(list) < netproto.MaxCandidates {
				list = append(list, family[i])
			}
		}
	}
	return list
}
