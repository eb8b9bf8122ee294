package line

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
)

// Bounds of calls. A call makes the callee send a few packets to where the tracker sees
// the caller, so it is cheap, and rare enough to be of no use as a weapon.
const (
	callsKey      = 2 // a second
	callsKeyBurst = 20
	callsAddress  = 20 // a second, and at once
	// A pair may call once in callsPair, and once more at any time: a connection can break
	// right after it came about, when a router gets another address.
	callsPair      = 10 * time.Second
	callsPairBurst = 2
	pendingCallee  = 16
	pendingAll     = 16_384
	answerWait     = 2 * time.Second
)

// Result is what became of a call, also for metrics.
type Result string

// The results of a ring.
const (
	ResultOK     Result = "ok"
	ResultSilent Result = "silent" // no answer yet: the callee may be about to dial
	ResultBusy   Result = "busy"   // the callee says so, or has too many calls pending
	ResultDenied Result = "denied" // the callee says no
	ResultNoLine Result = "not-callable"
)

// pair is who calls whom.
type pair struct{ caller, callee netproto.PeerID }

// MarshalText implements encoding.TextMarshaler.
func (p pair) MarshalText() ([]byte, error) {
	return []byte(p.caller.String() + " " + p.callee.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *pair) UnmarshalText(text []byte) error {
	caller, callee, _ := bytes.Cut(text, []byte(" "))
	return errors.Join(p.caller.UnmarshalText(caller), p.callee.UnmarshalText(callee))
}

// Calls rings peers over their lines. All methods are safe for concurrent use.
type Calls struct {
	lines   *Lines
	now     func() time.Time
	keys    *limit.Rates[netproto.PeerID]
	sources *limit.Rates[netip.Addr]
	pairs   *limit.Rates[pair]

	mu      sync.Mutex
	pending map[netproto.CallID]*call
	rung    map[netproto.PeerID][]*call // of them, by callee
	oldest  []*call
}

// call is a ring that was not answered yet.
type call struct {
	id     netproto.CallID
	callee netproto.PeerID
	ring   netproto.Ring
	over   *Line // it was rung last
	answer chan netproto.RingResult
	until  time.Time
}

// NewCalls returns calls over lines, whose answers it takes from now on.
func NewCalls(lines *Lines) *Calls {
	c := &Calls{
		lines: lines, now: time.Now,
		keys:    limit.NewRates[netproto.PeerID](callsKey, callsKeyBurst, limit.MaxEntries),
		sources: limit.NewRates[netip.Addr](callsAddress, callsAddress, limit.MaxEntries),
		pairs:   limit.NewRates[pair](1/callsPair.Seconds(), callsPairBurst, limit.MaxEntries),
		pending: map[netproto.CallID]*call{}, rung: map[netproto.PeerID][]*call{},
	}
	lines.answered, lines.opened = c.answered, c.again
	return c
}

// Rates returns the limits of calls, by name.
func (c *Calls) Rates() map[string]limit.Shared {
	return map[string]limit.Shared{"calls": c.keys, "calls-address": c.sources, "calls-pair": c.pairs}
}

// Take counts a call against the limits of the caller, before anything is looked up
// for it. It returns how long the caller has to wait, 0 if it may go on.
func (c *Calls) Take(from netip.Addr, caller netproto.PeerID) time.Duration {
	now := c.now()
	if wait := c.sources.Take(limit.Source(from), 1, now); wait > 0 {
		return wait
	}
	return c.keys.Take(caller, 1, now)
}

// TakePair is Take for one who calls the same peer again and again.
func (c *Calls) TakePair(caller, callee netproto.PeerID) time.Duration {
	return c.pairs.Take(pair{caller, callee}, 1, c.now())
}

// NewCallID returns the name of a new call.
func NewCallID() (id netproto.CallID) {
	rand.Read(id[:]) // never fails
	return id
}

// Ring rings a peer, over a line of the caller's family if it has one, and waits at
// most 2 s for its answer.
func (c *Calls) Ring(ctx context.Context, callee netproto.PeerID, caller netip.Addr, ring netproto.Ring) Result {
	l := c.lines.find(callee, caller)
	if l == nil {
		return ResultNoLine
	}
	rung, ok := c.begin(l, ring)
	if !ok {
		return ResultBusy
	}
	if l.send(netproto.LineFrame{Ring: &ring}) != nil {
		c.forget(rung)
		return ResultNoLine
	}
	late := time.NewTimer(answerWait)
	defer late.Stop()
	select {
	case answer := <-rung.answer:
		switch answer {
		case netproto.RingBusy:
			return ResultBusy
		case netproto.RingNo:
			return ResultDenied
		}
		return ResultOK
	case <-ctx.Done():
	case <-late.C:
	}
	if !c.lines.stands(l) && c.lines.find(callee, caller) == nil {
		c.forget(rung)
		return ResultNoLine
	}
	return ResultSilent // it stays pending until its life ends
}

// begin makes a call pending, unless there are too many.
func (c *Calls) begin(l *Line, ring netproto.Ring) (*call, bool) {
	callee := l.id
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for len(c.oldest) > 0 && !now.Before(c.oldest[0].until) {
		c.drop(c.oldest[0])
		c.oldest[0] = nil
		c.oldest = c.oldest[1:]
	}
	if len(c.rung[callee]) >= pendingCallee || len(c.oldest) >= pendingAll {
		return nil, false
	}
	rung := &call{id: ring.Call, callee: callee, ring: ring, over: l, answer: make(chan netproto.RingResult, 1), until: now.Add(netproto.CallLife)}
	c.pending[ring.Call] = rung
	c.rung[callee] = append(c.rung[callee], rung)
	c.oldest = append(c.oldest, rung)
	return rung, true
}

// drop ends a call, if it is pending; the caller holds the lock.
func (c *Calls) drop(rung *call) bool {
	if c.pending[rung.id] != rung {
		return false
	}
	delete(c.pending, rung.id)
	rest := slices.DeleteFunc(c.rung[rung.callee], func(o *call) bool { return o == rung })
	if c.rung[rung.callee] = rest; len(rest) == 0 {
		delete(c.rung, rung.callee)
	}
	return true
}

func (c *Calls) forget(rung *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(rung)
}

// again rings a peer over its new line for the calls that it has not answered: they went
// over a line that a router had forgotten.
func (c *Calls) again(l *Line) {
	c.mu.Lock()
	now := c.now()
	var missed []netproto.Ring
	for _, rung := range c.rung[l.id] {
		if now.Before(rung.until) && rung.over != l {
			rung.over = l
			missed = append(missed, rung.ring)
		}
	}
	c.mu.Unlock()
	for _, ring := range missed {
		if l.send(netproto.LineFrame{Ring: &ring}) != nil {
			return
		}
	}
}

// answered takes the answer of a peer. One to a call of another peer, to none, or to
// one that was answered changes nothing.
func (c *Calls) answered(from netproto.PeerID, a netproto.RingAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rung := c.pending[a.Call]
	if rung == nil || rung.callee != from || !c.drop(rung) {
		return
	}
	rung.answer <- a.Result
}
