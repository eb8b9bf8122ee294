package peer_test

import (
	"context"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// around is a clock and a network under the control of a test.
type around struct {
	mu        sync.Mutex
	began     time.Time
	slept     time.Duration
	addresses []netip.Prefix
	way       string // the routes
	fails     error
	told      chan struct{} // of capacity 1
}

func newAround(addresses ...string) *around {
	a := &around{began: time.Now(), told: make(chan struct{}, 1)}
	a.move(addresses...)
	return a
}

func (a *around) clock() (wall time.Time, awake time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	return now.Round(0).Add(a.slept), now.Sub(a.began)
}

func (a *around) own() ([]netip.Prefix, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.addresses, a.fails
}

func (a *around) routes() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.way, a.fails
}

func (a *around) changes(ctx context.Context, tell func()) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.told:
			tell()
		}
	}
}

// reroute has packets take another way, and the system tell so.
func (a *around) reroute(way string) {
	a.mu.Lock()
	a.way = way
	a.mu.Unlock()
	a.tell()
}

// tell has the system say that something has changed.
func (a *around) tell() {
	select {
	case a.told <- struct{}{}:
	default:
	}
}

func (a *around) sleep(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slept += d
}

// fail has the system say that it cannot tell the addresses; nil: it can again.
func (a *around) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fails = err
}

func (a *around) move(addresses ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.addresses = nil
	for _, address := range addresses {
		a.addresses = append(a.addresses, netip.MustParsePrefix(address))
	}
}

// deadLine is a source that falls silent after the first piece, as if it had
// vanished; every connection after the first works.
func deadLine(t testing.TB, content []byte) *stranger {
	return startStranger(t, content, func(s *stranger) {
		s.onGet = func(c *strangerConn, f netproto.Get) {
			if s.conns.Load() > 1 || s.gets.Load() == 1 {
				s.honestGet(c, f)
			}
		}
	})
}

// within is how soon everything must be connected again: before a line counts as dead
// by itself, see [swarm.StandardTiming].
const within = 25 * time.Second

// afterwards has a peer with the usual waits fetch over a line that goes dead, lets
// something happen, and fails unless everything goes on in time.
func afterwards(t *testing.T, happens func(a *around)) {
	t.Parallel()
	_, content := startPeer(t, nil).write(t, "song.flac", 4<<20)
	source, f := deadLine(t, content), newFakeTracker()
	f.sources, f.interval = []netproto.Source{source.source()}, 1000
	a := newAround("127.0.0.1/8", "192.0.2.7/24")
	bob := startWith(t, &testPeer{calm: true, around: a}, nil, nil)
	bob.Trackers.Use(f)
	id, err := bob.Downloads.Add(queue.Request{Hash: source.m.Hash, Name: "song.flac", Size: -1, Dir: bob.files})
	check(t, err)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 0 })
	told(t, bob, f, "it did not join", func() bool { return f.joins == 1 })
	began := time.Now()
	happens(a)
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	told(t, bob, f, "it did not join again", func() bool { return f.joins == 2 && f.resets == 1 })
	if took := time.Since(began); took > within {
		t.Errorf("it took %s", took)
	}
}

func TestAfterSleepEverythingIsConnectedAgain(t *testing.T) {
	afterwards(t, func(a *around) { a.sleep(time.Hour) })
}

func TestAfterAChangeOfTheNetworkEverythingIsConnectedAgain(t *testing.T) {
	afterwards(t, func(a *around) { a.move("198.51.100.2/24") })
}

// A change of the network is noticed when the system tells of it, also by a peer that
// otherwise looks only now and then.
func TestAToldChangeIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(a *around){
		"addresses": func(a *around) { a.move("198.51.100.2/24"); a.tell() },
		"routes":    func(a *around) { a.reroute("default via 192.0.2.1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, f := newAround("127.0.0.1/8", "192.0.2.7/24"), newFakeTracker()
			f.interval = 1000
			p := startWith(t, &testPeer{watched: true, around: a}, nil, nil)
			p.Trackers.Use(f)
			told(t, p, f, "it did not join", func() bool { return f.joins == 1 })
			happens(a)
			told(t, p, f, "it did not join again", func() bool { return f.joins == 2 })
		})
	}
}

func TestAHintWithoutAChangeEndsNothing(t *testing.T) {
	t.Parallel()
	a, f := newAround("127.0.0.1/8", "192.0.2.7/24"), newFakeTracker()
	f.interval = 1000
	p := startWith(t, &testPeer{around: a}, nil, nil)
	p.Trackers.Use(f)
	told(t, p, f, "it did not join", func() bool { return f.joins == 1 })
	a.tell()
	a.fail(syscall.EMFILE)
	a.tell()
	a.fail(nil)
	a.reroute("default via 192.0.2.1") // comes after the hints
	told(t, p, f, "it did not join again", func() bool { return f.joins == 2 })
}

func TestAnAddressMoreEndsNoConnection(t *testing.T) {
	t.Parallel()
	alice := startPeerWith(t, nil, slowly(2<<20))
	alice.Trackers.Use(newFakeTracker())
	path, content := alice.write(t, "song.flac", 4<<20)
	s := alice.share(t, path)
	a, f := newAround("127.0.0.1/8"), fakeWith(alice.source())
	f.interval = 1000
	bob := startWith(t, &testPeer{around: a}, nil, nil)
	bob.Trackers.Use(f)
	id := bob.add(t, s)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 0 })
	a.move("127.0.0.1/8", "192.0.2.7/24")
	told(t, bob, f, "it did not join again", func() bool { return f.joins == 2 })
	if d, _ := bob.Downloads.ByID(id); d.Sources != 1 && d.State != queue.StateFinished {
		t.Errorf("it is %s with %d sources", d.State, d.Sources)
	}
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	if n := sentBy(alice); n > int64(len(content)) {
		t.Errorf("%d bytes were sent for %d", n, len(content))
	}
}

func TestAddressesThatCannotBeFoundOutEndNoConnection(t *testing.T) {
	t.Parallel()
	alice := startPeerWith(t, nil, slowly(2<<20))
	alice.Trackers.Use(newFakeTracker())
	path, content := alice.write(t, "song.flac", 2<<20)
	s := alice.share(t, path)
	a, f := newAround("127.0.0.1/8"), fakeWith(alice.source())
	f.interval = 1000
	bob := startWith(t, &testPeer{around: a}, nil, nil)
	bob.Trackers.Use(f)
	id := bob.add(t, s)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 0 })
	a.fail(syscall.EMFILE)
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	a.fail(nil)
	if n := sentBy(alice); n > int64(len(content)) {
		t.Errorf("%d bytes were sent for %d: the connection was given up", n, len(content))
	}
	f.with(func() {
		if f.joins != 1 {
			t.Errorf("it joined %d times", f.joins)
		}
	})
}
