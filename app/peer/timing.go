package peer

import "time"

// timing is every wait of the engine that is not fixed by the protocol; tests
// choose shorter ones.
type timing struct {
	handshake time.Duration // a connection must be ready after it
	// ping keeps a quiet connection alive, one that is silent for silence is
	// dead, and one whose other side does not read for write is given up.
	ping, silence, write time.Duration

	tick time.Duration // how often a running download looks after its links
	// stall is how long a source may owe an answer, and how long a link may be
	// of no use while other sources wait for one.
	stall  time.Duration
	silent time.Duration // how long until a source that owes bytes counts as slow
	// refused is how long a source is not asked for a content again that it
	// refused; queued is how often a place in a queue is renewed, which is less
	// than the owner's patience.
	refused, queued time.Duration
	// The tracker is asked for sources this often; while few are known after
	// sourcesSoon, doubled each time; and without links three times as often at least.
	sources, sourcesSoon time.Duration
	claim                time.Duration // how long a piece is left to another reader that fetches it
	// A source that failed is tried again after minSource, doubled each time up
	// to maxSource.
	minSource, maxSource time.Duration
	disk                 time.Duration // how often it is looked whether a disk has become usable again

	// idle is how long a download gets nothing before it leaves its place to
	// another one; a parked one is asked about after scout, and later each time
	// that it came to nothing, up to maxScout.
	idle, scout, maxScout time.Duration
	// A failed download is tried again after retry, doubled each time up to maxRetry.
	retry, maxRetry time.Duration

	// slotIdle is how long a peer keeps its slot without a request, and
	// slotPatience its place in the queue without asking again.
	slotIdle, slotPatience time.Duration
	// slotTurn is how long a peer is served while others wait, and slotReview how
	// often it is looked whether there is room for more of them.
	slotTurn, slotReview time.Duration

	rescan  time.Duration // how often shared files are compared with what was hashed
	missing time.Duration // how often it is looked whether what is missing is back
	rest    time.Duration // how long a file that changed while it was read is left alone
	partial time.Duration // how often it is remembered how far a large file is hashed

	gather time.Duration // changes are collected before they are announced
	look   time.Duration // how often it is looked whether the computer slept
	// The tracker is tried again after minTracker, doubled each time up to
	// maxTracker, ± a quarter.
	minTracker, maxTracker time.Duration
}

var standardTiming = timing{
	handshake: 10 * time.Second,
	ping:      30 * time.Second, silence: 90 * time.Second, write: 60 * time.Second,
	tick: time.Second, stall: 30 * time.Second, silent: 2 * time.Second,
	refused: 15 * time.Second, queued: 2 * time.Second,
	sources: 30 * time.Second, sourcesSoon: time.Second, claim: 4 * time.Second,
	minSource: time.Second, maxSource: time.Minute,
	disk: 30 * time.Second,
	idle: time.Minute, scout: 15 * time.Second, maxScout: 30 * time.Minute,
	retry: 30 * time.Second, maxRetry: time.Hour,
	slotIdle: 3 * time.Second, slotPatience: 30 * time.Second,
	slotTurn: 10 * time.Second, slotReview: time.Second,
	rescan: time.Minute, missing: 10 * time.Second, rest: 2 * time.Second, partial: 5 * time.Second,
	gather:     100 * time.Millisecond,
	look:       time.Second,
	minTracker: time.Second, maxTracker: 30 * time.Second,
}

// retryAfter is how long a download rests that failed so many times.
func (t *timing) retryAfter(tries int) time.Duration {
	return min(t.retry<<min(tries-1, 20), t.maxRetry)
}
