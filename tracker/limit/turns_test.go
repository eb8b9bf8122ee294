package limit_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/tracker/limit"
)

// turns tries Turns in time that does not pass unless everybody waits.
type turns struct {
	*testing.T
	*limit.Turns
}

func (t turns) begin(from string) *limit.Turn {
	t.Helper()
	u, err := t.Begin(t.Context(), netip.MustParseAddr(from), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// use has an address use a place for some time.
func (t turns) use(from string, d time.Duration) {
	t.Helper()
	u := t.begin(from)
	time.Sleep(d)
	u.End()
}

// race has each address ask for a place, one after the other, while another has the
// only one, and returns in which order they got it.
func (t turns) race(holder *limit.Turn, from ...string) []string {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	var order []string
	for _, address := range from {
		all.Go(func() {
			u := t.begin(address)
			mu.Lock()
			order = append(order, address)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			u.End()
		})
		synctest.Wait()
	}
	holder.End()
	all.Wait()
	return order
}

func inTurns(t *testing.T, places, line int, f func(t turns)) {
	synctest.Test(t, func(t *testing.T) { f(turns{t, limit.NewTurns(places, line)}) })
}

func TestThePlaceGoesToWhoUsedLeast(t *testing.T) {
	inTurns(t, 1, 100, func(t turns) {
		t.use("192.0.2.1", time.Second)
		t.use("198.51.100.1", 100*time.Millisecond)
		t.use("2001:db8:1:1::", 50*time.Millisecond)
		want := []string{
			"203.0.113.1",    // used nothing
			"2001:db8:1:2::", // used nothing, but others of its site did
			"2001:db8:1:1::", "198.51.100.1",
			"192.0.2.2", // a neighbour of the worst counts for an eighth of it
			"192.0.2.1",
		}
		asked := slices.Clone(want)
		slices.Reverse(asked)
		if got := t.race(t.begin("203.0.113.77"), asked...); !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	})
}

func TestAmongEqualsTheFirstGoesFirst(t *testing.T) {
	inTurns(t, 1, 100, func(t turns) {
		want := []string{"192.0.2.1", "198.51.100.1", "203.0.113.1"}
		if got := t.race(t.begin("203.0.113.77"), want...); !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	})
}

func TestWhatWasUsedIsForgotten(t *testing.T) {
	inTurns(t, 1, 100, func(t turns) {
		t.use("192.0.2.1", time.Second)
		time.Sleep(10 * time.Minute)
		t.use("198.51.100.1", time.Microsecond)
		if got := t.race(t.begin("203.0.113.77"), "198.51.100.1", "192.0.2.1"); got[0] != "192.0.2.1" {
			t.Errorf("%v", got)
		}
	})
}

func TestOnlyAFewRunAtOnce(t *testing.T) {
	inTurns(t, 3, 100, func(t turns) {
		var all sync.WaitGroup
		var mu sync.Mutex
		running, most := 0, 0
		for n := range 20 {
			all.Go(func() {
				u := t.begin(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}).String())
				defer u.End()
				for range 4 {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Duration(n) * time.Millisecond)
					mu.Lock()
					running--
					mu.Unlock()
					u.Yield()
				}
			})
		}
		all.Wait()
		if most != 3 {
			t.Errorf("%d ran at once", most)
		}
		for range 3 { // all places are free again
			t.begin("192.0.2.1")
		}
	})
}

func TestLongWorkLetsOthersGoFirst(t *testing.T) {
	for _, neighbour := range []string{"198.51.100.1", "192.0.2.1"} { // also of its own address
		inTurns(t, 1, 100, func(t turns) {
			long := t.begin("192.0.2.1")
			time.Sleep(time.Millisecond)
			long.Yield() // to nobody
			done := false
			var all sync.WaitGroup
			all.Go(func() {
				u := t.begin(neighbour)
				done = true
				u.End()
			})
			synctest.Wait()
			if time.Sleep(time.Millisecond); done {
				t.Error("both had the place")
			}
			if long.Yield(); !done {
				t.Errorf("%s did not get the place", neighbour)
			}
			long.End()
			all.Wait()
			t.begin("192.0.2.1").End()
		})
	}
}

