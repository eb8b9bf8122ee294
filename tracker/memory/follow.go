package memory

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// Follower changes a store as another one with the same Keeper was changed. It is of use
// in the write loop only: within Do, and within Keeper.Write.
type Follower struct{ s *Store }

// Follower returns what changes a store from its Keeper.
func (s *Store) Follower() Follower { return Follower{s} }

// Do runs f in the write loop, between two groups.
func (s *Store) Do(ctx context.Context, f func() error) error {
	return s.writer.write(ctx, &operation{alone: true, do: f})
}

// PutPeer notes what a peer said when it joined, or that it went.
func (f Follower) PutPeer(p Peer) {
	m := f.s.memory
	known := m.peers[p.Record.ID()]
	if known == nil {
		next := &f.s.writer.next
		known = m.addPeer(next.Peer, *p.Record)
		next.Peer++
	}
	m.name(known, *p.Record)
	m.move(known)
	m.setOnline(known, p.Offline)
	known.online = p.Stay
	f.Renew([]netproto.PeerID{known.id})
}

// DeletePeer forgets a peer that holds nothing.
func (f Follower) DeletePeer(id netproto.PeerID) {
	m := f.s.memory
	if p := m.peers[id]; p != nil {
		m.setOnline(p, max(p.offline, 1))
		m.releaseAll(p, contentsOf(p.held))
		m.removePeer(p)
	}
}

func contentsOf(held []holding) []*content {
	contents := make([]*content, len(held))
	for i, h := range held {
		contents[i] = h.content()
	}
	return contents
}

// Hold notes what a peer no longer says about contents, and then what it says; the numbers
// in put do not count.
func (f Follower) Hold(id netproto.PeerID, drop []netproto.ContentHash, put []Holding) {
	m := f.s.memory
	p := m.peers[id]
	if p == nil {
		return
	}
	m.inSteps(len(drop), func(i int) {
		if c := m.contents.find(drop[i]); c != nil {
			m.release(p, c)
		}
	})
	m.makeRoom(p, len(put), len(put))
	m.inSteps(len(put), func(i int) { m.hold(p, holding{row: f.row(put[i].Name), part: put[i].Part, md5: put[i].MD5}) })
	m.settle(p)
}

// row finds the row of a name, or adds it. The caller holds the lock.
func (f Follower) row(n Name) *row {
	m := f.s.memory
	record := rowRecord{name: n.Text, mime: m.mimes.number([]byte(n.MIME)), size: n.Size, added: n.Added, folder: n.Folder, hidden: n.Hidden}
	c := m.contents.find(n.Hash)
	if c == nil {
		c = &content{Content: index.NewContent(n.Hash, unixMilli(n.Added))}
	} else if known := c.rowOf(record); known != nil {
		return known
	}
	next := &f.s.writer.next
	r := &row{id: next.Name, content: c, rowRecord: record}
	next.Name++
	m.addRow(r)
	return r
}

// PutSeed notes what a seed client registered, and renews its lease.
func (f Follower) PutSeed(r store.SeedRow) {
	id := f.s.writer.next.Seed
	if old := f.seed(r.PeerID, r.ResourceHash); old != nil {
		id = old.id
	} else {
		f.s.writer.next.Seed++
	}
	f.s.seeds.add(&seedRow{id: id, SeedRow: r})
	p := f.s.seeds.clients[r.PeerID]
	p.told = time.Duration(p.heard.Load()) // it was heard elsewhere
}

// DeleteSeed forgets what a seed client registered.
func (f Follower) DeleteSeed(id netproto.PeerID, hash string) {
	if old := f.seed(id, hash); old != nil {
		f.s.seeds.forget([]*seedRow{old})
	}
}

func (f Follower) seed(id netproto.PeerID, hash string) *seedRow {
	if p := f.s.seeds.clients[id]; p != nil {
		return p.rows[hash]
	}
	return nil
}

// PutNote adds a note that is not there yet.
func (f Follower) PutNote(n store.Note) {
	if f.note(n.To, n.Key, n.ID) == nil {
		next := &f.s.writer.next
		f.s.notes.add(&note{next.Note, n})
		next.Note++
	}
}

// DeleteNote forgets a note of a receiver.
func (f Follower) DeleteNote(to netproto.PeerID, from netproto.PublicKey, id netproto.NoteID) {
	if n := f.note(to, from, id); n != nil {
		f.s.notes.forget([]*note{n})
	}
}

func (f Follower) note(to netproto.PeerID, from netproto.PublicKey, id netproto.NoteID) *note {
	list := f.s.notes.of[to]
	if i := slices.IndexFunc(list, func(n *note) bool { return n.ID == id && n.Key == from }); i >= 0 {
		return list[i]
	}
	return nil
}

// PutInvite adds an invite.
func (f Follower) PutInvite(i store.Invite) {
	f.s.access.change(func() { f.s.access.invites[i.Hash] = i })
}

// DeleteInvite forgets an invite.
func (f Follower) DeleteInvite(hash [sha256.Size]byte) {
	f.s.access.change(func() { delete(f.s.access.invites, hash) })
}

// PutMember adds a member.
func (f Follower) PutMember(m store.Member) {
	f.s.access.change(func() { f.s.access.members[m.Key] = m })
}

// DeleteMember ends a membership.
func (f Follower) DeleteMember(key netproto.PublicKey) {
	f.s.access.change(func() { delete(f.s.access.members, key) })
}

// PutBan notes a ban; what it ends is a change of its own.
func (f Follower) PutBan(b store.Ban) { f.s.access.change(func() { f.s.access.addBan(b) }) }

// DeleteBan ends a ban.
func (f Follower) DeleteBan(t store.Target) {
	if _, known := f.s.access.bans[t]; known {
		f.s.access.change(func() { f.s.access.removeBan(t) })
	}
}

// Renew notes that peers or seed clients gave a sign of life elsewhere. As that is told
// only now and then, each gets half a lease more than from a heartbeat.
func (f Follower) Renew(ids []netproto.PeerID) {
	m, seeds := f.s.memory, f.s.seeds
	now := m.elapsed()
	for _, id := range ids {
		if p := m.peers[id]; p != nil && p.offline == 0 {
			p.seen.Store(max(p.seen.Load(), int64(now+m.config.Lease/2)))
		}
		if p := seeds.clients[id]; p != nil && seeds.live(p) {
			p.seen.Store(max(p.seen.Load(), int64(now+seeds.lease/2)))
		}
	}
}

// toldOfLease is the part of a lease after which others are told of a sign of life again.
const toldOfLease = 3

// Heard returns who gave a sign of life here that others were not told within the last
// third of a lease, and takes it as told. It runs in the write loop.
func (s *Store) Heard() []netproto.PeerID {
	var ids []netproto.PeerID
	now := s.memory.elapsed()
	due := func(heard, told, lease time.Duration) bool {
		return heard > told && (told == 0 || now-told >= lease/toldOfLease)
	}
	for id, p := range s.memory.peers {
		if p.offline == 0 && due(time.Duration(p.heard.Load()), p.told, s.config.Lease) {
			p.told = now
			ids = append(ids, id)
		}
	}
	for id, p := range s.seeds.clients {
		if due(time.Duration(p.heard.Load()), p.told, s.seeds.lease) {
			p.told = now
			ids = append(ids, id)
		}
	}
	return ids
}
