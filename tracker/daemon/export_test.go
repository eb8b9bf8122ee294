package daemon

import (
	"context"

	"centralizedp2p/netproto/portmap"
)

// RouterSays has the tracker hear that from its router.
func (t *Tracker) RouterSays(s portmap.State) { t.mapped(s) }

// RouteOver gives the tracker the ways out of a test's computer.
func (t *Tracker) RouteOver(routes func() ([]portmap.Route, error)) { t.routes = routes }

// PprofAddress returns where the profiler listens.
func (t *Tracker) PprofAddress() string { return t.pprof.Addr().String() }

// AnnounceLAN announces the tracker until ctx ends, or returns before that if it
// must not be announced.
func (t *Tracker) AnnounceLAN(ctx context.Context) { t.announceLAN(ctx) }
