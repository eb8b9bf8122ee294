package sources

import (
	"testing"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

func TestASourceThatFailsAgainIsLeftAloneForLonger(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := new(Source)
	for _, pause := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		s.Fail(session.ErrLater, backoff, now)
		if due := now.Add(time.Duration(pause) * time.Second); s.Due(due.Add(-1)) || !s.Due(due) {
			t.Errorf("it is tried again after %s, and not after %ds", s.retry.Sub(now), pause)
		}
	}
	s.Prove()
	if s.Fail(session.ErrLater, backoff, now); !s.Due(now.Add(time.Second)) || !s.Proven() {
		t.Error("what it did before it gave a right piece counts")
	}
}

// That a source gives no second connection is no failure of the first.
func TestASourceThatGivesOneConnectionOnlyHasNotFailed(t *testing.T) {
	t.Parallel()
	for _, way := range []session.Way{session.WayLAN, session.WayDirect, session.WayCalled} {
		s := new(Source)
		s.Reserve()
		s.Connected(t.Context(), way)
		if !s.MayHaveMore() {
			t.Errorf("%s: nothing is tried beside the first", way)
		}
		if index := s.Reserve(); index != 1 {
			t.Errorf("%s: the second has the index %d", way, index)
		}
		if s.Refused(); s.Failure() != nil || !s.Due(time.Time{}) || s.Lanes() != 1 || s.MayHaveMore() {
			t.Errorf("%s: it has %d connections, may have more: %t: %v", way, s.Lanes(), s.MayHaveMore(), s.Failure())
		}
		if s.Lost(false); s.Lanes() != 0 || s.Beside().Err() == nil {
			t.Errorf("%s: after the last one, what was wanted beside it goes on", way)
		}
		s.Reserve()
		if s.Connected(t.Context(), way); !s.MayHaveMore() {
			t.Errorf("%s: beside the next one nothing is tried", way)
		}
	}
}

// A connection that another one takes the place of is counted no longer, and ends later.
func TestAConnectionThatIsLeftIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	s := new(Source)
	s.Reserve()
	s.Connected(t.Context(), session.WayRelayed)
	s.Leave()
	s.Reserve()
	s.Connected(t.Context(), session.WayDirect)
	beside := s.Beside()
	if s.Lost(true); s.Lanes() != 1 || s.Made() != 1 || beside.Err() != nil {
		t.Errorf("%d connections are counted, %d at work: %v", s.Lanes(), s.Made(), beside.Err())
	}
	if s.Lost(false); s.Lanes() != 0 || s.Made() != 0 || beside.Err() == nil {
		t.Errorf("%d connections are counted, %d at work: %v", s.Lanes(), s.Made(), beside.Err())
	}
}

// What was wanted beside a connection that is left ends with the one that takes its place.
func TestWhatWasWantedBesideAConnectionThatIsLeftEndsWithTheLastOne(t *testing.T) {
	t.Parallel()
	s := new(Source)
	s.Reserve()
	s.Connected(t.Context(), session.WayRelayed)
	before := s.Beside()
	s.Leave()
	s.Reserve()
	if s.Connected(t.Context(), session.WayDirect); before.Err() != nil {
		t.Error("it ends although there is a connection")
	}
	s.Lost(true)
	if s.Lost(false); before.Err() == nil || s.Beside().Err() == nil {
		t.Errorf("it goes on although there is none: %v, %v", before.Err(), s.Beside().Err())
	}
}

// Whether a source can be reached at all shows with the first connection, unless a tracker
// knows it, or it is slow because it comes from far away.
func TestWhetherASourceMayHaveMoreConnections(t *testing.T) {
	t.Parallel()
	open := netproto.Source{Reach: netproto.ReachableYes}
	for what, c := range map[string]struct {
		s    *Source
		more bool
	}{
		"none yet":                        {&Source{}, true},
		"the first is being made":         {&Source{lanes: 1}, false},
		"the first comes from far away":   {&Source{lanes: 1, away: true}, true},
		"it failed before, far away":      {&Source{lanes: 1, away: true, setback: setback{failure: session.ErrLater}}, false},
		"a relayed one":                   {&Source{lanes: 1, made: 1, way: session.WayRelayed}, false},
		"the second after a call is made": {&Source{lanes: 2, made: 1, way: session.WayCalled}, false},
		"the second of another is made":   {&Source{lanes: 2, made: 1, way: session.WayDirect}, true},
		"open":                            {&Source{Source: open, lanes: 1}, true},
		"open, and failed":                {&Source{Source: open, lanes: 1, setback: setback{failure: session.ErrLater}}, false},
		"open, and tried in vain":         {&Source{Source: open, lanes: 1, waits: true}, false},
	} {
		if more := c.s.MayHaveMore(); more != c.more {
			t.Errorf("%s: %t", what, more)
		}
	}
}

func TestTheBetterWayComesFirst(t *testing.T) {
	t.Parallel()
	table := tableOf()
	want := []*Source{table.name("tracker:5000", 5), table.name("tracker:5000", 4), table.name("tracker:5000", 3), table.name("tracker:5000", 2), table.name("tracker:5000", 1)}
	direct, called, relayed, shut, failed := want[0], want[1], want[2], want[3], want[4]
	direct.way, called.way, relayed.way, failed.way = session.WayDirect, session.WayCalled, session.WayRelayed, session.WayDirect
	shut.Reach = netproto.ReachableNo
	failed.noAnswer(time.Time{})
	for i, s := range want {
		s.turn = len(want) - i
	}
	for i, s := range table.InOrder() {
		if s != want[i] {
			t.Errorf("number %d is %s", i, s.way)
		}
	}
	if !shut.Unlikely() || relayed.Unlikely() {
		t.Error("a source is likely to be reached that nobody reaches, or the other way round")
	}
}
