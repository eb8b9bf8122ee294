package pgstore

import (
	"crypto/sha256"
	"maps"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/record"
	"centralizedp2p/tracker/store"
)

// group is what goes into one transaction: the last that was said of each entry. Names
// are kept with the holdings, so those without a holder are not.
type group struct{ values map[string][]byte } // nil: the entry is deleted

func newGroup() *group { return &group{values: map[string][]byte{}} }

func (g *group) put(key string, value []byte) error {
	g.values[key] = value
	return nil
}

func (g *group) drop(key string) error { return g.put(key, nil) }

// lasting reports whether the group has something that nobody says again: notes, invites,
// members and bans.
func (g *group) lasting() bool {
	for key := range g.values {
		if key[0] >= ofNote {
			return true
		}
	}
	return false
}

// changes returns the keys and values to put and the keys to drop, in an order that is
// the same on each node, and all of it as nodes tell each other.
func (g *group) changes() (keys, values, drops [][]byte, told []byte) {
	for _, key := range slices.Sorted(maps.Keys(g.values)) {
		if value := g.values[key]; value != nil {
			keys, values = append(keys, []byte(key)), append(values, value)
			told = appendValue(appendChange(told, put, key), value)
		} else {
			drops = append(drops, []byte(key))
			told = appendChange(told, drop, key)
		}
	}
	return keys, values, drops, told
}

// PutPeer is one of memory.Changes, as are the following.
func (g *group) PutPeer(p memory.Peer) error {
	return g.put(peerKey(p.Record.ID()), record.AppendPeer(nil, p.Record, p.Offline, p.Stay))
}

func (g *group) DeletePeer(p memory.Peer) error { return g.drop(peerKey(p.Record.ID())) }

func (g *group) PutName(memory.Name) error { return nil }

func (g *group) DeleteName(memory.Name) error { return nil }

func (g *group) PutHolding(h memory.Holding) error { return g.put(holdingKey(&h), holdingValue(&h)) }

func (g *group) DeleteHolding(h memory.Holding) error { return g.drop(holdingKey(&h)) }

func (g *group) PutSeed(_ uint64, r *store.SeedRow) error {
	return g.put(seedKey(r), record.AppendSeed(nil, r))
}

func (g *group) DeleteSeed(_ uint64, r *store.SeedRow) error { return g.drop(seedKey(r)) }

func (g *group) PutNote(_ uint64, n *store.Note) error {
	return g.put(noteKey(n), record.AppendNote(nil, n))
}

func (g *group) DeleteNote(_ uint64, n *store.Note) error { return g.drop(noteKey(n)) }

func (g *group) PutInvite(i store.Invite) error {
	return g.put(keyOf(ofInvite, i.Hash[:]), record.AppendInvite(nil, &i))
}

func (g *group) DeleteInvite(hash [sha256.Size]byte) error { return g.drop(keyOf(ofInvite, hash[:])) }

func (g *group) PutMember(m store.Member) error {
	return g.put(keyOf(ofMember, m.Key[:]), record.AppendMember(nil, &m))
}

func (g *group) DeleteMember(key netproto.PublicKey) error { return g.drop(keyOf(ofMember, key[:])) }

func (g *group) PutBan(b store.Ban) error {
	return g.put(keyOf(ofBan, []byte(b.Target.String())), record.AppendBan(nil, &b))
}

func (g *group) DeleteBan(t store.Target) error { return g.drop(keyOf(ofBan, []byte(t.String()))) }
