package seedpeer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// registry records what a keeper says; its heartbeats and registrations fail
// with what is set.
type registry struct {
	Registry
	mu         sync.Mutex
	beats      int
	registered []string
	fail       error
	refused    string // a name
}

func (r *registry) Heartbeat(context.Context, string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.beats++
	return r.fail
}

func (r *registry) Register(_ context.Context, post netproto.SeedRegistration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.registered = append(r.registered, post.ResourceName)
	if post.ResourceName == r.refused {
		return netproto.Errorf(netproto.CodeInvalid, "no")
	}
	return nil
}

func (r *registry) failWith(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// take gives what was registered since the last call, and all heartbeats.
func (r *registry) take() (names string, beats int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.registered)
	names = fmt.Sprint(r.registered)
	r.registered = nil
	return names, r.beats
}

// keep runs a keeper of the names, in a bubble of synctest.
func keep(t *testing.T, r *registry, names ...string) *keeper {
	k := &keeper{registry: r, shelf: newShelf(), peerID: "id", peerIP: "127.0.0.1", peerPort: 3000, every: heartbeatEvery}
	for _, name := range names {
		k.shelf.put(key{"path", name}, item{md5: "sum of " + name})
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return k
}

// advance lets time pass and everything settle.
func advance(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

func TestHeartbeatsGoOutEveryFiveSecondsAndPostNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		keep(t, r, "a", "b")
		advance(5 * time.Second)
		if got, _ := r.take(); got != "[a b]" {
			t.Errorf("the first heartbeat registered %s", got)
		}
		advance(time.Minute)
		if got, beats := r.take(); got != "[]" || beats != 13 {
			t.Errorf("%d heartbeats, registered %s", beats, got)
		}
	})
}

func TestAfterAFailedHeartbeatEverythingIsRegisteredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		k := keep(t, r, "a", "b")
		advance(5 * time.Second)
		r.take()
		r.failWith(netproto.Errorf(netproto.CodeUnreachable, "cut"))
		advance(time.Minute)
		if got, _ := r.take(); got != "[]" {
			t.Errorf("registered %s at a tracker that is down", got)
		}
		r.failWith(nil)
		advance(5 * time.Second)
		if got, _ := r.take(); got != "[a b]" || len(k.shelf.unposted()) != 0 {
			t.Errorf("registered %s, left %v", got, k.shelf.unposted())
		}
	})
}

func TestAfterTheClockWasSetBackEverythingIsRegisteredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		k := &keeper{registry: r, shelf: newShelf(), peerID: "id", peerIP: "127.0.0.1", peerPort: 3000, every: heartbeatEvery}
		k.shelf.put(key{"path", "a"}, item{md5: "sum of a"})
		for range 2 {
			if err := k.beat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := r.take(); got != "[a]" {
			t.Errorf("registered %s", got)
		}
		k.last = time.Now().AddDate(10, 0, 0) // it may have slept meanwhile
		if err := k.beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, _ := r.take(); got != "[a]" {
			t.Errorf("after the clock was set back registered %s", got)
		}
	})
}

func TestAResourceThatIsRefusedDoesNotHoldBackTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{refused: "b"}
		k := keep(t, r, "a", "b", "c")
		advance(5 * time.Second)
		if got, _ := r.take(); got != "[a b c]" {
			t.Errorf("registered %s", got)
		}
		if left := slices.Collect(maps.Values(k.shelf.unposted())); fmt.Sprint(left) != "[sum of b]" {
			t.Errorf("left %v", left)
		}
	})
}
