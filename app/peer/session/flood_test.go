package session

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

func fresh(t testing.TB) *identity.Identity {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// owner answers what a test says, and has nothing to write by itself.
type owner struct {
	get func(netproto.Get)
}

func (o owner) Open(netproto.Open) error { return nil }
func (o owner) Get(f netproto.Get) error {
	o.get(f)
	return nil
}
func (o owner) Cancel(uint32)                            {}
func (o owner) CloseStream(uint32)                       {}
func (o owner) Pong(uint64)                              {}
func (o owner) Next(context.Context, *Out) (bool, error) { return false, nil }
func (o owner) Reads(netproto.ContentHash, bool) bool    { return false }
func (o owner) Busy() bool                               { return true }
func (o owner) End()                                     {}

// reader keeps why the connection ended.
type reader struct{ ended chan error }

func (r reader) Manifest(netproto.Manifest) error { return nil }
func (r reader) Have(netproto.Have)               {}
func (r reader) Update(netproto.Update)           {}
func (r reader) Fetching(netproto.Fetching)       {}
func (r reader) Refuse(netproto.Refuse)           {}
func (r reader) Turn(netproto.Turn)               {}
func (r reader) Attributes(netproto.Attributes)   {}
func (r reader) Peers(netproto.Peers)             {}
func (r reader) Data(b *bufio.Reader, n int) error {
	_, err := b.Discard(n)
	return err
}
func (r reader) Busy() bool    { return true }
func (r reader) End(err error) { r.ended <- err }

// deaf is a peer that shook hands, and from then on writes without reading. What
// this side writes to it is not taken by any buffer.
type deaf struct {
	*tls.Conn
	conn  *Conn      // this side's
	ended chan error // this side's reason
}

// meet connects a deaf peer to this side; get is what this side does for a request.
func meet(t *testing.T, get func(*Conn, netproto.Get)) *deaf {
	t.Helper()
	cs := New(t.Context(), Config{Identity: fresh(t), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Name: func() string { return "here" }})
	t.Cleanup(cs.Close)
	d := &deaf{ended: make(chan error, 1)}
	made := make(chan *Conn, 1)
	cs.Handle(func(c *Conn) Owner {
		made <- c
		return owner{get: func(f netproto.Get) { get(c, f) }}
	}, func(*Conn) Reader { return reader{d.ended} })
	ours, theirs := net.Pipe()
	cs.begin(func() { cs.accept(&guest{}, newWire(ours)) })
	d.Conn = tls.Client(theirs, fresh(t).ClientTLS(netproto.ALPN, func(ed25519.PublicKey) error { return nil }))
	t.Cleanup(func() { theirs.Close() })
	if err := d.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var hello sync.WaitGroup
	defer hello.Wait()
	hello.Go(func() { // the pipe takes nothing that nobody reads
		h, err := netproto.ReadFrameHeader(d)
		if err != nil || h.Type != netproto.FrameHello {
			t.Errorf("it greets with %v: %v", h, err)
			return
		}
		if _, err := io.ReadFull(d, make([]byte, h.Length)); err != nil {
			t.Error(err)
		}
	})
	if err := d.say(netproto.Hello{Version: netproto.FrameVersion, Name: "deaf"}); err != nil {
		t.Fatal(err)
	}
	d.conn = <-made
	return d
}

func (d *deaf) say(f netproto.Frame) error {
	_, err := d.Write(netproto.AppendFrame(nil, f))
	return err
}

// flood says frames until this side ends the connection, and returns how many it
// said and the most bytes that waited meanwhile.
func (d *deaf) flood(t *testing.T, most int, frame func(n int) netproto.Frame) (said, waiting int) {
	t.Helper()
	for ; said < most; said++ {
		if d.say(frame(said)) != nil {
			break
		}
		d.conn.mu.Lock()
		waiting = max(waiting, len(d.conn.control))
		d.conn.mu.Unlock()
	}
	select {
	case err := <-d.ended:
		if netproto.CodeOf(err) != netproto.CodeProtocol {
			t.Errorf("after %d frames it ended with %v", said, err)
		}
	case <-time.After(patience):
		t.Errorf("after %d frames that nobody answered it goes on", said)
	}
	return said, waiting
}

func TestAPeerThatPingsWithoutReadingIsCutOffAtOnePong(t *testing.T) {
	t.Parallel()
	d := meet(t, nil)
	_, waiting := d.flood(t, 10*maxUnread, func(n int) netproto.Frame { return netproto.Ping{Token: uint64(n)} })
	if pong := len(netproto.AppendFrame(nil, netproto.Pong{})); waiting > pong {
		t.Errorf("%d bytes of pongs waited, %d are one", waiting, pong)
	}
}

func TestFramesThatNobodyReadsAreBounded(t *testing.T) {
	t.Parallel()
	const bound = 256 << 10
	frame := len(netproto.AppendFrame(nil, netproto.Refuse{Code: netproto.CodeQueued}))
	d := meet(t, func(c *Conn, f netproto.Get) {
		c.Send(netproto.Refuse{Stream: f.Stream, Request: f.Request, Code: netproto.CodeQueued, Place: 1})
	})
	said, waiting := d.flood(t, 4*bound/frame, func(n int) netproto.Frame {
		return netproto.Get{Stream: 1, Request: uint32(n + 1), Length: 1}
	})
	if waiting > bound+frame || said*frame < bound/2 {
		t.Errorf("%d bytes waited after %d requests", waiting, said)
	}
}

func TestAPeerThatReadsMayPingAsMuchAsItLikes(t *testing.T) {
	t.Parallel()
	d := meet(t, nil)
	const pings = 2 * maxUnread
	heard := make(chan uint64)
	go func() {
		defer close(heard)
		for {
			h, err := netproto.ReadFrameHeader(d)
			if err != nil {
				return
			}
			payload := make([]byte, h.Length)
			if _, err := io.ReadFull(d, payload); err != nil {
				return
			}
			if f, err := netproto.ParseFrame(h.Type, payload); err == nil {
				if pong, ok := f.(netproto.Pong); ok {
					heard <- pong.Token
				}
			}
		}
	}()
	for n := range pings {
		if err := d.say(netproto.Ping{Token: uint64(n)}); err != nil {
			t.Fatalf("after %d pings: %v", n, err)
		}
		if got := <-heard; got != uint64(n) {
			t.Fatalf("ping %d is answered with %d", n, got)
		}
	}
}
