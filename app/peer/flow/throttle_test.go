package flow

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func TestAThrottleKeepsItsRateForSeveralAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, users, each = 1 << 20, 4, 5 << 20
		throttle := NewThrottle(limit)
		began := time.Now()
		ends := make(chan time.Duration, users)
		for range users {
			go func() {
				for sent := 0; sent < each; {
					n := int(throttle.Frame())
					if throttle.Wait(t.Context(), n) != nil {
						return
					}
					sent += n
				}
				ends <- time.Since(began)
			}()
		}
		var first, last time.Duration
		for range users {
			last = <-ends
			if first == 0 {
				first = last
			}
		}
		want := time.Duration(users*each/limit) * time.Second
		if last > want+time.Second || last < want-time.Second || first < last-time.Second {
			t.Errorf("the first was done after %s, the last after %s, of %s", first, last, want)
		}
	})
}

func TestAChangedLimitCountsForThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := NewThrottle(1000)
		done := make(chan time.Duration)
		began := time.Now()
		go func() {
			if throttle.Wait(t.Context(), 1<<20) == nil { // would take 17 minutes
				done <- time.Since(began)
			}
		}()
		time.Sleep(10 * time.Second)
		throttle.Set(1 << 20)
		if took := <-done; took > 12*time.Second {
			t.Errorf("it waited for %s", took)
		}
		throttle.Set(1000)
		go func() {
			if throttle.Wait(t.Context(), 1<<20) == nil {
				done <- 0
			}
		}()
		synctest.Wait()
		throttle.Set(0)
		<-done
		ctx, cancel := context.WithCancel(t.Context())
		throttle.Set(1)
		time.AfterFunc(time.Second, cancel)
		if throttle.Wait(ctx, 1<<20) == nil {
			t.Error("a cancelled wait goes on")
		}
	})
}

func TestFramesAreSmallAtALowRate(t *testing.T) {
	for limit, want := range map[int64]int64{0: netproto.MaxDataBytes, 1: minFrame, 64 << 10: 8 << 10, 1 << 30: netproto.MaxDataBytes} {
		if got := NewThrottle(limit).Frame(); got != want {
			t.Errorf("at %d bytes a second a frame has %d bytes", limit, got)
		}
	}
}

func TestTheHistoryHasTheLastFiveMinutes(t *testing.T) {
	var h History
	now, total := time.Unix(1000, 0), int64(0)
	for range 400 {
		h.Add(now, total)
		now, total = now.Add(time.Second), total+500
	}
	list := h.List()
	if len(list) != historySize {
		t.Fatalf("it has %d values", len(list))
	}
	for _, speed := range list {
		if speed != 500 {
			t.Fatalf("it says %v", list)
		}
	}
	h.Add(now, total+5000) // the newest is last
	h.Add(now.Add(time.Second), total+5000)
	if list = h.List(); list[len(list)-1] <= 500 || list[0] != 500 {
		t.Errorf("it says %v", list)
	}
	h.Add(now.Add(time.Hour), total) // nobody looked: that is no speed
	if again := h.List(); again[len(again)-1] != list[len(list)-1] {
		t.Errorf("after a pause it says %v", again)
	}
}
