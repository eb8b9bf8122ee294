package people

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

var (
	errTwice   = errors.New("the request is here already")
	errTooMany = errors.New("too many requests wait")
)

// Collect fetches the notes that wait at a tracker. Each is confirmed once what it says
// is remembered.
func (p *People) Collect(ctx context.Context, t Tracker) error {
	notes, err := t.Notes(ctx)
	if err != nil {
		return err
	}
	for _, sealed := range notes {
		if err := p.take(sealed.Note); err != nil {
			return err // it stays at the tracker
		}
		if err := t.ConfirmNote(ctx, sealed.ID); err != nil && netproto.CodeOf(err) != netproto.CodeNotFound {
			return err
		}
	}
	return nil
}

// take does what a sealed note says. One that is damaged, of a stranger who is blocked,
// or beyond the limits does nothing. The error is one of the library.
func (p *People) take(sealed []byte) error {
	from, text, err := p.config.Identity.Open(sealed)
	if err != nil {
		p.config.Log.Debug("a note was left that cannot be opened", "error", err)
		return nil
	}
	n, err := netproto.ParseNote(text)
	if err != nil || from == p.Key() || p.Blocked(from) {
		p.config.Log.Debug("a note was dropped", "error", err)
		return nil
	}
	switch n.Kind {
	case netproto.NoteRequested:
		return p.requested(from, n)
	case netproto.NoteAnswered:
		p.answered(from, n)
	case netproto.NoteWithdrawn:
		p.withdrawn(from, n.ID)
	}
	return nil
}

// requested takes a request.
func (p *People) requested(from netproto.PublicKey, n netproto.Note) error {
	now := time.Now()
	if n.Sent.After(now) { // by a clock that is wrong
		n.Sent = now
	}
	record := library.Request{ID: n.ID, Peer: from, Name: n.From, Message: n.Message, Items: n.Items, Sent: n.Sent, Since: now, State: library.RequestWaiting}
	number, err := p.insert(record, func() error { return p.admit(from, n.ID) })
	switch {
	case errors.Is(err, errTwice):
		return nil
	case errors.Is(err, errTooMany):
		p.refuse(from, n.ID)
		return nil
	case err != nil:
		return err
	}
	if dir, always := p.accepts(from); always {
		if err := p.Accept(number, dir); err != nil {
			p.config.Log.Warn("a request is not accepted by itself", "error", err)
		}
	}
	return nil
}

// admit returns why a request is not taken. The caller holds the lock.
func (p *People) admit(from netproto.PublicKey, id netproto.RequestID) error {
	waiting, ofPerson := 0, 0
	for _, r := range p.requests {
		if r.record.Out {
			continue
		}
		if r.record.Peer == from && r.record.ID == id {
			return errTwice
		}
		if r.record.State != library.RequestWaiting {
			continue
		}
		if r.record.Peer == from {
			ofPerson++
		}
		if p.known[r.record.Peer].Stranger() {
			waiting++
		}
	}
	// Strangers cannot crowd out those who are known.
	if ofPerson >= maxWaitingPerson || waiting >= maxWaiting && p.known[from].Stranger() {
		return errTooMany
	}
	return nil
}

// accepts reports whether requests of a person are accepted at once, and where to.
func (p *People) accepts(from netproto.PublicKey) (dir string, always bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	under := 0
	for _, r := range p.requests {
		if !r.record.Out && r.record.Peer == from && r.record.State == library.RequestAccepted {
			under++
		}
	}
	if under >= maxAccepted {
		return "", false
	}
	if dir, always := p.always[netproto.PeerIDOf(from[:])]; always {
		return dir, true
	}
	person := p.known[from]
	return person.Folder, person.Always
}

// Accept downloads what a waiting request offers into a folder; "" is that of the person
// or the one for downloads. One that was accepted before goes on.
func (p *People) Accept(number uint64, dir string) error {
	r, err := p.find(number)
	if err != nil {
		return err
	}
	p.mu.Lock()
	record := clone(r.record)
	if dir == "" {
		dir = p.known[record.Peer].Folder
	}
	p.mu.Unlock()
	if dir == "" {
		dir = p.config.Folder()
	}
	switch {
	case record.Out:
		return netproto.Errorf(netproto.CodeInvalid, "request %d was sent from here", number)
	case record.State == library.RequestAccepted:
		dir = record.Dir
	case record.State != library.RequestWaiting:
		return netproto.Errorf(netproto.CodeNotFound, "request %d is over: it was %s", number, record.State)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	var downloads []string
	for _, item := range record.Items {
		id, err := p.config.Download(item, dir)
		if err != nil {
			return err
		}
		downloads = append(downloads, id)
	}
	return p.change(r, func(record *library.Request) bool {
		if record.State != library.RequestWaiting && record.State != library.RequestAccepted {
			return false // it was withdrawn meanwhile
		}
		if record.State == library.RequestWaiting {
			settle(record, library.RequestAccepted, nil)
			owe(record, answer(netproto.NoteAccepted))
		}
		record.Dir, record.Downloads = dir, downloads
		return true
	})
}

// Decline refuses waiting requests. Others are skipped.
func (p *People) Decline(numbers ...uint64) error {
	for _, number := range numbers {
		r, err := p.find(number)
		if err != nil {
			continue
		}
		err = p.change(r, func(record *library.Request) bool {
			if record.Out || record.State != library.RequestWaiting {
				return false
			}
			settle(record, library.RequestDeclined, nil)
			owe(record, answer(netproto.NoteDeclined))
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withdrawn takes a request off the cards. What is fetched already stays.
func (p *People) withdrawn(from netproto.PublicKey, id netproto.RequestID) {
	p.mu.Lock()
	i := slices.IndexFunc(p.requests, func(r *request) bool { return !r.record.Out && r.record.ID == id && r.record.Peer == from })
	var r *request
	if i >= 0 {
		r = p.requests[i]
	}
	p.mu.Unlock()
	if r != nil {
		p.end(r, library.RequestWithdrawn, nil)
	}
}

// lookAtDownloads ends accepted requests whose downloads are over.
func (p *People) lookAtDownloads() {
	p.mu.Lock()
	var list []*request
	for _, r := range p.requests {
		if !r.record.Out && r.record.State == library.RequestAccepted && r.active {
			list = append(list, r)
		}
	}
	p.mu.Unlock()
	for _, r := range list {
		state, why := p.outcome(r)
		if state == library.RequestAccepted {
			continue
		}
		p.changed(r, func(record *library.Request) bool {
			if record.State != library.RequestAccepted {
				return false
			}
			settle(record, state, why)
			if state == library.RequestDone {
				owe(record, answer(netproto.NoteDone))
			} else {
				owe(record, answer(netproto.NoteFailed))
			}
			return true
		})
	}
}

// outcome is what became of the downloads of an accepted request.
func (p *People) outcome(r *request) (library.RequestState, error) {
	p.mu.Lock()
	downloads := slices.Clone(r.record.Downloads)
	p.mu.Unlock()
	state := library.RequestDone
	for _, id := range downloads {
		switch progress, err := p.config.Downloaded(id); progress {
		case Running:
			state = library.RequestAccepted
		case Failed:
			return library.RequestFailed, err
		case Gone:
			return library.RequestFailed, netproto.Errorf(netproto.CodeCancelled, "its download was removed from the list")
		case Finished:
		}
	}
	return state, nil
}
