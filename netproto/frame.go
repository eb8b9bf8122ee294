package netproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// ALPN is the application protocol of peer connections in TLS.
const ALPN = "cp2p/1"

// FrameVersion is the version in the hello of this program.
const FrameVersion = 1

// FrameType is the first byte of a frame. A frame is
//
//	u32 length of what follows | u8 type | payload
//
// with all numbers big-endian. Types from 0x80 on are optional: a receiver that
// does not know one skips it. An unknown type below 0x80 ends the connection.
type FrameType uint8

// The frames, each with its payload. A stream is a content that one side opened to
// read. That side chooses the numbers of its streams and requests.
const (
	FrameHello    FrameType = 0x01 // u16 version | u32 features | u8 n | n bytes display name; first on both sides
	FrameOpen     FrameType = 0x02 // u32 stream | 32 bytes content hash | u64 size, all ones = unknown | u8 1 = send the manifest
	FrameManifest FrameType = 0x03 // u32 stream | u64 size | u32 first piece | n × 32 bytes chaining value (none if there is one piece)
	FrameHave     FrameType = 0x04 // u32 stream | u32 first piece, a multiple of 8 | bit field, most significant bit first
	FrameUpdate   FrameType = 0x05 // u32 stream | n × u32 piece that the sender now has
	FrameGet      FrameType = 0x06 // u32 stream | u32 request | u32 piece | u32 offset in the piece | u32 length
	FrameData     FrameType = 0x07 // u32 request | bytes; a get is answered with its bytes in order, in as many frames as needed
	FrameRefuse   FrameType = 0x08 // u32 stream | u32 request, 0 = the whole stream | u16 code | u32 place in the queue, from 1
	FrameCancel   FrameType = 0x09 // u32 request
	FrameClose    FrameType = 0x0a // u32 stream
	FramePing     FrameType = 0x0b // u64 arbitrary
	FramePong     FrameType = 0x0c // u64 as in the ping

	frameOptional FrameType = 0x80
)

// Limits of the socket protocol.
const (
	FrameHeaderBytes  = 5
	MaxControlPayload = 64 << 10  // bytes, of every frame except data
	MaxDataBytes      = 256 << 10 // of content in one data frame
	MaxDataPayload    = 4 + MaxDataBytes
	MaxManifestHashes = 1024     // chaining values in one frame
	MaxHaveBytes      = 32 << 10 // of bit field in one frame
	MaxUpdatePieces   = 8192     // in one frame
	MaxRequests       = 256      // unanswered gets on one connection
	MaxStreams        = 1024     // open on one connection, in each direction
)

// ErrFrame is wrapped by every error about frames from the other side.
var ErrFrame = errors.New("damaged frame")

func frameError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFrame, fmt.Sprintf(format, args...))
}

// Frame is one message between peers.
type Frame interface {
	Type() FrameType
	appendPayload(dst []byte) []byte
}

// The frames. The constants above document their layouts.
type (
	Hello struct {
		Version  uint16
		Features uint32 // bits; unknown ones are ignored
		Name     string // display name, at most MaxPeerName bytes
	}
	Open struct {
		Stream   uint32
		Hash     ContentHash
		Size     int64 // bytes; -1 = unknown. An owner whose content has another size refuses, so wrong bytes are always the owner's fault
		Manifest bool
	}
	Manifest struct {
		Stream uint32
		Size   int64
		First  uint32
		CVs    [][32]byte
	}
	Have struct {
		Stream uint32
		First  uint32
		Bits   []byte
	}
	Update struct {
		Stream uint32
		Pieces []uint32
	}
	Get struct {
		Stream, Request, Piece, Offset, Length uint32
	}
	Data struct {
		Request uint32
		Bytes   []byte
	}
	Refuse struct {
		Stream, Request uint32
		Code            Code
		Place           uint32
	}
	Cancel struct{ Request uint32 }
	Close  struct{ Stream uint32 }
	Ping   struct{ Token uint64 }
	Pong   struct{ Token uint64 }
)

func (Hello) Type() FrameType    { return FrameHello }
func (Open) Type() FrameType     { return FrameOpen }
func (Manifest) Type() FrameType { return FrameManifest }
func (Have) Type() FrameType     { return FrameHave }
func (Update) Type() FrameType   { return FrameUpdate }
func (Get) Type() FrameType      { return FrameGet }
func (Data) Type() FrameType     { return FrameData }
func (Refuse) Type() FrameType   { return FrameRefuse }
func (Cancel) Type() FrameType   { return FrameCancel }
func (Close) Type() FrameType    { return FrameClose }
func (Ping) Type() FrameType     { return FramePing }
func (Pong) Type() FrameType     { return FramePong }

var be = binary.BigEndian

