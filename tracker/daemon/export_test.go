package daemon

import "context"

// PprofAddress returns where the profiler listens.
func (t *Tracker) PprofAddress() string { return t.pprof.Addr().String() }

// AnnounceLAN announces the tracker until ctx ends, or returns before that if it
// must not be announced.
func (t *Tracker) AnnounceLAN(ctx context.Context) { t.announceLAN(ctx) }
