package memory

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"net/netip"
	"slices"
	"sync"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// access holds invites, members and bans. It has a lock of its own, because every
// request asks here and must not wait for a large announce. The write loop
// changes it under the lock and reads it without.
type access struct {
	mu       sync.RWMutex
	invites  map[[sha256.Size]byte]store.Invite
	members  map[netproto.PublicKey]store.Member
	bans     map[store.Target]store.Ban
	keys     int // how many are banned
	prefixes map[prefixLength]int
}

// prefixLength is the form of a banned range: an address is looked up once for
// each form in use, however many ranges there are.
type prefixLength struct {
	v4   bool
	bits int
}

func newAccess() *access {
	return &access{
		invites:  map[[sha256.Size]byte]store.Invite{},
		members:  map[netproto.PublicKey]store.Member{},
		bans:     map[store.Target]store.Ban{},
		prefixes: map[prefixLength]int{},
	}
}

// change runs in the write loop after a commit.
func (a *access) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func lengthOf(t store.Target) prefixLength {
	return prefixLength{t.Prefix.Addr().Is4(), t.Prefix.Bits()}
}

func (a *access) addBan(b store.Ban) {
	if _, known := a.bans[b.Target]; !known {
		switch b.Kind() {
		case "key":
			a.keys++
		case "address":
			a.prefixes[lengthOf(b.Target)]++
		}
	}
	a.bans[b.Target] = b
}

func (a *access) removeBan(t store.Target) {
	delete(a.bans, t)
	switch t.Kind() {
	case "key":
		a.keys--
	case "address":
		form := lengthOf(t)
		if a.prefixes[form]--; a.prefixes[form] == 0 {
			delete(a.prefixes, form)
		}
	}
}

// admit returns netproto.CodeBanned if the address or the key, which may be nil,
// is banned. The caller holds the lock or is the write loop.
func (a *access) admit(key *netproto.PublicKey, from netip.Addr) error {
	if len(a.bans) == 0 {
		return nil
	}
	if key != nil && a.keys > 0 {
		print := netproto.FingerprintOf(key[:])
		if _, banned := a.bans[store.Target{Key: print}]; banned {
			return netproto.Errorf(netproto.CodeBanned, "the key %s", print)
		}
	}
	for form := range a.prefixes {
		if from.Is4() != form.v4 {
			continue
		}
		prefix, err := from.Prefix(form.bits)
		if err != nil {
			continue
		}
		if _, banned := a.bans[store.Target{Prefix: prefix}]; banned {
			return netproto.Errorf(netproto.CodeBanned, "the address %s", from)
		}
	}
	return nil
}

// contentBanned is for the write loop.
func (a *access) contentBanned(hash netproto.ContentHash) bool {
	_, banned := a.bans[store.Target{Hash: hash}]
	return banned
}

// Admit asks memory.
func (s *Store) Admit(_ context.Context, key *netproto.PublicKey, from netip.Addr) error {
	s.access.mu.RLock()
	defer s.access.mu.RUnlock()
	return s.access.admit(key, from)
}

// AddInvite drops expired invites in the same commit.
func (s *Store) AddInvite(ctx context.Context, i store.Invite) error {
	return s.writer.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		now := s.config.Now()
		var over [][sha256.Size]byte
		for hash, old := range s.access.invites {
			if !now.Before(old.Expires) {
				over = append(over, hash)
			}
		}
		if len(s.access.invites)-len(over) >= store.MaxInvites {
			return nil, netproto.Errorf(netproto.CodeFull, "%d unused invites exist", store.MaxInvites)
		}
		for _, hash := range over {
			if err := g.DeleteInvite(hash); err != nil {
				return nil, err
			}
		}
		return func() {
			s.access.change(func() {
				for _, hash := range over {
					delete(s.access.invites, hash)
				}
				s.access.invites[i.Hash] = i
			})
		}, g.PutInvite(i)
	}})
}

// Redeem removes the invite and adds the member in one commit.
func (s *Store) Redeem(ctx context.Context, hash [sha256.Size]byte, key netproto.PublicKey) error {
	return s.writer.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		if _, member := s.access.members[key]; member {
			return func() {}, nil
		}
		now := s.config.Now()
		invite, known := s.access.invites[hash]
		if !known || !now.Before(invite.Expires) {
			return nil, netproto.Errorf(netproto.CodeInvite, "this invite has been used, has expired, or is for another tracker")
		}
		member := store.Member{Key: key, For: invite.For, Since: unixMilli(now.UnixMilli())}
		if err := g.DeleteInvite(hash); err != nil {
			return nil, err
		}
		return func() {
			s.access.change(func() {
				delete(s.access.invites, hash)
				s.access.members[key] = member
			})
		}, g.PutMember(member)
	}})
}

// IsMember asks memory.
func (s *Store) IsMember(_ context.Context, key netproto.PublicKey) (bool, error) {
	s.access.mu.RLock()
	defer s.access.mu.RUnlock()
	_, member := s.access.members[key]
	return member, nil
}

// Members asks memory.
func (s *Store) Members(context.Context) ([]store.Member, error) {
	s.access.mu.RLock()
	list := make([]store.Member, 0, len(s.access.members))
	for _, m := range s.access.members {
		list = append(list, m)
	}
	s.access.mu.RUnlock()
	slices.SortFunc(list, func(a, b store.Member) int {
		return cmp.Or(a.Since.Compare(b.Since), bytes.Compare(a.Key[:], b.Key[:]))
	})
	return list, nil
}

// RemoveMember searches all members for the key: removals are rare.
func (s *Store) RemoveMember(ctx context.Context, print netproto.Fingerprint) error {
	return s.writer.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		for key, member := range s.access.members {
			if member.Fingerprint() != print {
				continue
			}
			if err := g.DeleteMember(key); err != nil {
				return nil, err
			}
			hide, err := s.planExpel(g, func(other netproto.PublicKey) bool { return other == key })
			return func() {
				hide()
				s.access.change(func() { delete(s.access.members, key) })
			}, err
		}
		return nil, netproto.Errorf(netproto.CodeNotFound, "no member has the key %s", print)
	}})
}

// planExpel ends the leases of the keys that of accepts, and forgets the notes from
// and to them.
func (s *Store) planExpel(g *group, of func(netproto.PublicKey) bool) (func(), error) {
	hide, err := s.planOffline(g, func(p *peer) bool { return of(p.record.Key) })
	if err != nil {
		return nil, err
	}
	receivers := map[netproto.PeerID]bool{}
	for id := range s.notes.of {
		if p := s.memory.peers[id]; p != nil && of(p.record.Key) {
			receivers[id] = true
		}
	}
	forget, err := s.planForgetNotes(g, func(n *note) bool { return receivers[n.To] || of(n.Key) })
	return func() {
		hide()
		forget()
	}, err
}

// planOffline ends the leases of the online peers that of accepts.
func (s *Store) planOffline(g *group, of func(*peer) bool) (func(), error) {
	since := s.config.Now().Unix()
	var gone []*peer
	for _, p := range s.memory.peers {
		if p.offline != 0 || !of(p) {
			continue
		}
		if err := g.PutPeer(p.gone(since)); err != nil {
			return nil, err
		}
		gone = append(gone, p)
	}
	return func() {
		for _, p := range gone {
			s.memory.setOnline(p, since)
		}
	}, nil
}
