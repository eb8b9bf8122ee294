package swarm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// The simulator: one attempt fetches a content of which one honest source and up to 300
// liars are known, with the real sessions over pipes and the waits of everyday use, but
// in the time of a synctest bubble. The seed of a run gives the kinds of the liars, what
// they claim, and the order in which they are named.

// simEnv is the number of runs; without it there are a few.
const simEnv = "CP2P_SIMULATOR_RUNS"

const (
	simRate   = 1 << 20 // bytes a second of the honest source
	simLatest = 100     // sources that the tracker names at a time
)

// lie is a kind of liar.
type lie string

const (
	wrongBytes   lie = "wrong bytes"
	wrongSize    lie = "wrong size"
	queued       lie = "queued for ever"
	partQueued   lie = "has a part, and is queued for ever"
	trickles     lie = "one byte a second"
	halves       lie = "half pieces"
	hangsUp      lie = "closes at the last byte"
	silent       lie = "does not answer"
	noHandshake  lie = "does not shake hands"
	willHaveSoon lie = "says that it will have everything soon"
)

var lies = []lie{wrongBytes, wrongSize, queued, partQueued, trickles, halves, hangsUp, silent, noHandshake, willHaveSoon}

// crowd is what all peers of a run share.
type crowd struct {
	m       *piece.Manifest
	content []byte
	peers   map[netip.AddrPort]*actor
	work    sync.WaitGroup
	ctx     context.Context
}

// actor is a peer of the simulator, honest or not.
type actor struct {
	crowd *crowd
	id    *identity.Identity
	lie   lie // "" if it is honest
	size  int64
	how   int // it lies about the size in several ways
	have  piece.Bits
}

// at is where an actor is reached.
func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), 5000)
}

// pipe is one end of a connection, with the addresses of TCP.
type pipe struct {
	net.Conn
	local, remote netip.AddrPort
}

func (p *pipe) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(p.local) }
func (p *pipe) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(p.remote) }

func (c *crowd) dial(_ context.Context, address string) (net.Conn, error) {
	to := netip.MustParseAddrPort(address)
	a := c.peers[to]
	if a == nil {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	here := netip.MustParseAddrPort("192.0.2.1:40000")
	c.work.Go(func() { a.serve(&pipe{far, to, here}) })
	return &pipe{near, here, to}, nil
}

// visit is a connection to an actor.
type visit struct {
	*actor
	conn *tls.Conn

	mu    sync.Mutex
	queue []netproto.Get
	wake  chan struct{}
}

func (a *actor) serve(raw net.Conn) {
	defer raw.Close()
	defer context.AfterFunc(a.crowd.ctx, func() { raw.Close() })()
	if a.lie == noHandshake {
		io.Copy(io.Discard, raw)
		return
	}
	v := &visit{actor: a, conn: tls.Server(raw, a.id.ServerTLS(netproto.ALPN, true, nil)), wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(a.crowd.ctx)
	defer cancel()
	a.crowd.work.Go(func() { v.answer(ctx) })
	r := bufio.NewReader(v.conn)
	for {
		h, err := netproto.ReadFrameHeader(r)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		f, err := netproto.ParseFrame(h.Type, payload)
		if err != nil {
			return
		}
		switch f := f.(type) {
		case netproto.Open:
			v.open(f)
		case netproto.Get:
			v.mu.Lock()
			v.queue = append(v.queue, f)
			v.mu.Unlock()
			v.stir()
		case netproto.Cancel:
			v.mu.Lock()
			v.queue = slices.DeleteFunc(v.queue, func(g netproto.Get) bool { return g.Request == f.Request })
			v.mu.Unlock()
		}
	}
}

func (v *visit) stir() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *visit) send(f netproto.Frame) error {
	_, err := v.conn.Write(netproto.AppendFrame(nil, f))
	return err
}

func (v *visit) open(f netproto.Open) {
	switch {
	case v.lie == silent:
		return
	case f.Size >= 0 && f.Size != v.size && v.lie != wrongSize:
		v.send(netproto.Refuse{Stream: f.Stream, Code: netproto.CodeGone})
		return
	}
	if f.Manifest {
		m := netproto.Manifest{Stream: f.Stream, Size: v.size}
		if netproto.PieceCount(v.size) == v.crowd.m.Pieces() {
			m.CVs = v.crowd.m.CVs
		}
		v.send(m)
	}
	v.send(netproto.Have{Stream: f.Stream, Bits: v.have})
	if v.lie == willHaveSoon {
		var pieces []uint32
		for i := range v.crowd.m.Pieces() {
			pieces = append(pieces, uint32(i))
		}
		v.send(netproto.Fetching{Stream: f.Stream, Pieces: pieces})
	}
}

// answer answers the requests, one after the other.
func (v *visit) answer(ctx context.Context) {
	v.send(netproto.Hello{Version: netproto.FrameVersion, Name: string(v.lie)}) // both sides begin, and a pipe holds nothing
	for {
		v.mu.Lock()
		var g *netproto.Get
		if len(v.queue) > 0 {
			g = &v.queue[0]
			v.queue = v.queue[1:]
		}
		v.mu.Unlock()
		if g == nil {
			select {
			case <-ctx.Done():
				return
			case <-v.wake:
			}
			continue
		}
		if !v.give(ctx, *g) {
			return
		}
	}
}

// give answers one request; false ends the connection's answers.
func (v *visit) give(ctx context.Context, g netproto.Get) bool {
	from := int64(g.Piece)*netproto.PieceSize(v.size) + int64(g.Offset)
	b := make([]byte, g.Length)
	if from < int64(len(v.crowd.content)) {
		copy(b, v.crowd.content[from:])
	}
	const step = 64 << 10
	rest := func(d time.Duration) bool {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d):
			return true
		}
	}
	most, at, pause := len(b), step, step*time.Second/simRate
	switch v.lie {
	case queued, partQueued:
		return v.send(netproto.Refuse{Stream: g.Stream, Request: g.Request, Code: netproto.CodeQueued, Place: 1}) == nil
	case wrongBytes:
		b[len(b)/2] ^= 1
	case wrongSize:
		switch v.how {
		case 0:
			return v.send(netproto.Refuse{Stream: g.Stream, Request: g.Request, Code: netproto.CodeQueued, Place: 1}) == nil
		case 1:
			return true
		}
	case trickles:
		at, pause = 1, time.Second
	case halves:
		most = len(b) / 2
	case hangsUp:
		most = len(b) - 1
	}
	for n := 0; n < most; n += at {
		if !rest(pause) || v.send(netproto.Data{Request: g.Request, Bytes: b[n:min(n+at, most)]}) != nil {
			return false
		}
	}
	if v.lie == hangsUp {
		v.conn.NetConn().Close()
		return false
	}
	return true
}

