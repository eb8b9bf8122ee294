package reach

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// world is a network of peers in one process, on the clock of a test. What arrives where
// is decided by the routers of both sides.
type world struct {
	t     *testing.T
	ctx   context.Context
	calls tracker

	mu      sync.Mutex
	peers   []*host
	punches map[[2]netip.AddrPort]chan net.Conn // that wait for the other side, by from and to
	holes   map[[2]netip.AddrPort]time.Time     // until when routers let in what was dialled, likewise
	dialled map[netip.AddrPort]int
	ports   map[netip.AddrPort]*extra // that hosts listen at besides
	extras  int                       // that there were
}

// host is a peer behind a router.
type host struct {
	*Ladder
	world    *world
	id       *identity.Identity
	key      netproto.PublicKey
	conns    *session.Conns
	at       netip.AddrPort // outside
	open     bool           // the router lets everybody in
	sym      bool           // the router takes another port for each address that is dialled
	moves    bool           // the router takes another port for each of the host's
	refuses  bool           // the router refuses instead of being silent
	incoming chan net.Conn
	switches Switches
	shares   func(netproto.ContentHash) bool
	made     []*session.Conn
}

var content = netproto.ContentHash{1, 2, 3}

// oneWay is how long anything takes to the other side.
const oneWay = 20 * time.Millisecond

func newWorld(t *testing.T) *world {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w := &world{t: t, ctx: ctx, punches: map[[2]netip.AddrPort]chan net.Conn{}, holes: map[[2]netip.AddrPort]time.Time{}, dialled: map[netip.AddrPort]int{}, ports: map[netip.AddrPort]*extra{}}
	w.calls.world = w
	w.calls.relays = map[netproto.RelayToken]chan net.Conn{}
	t.Cleanup(func() {
		cancel()
		for _, h := range w.peers {
			h.Ladder.Close()
			h.conns.Close()
		}
	})
	return w
}

func (w *world) add(at string) *host {
	w.t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		w.t.Fatal(err)
	}
	h := &host{world: w, id: id, key: netproto.PublicKey(id.Key()), at: netip.MustParseAddrPort(at), incoming: make(chan net.Conn, 100),
		switches: Switches{Calls: true, Relay: true}, shares: func(hash netproto.ContentHash) bool { return hash == content }}
	h.conns = session.New(w.ctx, session.Config{Identity: id, Log: slog.New(slog.DiscardHandler), Timing: session.StandardTiming, Name: func() string { return at },
		Meet: func(c *session.Conn, port uint16) { h.Meet(c, port) }})
	h.conns.Handle(func(c *session.Conn) session.Owner {
		w.mu.Lock()
		defer w.mu.Unlock()
		h.made = append(h.made, c)
		return idle{}
	}, func(*session.Conn) session.Reader { return reading{} })
	h.Ladder = New(w.ctx, Config{Key: h.key, Conns: h.conns, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Dial: h.dial, DialFrom: h.dialFrom, Another: h.another,
		Tracker: func(context.Context, string) Tracker { return &exchange{&w.calls, h} }, Shares: func(hash netproto.ContentHash) bool { return h.shares(hash) },
		Own: func() []netip.Addr { return nil }, Port: func() int { return int(h.at.Port()) }, Switches: h.lets})
	w.mu.Lock()
	w.peers = append(w.peers, h)
	w.mu.Unlock()
	go h.conns.Listen(w.ctx, hostListener{h})
	return h
}

// lets is what its person lets a host do.
func (h *host) lets() Switches {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	return h.switches
}

// underWay is how many calls and meetings a host has.
func (h *host) underWay() int {
	h.Ladder.mu.Lock()
	defer h.Ladder.mu.Unlock()
	return len(h.calling) + len(h.meetings) + h.met
}

// target is what another peer knows of a host from the tracker.
func (h *host) target(reach netproto.Reachability) session.Target {
	return session.Target{Source: netproto.Source{PeerID: h.id.PeerID(), Key: h.key, Addresses: []string{h.at.String()}, Reach: reach, Callable: true},
		Hash: content, Trackers: []string{"tracker:5000"}}
}

type hostListener struct{ h *host }

func (l hostListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.h.incoming:
		return c, nil
	case <-l.h.world.ctx.Done():
		return nil, net.ErrClosed
	}
}
func (l hostListener) Close() error   { return nil }
func (l hostListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.h.at) }

// at returns who is at an address, and takes there what is let in.
func (w *world) at(at netip.AddrPort) (h *host, take func(net.Conn)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialled[at]++
	if e := w.ports[at]; e != nil {
		return e.host, e.take
	}
	for _, h := range w.peers {
		if h.at == at {
			return h, func(c net.Conn) { h.incoming <- c }
		}
	}
	return nil, nil
}

// extra is one more port of a host, at which it waits for a peer that it has met.
type extra struct {
	hostListener
	host     *host
	from     netip.AddrPort // outside
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (h *host) another(context.Context) (Port, error) {
	w := h.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.extras++
	number := uint16(40000 + w.extras)
	e := &extra{hostListener: hostListener{h}, host: h, from: netip.AddrPortFrom(h.at.Addr(), number), incoming: make(chan net.Conn), closed: make(chan struct{})}
	if h.moves {
		e.from = netip.AddrPortFrom(h.at.Addr(), number+1000)
	}
	w.ports[e.from] = e
	return e, nil
}

func (e *extra) Number() int {
	if e.host.moves {
		return int(e.from.Port()) - 1000
	}
	return int(e.from.Port())
}

func (e *extra) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	return e.host.connect(ctx, address, e.from)
}

