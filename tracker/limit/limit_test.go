package limit_test

import (
	"math"
	"net/netip"
	"sync"
	"testing"
	"time"

	"centralizedp2p/tracker/limit"
)

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func TestAnAddressIsCountedForItsNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1":               "192.0.2.1",
		"::ffff:192.0.2.1":        "192.0.2.1",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::",
		"2001:db8:1:2:ffff::":     "2001:db8:1:2::",
		"2001:db8:1:3::1":         "2001:db8:1:3::",
		"fe80::1%eth0":            "fe80::",
		"::1":                     "::",
		"::ffff:127.0.0.1":        "127.0.0.1",
		"2001:db8:0:0:8000::%lan": "2001:db8::",
	} {
		if got := limit.Source(netip.MustParseAddr(text)); got != netip.MustParseAddr(want) {
			t.Errorf("%s is counted for %s, not %s", text, got, want)
		}
	}
	if got := limit.Source(netip.Addr{}); got.IsValid() {
		t.Errorf("no address is counted for %s", got)
	}
}

func TestABurstIsAllowedAndThenTheRate(t *testing.T) {
	rates := limit.NewRates[string](10, 5, 100)
	now := time.Unix(1000, 0)
	for range 5 {
		if wait := rates.Take("a", 1, now); wait != 0 {
			t.Fatalf("within the burst it says to wait %s", wait)
		}
	}
	for range 3 { // what is refused costs nothing
		if wait := rates.Take("a", 2, now); wait != 200*time.Millisecond {
			t.Fatalf("wait %s for two tokens at ten a second", wait)
		}
	}
	if wait := rates.Take("b", 5, now); wait != 0 {
		t.Fatalf("another waits %s", wait)
	}
	if wait := rates.Take("a", 2, now.Add(200*time.Millisecond)); wait != 0 {
		t.Fatalf("after the time that was told, %s more", wait)
	}
	if wait := rates.Take("c", 1000, now); wait != 0 {
		t.Fatalf("more than a burst is never taken: wait %s", wait)
	}
	if wait := rates.Take("c", 1, now); wait == 0 {
		t.Fatal("more than a burst was free")
	}
	var none *limit.Rates[string]
	if wait := none.Take("a", math.MaxInt, now); wait != 0 {
		t.Fatalf("without a limit: wait %s", wait)
	}
}

func TestOnlySoManyAreRememberedAndTheQuietestIsForgotten(t *testing.T) {
	rates := limit.NewRates[int](0.001, 1, 3)
	now := time.Unix(1000, 0)
	for key := range 3 {
		rates.Take(key, 1, now)
	}
	rates.Take(0, 1, now) // refused, and heard of
	rates.Take(3, 1, now) // 1 is forgotten
	for key, empty := range map[int]bool{0: true, 2: true, 3: true} {
		if got := rates.Take(key, 1, now) > 0; got != empty {
			t.Errorf("%d must wait: %t", key, got)
		}
	}
	if wait := rates.Take(1, 1, now); wait != 0 {
		t.Errorf("the one that was forgotten waits %s", wait)
	}
}

func TestConnectionsAreCountedInAllAndBySource(t *testing.T) {
	conns := limit.NewConns(3, 2)
	for i, want := range []limit.Verdict{limit.Admitted, limit.Admitted, limit.TooManyFromSource} {
		if got := conns.Open(here); got != want {
			t.Fatalf("%d: %v", i, got)
		}
	}
	if got := conns.OpenShared(here); got != limit.Admitted {
		t.Fatalf("one that stands for many: %v", got)
	}
	if got := conns.Open(there); got != limit.TooManyInTotal {
		t.Fatalf("beyond all: %v", got)
	}
	conns.Close(here)
	conns.Close(here)
	if got := conns.Open(there); got != limit.Admitted || conns.Count() != 2 {
		t.Fatalf("%v, %d open", got, conns.Count())
	}
	free := limit.NewConns(0, 0)
	for range 10_000 {
		if free.Open(here) != limit.Admitted {
			t.Fatal("refused without a limit")
		}
	}
}

func TestWhatPeersBehindOneSourceHoldIsAddedUp(t *testing.T) {
	held := limit.NewHoldings[string](100, 10)
	if held.Knows("a") {
		t.Error("a stranger is known")
	}
	held.Set("a", here, 60)
	held.Add("b", here, 30)
	room := func(peer string, source netip.Addr, replace bool, want int) {
		t.Helper()
		if got := held.Room(peer, source, replace); got != want {
			t.Errorf("%s has room for %d, not %d", peer, got, want)
		}
	}
	room("a", here, false, 10)
	room("a", here, true, 70)
	room("c", here, true, 10)
	room("c", there, false, 100)
	held.Add("a", here, 60)
	room("b", here, false, 0)
	held.Set("a", there, 5) // it moved, and what it held twice was one
	room("b", here, false, 70)
	room("c", there, false, 95)
	room("a", here, true, 70)
	held.Set("a", there, -1)
	room("c", there, false, 100)
	if !held.Knows("a") {
		t.Error("a peer without resources is not known")
	}
	if got := limit.NewHoldings[string](0, 10).Room("a", here, false); got != math.MaxInt {
		t.Errorf("without a limit there is room for %d", got)
	}
}

func TestAForgottenPeerNoLongerCounts(t *testing.T) {
	held := limit.NewHoldings[int](100, 2)
	held.Set(1, here, 10)
	held.Set(2, here, 20)
	held.Set(1, here, 10)
	held.Set(3, here, 30)
	if held.Knows(2) || !held.Knows(1) || held.Room(4, here, false) != 60 {
		t.Errorf("room for %d", held.Room(4, here, false))
	}
}

func TestManyCountAtOnce(t *testing.T) {
	rates, conns, held := limit.NewRates[int](1, 1, 8), limit.NewConns(0, 0), limit.NewHoldings[int](1000, 8)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range 1000 {
				rates.Take(k%20, 1, time.Unix(int64(k), 0))
				conns.Open(here)
				held.Add(k%20, here, i)
				held.Room(k%20, there, true)
				conns.Close(here)
			}
		})
	}
	group.Wait()
	if conns.Count() != 0 {
		t.Errorf("%d connections are left", conns.Count())
	}
}

func TestWhatWasDoneAlreadyIsCharged(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	rates := limit.NewRates[string](10, 100, 5)
	rates.Charge("a", 250, now) // more than may come at once
	if wait := rates.Take("a", 1, now); wait < 14*time.Second || wait > 16*time.Second {
		t.Errorf("it waits %s for 250 that were charged", wait)
	}
	if wait := rates.Take("b", 1, now); wait != 0 {
		t.Errorf("another waits %s", wait)
	}
	if wait := rates.Take("a", 1, now.Add(16*time.Second)); wait != 0 {
		t.Errorf("later it waits %s", wait)
	}
	var none *limit.Rates[string]
	none.Charge("a", 9, now) // has no limit
}
