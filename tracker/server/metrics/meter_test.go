package metrics_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/tracker/server/metrics"
)

func TestARateIsThatOfTheLastTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		var m metrics.Meter
		running.Go(func() { m.Run(ctx) })
		pass := func(seconds, each int, want float64) {
			t.Helper()
			for range seconds {
				for range each {
					m.Count()
				}
				time.Sleep(time.Second)
			}
			synctest.Wait()
			if got := m.PerSecond(); got != want {
				t.Errorf("%g a second, want %g", got, want)
			}
		}
		pass(0, 0, 0)
		pass(4, 5, 5)
		pass(20, 3, 3)
		pass(5, 1, 2) // the mean of two halves
		pass(20, 0, 0)
		if m.Total() != 85 {
			t.Errorf("%d were counted", m.Total())
		}
	})
}
