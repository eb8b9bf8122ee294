package flow

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// uplink is a slow line in front of which bytes wait.
type uplink struct {
	delay  time.Duration // to the other side and back
	jitter time.Duration // at most so much more

	mu   sync.Mutex
	rate int64 // bytes a second
	free time.Time
}

// take has bytes cross the line and returns when the last one is there.
func (u *uplink) take(n int) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.free = maxTime(u.free, time.Now()).Add(time.Duration(float64(n) / float64(u.rate) * float64(time.Second)))
	return u.free
}

// waiting is how long a ping would wait that comes now.
func (u *uplink) waiting() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	return max(time.Until(u.free), 0)
}

func (u *uplink) set(rate int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rate = rate
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// upload sends over the line for some time and returns the bytes that were sent.
func (u *uplink) upload(t *testing.T, lasts time.Duration) (bytes int64) {
	c := NewCourtesy()
	for began := time.Now(); time.Since(began) < lasts; {
		n := int(c.Limit().Frame())
		if c.Limit().Wait(t.Context(), n) != nil {
			return bytes
		}
		there := u.take(n)
		bytes += int64(n)
		if probe, due := c.Sent(n, time.Now()); due {
			late := u.delay
			if u.jitter > 0 {
				late += rand.N(u.jitter)
			}
			time.AfterFunc(time.Until(there)+late, func() { c.Answered(probe, time.Now()) })
		}
	}
	return bytes
}

func TestACourteousUploadFillsTheLineAndLeavesItUsable(t *testing.T) {
	const mbit = 1e6 / 8
	for _, line := range []struct {
		name    string
		uploads int
		*uplink
	}{
		{"cable", 1, &uplink{rate: 10 * mbit, delay: 30 * time.Millisecond}},
		{"cable, three at once", 3, &uplink{rate: 10 * mbit, delay: 30 * time.Millisecond}},
		{"slow", 1, &uplink{rate: 1 * mbit, delay: 40 * time.Millisecond}},
		{"mobile", 1, &uplink{rate: 5 * mbit, delay: 60 * time.Millisecond, jitter: 15 * time.Millisecond}},
		{"fibre", 1, &uplink{rate: 100 * mbit, delay: 12 * time.Millisecond}},
		{"ocean", 1, &uplink{rate: 300 * mbit, delay: 180 * time.Millisecond}},
	} {
		t.Run(line.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const lasts = 3 * time.Minute
				u := line.uplink
				var work sync.WaitGroup
				sent := make([]int64, line.uploads)
				for i := range sent {
					work.Go(func() {
						time.Sleep(time.Duration(i) * time.Second)
						sent[i] = u.upload(t, lasts-time.Duration(i)*time.Second)
					})
				}
				var waits []time.Duration
				for began := time.Now(); time.Since(began) < lasts; time.Sleep(20 * time.Millisecond) {
					waits = append(waits, u.waiting())
				}
				work.Wait()
				slices.Sort(waits)
				p95 := waits[len(waits)*95/100]
				var all int64
				for _, s := range sent {
					all += s
				}
				share := float64(all) / lasts.Seconds() / float64(u.rate)
				t.Logf("share %.2f, p50 %s, p95 %s, worst %s; %v", share, waits[len(waits)/2], p95, waits[len(waits)-1], sent)
				if share < 0.85 || p95 > 50*time.Millisecond {
					t.Errorf("the uploads have %.2f of the line, and 5 %% of all others wait longer than %s", share, p95)
				}
			})
		})
	}
}

func TestACourteousUploadGivesWayAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const full, half = 2 << 20, time.Minute
		u := &uplink{rate: full, delay: 30 * time.Millisecond}
		var work sync.WaitGroup
		var sent int64
		work.Go(func() { sent = u.upload(t, 3*half) })
		var late []time.Duration
		for began := time.Now(); time.Since(began) < 3*half; time.Sleep(20 * time.Millisecond) {
			switch in := time.Since(began); {
			case in < half || in > 2*half:
				u.set(full)
			default: // somebody else uses three quarters
				u.set(full / 4)
				if in > half+5*time.Second {
					late = append(late, u.waiting())
				}
			}
		}
		work.Wait()
		slices.Sort(late)
		share := float64(sent) / (full * half.Seconds() * 2.25)
		t.Logf("share %.2f, p50 %s, p95 %s", share, late[len(late)/2], late[len(late)*95/100])
		if p95 := late[len(late)*95/100]; share < 0.85 || p95 > 50*time.Millisecond {
			t.Errorf("the upload has %.2f of what the line leaves it, and 5 %% of all others wait longer than %s", share, p95)
		}
	})
}

func TestAnswersThatNobodyAskedForChangeNothing(t *testing.T) {
	c := NewCourtesy()
	now := time.Now()
	for probe := range uint64(10) {
		c.Answered(probe, now)
	}
	probe, due := c.Sent(1000, now)
	if !due || probe == 0 {
		t.Fatalf("the first bytes are followed by probe %d, %v", probe, due)
	}
	if _, due := c.Sent(1000, now.Add(time.Second)); due {
		t.Error("two probes are on their way")
	}
	c.Answered(probe+1, now)
	c.Answered(0, now)
	if _, due := c.Sent(1000, now.Add(courtesyPatience)); !due {
		t.Error("a lost probe is waited for")
	}
	if got := c.Limit().Limit(); got != courtesyStart {
		t.Errorf("the rate is %d bytes a second", got)
	}
}