func TestShortWorkGoesBeforeLongWork(t *testing.T) {
	inTurns(t, 1, 100, func(t turns) {
		t.use("192.0.2.1", 3*time.Millisecond) // it used something, the others below nothing
		long := t.begin("198.51.100.1")
		time.Sleep(10 * time.Millisecond)
		done := ""
		var all sync.WaitGroup
		for _, address := range []string{"203.0.113.1", "192.0.2.1"} {
			all.Go(func() {
				u := t.begin(address)
				time.Sleep(time.Millisecond)
				if address == "203.0.113.1" { // it is long, too
					time.Sleep(10 * time.Millisecond)
					u.Yield()
				}
				done += address + " "
				u.End()
			})
			synctest.Wait()
		}
		long.Yield()
		done += "198.51.100.1 "
		long.End()
		all.Wait()
		// The short one was not the cheapest address, but the others had turned out to
		// be long; of those, the one that came first ran for less.
		if done != "192.0.2.1 198.51.100.1 203.0.113.1 " {
			t.Error(done)
		}
	})
}

func TestAShortLineKeepsThoseWhoUsedLeast(t *testing.T) {
	inTurns(t, 1, 2, func(t turns) {
		t.use("192.0.2.1", time.Second)
		t.use("198.51.100.1", 2*time.Second)
		holder := t.begin("203.0.113.77")
		if len(t.Queued()) != 0 {
			t.Error("work that runs is said to wait")
		}
		ended := make(chan string, 3)
		for _, address := range []string{"192.0.2.1", "198.51.100.1", "203.0.113.1"} {
			go func() {
				u, err := t.Begin(t.Context(), netip.MustParseAddr(address), time.Hour)
				if errors.Is(err, limit.ErrNoTurn) {
					address = "refused: " + address
				} else {
					defer u.End()
				}
				ended <- address
			}()
			synctest.Wait()
		}
		if len(t.Queued()) != 1 {
			t.Error("it is not said that work waits")
		}
		if got := <-ended; got != "refused: 198.51.100.1" {
			t.Error(got)
		}
		if _, err := t.Begin(t.Context(), netip.MustParseAddr("198.51.100.1"), time.Hour); !errors.Is(err, limit.ErrNoTurn) {
			t.Error(err)
		}
		holder.End()
		if first, second := <-ended, <-ended; first != "203.0.113.1" || second != "192.0.2.1" {
			t.Error(first, second)
		}
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	inTurns(t, 1, 100, func(t turns) {
		holder, from := t.begin("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		if _, err := t.Begin(t.Context(), from, time.Second); !errors.Is(err, limit.ErrNoTurn) {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := t.Begin(ctx, from, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		holder.End()
		t.begin("192.0.2.2").End()
	})
}

func TestWorkWhoseClientHasGoneRunsOnWithoutAPlace(t *testing.T) {
	inTurns(t, 1, 100, func(t turns) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		long, err := t.Begin(ctx, netip.MustParseAddr("192.0.2.1"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		taken := make(chan *limit.Turn)
		go func() { taken <- t.begin("198.51.100.1") }()
		synctest.Wait()
		go func() { long.Yield(); taken <- nil }()
		other := <-taken
		if <-taken != nil || ctx.Err() == nil {
			t.Error("it ran on before the client had gone")
		}
		long.Yield()
		long.End()
		other.End()
		t.begin("192.0.2.1").End()
	})
}

func TestTheTableOfUsageIsBounded(t *testing.T) {
	turns := limit.NewTurns(1, 1)
	for n := range 3 * limit.MaxEntries {
		u, err := turns.Begin(t.Context(), netip.AddrFrom4([4]byte{byte(n >> 16), byte(n >> 8), byte(n), 1}), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		u.End()
	}
	if n := turns.Known(); n != limit.MaxEntries {
		t.Errorf("%d are known", n)
	}
}
