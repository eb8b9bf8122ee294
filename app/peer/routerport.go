package peer

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"centralizedp2p/netproto/portmap"
	"centralizedp2p/netproto/pulse"
)

// The router passes this peer's port on while that is wanted and others outside can
// hear of the peer: with trackers on this computer alone, nobody does. The trackers
// learn which port of the router it is.

// RouterPort returns what the router says about this peer's port.
func (e *Engine) RouterPort() portmap.State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.routerPort
}

// keepRouterPort has the router pass the port on until ctx ends.
func (e *Engine) keepRouterPort(ctx context.Context) error {
	defer e.router.Close()
	tick := pulse.NewTicker(e.timing.look)
	defer tick.Stop()
	tick.Rest(true) // settings and trackers that change are a step
	for {
		step := e.changes.nextStep()
		e.router.Map(e.portToMap())
		select {
		case <-ctx.Done():
			return nil
		case <-step:
		case <-tick.C:
		case <-e.router.Changed():
			e.routerSaid(e.router.State())
		}
	}
}

// portToMap returns the port that the router should pass on; 0 for none.
func (e *Engine) portToMap() int {
	e.mu.Lock()
	port, wanted := e.port, e.settings.RouterPort && !e.config.NoRouterPort
	e.mu.Unlock()
	if wanted {
		for _, s := range e.Trackers.Statuses() {
			if !onThisComputer(s.Address) {
				return port
			}
		}
	}
	return 0
}

// onThisComputer reports whether a host:port is reached over the loopback interface.
func onThisComputer(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// routerSaid takes over what the router says, and has the trackers learn another port.
func (e *Engine) routerSaid(s portmap.State) {
	before := e.mappedPort()
	e.mu.Lock()
	e.routerPort = s
	e.mu.Unlock()
	if e.mappedPort() != before {
		e.Trackers.Rejoin()
	}
	e.changes.step()
}

// mappedPort returns the port of the router that leads to this peer; 0 for none. Behind
// a second router none does that is known.
func (e *Engine) mappedPort() int {
	s := e.RouterPort()
	if s.Verdict != portmap.Mapped || s.Reason == portmap.Shared {
		return 0
	}
	return s.ExternalPort
}
