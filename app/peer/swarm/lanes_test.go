package swarm

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm/pace"
	"centralizedp2p/app/peer/swarm/picker"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// One connection to a source far away is slower than its line, whoever else gives.
func TestASourceFarAwayHasSeveralConnectionsAmongOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sources, away, near, far int
		rest                     int64
	}{{1, 1, 3, 8, 1 << 30}, {2, 1, 2, 8, 1 << 30}, {6, 1, 1, 8, 1 << 30}, {6, 6, 1, 4, 1 << 30}, {7, 7, 1, 3, 1 << 30},
		{23, 1, 1, 2, 1 << 30}, {200, 1, 1, 1, 1 << 30}, {6, 1, 1, 1, smallRest - 1}} {
		conns := session.New(t.Context(), session.Config{})
		defer conns.Close()
		ss := New(Config{Conns: conns, Traffic: flow.NewTraffic(0, 0, false)})
		a := ss.Attempt(Task{Size: c.rest, Limit: flow.NewThrottle(0)}, nil, Preference{})
		for n := range c.sources {
			key := netproto.PublicKey{byte(n), 1}
			a.sources.Name(netproto.Source{Key: key, PeerID: netproto.PeerIDOf(key[:])}, "tracker:5000")
		}
		for n, s := range a.sources.InOrder() {
			s.Sighted(t.Context(), n < c.away)
		}
		if near, far := a.lanes.perSource(); near != c.near || far != c.far {
			t.Errorf("%d sources with %d bytes to come: %d connections to each, %d to each of %d that are far away", c.sources, c.rest, near, far, c.away)
		}
	}
}

// Otherwise, the source would refuse it until it finds the old connections to be dead.
func TestAPeerWhoseNetworkChangedHasRoomForNewConnections(t *testing.T) {
	t.Parallel()
	if session.MaxConnsPerKey < 2*maxPerSource {
		t.Errorf("a download makes %d connections to a source, which has %d at most", maxPerSource, session.MaxConnsPerKey)
	}
}

// What waits behind the bytes of a source seems far away, so its fastest connection counts.
func TestHowFarAwayASourceIsShowsInItsFastestConnection(t *testing.T) {
	t.Parallel()
	a := New(Config{}).Attempt(Task{}, nil, Preference{})
	far, near := connectedSource(t), connectedSource(t)
	for delay, s := range map[time.Duration]*sources.Source{pace.FarAway: far, 2 * pace.FarAway: far, pace.FarAway - 1: near, 3 * pace.FarAway: near} {
		l := &lane{source: s}
		l.pace.Start(delay, time.Now())
		a.lanes.open[l] = struct{}{}
	}
	if !a.lanes.far(far) || a.lanes.far(near) || a.lanes.far(new(sources.Source)) {
		t.Error("a source near by counts as far away, or the other way round")
	}
	made := new(sources.Source)
	made.Reserve()
	a.sights(t.Context(), made)(pace.FarAway)
	if !a.lanes.far(made) || !made.MayHaveMore() {
		t.Error("a source whose first connection comes from far away waits with the others")
	}
	a.sights(t.Context(), made)(pace.FarAway - 1)
	if a.lanes.far(made) || made.MayHaveMore() {
		t.Error("a source near by does not wait with its second connection")
	}
}

// The next attempt has the sources, and another lock.
func TestAnAttemptThatIsOverNotesNothingOfItsSources(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := New(Config{}).Attempt(Task{}, nil, Preference{})
		s := &sources.Source{Source: netproto.Source{Reach: netproto.ReachableYes}}
		s.Reserve()
		trip := a.sights(t.Context(), s)
		a.mu.Lock()
		a.over = true
		a.unlock()
		time.Sleep(2 * unanswered)
		trip(pace.FarAway)
		if s.Away() {
			t.Error("a source is noted to be far away")
		}
	})
}

