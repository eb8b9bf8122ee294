// Package nodes is what the nodes of one tracker say to each other, and do for each other.
// They share a store (store.Nodes), which carries their letters; the connections of a relay
// they pass on directly.
//
// Each node knows whose lines the others keep. What only the node with the line can do, or
// the one with the wishes of a peer, it is asked to do. Limits count for all nodes: each
// tells the others what was spent at it. The comment of letter says what happens if one is
// lost.
package nodes

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/store"
)

// Bounds of what nodes do for each other.
const (
	tellLines  = 100 * time.Millisecond // how often others are told whose lines came or went
	allLines   = time.Minute            // how often they are told of all lines: a letter may be lost
	settles    = time.Second            // how often limits are settled
	askWait    = 3 * time.Second        // for an answer: longer than a ring may take
	forOthers  = 256                    // questions that are worked on at once
	passedOn   = 256                    // connections over TLS that go to other nodes' relays at once
	maxHearsay = 256                    // batches that were announced elsewhere and wait to be looked at
	mostLines  = 1 << 18                // peers with a line at one other node; those beyond count as not callable
)

// Host is this node, as the others ask for it.
type Host interface {
	// Wishes answers for a peer whose wishes are kept here; nil and nil if they are not.
	Wishes(WishesAsked) (*netproto.WishesResponse, *netproto.Problem)

	// Kept drops the wishes of a peer: another node keeps them now.
	Kept(netproto.PeerID)

	// Left forgets what is kept here of a peer that has left.
	Left(netproto.PeerID)

	// Cut ends the connections and lines here of a ban, or of whoever is no longer a member.
	Cut(store.Target)

	// Announced takes what a peer announced at another node.
	Announced(ctx context.Context, by netproto.PeerID, rs []netproto.Resource)
}

// Config is what a node needs to meet the others.
type Config struct {
	Store store.Nodes // nil: there are no others
	At    string      // host:port where they reach this node; may be empty
	Host  Host
	Lines *line.Lines
	Calls *line.Calls
	Rates map[string]limit.Shared // limits that count for all nodes; the names are the same at each
	Now   func() time.Time        // by which those go
	Log   *slog.Logger
}

// Others are the other nodes of the tracker, if its store has any. All methods are safe for
// concurrent use.
type Others struct {
	c    Config
	came chan hearsay
	work errgroup.Group

	passing errgroup.Group  // connections that are passed on
	ctx     context.Context // of those
	stop    context.CancelFunc

	mu    sync.Mutex
	known []other
	fresh bool // one of them may not know all lines
	asked map[uint64]question
	asks  uint64 // questions so far

	bars struct {
		mu   sync.Mutex
		due  []store.Target
		more chan struct{}
	}
}

// other is a node, and where it sees the lines that it keeps.
type other struct {
	store.Node
	lines map[netproto.PeerID][]netip.AddrPort
}

// question is one that waits for its answer.
type question struct {
	of     store.NodeID
	answer chan letter
}

// hearsay is what a peer announced at another node.
type hearsay struct {
	by        netproto.PeerID
	announced []netproto.Resource
}

// New returns the others; Run meets them.
func New(c Config) *Others {
	o := &Others{c: c, came: make(chan hearsay, maxHearsay), asked: map[uint64]question{}}
	o.bars.more = make(chan struct{}, 1)
	o.work.SetLimit(forOthers)
	o.passing.SetLimit(passedOn)
	o.ctx, o.stop = context.WithCancel(context.Background())
	return o
}

