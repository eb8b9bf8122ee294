package pace

import (
	"sync"
	"testing"
	"time"
)

const mib = 1 << 20

// begun is the pace of a connection over which some bytes have come, the first of them a
// while ago. It was asked for everything now.
func begun(delay, age time.Duration, came int, now time.Time) *Pace {
	p := new(Pace)
	p.Start(delay, now.Add(-age-delay))
	p.Measure(now.Add(-age), now.Add(-age))
	p.Count(came)
	return p
}

// be has the last round trip of a connection be as it is told.
func (s *sprint) be(rate, bytes int64, since time.Time) {
	s.rate.Store(rate)
	s.bytes.Store(bytes)
	s.since.set(since)
	s.anew.Store(false)
}

// A connection that starts doubles what it gives with each round trip. If it runs out of what
// it was asked for meanwhile, it does not find out how fast the line is.
func TestAConnectionFromFarAwayIsAskedForMoreThanWillComeInTwoRoundTrips(t *testing.T) {
	t.Parallel()
	window := func(delay, age time.Duration, came int) int64 {
		now := time.Now()
		return begun(delay, age, came, now).Window(mib, 1, now)
	}
	const came = mib // after as much, twice and four times as much follow
	if w := window(FarAway, 0, came); w < 4*came {
		t.Errorf("after %d bytes, %d are asked for", came, w)
	}
	if w := window(FarAway, 0, 100*came); w > maxWindow {
		t.Errorf("%d bytes are asked for", w)
	}
	for _, other := range []int64{window(FarAway-1, 0, came), window(FarAway, 2*risingTime, came)} {
		if other > 2*came {
			t.Errorf("after %d bytes near by, or long after the start, %d are asked for", came, other)
		}
	}
}

func TestAWindowHoldsTwoPiecesAndSharesWhatAKillCosts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	slow := begun(time.Millisecond, time.Minute, 1000, now)
	if w := slow.Window(16*mib, 1, now); w != 32*mib {
		t.Errorf("of pieces of 16 MiB, %d bytes are asked for", w)
	}
	if w := slow.Window(1000, 1, now); w != 2000 {
		t.Errorf("of small pieces, %d bytes are asked for of one that is slow", w)
	}
	if w := new(Pace).Window(1000, 1, now); w != minWindow {
		t.Errorf("%d bytes are asked for of one that has given nothing yet", w)
	}
	alone, among := begun(0, time.Minute, 100*mib, now).Window(1000, 1, now), begun(0, time.Minute, 100*mib, now).Window(1000, 10, now)
	if alone != ahead || among != ahead/10 {
		t.Errorf("%d bytes are asked for of one that is alone, %d of one among ten", alone, among)
	}
}

func TestARoundTripIsThatOfTheFirstRequestIfItIsShorter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var p Pace
	p.Start(time.Hour, now)
	if p.Delay() != maxDelay {
		t.Errorf("that of an hour is %s", p.Delay())
	}
	p.Begin(mib, now)
	p.Ask(mib, now.Add(time.Second))
	if !p.Measure(now.Add(time.Second+30*time.Millisecond), now.Add(2*time.Second)) || p.Delay() != 30*time.Millisecond {
		t.Errorf("it is %s", p.Delay())
	}
	if p.Measure(now, now) {
		t.Error("it is measured twice")
	}
	var late Pace // the first byte was of a request that was dropped
	late.Start(time.Millisecond, now)
	if late.Measure(now.Add(-time.Second), now); late.Delay() != time.Millisecond {
		t.Errorf("after a byte that nobody waited for, it is %s", late.Delay())
	}
}

func TestTheSumsSayWhatIsOwed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	var p Pace
	p.Start(0, now)
	p.Begin(10, at(1))
	if p.Silence(at(9)) != 0 || p.Busy(at(9)) != 8*time.Second {
		t.Errorf("it owes what it was not asked for: silent for %s, busy for %s", p.Silence(at(9)), p.Busy(at(9)))
	}
	p.Ask(10, at(2))
	if p.Silence(at(9)) != 7*time.Second || p.Barren(at(9)) != 9*time.Second {
		t.Errorf("it is silent for %s, and gives nothing for %s", p.Silence(at(9)), p.Barren(at(9)))
	}
	p.Answer(4)
	p.Came(4, at(3))
	p.Begin(5, at(4))
	p.Ask(5, at(4))
	if p.Inflight() != 11 || p.Unanswered() != 11 || p.Silence(at(9)) != 6*time.Second || p.Busy(at(9)) != 8*time.Second {
		t.Errorf("%d bytes are on their way, %d unanswered; silent for %s, busy for %s", p.Inflight(), p.Unanswered(), p.Silence(at(9)), p.Busy(at(9)))
	}
	p.TakeBack(11)
	if p.Inflight() != 11 || p.Unanswered() != 0 || p.Silence(at(9)) != 0 {
		t.Errorf("after all is taken back, %d bytes are on their way, %d unanswered", p.Inflight(), p.Unanswered())
	}
	p.End(11)
	if p.Inflight() != 0 || p.Barren(at(9)) != 6*time.Second {
		t.Errorf("after the end, %d bytes are on their way", p.Inflight())
	}
	if p.Begin(1, at(8)); p.Busy(at(9)) != time.Second {
		t.Errorf("after a pause, it is busy for %s", p.Busy(at(9)))
	}
}