// Eight connections to a source far away are begun before it has answered; of a source that
// answers a little later but is not far away, those beyond the usual end then.
func TestASourceThatIsSlowToAnswerIsTakenForOneFarAway(t *testing.T) {
	t.Parallel()
	for _, trip := range []time.Duration{pace.FarAway / 2, pace.FarAway} {
		synctest.Test(t, func(t *testing.T) {
			dialling, ended := 0, 0
			var mu sync.Mutex
			conns := session.New(t.Context(), session.Config{})
			defer conns.Close()
			ss := New(Config{Conns: conns, Timing: StandardTiming, Traffic: flow.NewTraffic(0, 0, false), Notify: func() {},
				Connect: func(ctx context.Context, to session.Target, _ int) (*session.Conn, error) {
					count := func(n *int) { mu.Lock(); *n++; mu.Unlock() }
					count(&dialling)
					if to.Trip != nil {
						time.AfterFunc(trip, func() { to.Trip(trip) })
					}
					<-ctx.Done()
					count(&ended)
					return nil, ctx.Err()
				}})
			a := ss.Attempt(Task{Size: 1 << 30, Limit: flow.NewThrottle(0), Rate: new(flow.Meter)}, nil, Preference{})
			key := netproto.PublicKey{1}
			a.sources.Name(netproto.Source{Key: key, PeerID: netproto.PeerIDOf(key[:]), Reach: netproto.ReachableYes}, "tracker:5000")
			ctx, cancel := context.WithCancel(t.Context())
			check := func(what string, wantDialling, wantEnded int) {
				t.Helper()
				synctest.Wait()
				a.lanes.manage(ctx)
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if dialling != wantDialling || ended != wantEnded {
					t.Errorf("%s: %d connections are begun, %d of them given up, and not %d and %d", what, dialling, ended, wantDialling, wantEnded)
				}
			}
			check("at first", 3, 0)
			time.Sleep(unanswered)
			check("without an answer", maxPerSource, 0)
			time.Sleep(trip - unanswered)
			if trip < pace.FarAway {
				check("answered", maxPerSource, maxPerSource-3)
			} else {
				check("answered", maxPerSource, 0)
			}
			cancel()
			a.work.Wait()
		})
	}
}

// At the end of a download the lanes that have nothing to do take over what other sources
// would take longest with, and of that what is asked for last: the first is about to come.
func TestTheLastPieceOfTheSlowestLaneIsTakenOver(t *testing.T) {
	t.Parallel()
	const pieces = 5
	timing := StandardTiming
	a := New(Config{Timing: timing}).Attempt(Task{}, nil, Preference{})
	m := &piece.Manifest{Size: pieces * netproto.MinPieceSize, CVs: make([]piece.CV, pieces)}
	j := newJob(a, netproto.ContentHash{}, m.Size, "", "")
	j.owners, j.spares = make([]*request, pieces), map[*request]struct{}{}
	all := piece.AllBits(pieces)
	laneOf := func(s *sources.Source, rate int64, asked ...int) *lane {
		l := &lane{attempt: a, source: s, conn: &session.Conn{}, streams: map[*job]*stream{}, requests: map[*request]struct{}{}}
		l.pace.Start(0, time.Now())
		l.streams[j] = &stream{lane: l, job: j, have: all}
		for _, i := range asked {
			a.asked++
			r := &request{number: a.asked, lane: l, stream: l.streams[j], index: i, length: netproto.MinPieceSize}
			r.owed.Store(r.length)
			j.owners[i], l.requests[r] = r, struct{}{}
			l.pace.Begin(r.length, time.Now())
		}
		l.pace.Count(int(rate))
		return l
	}
	one := provenSource()
	laneOf(one, 1<<20, 1, 3, 0)
	laneOf(new(sources.Source), 1<<20, 2, 4)
	if i, instead, ok := laneOf(provenSource(), 8<<20).streams[j].takeOver(time.Now()); i != 0 || instead != nil || !ok {
		t.Errorf("piece %d is taken over: %t, instead of %v", i, ok, instead)
	}
	if i, _, ok := laneOf(one, 8<<20).streams[j].takeOver(time.Now()); i != 4 || !ok {
		t.Errorf("of another source, piece %d is taken over: %t", i, ok)
	}
	if i, _, ok := laneOf(provenSource(), 1<<10).streams[j].takeOver(time.Now()); ok {
		t.Errorf("a lane that needs longer takes over piece %d", i)
	}
	// All bytes of a piece are here, and the disk is slow: to ask for them again would be of no use.
	begun := time.Now().Add(-2 * timing.Silent)
	for _, i := range []int{0, 1, 2, 3, 4} {
		j.owners[i].begun = begun
	}
	j.owners[0].owed.Store(0)
	if i, _, ok := laneOf(provenSource(), 8<<20).streams[j].takeOver(time.Now()); i != 3 || !ok {
		t.Errorf("while a piece is written, piece %d is taken over: %t", i, ok)
	}
	spare := &request{lane: j.owners[3].lane, stream: j.owners[3].stream, index: 3, length: netproto.MinPieceSize, spare: true}
	j.spares[spare] = struct{}{}
	for i := range pieces {
		j.owners[i].owed.Store(0)
	}
	j.owners[3].owed.Store(netproto.MinPieceSize)
	if i, _, ok := laneOf(new(sources.Source), 8<<20).streams[j].takeOver(time.Now()); ok {
		t.Errorf("while each piece is written, a source that has given nothing is asked for piece %d", i)
	}
}