// Run meets the other nodes until ctx ends, and then ends what is passed on to them.
func (o *Others) Run(ctx context.Context) error {
	defer o.stop()
	if o.c.Store == nil {
		<-ctx.Done()
		return nil
	}
	o.c.Lines.Watch()
	for _, rates := range o.c.Rates {
		rates.Share()
	}
	var group errgroup.Group
	group.Go(func() error {
		o.c.Store.Meet(ctx, o.c.At, store.Meeting{
			Others:    o.meet,
			Heard:     func(from store.NodeID, said []byte) { o.heard(ctx, from, said) },
			Lost:      o.lost,
			Announced: o.announced,
			Barred:    o.barred,
		})
		return nil
	})
	group.Go(func() error { o.cut(ctx); return nil })
	tell, settle := time.NewTicker(tellLines), time.NewTicker(settles)
	defer tell.Stop()
	defer settle.Stop()
	var all time.Time
	for {
		select {
		case <-ctx.Done():
			o.stop()
			return errors.Join(group.Wait(), o.work.Wait(), o.passing.Wait())
		case <-tell.C:
			everything := o.newcomers() || time.Since(all) >= allLines
			if everything {
				all = time.Now()
			}
			for _, l := range lineLetters(o.c.Lines.Changes(everything), everything) {
				o.toAll(l)
			}
		case <-settle.C:
			o.settle()
		case h := <-o.came:
			o.c.Host.Announced(ctx, h.by, h.announced)
		}
	}
}

// meet notes which nodes live. One that was not known here may know this node for long, and
// have said its lines while it was taken for gone: it is asked for them.
func (o *Others) meet(live []store.Node) {
	for _, id := range o.note(live) {
		o.say(id, letter{Missed: true})
	}
}

// note notes which nodes live, and returns those that were not known.
func (o *Others) note(live []store.Node) (newcomers []store.NodeID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := make([]other, len(live))
	for i, n := range live {
		next[i].Node = n
		if k := o.place(n.ID); k >= 0 {
			next[i].lines = o.known[k].lines
		} else {
			o.fresh = true
			newcomers = append(newcomers, n.ID)
		}
	}
	o.known = next
	return newcomers
}

// place returns where a node is among those that are known, or -1. The caller holds the lock.
func (o *Others) place(id store.NodeID) int {
	return slices.IndexFunc(o.known, func(n other) bool { return n.ID == id })
}

// lost has the others told of all lines, as they may have missed some.
func (o *Others) lost() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fresh = true
}

// newcomers reports whether there are nodes that may not know all lines.
func (o *Others) newcomers() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := o.fresh
	o.fresh = false
	return fresh
}

// announced notes what was announced elsewhere. If too much waits it is left out.
func (o *Others) announced(id netproto.PeerID, rs []netproto.Resource) {
	select {
	case o.came <- hearsay{id, rs}:
	default:
	}
}

// barred notes whom another node cut off.
func (o *Others) barred(t store.Target) {
	o.bars.mu.Lock()
	defer o.bars.mu.Unlock()
	if !slices.Contains(o.bars.due, t) {
		o.bars.due = append(o.bars.due, t)
	}
	select {
	case o.bars.more <- struct{}{}:
	default:
	}
}

// cut cuts off at this node whom others cut off, until ctx ends.
func (o *Others) cut(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.bars.more:
		}
		o.bars.mu.Lock()
		due := o.bars.due
		o.bars.due = nil
		o.bars.mu.Unlock()
		for _, t := range due {
			o.c.Host.Cut(t)
		}
	}
}

// list returns the nodes that live.
func (o *Others) list() []store.Node {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]store.Node, len(o.known))
	for i, n := range o.known {
		list[i] = n.Node
	}
	return list
}

// lineOf returns the node that keeps a line of a peer, and where that sees it.
func (o *Others) lineOf(id netproto.PeerID) (store.NodeID, []netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.known {
		if seen := n.lines[id]; len(seen) > 0 {
			return n.ID, slices.Clone(seen)
		}
	}
	return 0, nil
}

// Seen returns where another node sees the lines of a peer; nothing if none does.
func (o *Others) Seen(id netproto.PeerID) []netip.AddrPort {
	_, seen := o.lineOf(id)
	return seen
}

// seesLines notes where another node sees the lines of peers.
func (o *Others) seesLines(from store.NodeID, l linesLetter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.place(from)
	if i < 0 {
		return // it is asked once it is known
	}
	if n := &o.known[i]; l.All || n.lines == nil {
		n.lines = map[netproto.PeerID][]netip.AddrPort{}
	}
	lines := o.known[i].lines
	for id, seen := range l.Of {
		if len(seen) == 0 {
			delete(lines, id)
		} else if lines[id] != nil || len(lines) < mostLines {
			lines[id] = seen
		}
	}
}
