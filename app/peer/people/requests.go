package people

import (
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// request is one of the list. Its record is guarded by [People.mu] and written with
// [People.saving] held as well.
type request struct {
	record   library.Request
	active   bool // it goes on in this run
	offering bool // a goroutine offers what is sent
	offered  bool // in this run
	removed  bool

	try   time.Time // when the next note is due
	delay time.Duration
}

// find returns the request with a number.
func (p *People) find(number uint64) (*request, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.requests, func(r *request) bool { return r.record.Number == number })
	if i < 0 {
		return nil, netproto.Errorf(netproto.CodeNotFound, "there is no request %d", number)
	}
	return p.requests[i], nil
}

// list returns the records of requests in one direction, the newest first.
func (p *People) list(out bool) []library.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var records []library.Request
	for _, r := range slices.Backward(p.requests) {
		if r.record.Out == out {
			records = append(records, clone(r.record))
		}
	}
	return records
}

func clone(r library.Request) library.Request {
	r.Items, r.Sources = slices.Clone(r.Items), slices.Clone(r.Sources)
	r.Downloads, r.Owed = slices.Clone(r.Downloads), slices.Clone(r.Owed)
	return r
}

// Outbox returns what was sent from here, the newest first.
func (p *People) Outbox() []library.Request { return p.list(true) }

// Inbox returns what others sent, the newest first.
func (p *People) Inbox() []library.Request { return p.list(false) }

// Waiting is how many requests wait for an answer of the person at this computer.
func (p *People) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if !r.record.Out && r.record.State == library.RequestWaiting {
			n++
		}
	}
	return n
}

// Request returns one request; "not-found" if it is in no list.
func (p *People) Request(number uint64) (library.Request, error) {
	r, err := p.find(number)
	if err != nil {
		return library.Request{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return clone(r.record), nil
}

// insert remembers a request and puts it into the list, unless admit says no. admit is
// called with both locks held. It returns the number of the request.
func (p *People) insert(record library.Request, admit func() error) (uint64, error) {
	p.saving.Lock()
	defer p.saving.Unlock()
	p.mu.Lock()
	err := admit()
	p.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if record.Number, err = p.config.Library.SaveRequest(record); err != nil {
		return 0, err
	}
	p.mu.Lock()
	p.requests = append(p.requests, &request{record: record, active: true})
	gone := p.oldest(record.Out)
	p.mu.Unlock()
	if gone != nil {
		if err := p.config.Library.RemoveRequest(gone.record.Number); err != nil {
			p.config.Log.Warn("an old request is not forgotten", "error", err)
		}
	}
	p.config.Notify()
	p.Poke()
	return record.Number, nil
}

// oldest takes the oldest request that is over off the list, if there are too many.
func (p *People) oldest(out bool) *request {
	over, first := 0, -1
	for i, r := range p.requests {
		if r.record.Out == out && r.record.State.Over() && len(r.record.Owed) == 0 {
			if over++; first < 0 {
				first = i
			}
		}
	}
	if over <= maxOver {
		return nil
	}
	r := p.requests[first]
	r.removed = true
	p.requests = slices.Delete(p.requests, first, first+1)
	return r
}

// change edits the record of a request and remembers it. edit reports whether it
// changed anything; if the library fails, nothing is changed.
func (p *People) change(r *request, edit func(*library.Request) bool) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	return p.changeSaving(r, edit)
}

// changeSaving is change for a caller that holds saving.
func (p *People) changeSaving(r *request, edit func(*library.Request) bool) error {
	p.mu.Lock()
	record := clone(r.record)
	removed := r.removed
	p.mu.Unlock()
	if removed || !edit(&record) {
		return nil
	}
	if _, err := p.config.Library.SaveRequest(record); err != nil {
		return err
	}
	p.mu.Lock()
	r.record = record
	r.try, r.delay = time.Time{}, 0
	p.mu.Unlock()
	p.config.Notify()
	p.Poke()
	return nil
}

// changed is change for callers that can only log an error.
func (p *People) changed(r *request, edit func(*library.Request) bool) {
	if err := p.change(r, edit); err != nil {
		p.config.Log.Error("a request is not remembered", "error", err)
	}
}

// owe notes what the other person is to be told. News that nobody took yet gives way to
// newer: who hears that it is done need not hear that it was accepted.
func owe(record *library.Request, news library.RequestNews) {
	record.Owed = slices.DeleteFunc(record.Owed, func(o library.RequestNews) bool { return o.Kind == news.Kind })
	record.Owed = append(record.Owed, news)
}

func answer(result netproto.NoteResult) library.RequestNews {
	return library.RequestNews{Kind: netproto.NoteAnswered, Result: result}
}

// Clear takes requests that are over off the list. Others are skipped.
func (p *People) Clear(numbers ...uint64) error {
	for _, number := range numbers {
		r, err := p.find(number)
		if err != nil {
			continue // it is gone already
		}
		if err := p.clear(r); err != nil {
			return err
		}
	}
	p.config.Notify()
	return nil
}

func (p *People) clear(r *request) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	p.mu.Lock()
	over := r.record.State.Over()
	p.mu.Unlock()
	if !over {
		return nil
	}
	if err := p.config.Library.RemoveRequest(r.record.Number); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.removed = true
	p.requests = slices.DeleteFunc(p.requests, func(o *request) bool { return o == r })
	return nil
}

// expire ends requests that nobody answered.
func (p *People) expire(now time.Time) {
	p.mu.Lock()
	var late []*request
	for _, r := range p.requests {
		life := p.config.Timing.Life
		if r.record.Out {
			life *= 2 // at the tracker, and then in their inbox
		}
		switch r.record.State {
		case library.RequestWaiting, library.RequestSending:
			if now.Sub(r.record.Since) > life {
				late = append(late, r)
			}
		}
	}
	p.mu.Unlock()
	for _, r := range late {
		p.end(r, library.RequestExpired, nil)
	}
}

// end ends a request and stops offering what was sent with it.
func (p *People) end(r *request, state library.RequestState, why error) {
	p.changed(r, func(record *library.Request) bool {
		if record.State.Over() {
			return false
		}
		settle(record, state, why)
		return true
	})
	p.stopOffering(r)
}

// settle sets a state, and why.
func settle(record *library.Request, state library.RequestState, why error) {
	record.State, record.Since, record.Code, record.Reason = state, time.Now(), "", ""
	if why != nil {
		record.Code, record.Reason = netproto.CodeOf(why), reasonOf(why)
	}
}
