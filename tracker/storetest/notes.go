package storetest

import (
	"fmt"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// note is a note from one peer to another.
func (h *house) note(from, to, n int) store.Note {
	return store.Note{
		ID: netproto.NoteID{byte(from), byte(to), byte(n), 1}, To: peer(to).ID(), Key: peer(from).Key, From: peer(from).Observed.Addr(),
		Sealed: fmt.Appendf(nil, "note %d", n),
	}
}

func (h *house) leave(n store.Note, waiting int) {
	h.Helper()
	if got, err := h.LeaveNote(h.ctx, n); err != nil || got != waiting {
		h.Fatalf("%d notes wait, %v; want %d", got, err, waiting)
	}
}

func (h *house) waiting(to int, want ...store.Note) {
	h.Helper()
	got, err := h.Notes(h.ctx, peer(to).ID())
	if err != nil || len(got) != len(want) || h.NotesFor(peer(to).ID()) != len(want) {
		h.Fatalf("%d notes wait for peer %d (%d by count), %v; want %d", len(got), to, h.NotesFor(peer(to).ID()), err, len(want))
	}
	for i, n := range want {
		if g := got[i]; g.ID != n.ID || g.Key != n.Key || g.From != n.From || g.To != n.To || string(g.Sealed) != string(n.Sealed) || g.Left.IsZero() {
			h.Fatalf("note %d is %+v, want %+v", i, g, n)
		}
	}
}

var noteTests = map[string]func(*house){
	"a note waits until it is confirmed, over a restart and an absence": func(h *house) {
		h.join(1)
		h.join(2)
		if err := h.Leave(h.ctx, peer(2).ID()); err != nil {
			h.Fatal(err)
		}
		first, second := h.note(1, 2, 1), h.note(1, 2, 2)
		h.leave(first, 1)
		h.leave(second, 2)
		h.restart()
		h.waiting(2, first, second)
		h.waiting(1)
		if err := h.RemoveNote(h.ctx, peer(1).ID(), first.ID); err != nil { // of somebody else
			h.Fatal(err)
		}
		h.waiting(2, first, second)
		for range 2 {
			if err := h.RemoveNote(h.ctx, peer(2).ID(), first.ID); err != nil {
				h.Fatal(err)
			}
			h.waiting(2, second)
			h.restart()
		}
	},
	"only peers that are online leave notes, for those that are known": func(h *house) {
		_, err := h.LeaveNote(h.ctx, h.note(1, 2, 1))
		h.wantCode(err, netproto.CodeJoinFirst)
		h.join(1)
		_, err = h.LeaveNote(h.ctx, h.note(1, 2, 1))
		h.wantCode(err, netproto.CodeNotFound)
		if err := h.RemoveNote(h.ctx, peer(2).ID(), netproto.NoteID{1}); err != nil {
			h.Fatal(err)
		}
	},
	"one sender leaves few notes for one receiver, and not too many in all": func(h *house) {
		h.join(1)
		for n := range netproto.MaxNotesPair {
			h.join(2)
			h.leave(h.note(1, 2, n), n+1)
		}
		_, err := h.LeaveNote(h.ctx, h.note(1, 2, 99))
		h.wantCode(err, netproto.CodeTooMany)
		left := netproto.MaxNotesPair
		for to := 3; ; to++ {
			h.join(to)
			for n := range netproto.MaxNotesPair {
				if _, err = h.LeaveNote(h.ctx, h.note(1, to, n)); err != nil {
					break
				}
				left++
			}
			if err != nil {
				break
			}
		}
		h.wantCode(err, netproto.CodeTooMany)
		if left != netproto.MaxNotesSender {
			h.Fatalf("%d notes of one sender wait", left)
		}
		h.restart() // the counts are those of what waits
		_, err = h.LeaveNote(h.ctx, h.note(1, 2, 99))
		h.wantCode(err, netproto.CodeTooMany)
		if err := h.RemoveNote(h.ctx, peer(2).ID(), h.note(1, 2, 0).ID); err != nil {
			h.Fatal(err)
		}
		h.leave(h.note(1, 2, 99), netproto.MaxNotesPair)
	},
	"many senders leave a bounded number of notes for one receiver": func(h *house) {
		h.join(1)
		left := 0
		for n := 2; n < 50; n++ {
			h.join(n)
			if _, err := h.LeaveNote(h.ctx, h.note(n, 1, 1)); err == nil {
				left++
			} else {
				h.wantCode(err, netproto.CodeFull)
			}
		}
		if left != netproto.MaxNotesWaiting {
			h.Fatalf("%d notes wait", left)
		}
	},
	"the notes for one receiver have a bounded length": func(h *house) {
		h.join(1)
		left := 0
		for n := 2; n < 40; n++ {
			h.join(n)
			note := h.note(n, 1, 1)
			note.Sealed = make([]byte, netproto.MaxNoteBytes)
			if _, err := h.LeaveNote(h.ctx, note); err == nil {
				left += len(note.Sealed)
			}
		}
		if left > netproto.MaxNotesReceiver {
			h.Fatalf("%d bytes wait", left)
		}
	},
	"one address does not take all places of a receiver": func(h *house) {
		h.join(1)
		left, home := 0, peer(2).Observed.Addr()
		for n := 2; n < 50; n++ {
			h.join(n)
			note := h.note(n, 1, 1)
			note.From = home
			if _, err := h.LeaveNote(h.ctx, note); err == nil {
				left++
			}
		}
		if left != netproto.MaxNotesWaiting/2 {
			h.Fatalf("%d notes from one address wait", left)
		}
		h.leave(h.note(3, 1, 1), left+1)
	},
	"a note is forgotten after its time, and with its receiver": func(h *house) {
		h.join(1)
		h.join(2)
		h.leave(h.note(1, 2, 1), 1)
		h.pass(netproto.NoteLife - 1)
		h.reap(100)
		h.waiting(2, h.note(1, 2, 1))
		h.pass(1)
		if got, err := h.Notes(h.ctx, peer(2).ID()); err != nil || len(got) != 0 {
			h.Fatalf("%+v, %v", got, err)
		}
		h.reap(1)
		h.waiting(2)
		h.join(1)
		h.join(2)
		h.leave(h.note(1, 2, 2), 1)
		if err := h.Leave(h.ctx, peer(2).ID()); err != nil {
			h.Fatal(err)
		}
		before := h.Sizes()
		h.pass(netproto.NoteLife / 2)
		h.join(1)
		h.pass(retention)
		h.reap(100)
		h.reap(100)
		h.waiting(2)
		if after := h.Sizes(); before.Notes != 1 || after.Notes != 0 || after.Memory >= before.Memory {
			h.Fatalf("before %+v, after %+v", before, after)
		}
	},
	"the notes of a banned key go, and those for it": func(h *house) {
		for n := range 3 {
			h.join(n + 1)
		}
		h.leave(h.note(1, 2, 1), 1)
		h.leave(h.note(3, 2, 1), 2)
		h.leave(h.note(3, 1, 1), 1)
		h.ban(printOf(1).String())
		for range 2 {
			h.waiting(2, h.note(3, 2, 1))
			h.waiting(1)
			h.restart()
		}
		h.ban("192.0.2.0/24")
		for range 2 {
			h.waiting(2)
			h.restart()
		}
	},
	"the notes of a removed member go": func(h *house) {
		h.join(1)
		h.join(2)
		for n := range 2 {
			if err := h.Redeem(h.ctx, h.invite(byte(n+1)).Hash, peer(n+1).Key); err != nil {
				h.Fatal(err)
			}
		}
		h.leave(h.note(1, 2, 1), 1)
		h.leave(h.note(2, 1, 1), 1)
		if err := h.RemoveMember(h.ctx, printOf(1)); err != nil {
			h.Fatal(err)
		}
		h.waiting(1)
		h.waiting(2)
	},
	"a note is the store's own": func(h *house) {
		h.join(1)
		h.join(2)
		n := h.note(1, 2, 1)
		h.leave(n, 1)
		n.Sealed[0] = 'X'
		got, err := h.Notes(h.ctx, peer(2).ID())
		if err != nil || string(got[0].Sealed) != "note 1" {
			h.Fatalf("%+v, %v", got, err)
		}
		got[0].Sealed[0] = 'Y'
		h.waiting(2, h.note(1, 2, 1))
	},
}