// nothingToGive is the side of the fetching peer that others read from.
type nothingToGive struct{}

func (nothingToGive) Open(netproto.Open) error                         { return nil }
func (nothingToGive) Get(netproto.Get) error                           { return nil }
func (nothingToGive) Cancel(uint32)                                    {}
func (nothingToGive) CloseStream(uint32)                               {}
func (nothingToGive) Next(context.Context, *session.Out) (bool, error) { return false, nil }
func (nothingToGive) Reads(netproto.ContentHash, bool) bool            { return false }
func (nothingToGive) Busy() bool                                       { return false }
func (nothingToGive) End()                                             {}

// names is a tracker that names some of all sources at a time, as ours does.
type names struct {
	rng    *rand.Rand
	all    []netproto.Source
	honest netproto.PublicKey

	mu    sync.Mutex
	named time.Time // when the honest one was first named
}

func (n *names) Address() string { return "192.0.2.2:5000" }

func (n *names) Sources(context.Context, netproto.ContentHash) ([]netproto.Source, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rng.Shuffle(len(n.all), func(i, k int) { n.all[i], n.all[k] = n.all[k], n.all[i] })
	some := slices.Clone(n.all[:min(len(n.all), simLatest)])
	if n.named.IsZero() && slices.ContainsFunc(some, func(s netproto.Source) bool { return s.Key == n.honest }) {
		n.named = time.Now()
	}
	return some, nil
}

// simulation is one run.
type simulation struct {
	seed   uint64
	pieces int
	liars  []lie
}

func newSimulation(seed uint64) simulation {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := simulation{seed: seed, pieces: 1 + rng.IntN(12)}
	n := [...]int{rng.IntN(4), rng.IntN(20), rng.IntN(60), rng.IntN(301)}[rng.IntN(4)]
	only := lies[rng.IntN(len(lies))]
	mixed := rng.IntN(2) == 0
	for range n {
		l := only
		if mixed {
			l = lies[rng.IntN(len(lies))]
		}
		s.liars = append(s.liars, l)
	}
	return s
}

func (s simulation) String() string {
	count := map[lie]int{}
	for _, l := range s.liars {
		count[l]++
	}
	return fmt.Sprintf("seed %d: %d pieces, %d liars %v", s.seed, s.pieces, len(s.liars), count)
}

// honestTime is how long the honest source needs alone.
func (s simulation) honestTime(size int) time.Duration {
	return time.Duration(size) * time.Second / simRate
}

// patience is how long a run may take from when the honest source was named: three times
// what it needs alone, and the time to be rid of the liars, of whom a download tries 24
// at a time and 60 a minute that do not answer.
func (s simulation) patience(size int) time.Duration {
	batches, mute := len(s.liars)/maxLanes+1, 0
	for _, l := range s.liars {
		if l == noHandshake {
			mute++
		}
	}
	return 3*s.honestTime(size) + time.Duration(batches)*15*time.Second + time.Duration(mute)*time.Second
}

