package peer

import (
	"net"
	"net/netip"
	"time"
)

// Hasten makes the waits of an engine short enough for tests.
func Hasten(c *Config) {
	t := standardTiming
	t.handshake = 2 * time.Second
	t.tick, t.stall, t.silent = 50*time.Millisecond, time.Second, 200*time.Millisecond
	t.refused, t.queued = 500*time.Millisecond, 200*time.Millisecond
	t.sources, t.sourcesSoon = time.Second, 300*time.Millisecond
	t.minSource, t.maxSource = 200*time.Millisecond, 2*time.Second
	t.disk = 300 * time.Millisecond
	t.slotIdle = 500 * time.Millisecond
	t.slotTurn, t.slotReview = time.Second, 200*time.Millisecond
	t.idle, t.scout, t.maxScout = time.Second, 200*time.Millisecond, time.Second
	t.retry, t.maxRetry = 200*time.Millisecond, time.Second
	t.rescan, t.missing, t.rest = 500*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond
	t.partial = 20 * time.Millisecond
	t.gather = 10 * time.Millisecond
	t.minTracker, t.maxTracker = 100*time.Millisecond, 500*time.Millisecond
	t.look = 20 * time.Millisecond
	c.timing = &t
}

// Surround has the engine see a clock and addresses of a test.
func Surround(c *Config, clock func() (wall time.Time, awake time.Duration), addresses func() []netip.Prefix) {
	c.around = &surroundings{clock: clock, addresses: addresses}
}

// FreeSpaceOf has the engine ask a test how much space a disk has, in bytes.
func FreeSpaceOf(c *Config, free func(dir string) (int64, error)) { c.freeSpace = free }

// NewHearsay is the bounds of dialling what peers name.
func NewHearsay() func(address netip.AddrPort, now time.Time) bool { return new(hearsay).allow }

// LookNever has the engine look at its shares only when the system says that
// something changed.
func LookNever(c *Config) { c.timing.rescan, c.timing.missing = time.Hour, time.Hour }

// NewGuests counts incoming connections: come tells whether one is admitted, go
// is its end.
func NewGuests() (come func(from net.Addr) bool, leave func(from net.Addr)) {
	g := new(guests)
	come = func(from net.Addr) bool {
		_, ok := g.admit(from)
		return ok
	}
	return come, func(from net.Addr) { g.leave(network(from.(*net.TCPAddr).AddrPort().Addr().Unmap())) }
}

// WatchAtMost has the engine watch at most so many folders.
func WatchAtMost(c *Config, folders int) { c.watchLimit = folders }
