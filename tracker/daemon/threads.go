package daemon

import (
	"context"
	"runtime"
	"time"
)

// Under an attack, all processors are busy, and the scheduler of Go looks only now and
// then for what the network brings: heartbeats would wait for 10 ms and more. Then
// more goroutines run at once than there are processors, and the system decides who
// gets one; it prefers what has just woken up. At other times that would only cost
// switches between threads.
const (
	moreThreads = 6
	attackAt    = 16 // pieces of work that wait
	attackLook  = 100 * time.Millisecond
	attackLasts = 10 * time.Second // after attackAt pieces waited last
)

// watchThreads sets how many goroutines run at once by how much work is waiting, until
// ctx ends; then it is as before. While nothing waits, it does nothing until queued receives.
func watchThreads(ctx context.Context, queued <-chan struct{}, waiting func() int) {
	usual := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(usual)
	var until time.Time
	for more := false; ; {
		now, wait := time.Now(), waiting()
		if wait >= attackAt {
			until = now.Add(attackLasts)
		}
		if attacked := now.Before(until); attacked != more { // a change stops everything for a moment
			if more = attacked; more {
				runtime.GOMAXPROCS(usual + moreThreads)
			} else {
				runtime.GOMAXPROCS(usual)
			}
		}
		if wait == 0 && !more {
			select {
			case <-ctx.Done():
				return
			case <-queued:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(attackLook):
		}
	}
}
