package daemon

import (
	"context"
	"net/netip"
	"slices"

	"centralizedp2p/netproto/portmap"
)

// A tracker in a home has its router pass its port on, if that is wanted: then its
// link leads to the router, and the peers of its household are published there.

// MapPort says whether the router is to pass the tracker's port on; Options.MapPort
// says it for the beginning. Of several ports it is the first; one on loopback is never
// mapped.
func (t *Tracker) MapPort(on bool) {
	t.mapPort.Store(0)
	if i := slices.IndexFunc(t.ports, func(p port) bool { return !p.listening().Addr().IsLoopback() }); on && i >= 0 {
		t.mapPort.Store(int32(t.ports[i].listening().Port()))
	}
	select {
	case t.mapChanged <- struct{}{}:
	default:
	}
}

// Mapping returns what the router says.
func (t *Tracker) Mapping() portmap.State {
	if s := t.mapping.Load(); s != nil {
		return *s
	}
	return portmap.State{Verdict: portmap.Off}
}

// MappingChanged receives after [Tracker.Mapping], and with it the link, has changed.
func (t *Tracker) MappingChanged() <-chan struct{} { return t.mapTold }

// keepMapped has the router pass the port on until ctx ends.
func (t *Tracker) keepMapped(ctx context.Context) {
	router := portmap.Keep(ctx, portmap.Options{Description: "CentralizedP2P tracker", Log: t.log, Routes: t.routes})
	defer func() {
		router.Close()
		t.mapped(router.State())
	}()
	for {
		router.Map(int(t.mapPort.Load()))
		select {
		case <-ctx.Done():
			return
		case <-t.mapChanged:
		case <-router.Changed():
			t.mapped(router.State())
		}
	}
}

// mapped takes over what the router says.
func (t *Tracker) mapped(s portmap.State) {
	t.mapping.Store(&s)
	if t.options.PublicURL == "" { // otherwise the person knows better
		at := ""
		if outside := publicAddress(s); outside.IsValid() {
			at = outside.String()
		}
		t.server.SetPublicAddress(at)
	}
	select {
	case t.mapTold <- struct{}{}:
	default:
	}
}

// publicAddress returns where others reach a mapped port; invalid if they cannot.
func publicAddress(s portmap.State) netip.AddrPort {
	if s.Verdict != portmap.Mapped || s.Reason == portmap.Shared {
		return netip.AddrPort{}
	}
	return s.External
}
