package flow

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAMeterCountsWhatManyGoroutinesAddAtOnce(t *testing.T) {
	const users, times = 16, 20_000
	var m Meter
	var work sync.WaitGroup
	for user := range users {
		work.Go(func() {
			for range times {
				m.Add(user + 1)
			}
		})
	}
	work.Go(func() {
		for range times {
			m.Rate()
		}
	})
	work.Wait()
	if got, want := m.Total(), int64(times*users*(users+1)/2); got != want {
		t.Errorf("it counted %d of %d bytes", got, want)
	}
}

func TestTheRateIsThatOfAllWhoAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users, bytes = 16, 1000
		var m Meter
		var work sync.WaitGroup
		for range users {
			work.Go(func() {
				for range 1000 {
					m.Add(bytes)
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		work.Wait()
		if got, want := m.Rate(), int64(users*bytes*100); got < want*95/100 || got > want*105/100 {
			t.Errorf("it says %d bytes a second, not %d", got, want)
		}
		time.Sleep(time.Minute)
		if got := m.Rate(); got != 0 {
			t.Errorf("a minute after the last byte it says %d bytes a second", got)
		}
		if got := m.Total(); got != users*bytes*1000 {
			t.Errorf("it counted %d bytes", got)
		}
	})
}