func (f Hello) appendPayload(b []byte) []byte {
	b = be.AppendUint16(b, f.Version)
	b = be.AppendUint32(b, f.Features)
	name := cutBytes(f.Name, MaxPeerName)
	return append(append(b, byte(len(name))), name...)
}

func (f Open) appendPayload(b []byte) []byte {
	b = append(be.AppendUint32(b, f.Stream), f.Hash[:]...)
	b = be.AppendUint64(b, uint64(f.Size))
	if f.Manifest {
		return append(b, 1)
	}
	return append(b, 0)
}

func (f Manifest) appendPayload(b []byte) []byte {
	b = be.AppendUint32(b, f.Stream)
	b = be.AppendUint64(b, uint64(f.Size))
	b = be.AppendUint32(b, f.First)
	for _, cv := range f.CVs {
		b = append(b, cv[:]...)
	}
	return b
}

func (f Have) appendPayload(b []byte) []byte {
	return append(be.AppendUint32(be.AppendUint32(b, f.Stream), f.First), f.Bits...)
}

func (f Update) appendPayload(b []byte) []byte {
	b = be.AppendUint32(b, f.Stream)
	for _, p := range f.Pieces {
		b = be.AppendUint32(b, p)
	}
	return b
}

func (f Get) appendPayload(b []byte) []byte {
	for _, v := range [...]uint32{f.Stream, f.Request, f.Piece, f.Offset, f.Length} {
		b = be.AppendUint32(b, v)
	}
	return b
}

func (f Data) appendPayload(b []byte) []byte {
	return append(be.AppendUint32(b, f.Request), f.Bytes...)
}

func (f Refuse) appendPayload(b []byte) []byte {
	b = be.AppendUint32(be.AppendUint32(b, f.Stream), f.Request)
	return be.AppendUint32(be.AppendUint16(b, f.Code.Wire()), f.Place)
}

func (f Cancel) appendPayload(b []byte) []byte { return be.AppendUint32(b, f.Request) }
func (f Close) appendPayload(b []byte) []byte  { return be.AppendUint32(b, f.Stream) }
func (f Ping) appendPayload(b []byte) []byte   { return be.AppendUint64(b, f.Token) }
func (f Pong) appendPayload(b []byte) []byte   { return be.AppendUint64(b, f.Token) }

// AppendFrame appends a frame with its header to dst. The caller must keep the
// frame within its limits.
func AppendFrame(dst []byte, f Frame) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, byte(f.Type()))
	dst = f.appendPayload(dst)
	be.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// AppendDataHeader appends the header of a data frame with n bytes of content. The
// caller sends these separately, which saves a copy.
func AppendDataHeader(dst []byte, request uint32, n int) []byte {
	dst = be.AppendUint32(dst, uint32(1+4+n))
	dst = append(dst, byte(FrameData))
	return be.AppendUint32(dst, request)
}

// FrameHeader is what precedes a payload.
type FrameHeader struct {
	Type   FrameType
	Length int // bytes of payload
}

// Known reports whether this version can parse the frame. The caller must skip
// others, which are optional.
func (h FrameHeader) Known() bool {
	return h.Type <= FramePong || h.Type >= FramePeers && h.Type <= FrameMeet
}

// ReadFrameHeader reads a header and checks its length against the limit of its
// type, before anybody allocates memory for the payload. If the connection ends
// between two frames, it returns io.EOF.
func ReadFrameHeader(r io.Reader) (FrameHeader, error) {
	var raw [FrameHeaderBytes]byte
	if _, err := io.ReadFull(r, raw[:]); err != nil {
		return FrameHeader{}, err
	}
	n, t := be.Uint32(raw[:]), FrameType(raw[4])
	limit := uint32(MaxControlPayload)
	if t == FrameData {
		limit = MaxDataPayload
	}
	switch {
	case n == 0:
		return FrameHeader{}, frameError("its length is zero")
	case n-1 > limit:
		return FrameHeader{}, frameError("a frame of type 0x%02x has %d bytes, %d are allowed", uint8(t), n-1, limit)
	case t == 0 || t > FramePong && t < frameOptional:
		return FrameHeader{}, frameError("unknown type 0x%02x", uint8(t))
	}
	return FrameHeader{Type: t, Length: int(n - 1)}, nil
}

