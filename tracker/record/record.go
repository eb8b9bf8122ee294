// Package record has what stores keep of each thing, as bytes. Numbers are big-endian,
// "uv" is an unsigned varint, an address is u8 4 or 16 | bytes. Existing stores have such
// values: a change needs a new schema of every store that keeps them.
package record

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// ErrDamaged says that the bytes are not what the function beside wrote.
var ErrDamaged = errors.New("a damaged value")

const (
	flagFolder = 1
	flagHidden = 2
)

// AppendName appends a name: 32 bytes hash | uv size | uv added | u8 flags | u8 n | mime | u8 n | name
func AppendName(dst []byte, n *memory.Name) []byte {
	dst = append(dst, n.Hash[:]...)
	dst = binary.AppendUvarint(dst, uint64(n.Size))
	dst = binary.AppendUvarint(dst, uint64(n.Added))
	var flags byte
	if n.Folder {
		flags |= flagFolder
	}
	if n.Hidden {
		flags |= flagHidden
	}
	dst = append(dst, flags, byte(len(n.MIME)))
	dst = append(dst, n.MIME...)
	dst = append(dst, byte(len(n.Text)))
	return append(dst, n.Text...)
}

// NameRoom is enough for what AppendName appends, without the texts.
const NameRoom = 32 + 2*binary.MaxVarintLen64 + 3

// ParseName reads what AppendName wrote; the media type, which most names share with
// others, stays in raw.
func ParseName(raw []byte) (n memory.Name, mime []byte, err error) {
	d := decoder{rest: raw}
	copy(n.Hash[:], d.take(len(n.Hash)))
	n.Size = d.number(netproto.MaxContentSize)
	n.Added = d.number(math.MaxInt64)
	flags := d.byte()
	n.Folder, n.Hidden = flags&flagFolder != 0, flags&flagHidden != 0
	mime = d.take(int(d.byte()))
	n.Text = string(d.take(int(d.byte())))
	if flags&^(flagFolder|flagHidden) != 0 || len(mime) > netproto.MaxMIMEBytes {
		d.bad = true
	}
	return n, mime, d.end()
}

const (
	flagPart = 1
	flagMD5  = 2
)

// AppendHolding appends what a peer says of a content besides its name: u8 flags | 16 bytes MD5 if the flags say so
func AppendHolding(dst []byte, part bool, md5 *[16]byte) []byte {
	var flags byte
	if part {
		flags |= flagPart
	}
	if md5 == nil {
		return append(dst, flags)
	}
	return append(append(dst, flags|flagMD5), md5[:]...)
}

// ParseHolding reads what AppendHolding wrote.
func ParseHolding(raw []byte) (part bool, md5 *[16]byte, err error) {
	d := decoder{rest: raw}
	flags := d.byte()
	if flags&flagMD5 != 0 {
		md5 = new([16]byte)
		copy(md5[:], d.take(len(md5)))
	}
	if flags&^(flagPart|flagMD5) != 0 {
		d.bad = true
	}
	return flags&flagPart != 0, md5, d.end()
}

// AppendPeer appends a peer: 32 bytes key | uv offline since, in Unix seconds, 0 = online |
// u16 seed port | u8 n | name | address, u16 port | u8 n | n × (address, u16 port) |
// uv seconds online before | uv online since, in Unix seconds, 0 = offline |
// u16 mapped port, if there is one or flags follow | u8 flags, if there are any
func AppendPeer(dst []byte, p *store.Peer, offline int64, online memory.Stay) []byte {
	dst = append(dst, p.Key[:]...)
	dst = binary.AppendUvarint(dst, uint64(offline))
	dst = binary.BigEndian.AppendUint16(dst, p.SeedPort)
	dst = append(dst, byte(len(p.Name)))
	dst = append(dst, p.Name...)
	dst = appendAddrPort(dst, p.Observed)
	dst = append(dst, byte(len(p.Candidates)))
	for _, c := range p.Candidates {
		dst = appendAddrPort(dst, c)
	}
	dst = AppendStay(dst, online)
	if p.MappedPort != 0 || p.Unlisted {
		dst = binary.BigEndian.AppendUint16(dst, p.MappedPort)
	}
	if p.Unlisted {
		dst = append(dst, flagUnlisted)
	}
	return dst
}

const flagUnlisted = 1 // of a peer

// AppendStay appends how long a peer was online, with which a peer ended once.
func AppendStay(dst []byte, s memory.Stay) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(s.Before)), uint64(s.Since))
}

