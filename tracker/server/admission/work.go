package admission

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
)

// Bounds of work that takes long. An ordinary search takes a few hundred looks and
// less than a millisecond; it runs to its end. One that needs more goes on among the
// slow ones; few of those are under way at once.
//
// Everything that takes long shares the places of work, one less than there are
// processors, but at least two: while the system gives the processor of one to
// somebody else, the other goes on.
const (
	quickLooks      = 20_000
	slowLooks       = 200_000
	looksPerRequest = 1000 // a search counts as one more request for each
	workLine        = 512  // pieces of work that may wait
	slowPlaces      = 4    // for each processor: they share the places of work
	slowLine        = 16
	browsers        = 2 // pages of what a peer holds, at once
	browseLine      = 64
	workWait        = time.Second
	decodeWait      = 10 * time.Second
	mendWait        = 10 * time.Millisecond // for the search for suggestions
)

// What the work is, for people and for the metrics.
const (
	searches  = "searches"
	announces = "announces"
	lists     = "lists"
)

// processors is how many there are. Under an attack, a tracker by itself runs more
// goroutines at once: see daemon.Run.
var processors = runtime.GOMAXPROCS(0)

// Work has the places of everything that takes long.
type Work struct{ turns *limit.Turns }

// NewWork returns places that are all free.
func NewWork() *Work { return &Work{limit.NewTurns(max(processors-1, 2), workLine)} }

// Waiting returns how many pieces of work wait for a place.
func (w *Work) Waiting() int { return w.turns.Waiting() }

// Queued receives after one has begun to wait.
func (w *Work) Queued() <-chan struct{} { return w.turns.Queued() }

// Decode waits for the turn of an announce, which has to end. If too much waits already, or no
// place becomes free in time, it returns netproto.CodeFull.
func (w *Work) Decode(ctx context.Context, from netip.Addr) (*limit.Turn, error) {
	return begin(ctx, w.turns, from, announces, decodeWait)
}

// List is Decode for a list of all that there is.
func (w *Work) List(ctx context.Context, from netip.Addr) (*limit.Turn, error) {
	return begin(ctx, w.turns, from, lists, workWait)
}

// begin waits for a turn of an address.
func begin(ctx context.Context, t *limit.Turns, from netip.Addr, what string, wait time.Duration) (*limit.Turn, error) {
	turn, err := t.Begin(ctx, limit.Source(from), wait)
	if errors.Is(err, limit.ErrNoTurn) {
		return nil, Refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many " + what + " are under way", RetryAfter: 2 * time.Second}, what}
	}
	return turn, err
}
