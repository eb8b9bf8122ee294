package peer

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
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
	// settles is how long the network is left to settle after the system told of a change,
	// and tellsEvery bounds how often that is looked at.
	settles    = 200 * time.Millisecond
	tellsEvery = time.Second
)

// surroundings are what the engine looks at to notice sleep and change.
type surroundings struct {
	clock     func() (wall time.Time, awake time.Duration)
	addresses func() ([]netip.Prefix, error) // of this computer
	// routes returns the routes out of this computer in a form that can be compared, and
	// changes tells when they, or the addresses, may have changed, until ctx ends.
	routes  func() (string, error)
	changes func(ctx context.Context, tell func()) error
}

var processStart = time.Now()

var realSurroundings = surroundings{
	// Without its monotonic reading a time is that on the wall.
	clock:     func() (time.Time, time.Duration) { now := time.Now(); return now.Round(0), now.Sub(processStart) },
	addresses: interfaceAddresses,
	routes:    systemRoutes,
	changes:   systemChanges,
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

// watchNetwork renews everything after sleep and changes since the call, until the context
// ends.
func (e *Engine) watchNetwork() func(ctx context.Context) error {
	was := network{addresses: e.ownAddresses(), routes: e.routes("")}
	return func(ctx context.Context) error { return e.watchNetworkSince(ctx, was) }
}

func (e *Engine) watchNetworkSince(ctx context.Context, was network) error {
	tick := pulse.NewTicker(e.timing.look)
	defer tick.Stop()
	told := make(chan struct{}, 1)
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { e.hearOfChanges(ctx, told) })
	wall, awake := e.around.clock()
	for {
		changed := false
		// While bytes flow, a person waits for what sleep or a change has ended.
		tick.Rest(!e.changes.flowing())
		select {
		case <-ctx.Done():
			return nil
		case <-told:
			changed = true
		case <-tick.C:
		}
		wallNow, awakeNow := e.around.clock()
		slept := wallNow.Sub(wall) - (awakeNow - awake)
		wall, awake = wallNow, awakeNow
		switch {
		case slept > sleptFor:
			was = network{e.ownAddresses(), e.routes(was.routes)}
			e.log.Info("the computer slept", "for", slept)
			e.renew(func(*session.Conn) bool { return true })
		case changed:
			was = e.compare(was, network{e.ownAddresses(), e.routes(was.routes)}, true)
		default:
			was = e.compare(was, network{e.ownAddresses(), was.routes}, false)
		}
	}
}

// network is what of the surroundings can change.
type network struct {
	addresses []netip.Addr // nil before they are known
	routes    string
}

// compare renews what a change of the network concerns, and returns how it is now. told
// says that the system told of a change: even if none shows, lines may be dead.
func (e *Engine) compare(was, now network, told bool) network {
	switch {
	case was.addresses != nil && !slices.Equal(now.addresses, was.addresses):
		e.log.Info("the addresses of this computer changed", "now", now.addresses)
		e.renew(func(c *session.Conn) bool { return !slices.Contains(now.addresses, c.LocalAddr()) })
	case now.routes != was.routes:
		// Connections may go on over the new way, through a tunnel for example. Those that
		// do not fall silent.
		e.log.Info("the way out of this computer changed")
		e.renew(func(*session.Conn) bool { return false })
	case told:
		e.Trackers.Ping()
	}
	return now
}

// hearOfChanges passes on what the system tells of changes, not too often.
func (e *Engine) hearOfChanges(ctx context.Context, told chan<- struct{}) {
	hints := make(chan struct{}, 1)
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		err := e.around.changes(ctx, func() {
			select {
			case hints <- struct{}{}:
			default:
			}
		})
		if err != nil && ctx.Err() == nil {
			e.log.Warn("the system does not tell when the network changes", "error", err)
		}
	})
	pause := func(d time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-hints:
		}
		pause(settles)
		select { // those that came meanwhile are of the same change
		case <-hints:
		default:
		}
		select {
		case <-ctx.Done():
			return
		case told <- struct{}{}:
		}
		pause(tellsEvery - settles)
	}
}

// routes returns the routes out of this computer, those of before if they cannot be found
// out now.
func (e *Engine) routes(before string) string {
	now, err := e.around.routes()
	if err != nil {
		e.log.Warn("the routes of this computer cannot be found out", "error", err)
		return before
	}
	return now
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

// trackerBack has all downloads ask for their sources now: those that only a tracker can
// call are reached again.
func (e *Engine) trackerBack() { e.Downloads.Renew() }

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