// ParsePeer reads what AppendPeer wrote.
func ParsePeer(raw []byte) (p store.Peer, offline int64, online memory.Stay, err error) {
	d := decoder{rest: raw}
	copy(p.Key[:], d.take(len(p.Key)))
	offline = d.number(math.MaxInt64)
	p.SeedPort = d.uint16()
	p.Name = string(d.take(int(d.byte())))
	p.Observed = netip.AddrPortFrom(d.addr(), d.uint16())
	n := int(d.byte())
	if n > netproto.MaxCandidates || len(p.Name) > netproto.MaxPeerName {
		d.bad = true
	}
	for range n {
		if d.bad {
			break
		}
		p.Candidates = append(p.Candidates, netip.AddrPortFrom(d.addr(), d.uint16()))
	}
	online.Before, online.Since = d.number(memory.MaxStay), d.number(math.MaxInt64)
	if len(d.rest) > 0 {
		p.MappedPort = d.uint16()
		if p.Unlisted = len(d.rest) > 0; p.Unlisted && d.byte() != flagUnlisted || !p.Unlisted && p.MappedPort == 0 {
			d.bad = true
		}
	}
	return p, offline, online, d.end()
}

// AppendSeed appends a row of a seed client: 16 bytes id | address from | uv added | u8 n | peer_ip | u16 port |
// u16 n | path | u16 n | name | u16 n | hash
func AppendSeed(dst []byte, r *store.SeedRow) []byte {
	dst = append(dst, r.PeerID[:]...)
	dst = appendAddr(dst, r.From)
	dst = binary.AppendUvarint(dst, uint64(r.Added.UnixMilli()))
	dst = append(dst, byte(len(r.PeerIP)))
	dst = append(dst, r.PeerIP...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.PeerPort))
	for _, s := range []string{r.ResourcePath, r.ResourceName, r.ResourceHash} {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// ParseSeed reads what AppendSeed wrote.
func ParseSeed(raw []byte) (store.SeedRow, error) {
	d := decoder{rest: raw}
	var r store.SeedRow
	copy(r.PeerID[:], d.take(len(r.PeerID)))
	r.From = d.addr()
	r.Added = unixMilli(d.number(math.MaxInt64))
	r.PeerIP = string(d.take(int(d.byte())))
	r.PeerPort = int(d.uint16())
	for _, s := range []*string{&r.ResourcePath, &r.ResourceName, &r.ResourceHash} {
		*s = string(d.take(int(d.uint16())))
	}
	return r, d.end()
}

// AppendNote appends a note: 16 bytes id | 16 bytes receiver | 32 bytes key of the sender | address of
// the sender | uv left, in Unix milliseconds | u16 n | sealed
func AppendNote(dst []byte, n *store.Note) []byte {
	dst = append(append(append(dst, n.ID[:]...), n.To[:]...), n.Key[:]...)
	dst = binary.AppendUvarint(appendAddr(dst, n.From), uint64(n.Left.UnixMilli()))
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(n.Sealed))), n.Sealed...)
}

// ParseNote reads what AppendNote wrote.
func ParseNote(raw []byte) (store.Note, error) {
	d := decoder{rest: raw}
	var n store.Note
	copy(n.ID[:], d.take(len(n.ID)))
	copy(n.To[:], d.take(len(n.To)))
	copy(n.Key[:], d.take(len(n.Key)))
	n.From = d.addr()
	n.Left = unixMilli(d.number(math.MaxInt64))
	n.Sealed = slices.Clone(d.take(int(d.uint16())))
	if len(n.Sealed) > netproto.MaxNoteBytes {
		d.bad = true
	}
	return n, d.end()
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	raw := a.AsSlice() // 4 or 16 bytes; a zone means nothing to others
	return append(append(dst, byte(len(raw))), raw...)
}

func appendAddrPort(dst []byte, a netip.AddrPort) []byte {
	return binary.BigEndian.AppendUint16(appendAddr(dst, a.Addr()), a.Port())
}

// decoder takes a value apart. After the first error it yields zeros, and end
// returns that error.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) number(most uint64) int64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > most {
		d.bad = true
		return 0
	}
	d.take(n)
	return int64(v)
}

func (d *decoder) addr() netip.Addr {
	n := d.byte()
	addr, ok := netip.AddrFromSlice(d.take(int(n)))
	if !ok {
		d.bad = true
	}
	return addr
}

func (d *decoder) end() error {
	if d.bad || len(d.rest) > 0 {
		return ErrDamaged
	}
	return nil
}

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