// run runs the simulation in a bubble and returns how long it took from when the honest
// source was named.
func (s simulation) run(t *testing.T, ids []*identity.Identity) (took, allowed time.Duration) {
	t.Helper()
	rng := rand.New(rand.NewPCG(s.seed, 2))
	content := make([]byte, (s.pieces-1)*netproto.MinPieceSize+1+rng.IntN(netproto.MinPieceSize))
	rand.NewChaCha8([32]byte{byte(s.seed), byte(s.seed >> 8)}).Read(content)
	m, err := piece.Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	c := &crowd{m: m, content: content, peers: map[netip.AddrPort]*actor{}, ctx: ctx}
	tracker := &names{rng: rng, honest: netproto.PublicKey(ids[1].Key())}
	for i, l := range append([]lie{""}, s.liars...) {
		a := &actor{crowd: c, id: ids[1+i], lie: l, size: m.Size, how: rng.IntN(3), have: piece.AllBits(m.Pieces())}
		a.pretend(rng)
		c.peers[at(i)] = a
		tracker.all = append(tracker.all, netproto.Source{PeerID: a.id.PeerID(), Key: netproto.PublicKey(a.id.Key()), Addresses: []string{at(i).String()}})
	}
	conns := session.New(ctx, session.Config{Identity: ids[0], Log: slog.New(slog.DiscardHandler), Timing: session.StandardTiming, Name: func() string { return "" }, Dial: c.dial})
	ss := New(Config{Key: netproto.PublicKey(ids[0].Key()), Conns: conns, Contents: offer.NewRegister(nobody{}), Files: offer.NewFiles(nil), Audience: nobody{},
		Traffic: flow.NewTraffic(0, 0, false), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Trackers: func() []Tracker { return []Tracker{tracker} },
		Port: func() int { return 5000 }, Preallocate: func() bool { return false }, FreeSpace: func(string) (int64, error) { return 1 << 40, nil }, Notify: func() {}})
	conns.Handle(func(*session.Conn) session.Owner { return nothingToGive{} }, ss.Reader)
	limited, stop := context.WithTimeout(ctx, time.Hour)
	defer stop()
	attempt := ss.Attempt(Task{Hash: m.Hash, Name: "song.flac", Dir: dir, Size: -1, Limit: flow.NewThrottle(0), Rate: new(flow.Meter), Checked: new(atomic.Int64)}, nil, Preference{})
	path, err := attempt.Run(limited)
	took = time.Since(tracker.named)
	cancel()
	conns.Close()
	c.work.Wait()
	if err != nil {
		t.Errorf("%s: it ended with %v", s, err)
		return 0, 0
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s: what was published is wrong: %v", s, err)
	}
	if filepath.Base(path) != "song.flac" {
		t.Errorf("%s: it is called %s", s, path)
	}
	return took, s.patience(len(content))
}

// pretend chooses what a liar claims.
func (a *actor) pretend(rng *rand.Rand) {
	m := a.crowd.m
	switch a.lie {
	case wrongSize:
		last := m.Length(m.Pieces() - 1)
		switch rng.IntN(3) {
		case 0:
			a.size = 1 + rng.Int64N(netproto.MinPieceSize)
		case 1:
			a.size = m.Size - last + 1 + rng.Int64N(netproto.MinPieceSize)
		default:
			a.size = m.Size + 1
		}
		if netproto.PieceCount(a.size) != m.Pieces() { // it would not fold
			a.size = 1 + rng.Int64N(netproto.MinPieceSize)
		}
		if a.size == m.Size {
			a.size = max(1, a.size-1)
		}
		a.have = piece.AllBits(netproto.PieceCount(a.size))
	case partQueued:
		a.have = piece.NewBits(m.Pieces())
		for i := range m.Pieces() - 1 {
			if rng.IntN(4) > 0 {
				a.have.Set(i)
			}
		}
	case willHaveSoon:
		a.have = piece.NewBits(m.Pieces())
	}
}

func simIdentities(t *testing.T, n int) []*identity.Identity {
	t.Helper()
	ids := make([]*identity.Identity, n)
	for i := range ids {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		if ids[i], err = identity.New(key); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// One honest source is enough, whoever else is there.
func TestADownloadWithOneHonestSourceAlwaysEnds(t *testing.T) {
	runs, budget := 100, 12*time.Second
	if text := os.Getenv(simEnv); text != "" {
		var err error
		if runs, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		budget = 24 * time.Hour
	}
	ids := simIdentities(t, 302)
	began := time.Now()
	done, worst := 0, 0.0
	for seed := range uint64(runs) {
		if time.Since(began) > budget {
			break
		}
		s := newSimulation(seed)
		var took, allowed time.Duration
		synctest.Test(t, func(t *testing.T) { took, allowed = s.run(t, ids) })
		if took > allowed {
			t.Errorf("%s: it took %s, %s are allowed", s, took, allowed)
		}
		if allowed > 0 {
			worst = max(worst, float64(took)/float64(allowed))
		}
		done++
	}
	t.Logf("%d runs in %s; the slowest took %.0f %% of what is allowed", done, time.Since(began).Round(time.Second), 100*worst)
	if done < 5 {
		t.Errorf("only %d runs", done)
	}
}
