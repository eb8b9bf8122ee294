package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
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
	passedOn   = 256                    // connections to other nodes' relays at once
	maxHearsay = 256                    // batches that were announced elsewhere and wait to be looked at
)

// others are the other nodes of the tracker, if its store has any. Each node knows whose
// lines the others keep; what only the node with the line, or with the wishes of a peer,
// can do, it is asked to do.
type others struct {
	server *Server
	nodes  store.Nodes // nil: there are none
	at     string      // host:port where they reach this node; may be empty
	came   chan hearsay
	work   errgroup.Group

	passing errgroup.Group  // connections that are passed on
	ctx     context.Context // of those
	stop    context.CancelFunc

	mu    sync.Mutex
	known []other
	fresh bool // one of them has not been told of all lines
	asked map[uint64]chan letter
	asks  uint64 // questions so far
}

// other is a node, and where it sees the lines that it keeps.
type other struct {
	store.Node
	lines map[netproto.PeerID][]netip.AddrPort
}

// hearsay is what a peer announced at another node.
type hearsay struct {
	by        netproto.PeerID
	announced []netproto.Resource
}

// letter is what one node says to another: one of its members.
type letter struct {
	Ask    uint64 `json:"ask,omitempty"`    // the number of a question, which has an answer
	Answer uint64 `json:"answer,omitempty"` // to that question

	Lines   *linesLetter               `json:"lines,omitempty"`
	Ring    *ringLetter                `json:"ring,omitempty"`
	Rung    line.Result                `json:"rung,omitempty"` // answers Ring
	Tell    *tellLetter                `json:"tell,omitempty"`
	Wishes  *wishesLetter              `json:"wishes,omitempty"`
	Found   *netproto.WishesResponse   `json:"found,omitempty"`   // answers Wishes, if they are kept there
	Refused *netproto.Problem          `json:"refused,omitempty"` // likewise
	Left    *netproto.PeerID           `json:"left,omitempty"`
	Cut     string                     `json:"cut,omitempty"` // a store.Target
	Spent   map[string]json.RawMessage `json:"spent,omitempty"`
}

// linesLetter says where a node sees the lines of peers; one without any has none there.
type linesLetter struct {
	All bool                                 `json:"all,omitempty"` // whoever is not named has none
	Of  map[netproto.PeerID][]netip.AddrPort `json:"of"`
}

type ringLetter struct {
	Callee netproto.PeerID `json:"callee"`
	Caller netip.Addr      `json:"caller"`
	Ring   netproto.Ring   `json:"ring"`
}

type tellLetter struct {
	To    netproto.PeerID    `json:"to"`
	Frame netproto.LineFrame `json:"frame"`
}

func newOthers(s *Server, at string) *others {
	nodes, _ := s.store.(store.Nodes)
	o := &others{server: s, nodes: nodes, at: at, came: make(chan hearsay, maxHearsay), asked: map[uint64]chan letter{}}
	o.work.SetLimit(forOthers)
	o.passing.SetLimit(passedOn)
	o.ctx, o.stop = context.WithCancel(context.Background())
	return o
}

// run meets the other nodes until ctx ends.
func (o *others) run(ctx context.Context) error {
	if o.nodes == nil {
		<-ctx.Done()
		o.stop()
		return nil
	}
	o.server.lines.Watch()
	for _, rates := range o.server.settled {
		rates.Share()
	}
	var group errgroup.Group
	group.Go(func() error {
		o.nodes.Meet(ctx, o.at, store.Meeting{
			Others:    o.meet,
			Heard:     func(from store.NodeID, said []byte) { o.heard(ctx, from, said) },
			Announced: o.announced,
		})
		return nil
	})
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
			if changes := o.server.lines.Changes(everything); everything || len(changes) > 0 {
				o.toAll(letter{Lines: &linesLetter{All: everything, Of: changes}})
			}
		case <-settle.C:
			if spent := o.server.spent(); len(spent) > 0 {
				o.toAll(letter{Spent: spent})
			}
		case h := <-o.came:
			o.server.announcedTo(ctx, h.by, h.announced, nil)
		}
	}
}

// meet notes which nodes live.
func (o *others) meet(live []store.Node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := make([]other, len(live))
	for i, n := range live {
		next[i].Node = n
		if k := slices.IndexFunc(o.known, func(old other) bool { return old.ID == n.ID }); k >= 0 {
			next[i].lines = o.known[k].lines
		} else {
			o.fresh = true
		}
	}
	o.known = next
}

// newcomers reports whether there are nodes that were not told of the lines.
func (o *others) newcomers() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := o.fresh
	o.fresh = false
	return fresh
}

// announced notes what was announced elsewhere. If too much waits it is left out.
func (o *others) announced(id netproto.PeerID, rs []netproto.Resource) {
	if o.server.wishes.Len() == 0 {
		return
	}
	select {
	case o.came <- hearsay{id, rs}:
	default:
	}
}

// list returns the nodes that live.
func (o *others) list() []store.Node {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]store.Node, len(o.known))
	for i, n := range o.known {
		list[i] = n.Node
	}
	return list
}