func TestHowLongItWillTake(t *testing.T) {
	t.Parallel()
	const patience = 2 * time.Second
	now := time.Now()
	p := begun(0, time.Minute, 4*mib, now)
	rate := p.Rate()
	p.Begin(2*rate, now)
	p.Ask(2*rate, now)
	if eta := p.ETA(patience, now); eta < 2*time.Second-time.Millisecond || eta > 2*time.Second+time.Millisecond {
		t.Errorf("two seconds of bytes take %s", eta)
	}
	if eta := p.ETA(patience, now.Add(10*time.Second)); eta < 11*time.Second {
		t.Errorf("of one that is silent for ten seconds, they take %s", eta)
	}
	var fresh Pace
	fresh.Start(0, now)
	fresh.Begin(mib, now)
	fresh.Ask(mib, now)
	if early, later := fresh.ETA(time.Minute, now), fresh.ETA(time.Minute, now.Add(2*time.Second)); later <= early || later < time.Hour {
		t.Errorf("of one that gives nothing, they take %s, and later %s", early, later)
	}
}

// A connection that waits for what was lost may need seconds until it is as fast again as the
// others to the same source.
func TestAConnectionLagsThatGivesASmallPartOfWhatItGave(t *testing.T) {
	t.Parallel()
	now := time.Now()
	far := 180 * time.Millisecond
	for what, c := range map[string]struct {
		delay       time.Duration
		rate, bytes int64         // of its last round trip, parts of a hundred of what is usual
		since       time.Duration // when that began; negative = it has given nothing since it was asked
		asked       time.Duration // when it was asked for something
		usual, lags bool
	}{
		"far, as fast as before":              {delay: far, rate: 100},
		"far, and has just begun":             {delay: far, bytes: 1},
		"far, and gives a hundredth":          {delay: far, rate: 1, lags: true},
		"far, and gave next to nothing since": {delay: far, rate: 100, bytes: 1, since: time.Second, lags: true},
		"far, and gave nothing since":         {delay: far, rate: 100, since: -1, asked: time.Second, lags: true},
		"far, and was only just asked":        {delay: far, rate: 100, since: -1},
		"near, as fast as before":             {delay: time.Millisecond, rate: 100, usual: true},
		"near, and gives nothing":             {delay: time.Millisecond, rate: 100, since: time.Second, lags: true},
	} {
		p := begun(c.delay, time.Minute, 8*mib, now)
		usual := p.Rate()
		p.Begin(usual, now.Add(-c.asked))
		if c.since >= 0 {
			p.sprint.be(c.rate*usual/100, c.bytes*usual/100, now.Add(-c.since))
		} else {
			p.sprint.be(c.rate*usual/100, 0, now)
			p.sprint.rest()
		}
		lag := p.Lag(usual, 0, now)
		if lags, asUsual := lag > lagging*time.Second, lag > 900*time.Millisecond && lag < 1100*time.Millisecond; lags != c.lags || asUsual != c.usual || !lags && !asUsual && lag != 0 {
			t.Errorf("%s: what takes a second otherwise takes %s", what, lag)
		}
		if p.Lag(0, 0, now) != 0 {
			t.Errorf("%s: nothing takes a while", what)
		}
	}
}

// Of one that gives little for seconds, the rate of five seconds says little, too.
func TestAConnectionLagsThatGivesASmallPartOfWhatOthersGive(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := begun(180*time.Millisecond, time.Minute, mib, now)
	usual := p.Rate()
	p.Begin(usual, now)
	p.sprint.be(usual, 0, now)
	if lag := p.Lag(usual, usual, now); lag != 0 {
		t.Errorf("what is as fast as others takes %s", lag)
	}
	if lag := p.Lag(usual, 2*lagging*usual, now); lag < 900*time.Millisecond || lag > 1100*time.Millisecond {
		t.Errorf("what takes a second takes %s", lag)
	}
}

