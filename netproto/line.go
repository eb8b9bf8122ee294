package netproto

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Routes of the ways to a peer that has no open port. The two with a protocol are
// asked for with "Connection: Upgrade" and "Upgrade: <protocol>" (RFC 9110 §7.8),
// inside TLS, and answered 101: a relay once the other side is there.
const (
	RouteLine  = "/v1/line"  // GET, upgrades to LineProtocol
	RouteCalls = "/v1/calls" // POST, CallRequest → CallResponse
	RouteRelay = "/v1/relay/{token}"

	LineProtocol  = "cp2p-line/1"
	RelayProtocol = "cp2p-relay/1"
)

// RawRelay is the first byte of a connection to the tracker's port that is a relay
// without TLS of its own: it is followed by the 16 bytes of a [RelayToken] and
// answered with one byte, RawRelayReady, once the other side is there. Then the
// peers' own TLS follows. Anything else than that byte is a refusal.
const (
	RawRelay      = 0x02
	RawRelayReady = 0x01
)

const (
	// MaxLineFrame bounds the JSON of a frame on a line, in bytes.
	MaxLineFrame = 4 << 10
	// LinePing is how often each side of a line says something at least; a side
	// that hears nothing for three of them closes it.
	LinePing = 25 * time.Second
	// CallLife is how long a call and its relay tokens are good for.
	CallLife = 15 * time.Second
	// MaxCallAddresses bounds the addresses in a call and in a ring: per family one
	// seen and one claimed, and four in the local network.
	MaxCallAddresses = 8
)

// CallID names a call between two peers: 16 random bytes that the tracker makes.
type CallID [16]byte

// RelayToken lets one side of a call use the relay once.
type RelayToken [16]byte

func (c CallID) String() string     { return base32Lower.EncodeToString(c[:]) }
func (t RelayToken) String() string { return base32Lower.EncodeToString(t[:]) }

