package pgstore

import (
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// witness hears what other nodes wrote.
type witness interface {
	announced(netproto.PeerID, []memory.Holding)
	barred(store.Target) // it was banned, or is no longer a member
}

// apply changes memory as a node told, and tells the witness. The changes are in the order
// of their keys, so those of one peer's holdings stand side by side.
func apply(f memory.Follower, changes []change, w witness) error {
	var gone []netproto.PeerID // once their holdings are
	for len(changes) > 0 {
		c := changes[0]
		if c.what != heard && c.key[0] == ofHolding {
			n := 1
			for n < len(changes) && samePeer(c.key, changes[n].key) {
				n++
			}
			if err := applyHoldings(f, changes[:n], w); err != nil {
				return err
			}
			changes = changes[n:]
			continue
		}
		changes = changes[1:]
		switch {
		case c.what == heard:
			f.Renew(idsIn(c.key))
		case c.what == drop && c.key[0] == ofPeer && len(c.key) == peerKeyBytes:
			gone = append(gone, netproto.PeerID(c.key[1:]))
		case c.what == drop:
			applyDrop(f, c.key, w)
		default:
			if err := applyPut(f, c, w); err != nil {
				return err
			}
		}
	}
	for _, id := range gone {
		f.DeletePeer(id)
	}
	return nil
}

func samePeer(a, b []byte) bool {
	return len(a) == holdingKeyBytes && len(b) == holdingKeyBytes && string(a[:peerKeyBytes]) == string(b[:peerKeyBytes])
}

func idsIn(raw []byte) []netproto.PeerID {
	ids := make([]netproto.PeerID, 0, len(raw)/16)
	for ; len(raw) >= 16; raw = raw[16:] {
		ids = append(ids, netproto.PeerID(raw[:16]))
	}
	return ids
}

func applyHoldings(f memory.Follower, changes []change, w witness) error {
	var drops []netproto.ContentHash
	var puts []memory.Holding
	var id netproto.PeerID
	copy(id[:], changes[0].key[1:])
	for _, c := range changes {
		if c.what == drop {
			if len(c.key) == holdingKeyBytes {
				drops = append(drops, netproto.ContentHash(c.key[peerKeyBytes:]))
			}
			continue
		}
		h, mime, err := parseHolding(c.key, c.value)
		if err != nil {
			return err
		}
		h.MIME = string(mime)
		puts = append(puts, h)
	}
	f.Hold(id, drops, puts)
	w.announced(id, puts)
	return nil
}

func applyPut(f memory.Follower, c change, w witness) error {
	var err error
	switch c.key[0] {
	case ofPeer:
		var p memory.Peer
		if p, err = parsePeer(c.key, c.value); err == nil {
			f.PutPeer(p)
		}
	case ofSeed:
		var r store.SeedRow
		if r, err = parseSeed(c.key, c.value); err == nil {
			f.PutSeed(r)
		}
	case ofNote:
		var n store.Note
		if n, err = parseNote(c.key, c.value); err == nil {
			f.PutNote(n)
		}
	case ofInvite:
		var i store.Invite
		if i, err = parseInvite(c.key, c.value); err == nil {
			f.PutInvite(i)
		}
	case ofMember:
		var m store.Member
		if m, err = parseMember(c.key, c.value); err == nil {
			f.PutMember(m)
		}
	case ofBan:
		var b store.Ban
		if b, err = parseBan(c.key, c.value); err == nil {
			f.PutBan(b)
			w.barred(b.Target)
		}
	}
	return err // what a newer node keeps besides is not for this one
}

func applyDrop(f memory.Follower, key []byte, w witness) {
	rest := key[1:]
	switch key[0] {
	case ofSeed:
		if len(rest) >= 16 {
			f.DeleteSeed(netproto.PeerID(rest[:16]), string(rest[16:]))
		}
	case ofNote:
		if len(key) == noteKeyBytes {
			f.DeleteNote(netproto.PeerID(rest[:16]), netproto.PublicKey(rest[16:48]), netproto.NoteID(rest[48:]))
		}
	case ofInvite:
		if len(rest) == 32 {
			f.DeleteInvite([32]byte(rest))
		}
	case ofMember:
		if len(rest) == 32 {
			f.DeleteMember(netproto.PublicKey(rest))
			w.barred(store.Target{Key: netproto.FingerprintOf(rest)})
		}
	case ofBan:
		if t, err := store.ParseTarget(string(rest)); err == nil {
			f.DeleteBan(t)
		}
	}
}

// nobody is the witness of changes that no node made.
type nobody struct{}

func (nobody) announced(netproto.PeerID, []memory.Holding) {}
func (nobody) barred(store.Target)                         {}
