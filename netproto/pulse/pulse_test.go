package pulse

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTickersOfOneIntervalTickTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := NewTicker(time.Second)
		defer first.Stop()
		time.Sleep(2345 * time.Millisecond)
		second := NewTicker(time.Second)
		defer second.Stop()
		<-first.C // dropped ones do not come later
		for range 100 {
			a, b := <-first.C, <-second.C
			if !a.Equal(b) {
				t.Fatalf("one ticks at %s, the other at %s", a, b)
			}
		}
	})
}

func TestATickerTicksInItsIntervalAndNotAfterItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticker := NewTicker(time.Second)
		began := time.Now()
		for range 10 {
			<-ticker.C
		}
		if took := time.Since(began); took <= 9*time.Second || took > 10*time.Second {
			t.Errorf("ten ticks took %s", took)
		}
		ticker.Stop()
		select {
		case <-ticker.C:
			t.Error("it ticks after its end")
		case <-time.After(time.Minute):
		}
	})
}

func TestATickerAtRestTicksSlowlyWithTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick, slow := NewTicker(time.Second), NewTicker(time.Second)
		defer quick.Stop()
		defer slow.Stop()
		first := <-quick.C
		<-slow.C
		slow.Rest(true)
		at := <-slow.C
		if phase := at.Sub(first) % time.Second; phase != 0 {
			t.Errorf("it ticks %s apart from the other one", phase)
		}
		for range 10 {
			before := at
			if at = <-slow.C; at.Sub(before) != Slow*time.Second {
				t.Errorf("at rest it ticks after %s", at.Sub(before))
			}
		}
		slow.Rest(false)
		for range 3 {
			before := at
			if at = <-slow.C; at.Sub(before) != time.Second {
				t.Errorf("after its rest it ticks after %s", at.Sub(before))
			}
		}
		slow.Stop()
		slow.Rest(true)
		select {
		case <-slow.C:
			t.Error("it ticks after its end")
		case <-time.After(time.Minute):
		}
	})
}

func TestAWaitEndsWithATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticker := NewTicker(4 * time.Second)
		defer ticker.Stop()
		at := <-ticker.C
		time.Sleep(time.Second)
		for wait, want := range map[string]string{"2s": "2s", "3s": "3s", "4s": "3s", "6s": "3s", "7s": "7s", "22s": "19s"} {
			most, _ := time.ParseDuration(wait)
			if got := Within(most, 4*time.Second); got.String() != want {
				t.Errorf("a second after %s, %s became %s, not %s", at, wait, got, want)
			}
		}
	})
}
