package memory

import (
	"crypto/sha256"
	"errors"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Keeper makes changes durable. Only the write loop asks it, one group after the other.
type Keeper interface {
	// Write runs plan, which puts the changes of a group, and makes them durable: all
	// of them or none. It may run plan again, for another group, after it has changed
	// the store as a Follower. It returns what plan returns, or why nothing was written. After
	// an error that wraps ErrBroken, nothing is written any longer. A group without
	// changes costs nothing.
	Write(plan func(Changes) error) error
}

// ErrBroken says that a Keeper can no longer be trusted with its data.
var ErrBroken = errors.New("what is kept is broken")

// Changes takes the changes of one group. An error means that the group has failed; an
// entry that is deleted need not be there. MD5 and slices are not kept after the group.
type Changes interface {
	PutPeer(Peer) error
	DeletePeer(Peer) error
	PutName(Name) error
	DeleteName(Name) error
	PutHolding(Holding) error
	DeleteHolding(Holding) error
	PutSeed(number uint64, row *store.SeedRow) error
	DeleteSeed(number uint64, row *store.SeedRow) error
	PutNote(number uint64, note *store.Note) error
	DeleteNote(number uint64, note *store.Note) error
	PutInvite(store.Invite) error
	DeleteInvite(hash [sha256.Size]byte) error
	PutMember(store.Member) error
	DeleteMember(netproto.PublicKey) error
	PutBan(store.Ban) error
	DeleteBan(store.Target) error
}

// Peer is what is kept of a peer.
type Peer struct {
	Number  uint32 // of this store alone
	Record  *store.Peer
	Offline int64 // Unix seconds since when; 0 while it is online
	Stay    Stay
}

// Name is one of the names of a content.
type Name struct {
	Number uint64 // of this store alone; later ones are larger
	Hash   netproto.ContentHash
	Text   string
	MIME   string
	Size   int64
	Added  int64 // Unix milliseconds
	Folder bool
	Hidden bool // in no list, and in no index
}

// Holding is what one peer says about one content.
type Holding struct {
	Peer uint32
	ID   netproto.PeerID // of the peer
	Name
	Part bool
	MD5  *[16]byte // nil if it says none
}

// Numbers are the next ones to give out.
type Numbers struct {
	Name uint64
	Peer uint32
	Seed uint64
	Note uint64
}

// kept returns the entry of a row.
func (m *memory) kept(r *row) Name {
	return Name{
		Number: r.id, Hash: r.content.Hash(), Text: r.name, MIME: m.mimes.texts[r.mime],
		Size: r.size, Added: r.added, Folder: r.folder, Hidden: r.hidden,
	}
}

// keptHolding returns the entry of a holding.
func (m *memory) keptHolding(p *peer, h holding) Holding {
	return Holding{Peer: p.no, ID: p.id, Name: m.kept(h.row), Part: h.part, MD5: h.md5}
}

// gone returns the entry of a peer that went at that time, in Unix seconds.
func (p *peer) gone(now int64) Peer {
	stay := p.online
	stay.end(now)
	return Peer{Number: p.no, Record: &p.record, Offline: now, Stay: stay}
}

// entry returns the entry of a peer.
func (p *peer) entry() Peer {
	return Peer{Number: p.no, Record: &p.record, Offline: p.offline, Stay: p.online}
}