// MarshalText makes an id a JSON string of 26 characters, as an [Invite] is.
func (c CallID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalText makes a token a JSON string of 26 characters, as an [Invite] is.
func (t RelayToken) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads 26 characters.
func (c *CallID) UnmarshalText(text []byte) error { return (*Invite)(c).UnmarshalText(text) }

// UnmarshalText reads 26 characters.
func (t *RelayToken) UnmarshalText(text []byte) error { return (*Invite)(t).UnmarshalText(text) }

// CallRequest is the body of POST /v1/calls: the peer that has announced this content
// is to meet the caller. The caller must have a line or an open port.
type CallRequest struct {
	PeerID PeerID      `json:"peer_id"`
	Hash   ContentHash `json:"hash"`
}

// CallResponse answers POST /v1/calls, after the callee has been rung. The caller is
// the TLS client of whatever connection comes of it.
type CallResponse struct {
	Call      CallID   `json:"call"`
	Addresses []string `json:"addresses"`       // ip:port of the callee, the likeliest first; at most MaxCallAddresses
	Relay     *Relay   `json:"relay,omitempty"` // absent if this tracker relays nothing, or nothing now
	// NoRelay says why there is none, and RelayAgain from when on there is one; older
	// trackers say neither.
	NoRelay    NoRelay    `json:"no_relay,omitempty"`
	RelayAgain *time.Time `json:"relay_again,omitempty"`
	// Silent says that the callee has not answered yet. It is rung again over its next
	// line, while the call lives.
	Silent bool `json:"silent,omitempty"`
}

// NoRelay is why a tracker passes on no bytes of a call.
type NoRelay string

// The reasons.
const (
	RelayOff       NoRelay = "off"        // it never does
	RelayFull      NoRelay = "full"       // all circuits are in use
	RelayCallerDay NoRelay = "caller-day" // the caller has had all bytes of this day
	RelayCalleeDay NoRelay = "callee-day" // the callee has
)

// Relay is the offer of a tracker to pass on the bytes of one call.
type Relay struct {
	Token RelayToken `json:"token"` // of this side
	Rate  int64      `json:"rate"`  // bytes a second each way; 0 is not limited
}

// LineFrame is one message on a line. On the wire it is u16 length, big-endian |
// JSON of at most [MaxLineFrame] bytes. Exactly one member is set; one that has none
// known to the reader is skipped, so that there can be more.
type LineFrame struct {
	Ping *struct{} `json:"ping,omitempty"` // either way; never answered

	// From the tracker.
	Seen   *LineSeen          `json:"seen,omitempty"` // the first frame of a line
	Ring   *Ring              `json:"ring,omitempty"`
	Lease  *HeartbeatResponse `json:"lease,omitempty"`  // answers Beat
	Failed *Problem           `json:"failed,omitempty"` // answers Beat
	Note   *NotesWaiting      `json:"note,omitempty"`   // somebody has left a note
	Wishes *WishesWaiting     `json:"wishes,omitempty"` // something fits a wish

	// From the peer.
	Beat   *HeartbeatRequest `json:"beat,omitempty"` // a heartbeat, as POST /v1/heartbeat
	Answer *RingAnswer       `json:"answer,omitempty"`
}

// LineSeen says at which ip:port the tracker sees the peer's end of the line. A line
// that was dialled from the listening port shows what a router makes of that port.
type LineSeen struct {
	Address string `json:"address"`
}

// Ring tells a peer that another one wants to meet it. The peer dials the caller from
// its listening port and is the TLS server of whatever connection comes of it.
type Ring struct {
	Call      CallID      `json:"call"`
	PeerID    PeerID      `json:"peer_id"` // the caller
	Key       PublicKey   `json:"key"`     // its key
	Name      string      `json:"name,omitempty"`
	Hash      ContentHash `json:"hash"`      // what it wants
	Addresses []string    `json:"addresses"` // its ip:port, the likeliest first; at most MaxCallAddresses
	Relay     *Relay      `json:"relay,omitempty"`
}

// RingAnswer says what the peer does about a ring.
type RingAnswer struct {
	Call   CallID     `json:"call"`
	Result RingResult `json:"result"`
}

// RingResult is the answer to a ring.
type RingResult string

// The three answers.
const (
	RingOK   RingResult = "ok"   // it dials
	RingBusy RingResult = "busy" // too many at once
	RingNo   RingResult = "no"   // it does not share that, or does not want to
)

// AppendLineFrame appends a frame as it goes over a line.
func AppendLineFrame(b []byte, f LineFrame) ([]byte, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return b, err
	}
	if len(text) > MaxLineFrame {
		return b, fmt.Errorf("a line frame of %d bytes, %d are allowed", len(text), MaxLineFrame)
	}
	return append(be.AppendUint16(b, uint16(len(text))), text...), nil
}

// ReadLineFrame reads one frame. io.EOF means that the line ended between two.
func ReadLineFrame(r io.Reader) (LineFrame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return LineFrame{}, err
	}
	n := int(be.Uint16(head[:]))
	if n == 0 || n > MaxLineFrame {
		return LineFrame{}, Errorf(CodeProtocol, "a line frame of %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return LineFrame{}, err
	}
	var f LineFrame
	if err := json.Unmarshal(text, &f); err != nil {
		return LineFrame{}, Errorf(CodeProtocol, "a line frame: %w", err)
	}
	if len(f.rangAddresses()) > MaxCallAddresses {
		return LineFrame{}, Errorf(CodeProtocol, "a ring with %d addresses", len(f.Ring.Addresses))
	}
	if f.Ring != nil && (f.Ring.Call == CallID{} || f.Ring.Relay != nil && f.Ring.Relay.Token == RelayToken{}) ||
		f.Answer != nil && f.Answer.Call == (CallID{}) {
		return LineFrame{}, Errorf(CodeProtocol, "a line frame of no call")
	}
	return f, nil
}

func (f LineFrame) rangAddresses() []string {
	if f.Ring == nil {
		return nil
	}
	return f.Ring.Addresses
}
