package session

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"centralizedp2p/netproto"
)

// ears are both handlers of a connection; they check what every handler relies on.
type ears struct{ *testing.T }

func (e ears) Open(f netproto.Open) error {
	if f.Size < -1 || f.Size > netproto.MaxContentSize {
		e.Errorf("%+v", f)
	}
	return nil
}

func (e ears) Get(f netproto.Get) error {
	if uint64(f.Offset)+uint64(f.Length) > netproto.MaxPieceSize {
		e.Errorf("%+v", f)
	}
	return nil
}

func (ears) Cancel(uint32)                            {}
func (ears) CloseStream(uint32)                       {}
func (ears) Pong(uint64)                              {}
func (ears) Next(context.Context, *Out) (bool, error) { return false, nil }
func (ears) Reads(netproto.ContentHash, bool) bool    { return false }
func (ears) Busy() bool                               { return false }

// heard is the other handler: both have a method End.
type heard struct{ ears }

func (ears) End() {}

func (e heard) End(error) {}

func (e heard) Manifest(f netproto.Manifest) error {
	if f.Size < 0 || len(f.CVs) > netproto.MaxManifestHashes {
		e.Errorf("a manifest of %d bytes with %d hashes", f.Size, len(f.CVs))
	}
	return nil
}

func (e heard) Have(f netproto.Have) {
	if len(f.Bits) > netproto.MaxHaveBytes {
		e.Errorf("%d bytes of pieces", len(f.Bits))
	}
}

func (heard) Update(netproto.Update)         {}
func (heard) Fetching(netproto.Fetching)     {}
func (heard) Refuse(netproto.Refuse)         {}
func (heard) Turn(netproto.Turn)             {}
func (heard) Attributes(netproto.Attributes) {}

func (e heard) Peers(f netproto.Peers) {
	if len(f.Peers) > netproto.MaxSwarmPeers {
		e.Errorf("%d peers", len(f.Peers))
	}
}

func (e heard) Data(r *bufio.Reader, length int) error {
	if length > netproto.MaxDataPayload {
		e.Errorf("%d bytes of data", length)
	}
	_, err := r.Discard(length)
	return err
}

// FuzzFrames has a peer send anything after the handshake of TLS: the handlers get only
// frames within the limits, the connection ends when the bytes do, and what it wants
// to answer stays within its bound.
func FuzzFrames(f *testing.F) {
	hello := netproto.AppendFrame(nil, netproto.Hello{Version: netproto.FrameVersion, Name: "x"})
	ping := netproto.AppendFrame(nil, netproto.Ping{})
	f.Add(ping)
	f.Add(append(hello, bytes.Repeat(ping, 50)...))
	for _, frame := range []netproto.Frame{
		netproto.Open{Stream: 1, Hash: netproto.ContentHash{1}, Size: -1}, netproto.Get{Request: 1, Length: 1}, netproto.Cancel{Request: 1},
		netproto.Manifest{Stream: 1, Size: 3, CVs: [][32]byte{{1}}}, netproto.Have{Stream: 1, Bits: []byte{0x80}},
		netproto.Hello{Version: netproto.FrameVersion, Name: "x"}, netproto.Peers{Hash: netproto.ContentHash{1}, Port: 7},
	} {
		f.Add(slices.Concat(hello, netproto.AppendFrame(nil, frame), ping))
	}
	f.Add(append(hello, 0, 0, 0, 3, 0x80, 1, 2))
	f.Fuzz(func(t *testing.T, stream []byte) {
		here, there := net.Pipe()
		defer here.Close()
		defer there.Close()
		cs := New(t.Context(), Config{})
		defer cs.cancel()
		c := &Conn{conns: cs, tls: tls.Client(here, &tls.Config{InsecureSkipVerify: true}), wake: make(chan struct{}, 1), ended: make(chan struct{})}
		c.Owner, c.Reader = ears{t}, heard{ears{t}}
		err := c.readFrames(bufio.NewReader(bytes.NewReader(stream)))
		if !errors.Is(err, netproto.ErrFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("an error of no known kind: %v", err)
		}
		if len(c.control) > maxControl+64 || c.unread > maxUnread+1 && c.alive() {
			t.Fatalf("%d bytes of answers wait, %d pings are unanswered", len(c.control), c.unread)
		}
	})
}