// busyAndIdle are two lanes to one source with the same rate, in bytes a second: one has been
// asked for all pieces of a job, and the other one for nothing. In its last round trip, the busy
// one gave its share of that rate.
func busyAndIdle(pieces, usual int, share float64, delay time.Duration, now time.Time) (j *job, busy, idle *lane) {
	a := New(Config{Timing: StandardTiming, Traffic: flow.NewTraffic(0, 0, false)}).Attempt(Task{Limit: flow.NewThrottle(0)}, nil, Preference{})
	m := &piece.Manifest{Size: int64(pieces) * netproto.MinPieceSize, CVs: make([]piece.CV, pieces)}
	j = newJob(a, netproto.ContentHash{}, m.Size, "", "")
	j.owners, j.spares = make([]*request, pieces), map[*request]struct{}{}
	one := provenSource()
	laneOf := func(share float64, pieces int) *lane {
		l := &lane{attempt: a, source: one, conn: &session.Conn{}, streams: map[*job]*stream{}, requests: map[*request]struct{}{}}
		l.streams[j] = &stream{lane: l, job: j, have: piece.AllBits(len(j.owners))}
		begun := now.Add(-delay - time.Second)
		l.pace.Start(delay, begun)
		for i := range pieces {
			r := &request{number: uint64(i), lane: l, stream: l.streams[j], index: i, length: netproto.MinPieceSize, begun: now}
			r.owed.Store(r.length)
			j.owners[i], l.requests[r] = r, struct{}{}
			l.pace.Begin(r.length, begun)
			l.pace.Ask(r.length, begun)
		}
		l.pace.Measure(begun.Add(delay), begun.Add(delay))
		l.pace.Count(usual)
		l.pace.Came(0, begun.Add(delay))
		l.pace.Came(int(share*float64(l.pace.Rate())), now)
		a.lanes.open[l] = struct{}{}
		return l
	}
	return j, laneOf(share, pieces), laneOf(1, 0)
}

// A connection that waits for what was lost may need seconds until it is as fast again as the
// others to the same source: those take over what it was asked for.
func TestALaneThatLagsIsRelievedByOthersToTheSameSource(t *testing.T) {
	t.Parallel()
	const pieces, before = 4, 8 << 20 // bytes a second
	now := time.Now()
	j, busy, idle := busyAndIdle(pieces, before, 1, 180*time.Millisecond, now)
	if !j.attempt.lanes.uneven() {
		t.Error("an idle lane beside a busy one is not looked after")
	}
	if i, _, ok := idle.streams[j].takeOver(now); ok {
		t.Errorf("piece %d is taken over from a lane that is as fast as before", i)
	}
	if i, _, ok := idle.streams[j].takeOver(now.Add(time.Second)); i != pieces-1 || !ok {
		t.Errorf("from one that has given nothing for a second, piece %d is taken over: %t", i, ok)
	}
	if i, _, ok := busy.streams[j].takeOver(now.Add(time.Second)); ok {
		t.Errorf("a lane takes over its own piece %d", i)
	}
	j, _, idle = busyAndIdle(pieces, before, 0.01, 180*time.Millisecond, now)
	if i, instead, ok := idle.streams[j].takeOver(now); i != pieces-1 || instead != nil || !ok {
		t.Errorf("from one with a hundredth of its rate, piece %d is taken over: %t, instead of %v", i, ok, instead)
	}
	j.attempt.task.Limit.Set(1000)
	if i, _, ok := idle.streams[j].takeOver(now); ok {
		t.Errorf("piece %d is taken over from a lane that waits for a limit", i)
	}
}