// ParseFrame reads the payload of a known frame. The result refers to parts of the
// payload, which the caller must not reuse while the frame is in use.
func ParseFrame(t FrameType, payload []byte) (Frame, error) {
	p := parser{rest: payload}
	var f Frame
	switch t {
	case FrameHello:
		f = p.hello()
	case FrameOpen:
		f = Open{Stream: p.u32(), Hash: ContentHash(p.array32()), Size: p.sizeOrUnknown(), Manifest: p.flag()}
	case FrameManifest:
		f = p.manifest()
	case FrameHave:
		f = p.have()
	case FrameUpdate:
		f = p.update()
	case FrameGet:
		f = p.get()
	case FrameData:
		f = Data{Request: p.u32(), Bytes: p.all(MaxDataBytes)}
	case FrameRefuse:
		f = Refuse{Stream: p.u32(), Request: p.u32(), Code: CodeOfWire(p.u16()), Place: p.u32()}
	case FrameCancel:
		f = Cancel{Request: p.u32()}
	case FrameClose:
		f = Close{Stream: p.u32()}
	case FramePing:
		f = Ping{Token: p.u64()}
	case FramePong:
		f = Pong{Token: p.u64()}
	case FramePeers:
		f = p.peers()
	case FrameFetching:
		f = p.fetching()
	case FrameTurn:
		f = Turn{Stream: p.u32()}
	case FrameAttributes:
		f = p.attributes()
	case FrameMeet:
		f = p.meet()
	default:
		return nil, frameError("unknown type 0x%02x", uint8(t))
	}
	if p.err == nil && len(p.rest) != 0 {
		p.fail("type 0x%02x has %d bytes too many", uint8(t), len(p.rest))
	}
	if p.err != nil {
		return nil, p.err
	}
	return f, nil
}

// parser takes values off a payload. After the first failure it yields zeros.
type parser struct {
	rest []byte
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = frameError(format, args...)
	}
	p.rest = nil
}

func (p *parser) take(n int) []byte {
	if len(p.rest) < n {
		p.fail("it ends %d bytes early", n-len(p.rest))
		return make([]byte, n)
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) u8() uint8         { return p.take(1)[0] }
func (p *parser) u16() uint16       { return be.Uint16(p.take(2)) }
func (p *parser) u32() uint32       { return be.Uint32(p.take(4)) }
func (p *parser) u64() uint64       { return be.Uint64(p.take(8)) }
func (p *parser) array32() [32]byte { return [32]byte(p.take(32)) }

func (p *parser) flag() bool {
	v := p.u8()
	if v > 1 {
		p.fail("a flag is %d", v)
	}
	return v == 1
}

func (p *parser) sizeOrUnknown() int64 {
	v := int64(p.u64())
	if v < -1 || v > MaxContentSize {
		p.fail("a content of %d bytes", uint64(v))
	}
	return v
}

// all takes the rest, which must be 1 to limit bytes.
func (p *parser) all(limit int) []byte {
	if len(p.rest) == 0 || len(p.rest) > limit {
		p.fail("there are %d bytes instead of 1 to %d", len(p.rest), limit)
		return nil
	}
	return p.take(len(p.rest))
}

func (p *parser) hello() Hello {
	f := Hello{Version: p.u16(), Features: p.u32()}
	n := int(p.u8())
	f.Name = string(p.take(n))
	if n > MaxPeerName || !utf8.ValidString(f.Name) {
		p.fail("the display name is longer than %d bytes or not UTF-8", MaxPeerName)
	}
	return f
}

func (p *parser) manifest() Manifest {
	f := Manifest{Stream: p.u32()}
	size := p.u64()
	f.First = p.u32()
	if size > MaxContentSize {
		p.fail("a content of %d bytes", size)
		return f
	}
	f.Size = int64(size)
	n := len(p.rest) / 32
	count := PieceCount(f.Size)
	if n > MaxManifestHashes || (count == 1) != (n == 0) || uint64(f.First)+uint64(max(n, 1)) > uint64(count) {
		p.fail("%d hashes from piece %d in a manifest of %d pieces", n, f.First, count)
		return f
	}
	f.CVs = make([][32]byte, n)
	for i := range f.CVs {
		f.CVs[i] = p.array32()
	}
	return f
}

func (p *parser) have() Have {
	f := Have{Stream: p.u32(), First: p.u32()}
	if f.First%8 != 0 {
		p.fail("a bit field starts at piece %d", f.First)
	}
	f.Bits = p.all(MaxHaveBytes)
	return f
}

func (p *parser) update() Update {
	f := Update{Stream: p.u32()}
	n := len(p.rest) / 4
	if n == 0 || n > MaxUpdatePieces {
		p.fail("%d pieces in an update", n)
		return f
	}
	f.Pieces = make([]uint32, n)
	for i := range f.Pieces {
		f.Pieces[i] = p.u32()
	}
	return f
}

func (p *parser) get() Get {
	f := Get{p.u32(), p.u32(), p.u32(), p.u32(), p.u32()}
	if f.Request == 0 || f.Length > MaxPieceSize || f.Offset > MaxPieceSize || f.Offset+f.Length > MaxPieceSize {
		p.fail("request %d for %d bytes at %d", f.Request, f.Length, f.Offset)
	}
	return f
}
