package nodes

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/store"
)

// say says something to a node, and reports whether it may arrive.
func (o *Others) say(to store.NodeID, l letter) bool {
	raw, err := json.Marshal(l)
	if err != nil || len(raw) > store.MaxSaid {
		o.c.Log.Error("another node was not told", slog.Int("bytes", len(raw)), slog.Any("error", err))
		return false
	}
	o.c.Store.Say(to, raw)
	return true
}

func (o *Others) toAll(l letter) {
	for _, n := range o.list() {
		o.say(n.ID, l)
	}
}

// ask asks a node, and reports whether it answered in time.
func (o *Others) ask(ctx context.Context, of store.NodeID, l letter) (letter, bool) {
	answer := make(chan letter, 1)
	o.mu.Lock()
	o.asks++
	l.Ask = o.asks
	o.asked[l.Ask] = question{of, answer}
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		delete(o.asked, l.Ask)
		o.mu.Unlock()
	}()
	if !o.say(of, l) {
		return letter{}, false
	}
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
func (o *Others) heard(ctx context.Context, from store.NodeID, said []byte) {
	l, err := readLetter(said)
	if err != nil {
		o.c.Log.Debug("another node was not understood", slog.Any("error", err))
		return
	}
	switch {
	case l.Answer != 0:
		o.answered(from, l)
	case l.Lines != nil:
		o.seesLines(from, *l.Lines)
	case l.Spent != nil:
		o.spentElsewhere(l.Spent)
	default:
		if !o.work.TryGo(func() error { o.does(ctx, from, l); return nil }) && l.Ask != 0 {
			o.say(from, letter{Answer: l.Ask, Rung: line.ResultBusy})
		}
	}
}

// answered takes the answer of a node to a question that it was asked.
func (o *Others) answered(from store.NodeID, l letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if q, asked := o.asked[l.Answer]; asked && q.of == from {
		delete(o.asked, l.Answer)
		q.answer <- l
	}
}

// does does what another node asks for. A question that is not understood is of a newer
// node, and has an empty answer.
func (o *Others) does(ctx context.Context, from store.NodeID, l letter) {
	answer := letter{Answer: l.Ask}
	switch {
	case l.Ring != nil:
		answer.Rung = o.c.Calls.Ring(ctx, l.Ring.Callee, l.Ring.Caller, l.Ring.Ring)
	case l.Tell != nil:
		o.c.Lines.Tell(l.Tell.To, l.Tell.Frame)
	case l.Wishes != nil:
		answer.Found, answer.Refused = o.c.Host.Wishes(*l.Wishes)
	case l.Missed:
		o.lost()
	case l.Kept != nil:
		o.c.Host.Kept(*l.Kept)
	case l.Left != nil:
		o.c.Host.Left(*l.Left)
	}
	if l.Ask != 0 {
		o.say(from, answer)
	}
}

// Ring rings a peer over the line that another node keeps. It waits at most 3 s; without an
// answer by then the result is line.ResultSilent, and line.ResultNoLine without such a line.
func (o *Others) Ring(ctx context.Context, callee netproto.PeerID, caller netip.Addr, ring netproto.Ring) line.Result {
	node, seen := o.lineOf(callee)
	if len(seen) == 0 {
		return line.ResultNoLine
	}
	answer, ok := o.ask(ctx, node, letter{Ring: &ringLetter{callee, caller, ring}})
	if !ok || answer.Rung == "" {
		return line.ResultSilent
	}
	return answer.Rung
}

// Tell says something to a peer over the line that another node keeps, a Note or Wishes, and
// reports whether there is one. It does not wait.
func (o *Others) Tell(to netproto.PeerID, frame netproto.LineFrame) bool {
	node, seen := o.lineOf(to)
	return len(seen) > 0 && o.say(node, letter{Tell: &tellLetter{to, frame}})
}

// Left tells all nodes that a peer has left.
func (o *Others) Left(id netproto.PeerID) { o.toAll(letter{Left: &id}) }

// Wishes asks for the wishes of a peer, which this node does not keep. found is nil if none
// of the others has said that it keeps them; sure is false if one of them did not answer, for
// which it has 3 s. An error is what the node that keeps them refuses.
func (o *Others) Wishes(ctx context.Context, asked WishesAsked) (found *netproto.WishesResponse, sure bool, err error) {
	sure = true
	for _, n := range o.list() {
		answer, ok := o.ask(ctx, n.ID, letter{Wishes: &asked})
		switch {
		case !ok:
			sure = false
		case answer.Refused != nil:
			return nil, true, &netproto.Error{Code: answer.Refused.Code, Detail: answer.Refused.Detail, RetryAfter: time.Minute}
		case answer.Found != nil:
			return answer.Found, true, nil
		case answer.Rung == line.ResultBusy:
			sure = false
		}
	}
	return nil, sure, nil
}

// Keeps tells all nodes that the wishes of a peer are kept here now.
func (o *Others) Keeps(id netproto.PeerID) { o.toAll(letter{Kept: &id}) }