// A lane with nothing to do has what another one to its source was asked for last, as long as
// that waits for what comes before it.
func TestALaneWithNothingToDoGetsWhatWaitsOnAnother(t *testing.T) {
	t.Parallel()
	const pieces, usual = 32, 4 << 20 // bytes a second: all of it takes two seconds
	now := time.Now()
	j, busy, idle := busyAndIdle(pieces, usual, 1, 180*time.Millisecond, now)
	if r := idle.streams[j].waiting(now); r == nil || r.lane != busy || r.index != pieces-1 {
		t.Errorf("it gets %+v", r)
	}
	if r := busy.streams[j].waiting(now); r != nil {
		t.Errorf("a lane gets its own piece %d", r.index)
	}
	last := j.owners[pieces-1]
	last.owed.Add(-1)
	if r := idle.streams[j].waiting(now); r != nil {
		t.Errorf("piece %d, whose bytes come already, is asked for again", r.index)
	}
	last.owed.Add(1)
	spare := &request{index: pieces - 1, spare: true}
	j.spares[spare] = struct{}{}
	if r := idle.streams[j].waiting(now); r != nil {
		t.Errorf("piece %d, which another request brings, is asked for a third time", r.index)
	}
	delete(j.spares, spare)
	idle.pace.Begin(4*usual, now)
	if r := idle.streams[j].waiting(now); r != nil {
		t.Errorf("a lane that would have it later gets piece %d", r.index)
	}
	idle.pace.End(4 * usual)
	j.attempt.task.Limit.Set(1000)
	if r := idle.streams[j].waiting(now); r != nil {
		t.Errorf("piece %d, which waits for a limit, is asked for elsewhere", r.index)
	}
	j, _, idle = busyAndIdle(pieces/8, usual, 1, 180*time.Millisecond, now)
	if r := idle.streams[j].waiting(now); r != nil {
		t.Errorf("piece %d of a short queue is asked for again", r.index)
	}
}

// kept is a content whose bytes are kept nowhere.
type kept struct {
	growing
	m *piece.Manifest
}

func (k kept) Manifest() *piece.Manifest { return k.m }

func (kept) Has(int) bool { return false }

func (k kept) Writer(index int, _ bool) *piece.Writer { return k.m.Proof(index) }

// The reading goroutine of a connection ends a request without the lock: what has come by then
// cannot be taken back, and would be counted as asked for twice.
func TestAPieceThatIsTakenBackIsAskedForOnce(t *testing.T) {
	t.Parallel()
	const pieces, usual = 32, 4 << 20 // bytes a second
	for _, came := range []bool{false, true} {
		j, busy, idle := busyAndIdle(pieces, usual, 1, 180*time.Millisecond, time.Now())
		j.sure, j.part = true, kept{m: &piece.Manifest{Size: j.size, CVs: make([]piece.CV, pieces)}}
		j.picker = picker.New(pieces, 0, piece.NewBits(pieces), j.part)
		for i := range pieces {
			j.picker.Take(i)
		}
		idle.streams[j].size, idle.reader = j.size, j.attempt.swarms.Reader(idle.conn).(*reader)
		j.attempt.active = []*job{j}
		last, want := j.owners[pieces-1], idle
		if came {
			last.end.Store(ending)
			want = busy
		}
		if idle.assign() == came || j.owners[pieces-1].lane != want || j.picker.Flying() != pieces {
			t.Errorf("it came: %t; %d of %d pieces are asked for, the last one of the right lane: %t",
				came, j.picker.Flying(), pieces, j.owners[pieces-1].lane == want)
		}
	}
}