// lineOf returns the node that keeps a line of a peer, and where that sees it.
func (o *others) lineOf(id netproto.PeerID) (store.NodeID, []netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.known {
		if seen := n.lines[id]; len(seen) > 0 {
			return n.ID, slices.Clone(seen)
		}
	}
	return 0, nil
}

// say says something to a node.
func (o *others) say(to store.NodeID, l letter) {
	raw, err := json.Marshal(l)
	if err != nil {
		o.server.log.Error("another node was not told", slog.Any("error", err))
		return
	}
	o.nodes.Say(to, raw)
}

func (o *others) toAll(l letter) {
	for _, n := range o.list() {
		o.say(n.ID, l)
	}
}

// ask asks a node, and reports whether it answered in time.
func (o *others) ask(ctx context.Context, of store.NodeID, l letter) (letter, bool) {
	answer := make(chan letter, 1)
	o.mu.Lock()
	o.asks++
	l.Ask = o.asks
	o.asked[l.Ask] = answer
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		delete(o.asked, l.Ask)
		o.mu.Unlock()
	}()
	o.say(of, l)
	late := time.NewTimer(askWait)
	defer late.Stop()
	select {
	case a := <-answer:
		return a, true
	case <-late.C:
	case <-ctx.Done():
	}
	return letter{}, false
}

// heard takes what another node says.
func (o *others) heard(ctx context.Context, from store.NodeID, said []byte) {
	var l letter
	if err := json.Unmarshal(said, &l); err != nil {
		o.server.log.Debug("another node was not understood", slog.Any("error", err))
		return
	}
	switch {
	case l.Answer != 0:
		o.mu.Lock()
		answer := o.asked[l.Answer]
		delete(o.asked, l.Answer)
		o.mu.Unlock()
		if answer != nil {
			answer <- l
		}
	case l.Lines != nil:
		o.seesLines(from, *l.Lines)
	case l.Spent != nil:
		o.server.spentElsewhere(l.Spent)
	default:
		if !o.work.TryGo(func() error { o.does(ctx, from, l); return nil }) && l.Ask != 0 {
			o.say(from, letter{Answer: l.Ask, Rung: line.ResultBusy})
		}
	}
}

// seesLines notes where another node sees the lines of peers.
func (o *others) seesLines(from store.NodeID, l linesLetter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.known, func(n other) bool { return n.ID == from })
	switch {
	case i < 0: // it says so again to one that knows it
	case l.All || o.known[i].lines == nil:
		o.known[i].lines = l.Of
	default:
		for id, seen := range l.Of {
			if len(seen) == 0 {
				delete(o.known[i].lines, id)
			} else {
				o.known[i].lines[id] = seen
			}
		}
	}
}

// does does what another node asks for.
func (o *others) does(ctx context.Context, from store.NodeID, l letter) {
	s := o.server
	answer := letter{Answer: l.Ask}
	switch {
	case l.Ring != nil:
		answer.Rung = s.calls.Ring(ctx, l.Ring.Callee, l.Ring.Caller, l.Ring.Ring)
	case l.Tell != nil:
		s.lines.Tell(l.Tell.To, l.Tell.Frame)
	case l.Wishes != nil:
		answer.Found, answer.Refused = s.wishesHere(*l.Wishes)
	case l.Left != nil:
		s.goes(*l.Left)
	case l.Cut != "":
		if target, err := store.ParseTarget(l.Cut); err == nil {
			s.Owner().cut(target)
		}
	}
	if l.Ask != 0 {
		o.say(from, answer)
	}
}

// ring rings a peer over the line that another node keeps.
func (o *others) ring(ctx context.Context, callee netproto.PeerID, caller netip.Addr, ring netproto.Ring) line.Result {
	node, seen := o.lineOf(callee)
	if len(seen) == 0 {
		return line.ResultNoLine
	}
	answer, ok := o.ask(ctx, node, letter{Ring: &ringLetter{callee, caller, ring}})
	if !ok {
		return line.ResultSilent
	}
	return answer.Rung
}

// tell says something to a peer over the line that another node keeps, and reports whether
// there is one.
func (o *others) tell(to netproto.PeerID, frame netproto.LineFrame) bool {
	node, seen := o.lineOf(to)
	if len(seen) > 0 {
		o.say(node, letter{Tell: &tellLetter{to, frame}})
	}
	return len(seen) > 0
}

// seen returns where the tracker sees the lines of a peer, at whichever node.
func (s *Server) seen(id netproto.PeerID) []netip.AddrPort {
	if seen := s.lines.Seen(id); len(seen) > 0 {
		return seen
	}
	_, seen := s.others.lineOf(id)
	return seen
}

// ring rings a peer, at whichever node it keeps a line.
func (s *Server) ring(ctx context.Context, callee netproto.PeerID, caller netip.Addr, ring netproto.Ring) line.Result {
	if became := s.calls.Ring(ctx, callee, caller, ring); became != line.ResultNoLine {
		return became
	}
	return s.others.ring(ctx, callee, caller, ring)
}

// tell says something to a peer that keeps a line, at whichever node.
func (s *Server) tell(id netproto.PeerID, frame netproto.LineFrame) bool {
	return s.lines.Tell(id, frame) || s.others.tell(id, frame)
}
