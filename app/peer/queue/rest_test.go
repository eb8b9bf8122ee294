package queue

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto/pulse"
)

// Each look asks whether a tracker is joined, before and after.
func TestAQueueAtRestLooksRarelyAndARetryIsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		failed := record("a", library.DownloadFailed, "/nowhere")
		failed.Retry = began.Add(time.Hour)
		l := newList()
		d := &download{record: failed}
		l.insert(d)
		var looks atomic.Int64
		q := &Queue{config: Config{Timing: StandardTiming, Joined: func() bool { looks.Add(1); return true }, Notify: func() {}},
			ctx: t.Context(), scheduled: make(chan struct{}, 1), list: l}
		d.config, d.pace = &q.config, &pace{}
		q.turns = turns{list: &q.list, running: map[*download]struct{}{}}
		done := make(chan struct{})
		go func() { defer close(done); q.Run(t.Context()) }()
		time.Sleep(pulse.Slow * time.Second)
		synctest.Wait()
		before := looks.Load()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := looks.Load() - before; n > 2*60/pulse.Slow {
			t.Errorf("at rest it asked %d times in a minute", n)
		}
		state := func() library.DownloadState {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.record.State
		}
		time.Sleep(time.Until(began.Add(time.Hour)) - time.Millisecond)
		synctest.Wait()
		if state() != library.DownloadFailed {
			t.Error("it is tried again too soon")
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if state() != library.DownloadActive {
			t.Error("a second after its time it is not tried again")
		}
		q.mu.Lock()
		q.turns.running[d] = struct{}{}
		q.mu.Unlock()
		q.schedule()
		synctest.Wait()
		before = looks.Load()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := looks.Load() - before; n != 2*60 {
			t.Errorf("while one runs it asked %d times in a minute", n)
		}
	})
}