// What was asked for last can be taken back as long as the source has not begun with it.
func TestOnlyTheEndOfALongQueueWaits(t *testing.T) {
	t.Parallel()
	const far = 180 * time.Millisecond
	now := time.Now()
	for what, c := range map[string]struct {
		delay   time.Duration
		queue   int64 // in front of it, parts of a hundred of what comes in a second
		usual   int   // bytes of five seconds
		waiting bool
	}{
		"a second of bytes":                   {delay: far, queue: 100, usual: 40 * mib, waiting: true},
		"what is on its way":                  {delay: far, queue: 50, usual: 40 * mib},
		"a second of bytes near by":           {delay: FarAway - 1, queue: 100, usual: 40 * mib},
		"what the source's system has, maybe": {delay: far, queue: 100, usual: mib / 8},
		"nothing in front of it":              {delay: far, usual: 40 * mib},
	} {
		p := begun(c.delay, time.Minute, c.usual, now)
		queue := p.Rate() * c.queue / 100
		p.Begin(queue+mib, now)
		want := time.Duration(0)
		if c.waiting {
			want = time.Duration(c.queue) * time.Second / 100
		}
		if waits := p.Waits(mib, now); waits < want-time.Millisecond || waits > want+time.Millisecond {
			t.Errorf("%s: it waits for %s, not %s", what, waits, want)
		}
	}
	var fresh Pace
	fresh.Start(0, now)
	fresh.Begin(100*mib, now)
	if waits := fresh.Waits(mib, now); waits != 0 {
		t.Errorf("of one that has given nothing yet, it waits for %s", waits)
	}
}

// What comes after a pause is not slow because nothing was asked for meanwhile.
func TestAPauseIsNoLag(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := begun(180*time.Millisecond, time.Minute, 8*mib, now)
	p.Came(0, now.Add(-time.Minute))
	p.Came(8*mib, now.Add(-59*time.Second))
	if p.Begin(mib, now); p.Lag(mib, 0, now) != 0 {
		t.Errorf("after the pause, what was only just asked for takes %s", p.Lag(mib, 0, now))
	}
}

func TestARateIsNotOfThePresentAfterAPause(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var s sprint
	s.add(1, 0, now)
	s.add(mib, 0, now.Add(shortestSprint))
	fresh, old := s.now(0, now.Add(2*shortestSprint)), s.now(0, now.Add(time.Second))
	if fresh < 10*mib || old != 0 {
		t.Errorf("it is %d, and after a second %d", fresh, old)
	}
	s.rest()
	s.add(1000, 0, now.Add(time.Hour))
	if s.rate.Load() != fresh {
		t.Error("the pause is taken for a slow rate")
	}
}

// Whoever asks for something after a pause may do so while the last bytes from before it are
// still counted.
func TestAPauseWhileBytesAreCountedMakesNoSlowRate(t *testing.T) {
	t.Parallel()
	var s sprint
	const step = 1000 // bytes in a millisecond
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				s.rest()
			}
		}
	})
	now := time.Now().Add(time.Hour) // a program that has run for an hour
	for range 200_000 {
		now = now.Add(time.Millisecond)
		s.add(step, 0, now)
		if rate := s.rate.Load(); rate != 0 && rate < 900*step {
			t.Errorf("of %d bytes a second, it measures %d", 1000*step, rate)
			break
		}
	}
	close(done)
	work.Wait()
	for range 300 {
		now = now.Add(time.Millisecond)
		s.add(step, 0, now)
	}
	if rate := s.rate.Load(); rate < 900*step || rate > 1100*step {
		t.Errorf("without pauses, it measures %d", rate)
	}
}

// The reading goroutine counts while others ask and look.
func TestBytesComeWhileOthersLook(t *testing.T) {
	t.Parallel()
	var p Pace
	p.Start(FarAway, time.Now())
	p.Begin(1000, time.Now())
	p.Ask(1000, time.Now())
	p.Measure(time.Now(), time.Now())
	var work sync.WaitGroup
	work.Go(func() {
		for range 1000 {
			p.Count(1)
			p.Answer(1)
			p.Came(1, time.Now())
		}
	})
	for range 100 {
		now := time.Now()
		p.Window(1, 1, now)
		p.Trip()
		p.ETA(time.Second, now)
		p.Lag(1, 0, now)
		p.Silence(now)
		p.Barren(now)
	}
	work.Wait()
	if p.Inflight() != 0 || p.Unanswered() != 0 {
		t.Errorf("%d bytes are on their way, %d unanswered", p.Inflight(), p.Unanswered())
	}
}
