//go:build !darwin || cgo

package desktop

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a crossing in fake time. Its UI thread is a goroutine.
func inBubble(t *testing.T, run func(t *testing.T, c *crossing, changes chan struct{}, pulls *atomic.Int64)) {
	synctest.Test(t, func(t *testing.T) {
		ui := make(chan func())
		ended := make(chan struct{})
		c := newCrossing(func(f func()) {
			select {
			case ui <- f:
			case <-ended:
			}
		})
		go func() {
			for {
				select {
				case f := <-ui:
					f()
				case <-ended:
					return
				}
			}
		}()
		var pulls atomic.Int64
		changes := make(chan struct{}, 1)
		c.follow(func(context.Context) <-chan struct{} { return changes }, func(context.Context) func() {
			pulls.Add(1)
			return func() {}
		})
		run(t, c, changes, &pulls)
		if !c.close() {
			t.Error("goroutines did not end")
		}
		close(ended)
	})
}

// changing reports changes without pause for a while.
func changing(changes chan struct{}, d time.Duration) {
	for range int(d / (10 * time.Millisecond)) {
		select {
		case changes <- struct{}{}:
		default:
		}
		time.Sleep(10 * time.Millisecond) // fake time of the bubble
	}
}

func TestTheWindowFollowsAtMostFourTimesASecond(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *crossing, changes chan struct{}, pulls *atomic.Int64) {
		changing(changes, 10*time.Second)
		if n := pulls.Load(); n < 38 || n > 41 {
			t.Errorf("%d pulls in 10 s", n)
		}
	})
}

func TestTheWindowFollowsOnceASecondBehindOthersAndAgainWhenItComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, c *crossing, changes chan struct{}, pulls *atomic.Int64) {
		c.setBackground(true)
		changing(changes, 10*time.Second)
		if n := pulls.Load(); n < 9 || n > 11 {
			t.Errorf("%d pulls in 10 s behind other windows", n)
		}
		pulls.Store(0)
		c.setBackground(false)
		synctest.Wait()
		time.Sleep(backgroundTick)
		if pulls.Load() == 0 {
			t.Error("nothing was pulled when the window came back")
		}
	})
}

func TestNothingIsPulledWhileTheWindowIsHidden(t *testing.T) {
	inBubble(t, func(t *testing.T, c *crossing, changes chan struct{}, pulls *atomic.Int64) {
		c.setHidden(true)
		c.countdown.Store(true)
		changing(changes, 10*time.Second)
		if n := pulls.Load(); n != 0 {
			t.Errorf("%d pulls while nobody could see it", n)
		}
		c.setHidden(false)
		synctest.Wait()
		if pulls.Load() == 0 {
			t.Error("what changed meanwhile is not shown")
		}
	})
}

func TestTheHeraldLooksSlowlyAndBehindAHiddenWindowToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrossing(func(f func()) { go f() })
		var looks atomic.Int64
		changes := make(chan struct{}, 1)
		c.herald(func(context.Context) <-chan struct{} { return changes }, func(context.Context) func() {
			looks.Add(1)
			return nil
		})
		c.setHidden(true)
		changing(changes, 20*time.Second)
		if n := looks.Load(); n < 9 || n > 11 {
			t.Errorf("%d looks in 20 s", n)
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		quiet := looks.Load()
		time.Sleep(time.Minute)
		if looks.Load() != quiet {
			t.Error("it looks though nothing changed")
		}
		c.close()
	})
}

func TestAnEngineThatNeverAnswersIsWaitedForOnlySoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrossing(func(f func()) { go f() })
		begun := time.Now()
		took := map[string]time.Duration{}
		var mu sync.Mutex
		wait := func(what string) func(context.Context) func() {
			return func(ctx context.Context) func() {
				<-ctx.Done()
				mu.Lock()
				defer mu.Unlock()
				if took[what] == 0 {
					took[what] = time.Since(begun)
				}
				return nil
			}
		}
		changes := make(chan struct{})
		watch := func(context.Context) <-chan struct{} { return changes }
		c.start(wait("action"))
		c.startWithin(leavingTime, wait("quitting"))
		c.follow(watch, wait("pull"))
		c.poke()
		c.herald(watch, wait("look"))
		time.Sleep(2 * time.Minute)
		c.close()
		for what, want := range map[string]time.Duration{"action": actionTime, "quitting": leavingTime, "pull": pullTime, "look": pullTime} {
			if took[what] != want {
				t.Errorf("%s: given up after %v, not %v", what, took[what], want)
			}
		}
	})
}

func TestTheLastWorkGoesOnWhenTheWindowCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrossing(func(f func()) { f() })
		done := false
		c.last(func(ctx context.Context) {
			select {
			case <-time.After(time.Second):
				done = true
			case <-ctx.Done():
			}
		})
		if !c.close() || !done {
			t.Error("it was stopped")
		}
	})
}

func TestACountdownIsShownWithoutAWordFromTheEngine(t *testing.T) {
	inBubble(t, func(t *testing.T, c *crossing, _ chan struct{}, pulls *atomic.Int64) {
		time.Sleep(5 * time.Second)
		if n := pulls.Load(); n != 0 {
			t.Errorf("%d pulls without a reason", n)
		}
		c.countdown.Store(true)
		c.poke() // it begins with what is pulled
		time.Sleep(5 * time.Second)
		if n := pulls.Load(); n < 5 || n > 7 {
			t.Errorf("%d pulls in 5 s of a countdown", n)
		}
	})
}

func TestNothingCrossesAfterTheWindowWasClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrossing(func(f func()) { f() })
		release := make(chan struct{})
		crossed := false
		c.start(func(context.Context) func() {
			<-release
			return func() { crossed = true }
		})
		c.after(time.Hour, func() { crossed = true })
		synctest.Wait()
		c.cancel()
		close(release)
		if !c.close() || crossed {
			t.Errorf("something crossed: %v", crossed)
		}
		c.start(func(context.Context) func() { t.Error("work began after the end"); return nil })
		c.after(0, func() {})
	})
}

func TestWhatWasForgottenDoesNotHappen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrossing(func(f func()) { f() })
		happened := 0
		forget := c.after(time.Second, func() { happened++ })
		c.after(2*time.Second, func() { happened += 10 })
		forget()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		c.close()
		if happened != 10 {
			t.Errorf("happened: %d", happened)
		}
	})
}

func TestAnEngineThatDoesNotReturnKeepsTheWindowForFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrossing(func(f func()) { f() })
		release := make(chan struct{})
		c.start(func(context.Context) func() { <-release; return nil })
		begun := time.Now()
		if c.close() {
			t.Error("close says that all ended")
		}
		if took := time.Since(begun); took != farewell {
			t.Errorf("close took %v", took)
		}
		close(release)
	})
}
