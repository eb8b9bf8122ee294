package pgstore

import (
	"context"
	"crypto/sha256"
	"net/netip"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// The memory of now answers everything else.

// Join is one of store.Peers.
func (s *Store) Join(ctx context.Context, p store.Peer) (store.Holdings, error) {
	return s.life.Load().Join(ctx, p)
}

// Heartbeat is one of store.Peers. What another node was told just now counts.
func (s *Store) Heartbeat(ctx context.Context, id netproto.PeerID, h store.Holdings) (status netproto.HeartbeatStatus, at netip.AddrPort, err error) {
	l := s.life.Load()
	status, at, err = l.Heartbeat(ctx, id, h)
	if err == nil && status != netproto.HeartbeatOK && s.caughtUp(ctx, l) {
		return l.Heartbeat(ctx, id, h)
	}
	return status, at, err
}

// Online is one of store.Peers, likewise.
func (s *Store) Online(ctx context.Context, id netproto.PeerID) (store.Peer, error) {
	l := s.life.Load()
	p, err := l.Online(ctx, id)
	if err != nil && s.caughtUp(ctx, l) {
		return l.Online(ctx, id)
	}
	return p, err
}

// caughtUp reports whether memory has all that other nodes had written when it was called.
// It does not wait for a database that is away.
func (s *Store) caughtUp(ctx context.Context, l *life) bool {
	return s.lag() < 2*pollEvery && s.catchUp(ctx, l) == nil
}

// Leave is one of store.Peers.
func (s *Store) Leave(ctx context.Context, id netproto.PeerID) error {
	return s.life.Load().Leave(ctx, id)
}

// Announce is one of store.Announcements.
func (s *Store) Announce(ctx context.Context, id netproto.PeerID, rs []netproto.Resource, reset bool) ([]netproto.Refusal, error) {
	return s.life.Load().Announce(ctx, id, rs, reset)
}

// Full is one of store.Announcements.
func (s *Store) Full(ctx context.Context, from netip.Addr) error {
	return s.life.Load().Full(ctx, from)
}

// Withdraw is one of store.Announcements.
func (s *Store) Withdraw(ctx context.Context, id netproto.PeerID, hs []netproto.ContentHash) (removed int, err error) {
	return s.life.Load().Withdraw(ctx, id, hs)
}

// Sources is one of store.Catalogue.
func (s *Store) Sources(ctx context.Context, hash netproto.ContentHash, limit int) (found []store.Source, looks int, err error) {
	return s.life.Load().Sources(ctx, hash, limit)
}

// Source is one of store.Catalogue.
func (s *Store) Source(ctx context.Context, hash netproto.ContentHash, id netproto.PeerID) (store.Source, error) {
	return s.life.Load().Source(ctx, hash, id)
}

// Resource is one of store.Catalogue.
func (s *Store) Resource(ctx context.Context, hash netproto.ContentHash) (found netproto.ResourceResponse, looks int, err error) {
	return s.life.Load().Resource(ctx, hash)
}

// Shown is one of store.Catalogue.
func (s *Store) Shown(ctx context.Context, hash netproto.ContentHash) (netproto.Hit, error) {
	return s.life.Load().Shown(ctx, hash)
}

// Search is one of store.Catalogue.
func (s *Store) Search(ctx context.Context, q store.Query) (store.Found, error) {
	return s.life.Load().Search(ctx, q)
}

// PeerResources is one of store.Catalogue.
func (s *Store) PeerResources(ctx context.Context, id netproto.PeerID, limit int, cursor string) (store.Found, error) {
	return s.life.Load().PeerResources(ctx, id, limit, cursor)
}

// Offers is one of store.Catalogue.
func (s *Store) Offers(ctx context.Context, name string, limit int) ([]store.Offer, error) {
	return s.life.Load().Offers(ctx, name, limit)
}

// People is one of store.People.
func (s *Store) People(ctx context.Context, q store.PeopleQuery) (store.FoundPeople, error) {
	return s.life.Load().People(ctx, q)
}

// Person is one of store.People.
func (s *Store) Person(ctx context.Context, id netproto.PeerID) (netproto.Person, error) {
	return s.life.Load().Person(ctx, id)
}

// LeaveNote is one of store.Notes.
func (s *Store) LeaveNote(ctx context.Context, n store.Note) (waiting int, err error) {
	return s.life.Load().LeaveNote(ctx, n)
}

// Notes is one of store.Notes.
func (s *Store) Notes(ctx context.Context, to netproto.PeerID) ([]store.Note, error) {
	return s.life.Load().Notes(ctx, to)
}

// NotesFor is one of store.Notes.
func (s *Store) NotesFor(to netproto.PeerID) int {
	return s.life.Load().NotesFor(to)
}

// RemoveNote is one of store.Notes.
func (s *Store) RemoveNote(ctx context.Context, to netproto.PeerID, id netproto.NoteID) error {
	return s.life.Load().RemoveNote(ctx, to, id)
}

// SeedPost is one of store.SeedClients.
func (s *Store) SeedPost(ctx context.Context, row store.SeedRow) error {
	return s.life.Load().SeedPost(ctx, row)
}

// SeedHeartbeat is one of store.SeedClients.
func (s *Store) SeedHeartbeat(ctx context.Context, id netproto.PeerID, from netip.Addr) error {
	return s.life.Load().SeedHeartbeat(ctx, id, from)
}

// SeedRows is one of store.SeedClients.
func (s *Store) SeedRows(ctx context.Context, name string, limit int) ([]store.SeedRow, error) {
	return s.life.Load().SeedRows(ctx, name, limit)
}

// AddInvite is one of store.Members.
func (s *Store) AddInvite(ctx context.Context, i store.Invite) error {
	return s.life.Load().AddInvite(ctx, i)
}

// Redeem is one of store.Members.
func (s *Store) Redeem(ctx context.Context, hash [sha256.Size]byte, key netproto.PublicKey) error {
	return s.life.Load().Redeem(ctx, hash, key)
}

// IsMember is one of store.Members.
func (s *Store) IsMember(ctx context.Context, key netproto.PublicKey) (bool, error) {
	return s.life.Load().IsMember(ctx, key)
}

// Members is one of store.Members.
func (s *Store) Members(ctx context.Context) ([]store.Member, error) {
	return s.life.Load().Members(ctx)
}

// RemoveMember is one of store.Members.
func (s *Store) RemoveMember(ctx context.Context, key netproto.Fingerprint) error {
	return s.life.Load().RemoveMember(ctx, key)
}

// Ban is one of store.Bans.
func (s *Store) Ban(ctx context.Context, b store.Ban) error {
	return s.life.Load().Ban(ctx, b)
}

// Unban is one of store.Bans.
func (s *Store) Unban(ctx context.Context, t store.Target) error {
	return s.life.Load().Unban(ctx, t)
}

// Bans is one of store.Bans.
func (s *Store) Bans(ctx context.Context) ([]store.Ban, error) {
	return s.life.Load().Bans(ctx)
}

// Admit is one of store.Bans.
func (s *Store) Admit(ctx context.Context, key *netproto.PublicKey, from netip.Addr) error {
	return s.life.Load().Admit(ctx, key, from)
}

// Stats is one of store.Upkeep.
func (s *Store) Stats(ctx context.Context) (netproto.Stats, error) {
	return s.life.Load().Stats(ctx)
}
