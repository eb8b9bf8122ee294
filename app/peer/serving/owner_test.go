package serving

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// content is in memory. What it does on the disk, it does when a test lets it.
type content struct {
	offer.Place
	bytes  []byte
	opens  func() // called in Open; nil: it does not wait
	fails  error  // of Open
	reads  func() // called in ReadAt
	broken chan error
	only   func(netproto.PublicKey) bool // who may read it; nil: everybody
}

func (c *content) Length() int64                   { return int64(len(c.bytes)) }
func (c *content) Whole() bool                     { return true }
func (c *content) Resource() *netproto.Resource    { return nil }
func (c *content) For(key netproto.PublicKey) bool { return c.only == nil || c.only(key) }
func (c *content) Before(offer.Content) bool       { return false }
func (c *content) Manifest() *piece.Manifest       { return nil }
func (c *content) Have() piece.Bits                { return piece.Bits{0x80} }
func (c *content) Broken(err error)                { c.broken <- err }
func (c *content) Close() error                    { return nil }

func (c *content) Open() (offer.Reader, error) {
	if c.opens != nil {
		c.opens()
	}
	return c, c.fails
}

func (c *content) ReadAt(b []byte, at int64) (int, error) {
	if c.reads != nil {
		c.reads()
	}
	return bytes.NewReader(c.bytes).ReadAt(b, at)
}

// guest is a peer that reads here. It is its own side of the connection.
type guest struct {
	session.Reader // nil: what a test does not expect
	conn           *session.Conn
	data           chan []byte
	refused        chan netproto.Refuse
}

func (g *guest) Have(netproto.Have)       {}
func (g *guest) Turn(netproto.Turn)       {}
func (g *guest) Refuse(f netproto.Refuse) { g.refused <- f }
func (g *guest) Busy() bool               { return true }
func (g *guest) End(error)                {}
func (g *guest) Data(r *bufio.Reader, length int) error {
	frame := make([]byte, length)
	_, err := io.ReadFull(r, frame)
	g.data <- frame[4:] // without the number of the request
	return err
}

// silent has nothing to give.
type silent struct{ session.Owner }

func (silent) Next(context.Context, *session.Out) (bool, error) { return false, nil }
func (silent) Busy() bool                                       { return true }
func (silent) Pong(uint64)                                      {}
func (silent) End()                                             {}

func conns(t *testing.T) (*session.Conns, *identity.Identity) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	cs := session.New(t.Context(), session.Config{Identity: id, Log: slog.New(slog.DiscardHandler), Timing: session.StandardTiming, Name: func() string { return "" }})
	t.Cleanup(cs.Close)
	return cs, id
}

// house is a server that others can connect to.
type house struct {
	*Server
	source netproto.Source
	owners chan *owner // of the connections, in their order
}

func open(t *testing.T) *house {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cs, id := conns(t)
	h := &house{Server: newServer(), owners: make(chan *owner, 10)}
	h.source = netproto.Source{Key: netproto.PublicKey(id.Key()), Addresses: []string{l.Addr().String()}}
	cs.Handle(func(c *session.Conn) session.Owner {
		o := h.Owner(c)
		h.owners <- o.(*owner)
		return o
	}, func(*session.Conn) session.Reader { return &guest{} })
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := cs.Listen(ctx, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		cs.Close()
		work.Wait()
		h.work.Wait()
	})
	return h
}

// visit connects a peer and returns it, and the owner that answers it.
func (h *house) visit(t *testing.T) (*guest, *owner) {
	t.Helper()
	cs, _ := conns(t)
	g := &guest{data: make(chan []byte, 10), refused: make(chan netproto.Refuse, 10)}
	cs.Handle(func(*session.Conn) session.Owner { return silent{} }, func(*session.Conn) session.Reader { return g })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	dial := func(ctx context.Context) (*session.Channel, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.source.Addresses[0])
		if err != nil {
			return nil, err
		}
		return cs.Secure(ctx, raw, h.source.Key, session.Client, session.WayLAN)
	}
	if g.conn, err = cs.Connect(ctx, h.source.Key, 0, dial); err != nil {
		t.Fatal(err)
	}
	return g, <-h.owners
}

func (g *guest) ask(stream, request uint32, hash netproto.ContentHash, length int) {
	g.conn.Send(netproto.Open{Stream: stream, Hash: hash, Size: -1})
	g.conn.Send(netproto.Get{Stream: stream, Request: request, Length: uint32(length)})
}

// take waits for what a channel brings.
func take[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s does not come", what)
		panic("unreachable")
	}
}

