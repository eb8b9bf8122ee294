package people

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// refusal is the answer to a request that the limits refused. It is not remembered, and
// there are few: whoever sends many requests gets few answers.
type refusal struct {
	to netproto.PublicKey
	id netproto.RequestID
}

func (p *People) refuse(to netproto.PublicKey, id netproto.RequestID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refusals) < maxRefusals && !slices.ContainsFunc(p.refusals, func(r refusal) bool { return r.to == to }) {
		p.refusals = append(p.refusals, refusal{to, id})
	}
}

// deliver leaves the notes that are due at the trackers.
func (p *People) deliver(ctx context.Context) {
	now := time.Now()
	p.mu.Lock()
	var due []*request
	for _, r := range p.requests {
		ready := r.active && len(r.record.Owed) > 0 && !now.Before(r.try)
		prepared := r.offered && r.record.State != library.RequestPreparing // else what is sent is not remembered yet
		if ready && (r.record.Owed[0].Kind != netproto.NoteRequested || prepared) {
			due = append(due, r)
		}
	}
	refusals := p.refusals
	p.refusals = nil
	p.mu.Unlock()
	for _, r := range due {
		if ctx.Err() != nil {
			return
		}
		p.deliverOne(ctx, r)
	}
	for _, r := range refusals {
		n := netproto.Note{Kind: netproto.NoteAnswered, ID: r.id, From: p.config.Name(), Result: netproto.NoteFailed, Sent: now}
		if err := p.leave(ctx, r.to, n); err != nil {
			p.config.Log.Debug("a refusal was not delivered", "error", err)
		}
	}
}

// deliverOne leaves the first note that a request owes.
func (p *People) deliverOne(ctx context.Context, r *request) {
	p.mu.Lock()
	record := clone(r.record)
	p.mu.Unlock()
	if len(record.Owed) == 0 {
		return
	}
	news := record.Owed[0]
	n := netproto.Note{Kind: news.Kind, ID: record.ID, From: p.config.Name(), Result: news.Result, Sent: time.Now()}
	if news.Kind == netproto.NoteRequested {
		n.Message, n.Items, n.Sent = record.Message, record.Items, record.Sent
	}
	err := p.leave(ctx, record.Peer, n)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		p.delayed(r, err)
		return
	}
	p.changed(r, func(record *library.Request) bool {
		record.Owed = slices.DeleteFunc(record.Owed, func(o library.RequestNews) bool { return o == news })
		if record.State == library.RequestSending && news.Kind == netproto.NoteRequested {
			settle(record, library.RequestWaiting, nil)
		}
		return true
	})
}

// delayed has a note tried again later, and says why.
func (p *People) delayed(r *request, err error) {
	if code := netproto.CodeOf(err); code == netproto.CodeTooLarge || code == netproto.CodeInvalid {
		p.end(r, library.RequestFailed, err)
		p.changed(r, func(record *library.Request) bool { record.Owed = nil; return true })
		return
	}
	p.mu.Lock()
	sending := r.record.State == library.RequestSending
	same := r.record.Code == netproto.CodeOf(err)
	delay := min(max(2*r.delay, p.config.Timing.MinRetry), p.config.Timing.MaxRetry)
	p.mu.Unlock()
	if sending && !same {
		p.changed(r, func(record *library.Request) bool {
			record.Code, record.Reason = netproto.CodeOf(err), reasonOf(err)
			return true
		})
	}
	wait := delay
	if len(p.config.Trackers()) == 0 { // which costs nothing to find out
		wait = p.config.Timing.MinRetry
	}
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		wait = max(wait, min(e.RetryAfter, time.Hour))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.delay, r.try = delay, time.Now().Add(wait)
}

// leave seals a note for a person and leaves it at one tracker: the first one where the
// person is online, otherwise the first one that knows them.
func (p *People) leave(ctx context.Context, to netproto.PublicKey, n netproto.Note) error {
	text, err := netproto.AppendNote(nil, n)
	if err != nil {
		return err
	}
	sealed, err := p.config.Identity.Seal(to, text)
	if err != nil {
		return err
	}
	id := netproto.PeerIDOf(to[:])
	trackers := p.config.Trackers()
	if len(trackers) == 0 {
		return netproto.Errorf(netproto.CodeUnreachable, "no tracker is joined yet")
	}
	if len(trackers) > 1 {
		trackers = slices.Clone(trackers)
		offline := map[Tracker]int{}
		for _, t := range trackers {
			if person, err := t.Person(ctx, id); err != nil || !person.Online {
				offline[t] = 1
			}
		}
		slices.SortStableFunc(trackers, func(a, b Tracker) int { return cmp.Compare(offline[a], offline[b]) })
	}
	var failed error
	for _, t := range trackers {
		if _, err = t.LeaveNote(ctx, id, sealed); err == nil {
			return nil
		}
		if failed == nil || netproto.CodeOf(failed) == netproto.CodeNotFound {
			failed = err
		}
	}
	return failed
}
