package pgstore

import (
	"encoding/binary"
	"fmt"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/record"
	"centralizedp2p/tracker/store"
)

// Everything is an entry of one table: a key, whose first byte says what it is,
// and a value of package record. Keys are natural, so that nodes need not agree on
// numbers.
const (
	ofPeer    = 1 // 16 bytes id → record.AppendPeer
	ofHolding = 2 // 16 bytes id of the peer | 32 bytes hash → see holdingValue
	ofSeed    = 3 // 16 bytes id | text of the hash → record.AppendSeed
	ofNote    = 4 // 16 bytes receiver | 32 bytes key of the sender | 16 bytes id → record.AppendNote
	ofInvite  = 5 // 32 bytes hash → record.AppendInvite
	ofMember  = 6 // 32 bytes key → record.AppendMember
	ofBan     = 7 // text of the target → record.AppendBan
)

const (
	peerKeyBytes    = 1 + 16
	holdingKeyBytes = peerKeyBytes + 32
	noteKeyBytes    = peerKeyBytes + 32 + 16
)

func peerKey(id netproto.PeerID) string { return string(append([]byte{ofPeer}, id[:]...)) }

func holdingKey(h *memory.Holding) string {
	key := make([]byte, 0, holdingKeyBytes)
	return string(append(append(append(key, ofHolding), h.ID[:]...), h.Hash[:]...))
}

func seedKey(r *store.SeedRow) string {
	return string(append([]byte{ofSeed}, r.PeerID[:]...)) + r.ResourceHash
}

func noteKey(n *store.Note) string {
	key := append([]byte{ofNote}, n.To[:]...)
	return string(append(append(key, n.Key[:]...), n.ID[:]...))
}

func keyOf(kind byte, key []byte) string { return string(append([]byte{kind}, key...)) }

// holdingValue: u8 n | n bytes of record.AppendHolding | record.AppendName without the
// hash, which is in the key
func holdingValue(h *memory.Holding) []byte {
	value := make([]byte, 1, 1+17+record.NameRoom+len(h.Text)+len(h.MIME))
	value = record.AppendHolding(value, h.Part, h.MD5)
	value[0] = byte(len(value) - 1)
	hash := len(value)
	value = record.AppendName(value, &h.Name)
	return append(value[:hash], value[hash+len(h.Hash):]...)
}

// parseHolding reads a holding; its media type is in the second value.
func parseHolding(key, value []byte) (h memory.Holding, mime []byte, err error) {
	if len(key) != holdingKeyBytes || len(value) == 0 || int(value[0]) >= len(value) {
		return h, nil, record.ErrDamaged
	}
	n := 1 + int(value[0])
	part, md5, err := record.ParseHolding(value[1:n])
	if err != nil {
		return h, nil, err
	}
	named := append(key[peerKeyBytes:holdingKeyBytes:holdingKeyBytes], value[n:]...)
	name, mime, err := record.ParseName(named)
	h = memory.Holding{Name: name, Part: part, MD5: md5}
	copy(h.ID[:], key[1:])
	return h, mime, err
}

func parsePeer(key, value []byte) (memory.Peer, error) {
	said, offline, stay, err := record.ParsePeer(value)
	if err == nil && string(key) != peerKey(said.ID()) {
		err = record.ErrDamaged
	}
	return memory.Peer{Record: &said, Offline: offline, Stay: stay}, err
}

func parseSeed(key, value []byte) (store.SeedRow, error) {
	r, err := record.ParseSeed(value)
	if err == nil && string(key) != seedKey(&r) {
		err = record.ErrDamaged
	}
	return r, err
}

func parseNote(key, value []byte) (store.Note, error) {
	n, err := record.ParseNote(value)
	if err == nil && string(key) != noteKey(&n) {
		err = record.ErrDamaged
	}
	return n, err
}

func parseInvite(key, value []byte) (store.Invite, error) {
	i, err := record.ParseInvite(value)
	if copy(i.Hash[:], key[1:]) != len(i.Hash) || len(key) != 1+len(i.Hash) {
		err = record.ErrDamaged
	}
	return i, err
}

func parseMember(key, value []byte) (store.Member, error) {
	m, err := record.ParseMember(value)
	if copy(m.Key[:], key[1:]) != len(m.Key) || len(key) != 1+len(m.Key) {
		err = record.ErrDamaged
	}
	return m, err
}

func parseBan(key, value []byte) (store.Ban, error) { return record.ParseBan(key[1:], value) }

// What nodes tell each other is a list of changes: u8 what | uv n | n bytes, which are a
// key, with put followed by uv n | n bytes of the value, and with heard any number of ids.
const (
	put   = 1
	drop  = 2
	heard = 3
)

func appendChange(dst []byte, what byte, key string) []byte {
	dst = binary.AppendUvarint(append(dst, what), uint64(len(key)))
	return append(dst, key...)
}

func appendValue(dst, value []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(value))), value...)
}

// change is one that a node told of. Its slices are parts of the entry.
type change struct {
	what       byte
	key, value []byte
}

// parseChanges reads what a node told.
func parseChanges(raw []byte) (changes []change, err error) {
	take := func() []byte {
		n, size := binary.Uvarint(raw)
		if size <= 0 || n > uint64(len(raw)-size) {
			err = record.ErrDamaged
			return nil
		}
		taken := raw[size : size+int(n)]
		raw = raw[size+int(n):]
		return taken
	}
	for len(raw) > 0 && err == nil {
		c := change{what: raw[0]}
		raw = raw[1:]
		c.key = take()
		switch {
		case err != nil:
		case c.what == put:
			c.value = take()
		case c.what != drop && c.what != heard:
			err = fmt.Errorf("%w: a change of kind %d", record.ErrDamaged, c.what)
		}
		if (c.what == put || c.what == drop) && len(c.key) == 0 || c.what == heard && len(c.key)%16 != 0 {
			err = record.ErrDamaged
		}
		changes = append(changes, c)
	}
	return changes, err
}
