package index

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"

	"centralizedp2p/netproto"
)

// place is the position of a hit in an order: by number, then name, then hash,
// all ascending. Descending orders use negative numbers.
type place struct {
	number int64
	name   []byte // folded and cut
	hash   *netproto.ContentHash
}

const maxPlaceName = 255

// cut returns the part of a folded name that decides its place.
func cut(name []byte) []byte { return name[:min(len(name), maxPlaceName)] }

func placeOf(sort netproto.Sort, v *version, name []byte) place {
	p := place{hash: &v.content.hash}
	switch sort {
	case netproto.SortSize:
		p.number = -v.size
		return p
	case netproto.SortNewest:
		p.number = -v.content.added
		return p
	case netproto.SortSources:
		p.number = -int64(v.online)
	}
	p.name = cut(name)
	return p
}

func (p *place) compare(o *place) int {
	if p.number != o.number {
		return cmp.Compare(p.number, o.number)
	}
	return cmp.Or(bytes.Compare(p.name, o.name), bytes.Compare(p.hash[:], o.hash[:]))
}

// A cursor is, in URL-safe base64,
//
//	u8 version | u32 digest of the query | u64 number | 32 bytes hash | u8 n | name
const (
	cursorVersion = 2
	cursorFixed   = 1 + 4 + 8 + 32 + 1
)

func (p *place) cursor(digest uint32) string {
	raw := make([]byte, 0, cursorFixed+len(p.name))
	raw = append(raw, cursorVersion)
	raw = binary.BigEndian.AppendUint32(raw, digest)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.number))
	raw = append(raw, p.hash[:]...)
	raw = append(raw, byte(len(p.name)))
	raw = append(raw, p.name...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseCursor(s string, digest uint32) (*place, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) < cursorFixed || raw[0] != cursorVersion || len(raw) != cursorFixed+int(raw[cursorFixed-1]) {
		return nil, netproto.Errorf(netproto.CodeInvalid, "the cursor is damaged: start again with the first page")
	}
	if binary.BigEndian.Uint32(raw[1:]) != digest {
		return nil, netproto.Errorf(netproto.CodeInvalid, "the cursor belongs to another search: start again with the first page")
	}
	return &place{
		number: int64(binary.BigEndian.Uint64(raw[5:])),
		name:   raw[cursorFixed:],
		hash:   new(netproto.ContentHash(raw[13:45])),
	}, nil
}