// What a queue delays is not far away.
func TestALaneIsAsFarAwayAsTheFastestToItsSource(t *testing.T) {
	t.Parallel()
	a := New(Config{Timing: StandardTiming}).Attempt(Task{}, nil, Preference{})
	one := new(sources.Source)
	if d := a.lanes.distance(one); d != 0 {
		t.Errorf("without a lane, it is %s away", d)
	}
	for _, delay := range []int{3, 1, 2} {
		l := &lane{attempt: a, source: one}
		l.pace.Start(time.Duration(delay)*time.Millisecond, time.Now())
		a.lanes.open[l] = struct{}{}
	}
	if d := a.lanes.distance(one); d != time.Millisecond {
		t.Errorf("it is %s away", d)
	}
}

// Lanes to one source share its line: what comes soon is left to the lane that was asked, and
// of what one has too much of, only what another one would have sooner is taken over.
func TestOfALaneWithMuchToComeOnlyTheEndIsTakenOver(t *testing.T) {
	t.Parallel()
	const pieces, usual = 32, 4 << 20 // bytes a second: all of it takes two seconds
	now := time.Now()
	j, _, idle := busyAndIdle(pieces, usual, 1, time.Millisecond, now)
	var taken []int
	for {
		i, _, ok := idle.streams[j].takeOver(now)
		if !ok {
			break
		}
		r := &request{number: uint64(pieces + len(taken)), lane: idle, stream: idle.streams[j], index: i, length: netproto.MinPieceSize, spare: true}
		r.owed.Store(r.length)
		j.spares[r], idle.requests[r] = struct{}{}, struct{}{}
		idle.pace.Begin(r.length, now)
		taken = append(taken, i)
	}
	if n := len(taken); n < pieces/5 || n > pieces/2 || taken[0] != pieces-1 || taken[n-1] != pieces-n {
		t.Errorf("of %d pieces these are taken over: %v", pieces, taken)
	}
}

// connectedSource is a source with one connection.
func connectedSource(t *testing.T) *sources.Source {
	t.Helper()
	s := new(sources.Source)
	s.Reserve()
	s.Connected(t.Context(), session.WayDirect)
	return s
}

// provenSource is a source that gave a right piece.
func provenSource() *sources.Source {
	s := new(sources.Source)
	s.Prove()
	return s
}

// That a source gives no second connection is no failure of the first.
func TestASourceThatGivesOneConnectionOnlyHasNotFailed(t *testing.T) {
	t.Parallel()
	ss := New(Config{Timing: StandardTiming, Traffic: flow.NewTraffic(0, 0, false), Notify: func() {}})
	a := ss.Attempt(Task{Limit: flow.NewThrottle(0)}, nil, Preference{})
	ss.config.Connect = func(context.Context, session.Target, int) (*session.Conn, error) {
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "no further connection")
	}
	s := connectedSource(t)
	index := s.Reserve()
	a.lanes.making = 1
	a.lanes.connect(t.Context(), t.Context(), s, session.Target{Source: s.Source}, index, 0)
	if s.Failure() != nil || !s.Due(time.Time{}) || s.Lanes() != 1 || s.MayHaveMore() {
		t.Errorf("it has %d connections, may have more: %t: %v", s.Lanes(), s.MayHaveMore(), s.Failure())
	}
	ss.config.Connect = func(within context.Context, _ session.Target, _ int) (*session.Conn, error) {
		<-within.Done()
		return nil, within.Err()
	}
	s = connectedSource(t)
	s.Reserve()
	first := &lane{attempt: a, source: s, streams: map[*job]*stream{}, requests: map[*request]struct{}{}, end: func() {}}
	a.lanes.open[first], a.lanes.making = struct{}{}, 1
	time.AfterFunc(10*time.Millisecond, func() { // the first is lost while the second is made
		a.mu.Lock()
		defer a.mu.Unlock()
		first.detach()
	})
	a.lanes.connect(t.Context(), s.Beside(), s, session.Target{}, 1, 0)
	if s.Lanes() != 0 || s.Failure() != nil || !s.MayHaveMore() {
		t.Errorf("without any, it has %d connections, may have more: %t: %v", s.Lanes(), s.MayHaveMore(), s.Failure())
	}
}