// promptly fails unless one of several calls takes less than 100 ms: the computer may
// be busy, but what waits for a disk that hangs does not return at all.
func promptly(t *testing.T, what string, call func(n int)) {
	t.Helper()
	var took time.Duration
	for n := range 10 {
		done := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(done)
			call(n)
		}()
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatalf("%s hangs", what)
		}
		if took = time.Since(began); took < 100*time.Millisecond {
			return
		}
	}
	t.Errorf("%s takes %s", what, took)
}

func TestAContentThatHangsHoldsUpItsOwnBytesOnly(t *testing.T) {
	hanging, fine := netproto.ContentHash{1}, netproto.ContentHash{2}
	for name, hang := range map[string]func(c *content, wait func()){
		"Open":   func(c *content, wait func()) { c.opens = wait },
		"ReadAt": func(c *content, wait func()) { c.reads = wait },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			entered, release := make(chan struct{}, 10), make(chan struct{})
			free := sync.OnceFunc(func() { close(release) })
			t.Cleanup(free) // runs before the house closes
			stuck := &content{bytes: []byte("stuck"), broken: make(chan error, 10)}
			hang(stuck, func() {
				entered <- struct{}{}
				<-release
			})
			h.config.Contents.Add(hanging, stuck)
			h.config.Contents.Add(fine, &content{bytes: []byte("fine"), broken: make(chan error, 10)})
			g, o := h.visit(t)
			g.ask(1, 1, hanging, 5)
			take(t, "the hanging request", entered)

			promptly(t, "Busy", func(int) {
				if !o.Busy() {
					t.Error("nothing is open")
				}
			})
			promptly(t, "Reads", func(int) {
				if !o.Reads(hanging, false) || o.Reads(fine, false) {
					t.Error("it does not say what is open")
				}
			})
			promptly(t, "Open", func(n int) {
				hash := netproto.ContentHash{2, byte(n)}
				h.config.Contents.Add(hash, &content{bytes: []byte("fine"), broken: make(chan error, 10)})
				if err := o.Open(netproto.Open{Stream: uint32(100 + n), Hash: hash, Size: -1}); err != nil {
					t.Error(err)
				}
			})
			promptly(t, "Get", func(n int) {
				if err := o.Get(netproto.Get{Stream: 100, Request: uint32(100 + n), Length: 4}); err != nil {
					t.Error(err)
				}
			})
			promptly(t, "Cancel", func(int) { o.Cancel(109) })
			promptly(t, "the list of uploads", func(int) { h.List() })
			other, _ := h.visit(t)
			other.ask(1, 1, fine, 4)
			if got := take(t, "what another peer asked for", other.data); string(got) != "fine" {
				t.Errorf("another peer got %q", got)
			}
			promptly(t, "CloseStream", func(int) { o.CloseStream(1) })

			free()
			got := take(t, "what was asked for next", g.data)
			if name == "ReadAt" && string(got) == "stuck" { // it was on its way when the stream was closed
				got = take(t, "what was asked for next", g.data)
			}
			if string(got) != "fine" {
				t.Errorf("after the disk answered came %q", got)
			}
			select {
			case err := <-stuck.broken:
				t.Errorf("a slow content counts as broken: %v", err)
			default:
			}
		})
	}
}

// The computer may be busy, and then nothing comes for a while, which looks like a slow line. So
// it is enough that the upload was faster once.
func TestAPoliteUploadMeasuresTheLineAndBecomesFaster(t *testing.T) {
	h := open(t)
	h.config.Traffic.BePolite(true)
	hash, whole := netproto.ContentHash{1}, bytes.Repeat([]byte("polite"), 40_000)
	h.config.Contents.Add(hash, &content{bytes: whole, broken: make(chan error, 10)})
	g, o := h.visit(t)
	g.conn.Send(netproto.Open{Stream: 1, Hash: hash, Size: -1})
	const part = 80_000
	atFirst, fastest := flow.NewCourtesy().Limit().Limit(), int64(0)
	asked := uint32(0)
	for began := time.Now(); fastest <= atFirst && time.Since(began) < patience; {
		for at := 0; at < len(whole); at += part {
			asked++
			g.conn.Send(netproto.Get{Stream: 1, Request: asked, Offset: uint32(at), Length: part})
		}
		var got []byte
		for len(got) < len(whole) {
			select {
			case part := <-g.data:
				got = append(got, part...)
			case f := <-g.refused:
				t.Fatalf("after %d bytes it is refused: %+v", len(got), f)
			case <-time.After(patience):
				t.Fatalf("only %d bytes of %d came, at %d bytes a second", len(got), len(whole), o.courtesy.Limit().Limit())
			}
			fastest = max(fastest, o.courtesy.Limit().Limit())
		}
		if !bytes.Equal(got, whole) {
			t.Error("it is something else")
		}
	}
	if fastest <= atFirst {
		t.Errorf("the rate was at most %d bytes a second, as at the start", fastest)
	}
}
