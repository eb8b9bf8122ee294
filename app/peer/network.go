package peer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

// After the computer slept or changed its network, connections may be dead
// without anybody being told, and what could not be reached perhaps can. Then
// the trackers are joined again at once, dead connections are closed and made
// again, and nothing waits for what failed before.

const (
	// sleptFor is by how much the clock on the wall must run ahead of the one
	// that stands still while the computer sleeps. Small steps are those of a
	// clock that is set.
	sleptFor = 5 * time.Second
	// addressesEvery is how many looks at the clock there are to one at the addresses.
	addressesEvery = 2
)

// surroundings are what the engine looks at to notice sleep and change.
type surroundings struct {
	clock     func() (wall time.Time, awake time.Duration)
	addresses func() []netip.Prefix // of this computer
}

var start = time.Now()

var realSurroundings = surroundings{
	// Without its monotonic reading a time is that on the wall.
	clock:     func() (time.Time, time.Duration) { now := time.Now(); return now.Round(0), now.Sub(start) },
	addresses: interfaceAddresses,
}

func interfaceAddresses() []netip.Prefix {
	addrs, _ := net.InterfaceAddrs()
	var list []netip.Prefix
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, prefix)
		}
	}
	return list
}

// own are the addresses without their networks, in order.
func (s *surroundings) own() []netip.Addr {
	var list []netip.Addr
	for _, prefix := range s.addresses() {
		list = append(list, prefix.Addr().Unmap().WithZone(""))
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

// watchNetwork renews everything after sleep and change, until ctx ends.
func (e *Engine) watchNetwork(ctx context.Context) error {
	tick := time.NewTicker(e.timing.look)
	defer tick.Stop()
	wall, awake := e.around.clock()
	own := e.around.own()
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
			own = e.around.own()
			e.log.Info("the computer slept", "for", slept)
			e.renew(func(*conn) bool { return true })
			continue
		}
		if n%addressesEvery != 0 {
			continue
		}
		if now := e.around.own(); !slices.Equal(now, own) {
			own = now
			e.log.Info("the addresses of this computer changed", "now", now)
			e.renew(func(c *conn) bool { return !slices.Contains(now, c.localAddress()) })
		}
	}
}

var errRenewed = errors.New("the network changed, or the computer slept")

// renew closes the connections that are dead, joins the trackers again, and
// lets all downloads look for their sources now.
func (e *Engine) renew(dead func(*conn) bool) {
	e.mu.Lock()
	e.endEpoch()
	e.epoch, e.endEpoch = context.WithCancel(e.ctx)
	e.mu.Unlock()
	e.conns.mu.Lock()
	var closing []*conn
	for _, list := range e.conns.byKey {
		for _, c := range list {
			if dead(c) {
				closing = append(closing, c)
			}
		}
	}
	e.conns.mu.Unlock()
	for _, c := range closing {
		c.close(errRenewed)
	}
	for _, m := range e.memberships() {
		m.renew()
	}
	e.downloads.mu.Lock()
	defer e.downloads.mu.Unlock()
	for d := range e.downloads.running {
		d.renew()
	}
}

// untilRenewed is ctx, but ends when what is dialled now may lead nowhere any more.
func (e *Engine) untilRenewed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	stop := context.AfterFunc(e.epoch, cancel)
	return ctx, func() { stop(); cancel() }
}

func (d *download) renew() {
	d.mu.Lock()
	for _, s := range d.sources {
		s.retry, s.delay = time.Time{}, 0
	}
	d.sought, d.seeks = time.Time{}, 0
	d.mu.Unlock()
	d.wake()
}

// renew joins the tracker again at once, whatever is under way.
func (m *membership) renew() {
	m.mu.Lock()
	again := m.again
	m.mu.Unlock()
	if again != nil {
		again(errRejoin)
		m.tracker.Reset()
	}
	m.poke(m.retry)
}

func (c *conn) localAddress() netip.Addr {
	a, ok := c.tls.LocalAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return a.AddrPort().Addr().Unmap().WithZone("")
}

// joinRequest is what a tracker is told of this peer.
func (e *Engine) joinRequest() netproto.JoinRequest {
	e.mu.Lock()
	request := netproto.JoinRequest{Name: e.settings.Name, Port: e.port, SeedPort: e.seedPort}
	e.mu.Unlock()
	for _, ip := range e.around.own() {
		if ip.IsPrivate() && len(request.Candidates) < netproto.MaxCandidates {
			request.Candidates = append(request.Candidates, netip.AddrPortFrom(ip, uint16(request.Port)).String())
		}
	}
	return request
}
