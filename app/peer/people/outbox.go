package people

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// Sending is what goes to a person.
type Sending struct {
	To      netproto.PublicKey
	Name    string // of that person
	Sources []library.RequestSource
	Message string
}

// Send offers files and folders to a person, and returns the number of the request.
// The rest goes on behind it. The same sources for the same person, while a request with
// them is under way, are that request, which goes on.
func (p *People) Send(s Sending) (uint64, error) {
	switch {
	case len(s.Sources) == 0:
		return 0, netproto.Errorf(netproto.CodeInvalid, "there is nothing to send")
	case len(s.Sources) > netproto.MaxNoteItems:
		return 0, netproto.Errorf(netproto.CodeTooLarge, "%d files and folders can be sent at once, not %d: put them into a folder",
			netproto.MaxNoteItems, len(s.Sources))
	case s.To == p.Key():
		return 0, netproto.Errorf(netproto.CodeInvalid, "that is this peer itself")
	case p.Blocked(s.To):
		return 0, netproto.Errorf(netproto.CodeDenied, "%s is blocked here: unblock them first", s.Name)
	}
	record := library.Request{Peer: s.To, Out: true, Name: s.Name, Message: s.Message, Sources: s.Sources, Sent: time.Now(), Since: time.Now(),
		State: library.RequestPreparing, Owed: []library.RequestNews{{Kind: netproto.NoteRequested}}}
	if _, err := rand.Read(record.ID[:]); err != nil {
		return 0, err
	}
	// A message that cannot be sent is told before anything is hashed.
	probe := netproto.Note{Kind: netproto.NoteRequested, ID: record.ID, Message: s.Message, Sent: record.Sent,
		Items: []netproto.NoteItem{{Hash: netproto.ContentHash{1}, Name: "a", Files: 1}}}
	if _, err := netproto.AppendNote(nil, probe); err != nil {
		return 0, err
	}
	if r := p.same(s); r != nil {
		p.mu.Lock()
		r.active = true
		number := r.record.Number
		p.mu.Unlock()
		p.Poke()
		return number, nil
	}
	return p.insert(record, func() error {
		n := 0
		for _, r := range p.requests {
			if r.record.Out && !r.record.State.Over() {
				n++
			}
		}
		if n >= maxOutgoing {
			return netproto.Errorf(netproto.CodeFull, "%d requests are on their way: wait for some, or withdraw them", n)
		}
		return nil
	})
}

// same returns a request under way with the same sources for the same person, or nil.
func (p *People) same(s Sending) *request {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.record.Out && !r.record.State.Over() && r.record.Peer == s.To && r.record.Message == s.Message &&
			slices.EqualFunc(r.record.Sources, s.Sources, func(a, b library.RequestSource) bool {
				return a.Path == b.Path && slices.Equal(a.Except, b.Except) && slices.Equal(a.Allow, b.Allow) && a.AllowAll == b.AllowAll
			}) {
			return r
		}
	}
	return nil
}

// Withdraw takes sent requests back. Those that are over are skipped.
func (p *People) Withdraw(numbers ...uint64) error {
	for _, number := range numbers {
		r, err := p.find(number)
		if err != nil {
			continue
		}
		err = p.change(r, func(record *library.Request) bool {
			if !record.Out || record.State.Over() {
				return false
			}
			settle(record, library.RequestWithdrawn, nil)
			p.takeBack(record)
			return true
		})
		if err != nil {
			return err
		}
		p.mu.Lock()
		over := r.record.State.Over()
		p.mu.Unlock()
		if over {
			p.stopOffering(r)
		}
	}
	return nil
}

// takeBack has the receiver told that there is nothing to fetch, if they know of it.
func (p *People) takeBack(record *library.Request) {
	told := !slices.ContainsFunc(record.Owed, func(o library.RequestNews) bool { return o.Kind == netproto.NoteRequested })
	record.Owed = nil
	if told {
		owe(record, library.RequestNews{Kind: netproto.NoteWithdrawn})
	}
}

// shareOf names what is offered with a request.
func shareOf(record *library.Request) string { return strconv.FormatUint(record.Number, 10) }

func (p *People) stopOffering(r *request) {
	p.mu.Lock()
	out, name := r.record.Out, shareOf(&r.record)
	p.mu.Unlock()
	if out {
		p.config.Withdraw(name)
	}
}

// offerDue begins to offer what is sent and is not offered in this run.
func (p *People) offerDue(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.active && r.record.Out && !r.record.State.Over() && !r.offered && !r.offering {
			r.offering = true
			p.work.Go(func() { p.offer(ctx, r) })
		}
	}
}

// offer shares what is sent with a request, and has the request delivered then.
func (p *People) offer(ctx context.Context, r *request) {
	p.mu.Lock()
	record := clone(r.record)
	p.mu.Unlock()
	items := make([]netproto.NoteItem, 0, len(record.Sources))
	var failed error
	for _, source := range record.Sources {
		item, err := p.config.Offer(ctx, source, record.Peer, shareOf(&record))
		if err != nil {
			failed = err
			break
		}
		items = append(items, item)
	}
	if ctx.Err() != nil {
		return
	}
	if failed == nil && record.State != library.RequestPreparing && !slices.Equal(items, record.Items) {
		failed = netproto.Errorf(netproto.CodeFileChanged, "what was sent is not what it was: send it again")
	}
	if failed == nil {
		failed = fits(&record, items)
	}
	p.mu.Lock()
	r.offering, r.offered = false, failed == nil
	p.mu.Unlock()
	p.changed(r, func(record *library.Request) bool {
		switch {
		case record.State.Over():
			return false
		case failed != nil:
			settle(record, library.RequestFailed, failed)
			p.takeBack(record)
		case record.State == library.RequestPreparing:
			record.Items = items
			settle(record, library.RequestSending, nil)
		default:
			return false
		}
		return true
	})
	p.mu.Lock()
	over := r.record.State.Over()
	p.mu.Unlock()
	if over {
		p.stopOffering(r)
	}
	p.Poke()
}

// fits returns why a request cannot be told in one note.
func fits(record *library.Request, items []netproto.NoteItem) error {
	_, err := netproto.AppendNote(nil, netproto.Note{Kind: netproto.NoteRequested, ID: record.ID, Message: record.Message, Items: items, Sent: record.Sent})
	return err
}

// answered takes what the receiver of a request says about it.
func (p *People) answered(from netproto.PublicKey, n netproto.Note) {
	p.mu.Lock()
	i := slices.IndexFunc(p.requests, func(r *request) bool { return r.record.Out && r.record.ID == n.ID && r.record.Peer == from })
	var r *request
	if i >= 0 {
		r = p.requests[i]
	}
	p.mu.Unlock()
	if r == nil {
		return
	}
	state, why := library.RequestAccepted, error(nil)
	switch n.Result {
	case netproto.NoteDeclined:
		state = library.RequestDeclined
	case netproto.NoteDone:
		state = library.RequestDone
	case netproto.NoteFailed:
		state, why = library.RequestFailed, netproto.Errorf(netproto.CodeCancelled, "the other side gave up")
	}
	if state.Over() {
		p.end(r, state, why)
		return
	}
	p.changed(r, func(record *library.Request) bool {
		if record.State != library.RequestWaiting && record.State != library.RequestSending {
			return false
		}
		settle(record, state, nil)
		record.Owed = nil // they have it, whatever the tracker said
		return true
	})
}

func reasonOf(err error) string {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return e.Detail
	}
	return err.Error()
}