func (e *extra) Accept() (net.Conn, error) {
	select {
	case c := <-e.incoming:
		return c, nil
	case <-e.closed:
		return nil, net.ErrClosed
	}
}

func (e *extra) take(c net.Conn) {
	select {
	case <-e.closed:
		c.Close()
	case e.incoming <- c:
	}
}

func (e *extra) Close() error {
	e.once.Do(func() {
		close(e.closed)
		e.host.world.mu.Lock()
		defer e.host.world.mu.Unlock()
		delete(e.host.world.ports, e.from)
	})
	return nil
}

func (w *world) dials(at netip.AddrPort) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dialled[at]
}

var errRefused = errors.New("connection refused")

// dial is from any port.
func (h *host) dial(ctx context.Context, address string) (net.Conn, error) {
	return h.connect(ctx, address, netip.AddrPortFrom(h.at.Addr(), 50000))
}

// dialFrom is from the port that the host listens at.
func (h *host) dialFrom(ctx context.Context, address string) (net.Conn, error) {
	from := h.at
	h.world.mu.Lock()
	sym := h.sym
	h.world.mu.Unlock()
	if sym {
		from = netip.AddrPortFrom(h.at.Addr(), 50001)
	}
	return h.connect(ctx, address, from)
}

func (h *host) connect(ctx context.Context, address string, from netip.AddrPort) (net.Conn, error) {
	w, at := h.world, netip.MustParseAddrPort(address)
	to, take := w.at(at)
	// From now on, this side's router lets in what comes from there.
	wait := make(chan net.Conn, 1)
	w.mu.Lock()
	w.punches[[2]netip.AddrPort{from, at}] = wait
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.punches[[2]netip.AddrPort{from, at}] == wait {
			delete(w.punches, [2]netip.AddrPort{from, at})
		}
		select {
		case late := <-wait:
			late.Close()
		default:
		}
	}()
	var refused <-chan time.Time
	for _, again := range []time.Duration{oneWay, time.Second, 2 * time.Second, 4 * time.Second, time.Hour} { // as systems send
		select {
		case c := <-wait:
			return c, nil
		case <-refused:
			w.mu.Lock()
			w.holes[[2]netip.AddrPort{from, at}] = time.Now().Add(2 * oneWay) // the router does not forget at once
			w.mu.Unlock()
			return nil, errRefused
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(again):
		}
		w.mu.Lock()
		if other := w.punches[[2]netip.AddrPort{at, from}]; other != nil && (to == nil || !to.open) {
			mine, theirs := pipe(from, at)
			delete(w.punches, [2]netip.AddrPort{at, from})
			other <- theirs // there is room; whoever gives up meanwhile looks for it after this
			w.mu.Unlock()
			return mine, nil
		}
		in := to != nil && (to.open || time.Now().Before(w.holes[[2]netip.AddrPort{at, from}]))
		refuses := to != nil && to.refuses
		w.mu.Unlock()
		if in { // what comes to the port is accepted
			mine, theirs := pipe(from, at)
			take(theirs)
			return arrive(ctx, mine)
		}
		if refuses {
			refused = time.After(oneWay)
		}
	}
	return nil, os.ErrDeadlineExceeded
}

// arrive is a connection once the answer of the other side is back.
func arrive(ctx context.Context, c net.Conn) (net.Conn, error) {
	if err := pause(ctx, oneWay); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pipe is a connection that takes what is written before it is read.
func pipe(from, to netip.AddrPort) (dialler, accepter net.Conn) {
	a, far := net.Pipe()
	b, near := net.Pipe()
	pump := func(from, to net.Conn) {
		queue := make(chan []byte, 4096)
		go func() {
			defer close(queue)
			for {
				b := make([]byte, 32<<10)
				n, err := from.Read(b)
				if n > 0 {
					queue <- b[:n]
				}
				if err != nil {
					return
				}
			}
		}()
		go func() {
			defer to.Close()
			for b := range queue {
				if _, err := to.Write(b); err != nil {
					from.Close()
				}
			}
		}()
	}
	pump(far, near)
	pump(near, far)
	return located{a, from, to}, located{b, to, from}
}

type located struct {
	net.Conn
	local, remote netip.AddrPort
}

func (l located) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(l.local) }
func (l located) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(l.remote) }

// idle has nothing to give, and reading reads nothing; both keep a connection open.
type idle struct{ session.Owner }

func (idle) Next(context.Context, *session.Out) (bool, error) { return false, nil }
func (idle) Pong(uint64)                                      {}
func (idle) Busy() bool                                       { return false }
func (idle) End()                                             {}

type reading struct{ session.Reader }

func (reading) Busy() bool                    { return false }
func (reading) End(error)                     {}
func (reading) Data(*bufio.Reader, int) error { return os.ErrInvalid }
