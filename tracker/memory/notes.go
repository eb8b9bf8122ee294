package memory

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Bounds of notes besides those of netproto.
const (
	bytesOfNote  = 400 // in memory, besides the sealed text
	shareOfNotes = 16  // all notes may take this part of the memory of a store
	unboundNotes = 64 << 20
	noteRetry    = 10 * time.Minute // when one who has too many notes under way may try again
)

// notes are what waits for people who are away. They have a lock of their own, because
// every heartbeat asks here. The write loop changes them under the lock and reads them
// without.
type notes struct {
	most   int64
	budget *budget
	count  atomic.Int64 // so that heartbeats need no lock while there are none

	mu   sync.RWMutex
	of   map[netproto.PeerID][]*note // by receiver, the oldest first
	sent map[netproto.PeerID]int     // by sender
	used int64                       // bytes
}

type note struct {
	number uint64
	store.Note
}

// noteClaims are the notes that the operations of one commit will add.
type noteClaims struct {
	sent  map[netproto.PeerID]int
	bytes int64
}

func newNotes(b *budget) *notes {
	most := b.most / shareOfNotes
	if b.most == math.MaxInt64 {
		most = unboundNotes
	}
	return &notes{most: most, budget: b, of: map[netproto.PeerID][]*note{}, sent: map[netproto.PeerID]int{}}
}

func (n *note) bytes() int64 { return bytesOfNote + int64(len(n.Sealed)) }

// over reports whether nobody needs to know any longer.
func (n *note) over(now time.Time) bool { return now.Sub(n.Left) >= netproto.NoteLife }

// room returns why a note is not taken, or nil. Notes to one receiver never share a
// commit, but those of one sender may.
func (ns *notes) room(n *note, c *noteClaims) *netproto.Error {
	waiting, sender, from := ns.of[n.To], n.Sender(), payer(n.From)
	pair, near, bytes := 0, 0, len(n.Sealed)
	for _, other := range waiting {
		bytes += len(other.Sealed)
		if payer(other.From) == from {
			near++
		}
		if other.Key == n.Key {
			pair++
		}
	}
	refuse := func(code netproto.Code, why string, args ...any) *netproto.Error {
		full := netproto.Errorf(code, why, args...)
		full.RetryAfter = noteRetry
		return full
	}
	switch {
	case pair >= netproto.MaxNotesPair:
		return refuse(netproto.CodeTooMany, "%d of your notes wait for this person already", pair)
	case ns.sent[sender]+c.sent[sender] >= netproto.MaxNotesSender:
		return refuse(netproto.CodeTooMany, "%d of your notes wait for their receivers already", netproto.MaxNotesSender)
	case len(waiting) >= netproto.MaxNotesWaiting, bytes > netproto.MaxNotesReceiver:
		return refuse(netproto.CodeFull, "%d notes wait for this person already", len(waiting))
	case near >= netproto.MaxNotesWaiting/2:
		return refuse(netproto.CodeFull, "%d notes from your address wait for this person already", near)
	case ns.used+c.bytes+n.bytes() > ns.most:
		return refuse(netproto.CodeFull, "its memory for notes is used up")
	}
	return nil
}

func (ns *notes) add(n *note) {
	ns.budget.take(payer(n.From), n.bytes())
	ns.mu.Lock()
	defer ns.mu.Unlock()
	ns.of[n.To] = append(slices.Clip(ns.of[n.To]), n) // readers may hold the old one
	ns.sent[n.Sender()]++
	ns.used += n.bytes()
	ns.count.Add(1)
}

func (ns *notes) forget(gone []*note) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	for _, n := range gone {
		ns.budget.take(payer(n.From), -n.bytes())
		kept := slices.DeleteFunc(slices.Clone(ns.of[n.To]), func(o *note) bool { return o == n })
		if ns.of[n.To] = kept; len(kept) == 0 {
			delete(ns.of, n.To)
		}
		if ns.sent[n.Sender()]--; ns.sent[n.Sender()] == 0 {
			delete(ns.sent, n.Sender())
		}
		ns.used -= n.bytes()
		ns.count.Add(-1)
	}
}

// waiting returns what waits for a receiver. It must not be changed.
func (ns *notes) waiting(to netproto.PeerID) []*note {
	if ns.count.Load() == 0 {
		return nil
	}
	ns.mu.RLock()
	defer ns.mu.RUnlock()
	return ns.of[to]
}

// LeaveNote writes the note.
func (s *Store) LeaveNote(ctx context.Context, left store.Note) (waiting int, err error) {
	left.Sealed = slices.Clone(left.Sealed)
	err = s.writer.write(ctx, &operation{key: left.To, plan: func(g *group) (func(), error) {
		if _, err := s.memory.joined(left.Sender()); err != nil {
			return nil, err
		}
		if s.memory.peers[left.To] == nil {
			return nil, unknownPeer(left.To)
		}
		n := &note{Note: left}
		n.Left = unixMilli(s.config.Now().UnixMilli())
		if full := s.notes.room(n, &g.notes); full != nil {
			return nil, full
		}
		if full := s.memory.budget.claim(&g.claims, payer(n.From), n.bytes(), n.bytes()); full != nil {
			return nil, full
		}
		if g.notes.sent == nil {
			g.notes.sent = map[netproto.PeerID]int{}
		}
		g.notes.sent[n.Sender()]++
		g.notes.bytes += n.bytes()
		n.number = g.next.Note
		g.next.Note++
		return func() {
			s.notes.add(n)
			waiting = len(s.notes.of[n.To])
		}, g.PutNote(n.number, &n.Note)
	}})
	return waiting, err
}

// Notes asks memory.
func (s *Store) Notes(_ context.Context, to netproto.PeerID) ([]store.Note, error) {
	list, now := []store.Note{}, s.config.Now()
	for _, n := range s.notes.waiting(to) {
		if !n.over(now) {
			list = append(list, n.Note)
			list[len(list)-1].Sealed = slices.Clone(n.Sealed)
		}
	}
	return list, nil
}

// NotesFor asks memory.
func (s *Store) NotesFor(to netproto.PeerID) int { return len(s.notes.waiting(to)) }

// RemoveNote writes only if there is such a note.
func (s *Store) RemoveNote(ctx context.Context, to netproto.PeerID, id netproto.NoteID) error {
	return s.writer.write(ctx, &operation{key: to, plan: func(g *group) (func(), error) {
		i := slices.IndexFunc(s.notes.of[to], func(n *note) bool { return n.ID == id })
		if i < 0 {
			return func() {}, nil
		}
		n := s.notes.of[to][i]
		return func() { s.notes.forget([]*note{n}) }, g.DeleteNote(n.number, &n.Note)
	}})
}

// planForgetNotes removes the notes that of accepts.
func (s *Store) planForgetNotes(g *group, of func(*note) bool) (func(), error) {
	var gone []*note
	for _, list := range s.notes.of {
		for _, n := range list {
			if !of(n) {
				continue
			}
			if err := g.DeleteNote(n.number, &n.Note); err != nil {
				return nil, err
			}
			gone = append(gone, n)
		}
	}
	return func() { s.notes.forget(gone) }, nil
}
