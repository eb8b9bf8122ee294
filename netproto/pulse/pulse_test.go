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
