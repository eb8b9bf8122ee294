package peer

import (
	"context"
	"net"
	"net/netip"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
)

// Hasten makes the waits of an engine short enough for tests.
func Hasten(c *Config) {
	t := standardTiming
	t.session.Handshake = 2 * time.Second
	t.swarm.Tick, t.swarm.Stall, t.swarm.Silent = 50*time.Millisecond, time.Second, 200*time.Millisecond
	t.swarm.Refused, t.swarm.Queued = 500*time.Millisecond, 200*time.Millisecond
	t.swarm.Sources, t.swarm.SourcesSoon = time.Second, 300*time.Millisecond
	t.swarm.MinSource, t.swarm.MaxSource = 200*time.Millisecond, 2*time.Second
	t.serving.SlotIdle = 500 * time.Millisecond
	t.serving.SlotTurn, t.serving.SlotReview = time.Second, 200*time.Millisecond
	t.queue.Tick, t.queue.Disk = 50*time.Millisecond, 300*time.Millisecond
	t.queue.Idle, t.queue.Scout, t.queue.MaxScout = time.Second, 200*time.Millisecond, time.Second
	t.queue.Retry, t.queue.MaxRetry = 200*time.Millisecond, time.Second
	t.sharing.Rescan, t.sharing.Missing, t.sharing.Rest = 500*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond
	t.sharing.Partial = 20 * time.Millisecond
	t.membership.Gather = 10 * time.Millisecond
	t.membership.MinRetry, t.membership.MaxRetry = 100*time.Millisecond, 500*time.Millisecond
	t.reach.GiveUp = t.session.Handshake
	t.look = 20 * time.Millisecond
	c.timing = &t
}

// Surround gives the engine the clock and the network of a test.
func Surround(c *Config, clock func() (wall time.Time, awake time.Duration), addresses func() ([]netip.Prefix, error),
	routes func() (string, error), changes func(ctx context.Context, tell func()) error) {
	c.around = &surroundings{clock: clock, addresses: addresses, routes: routes, changes: changes}
}

// SystemRoutes and SystemChanges are what an engine hears of the real network.
var (
	SystemRoutes  = systemRoutes
	SystemChanges = systemChanges
)

// RouteOver gives the engine the ways out of a test's computer.
func RouteOver(c *Config, routes func() ([]portmap.Route, error)) { c.routes = routes }

// RouterSays has the engine hear that from its router.
func RouterSays(e *Engine, s portmap.State) { e.routerSaid(s) }

// DialWith has the engine dial other peers with functions of a test: in the ordinary
// way, and in calls; nil is the real one.
func DialWith(c *Config, dial, from func(ctx context.Context, address string) (net.Conn, error)) {
	c.dial, c.dialFrom = dial, from
}

// FreeSpaceOf has the engine ask a test how much space a disk has, in bytes.
func FreeSpaceOf(c *Config, free func(dir string) (int64, error)) { c.freeSpace = free }

// Opener opens a shared file for other peers.
type Opener = func(path string, state piece.State) (offer.Reader, error)

// OpenWith has the engine open shared files with a function of the test.
func OpenWith(c *Config, open Opener) { c.open = open }

// LookNever has the engine look at its shares only when the system says that
// something changed.
func LookNever(c *Config) { c.timing.sharing.Rescan, c.timing.sharing.Missing = time.Hour, time.Hour }

// WatchAtMost bounds how many folders the engine watches.
func WatchAtMost(c *Config, folders int) { c.watchLimit = folders }

// RunPart has the engine run work in the background, as it runs its own parts.
func RunPart(e *Engine, what string, work func(ctx context.Context) error) { e.run(what, work) }

// Judge says how others reach a peer that know it from one tracker.
var Judge = judge

// MayDial reports whether the engine may dial a new address now that a tracker names
// for a content.
func MayDial(e *Engine, tracker string, hash netproto.ContentHash) bool {
	return e.conns.Dials.Open(session.Named{Trackers: []string{tracker}, Content: hash}, time.Now())
}

// TrafficOf is what all connections of an engine share.
func TrafficOf(e *Engine) *flow.Traffic { return e.traffic }
