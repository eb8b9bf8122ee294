package swarm

import (
	"context"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func TestManifestsOnTheirWayAreBounded(t *testing.T) {
	t.Parallel()
	ss := New(Config{})
	small, large := int64(4096)*piece16, int64(netproto.MaxContentSize)
	n := 0
	for n < 1000 && ss.gather(small) {
		n++
	}
	if n == 0 || int64(n)*manifestBytes(small) > 10<<20 {
		t.Errorf("%d manifests of %d bytes come at once", n, manifestBytes(small))
	}
	if ss.hasRoom(small) {
		t.Error("it says that there is room")
	}
	if !ss.gather(large) || ss.gather(large) {
		t.Error("of the largest manifests not one comes at a time")
	}
	ss.endGathering(large)
	for range n {
		ss.endGathering(small)
	}
	if !ss.gather(large) || !ss.gather(small) || ss.gathered != manifestBytes(small) {
		t.Errorf("%d bytes are still counted", ss.gathered)
	}
}

// piece16 is the largest piece.
const piece16 = netproto.MaxPieceSize

func TestAPeerIsIntroducedToASwarmAFewTimesAMinute(t *testing.T) {
	t.Parallel()
	ss := New(Config{})
	now := time.Now()
	i := introduction{netproto.PublicKey{1}, netproto.ContentHash{1}}
	times := 0
	for range 100 {
		if ss.mayIntroduce(i, now.Add(59*time.Second)) {
			times++
		}
	}
	if times != introduceTimes || !ss.mayIntroduce(i, now.Add(2*time.Minute)) {
		t.Errorf("the same peer is introduced %d times, or not again later", times)
	}
	for n := range 10_000 {
		ss.mayIntroduce(introduction{netproto.PublicKey{2, byte(n), byte(n >> 8)}, netproto.ContentHash{1}}, now)
	}
	if len(ss.introduced) > maxIntroduced {
		t.Errorf("%d introductions are remembered", len(ss.introduced))
	}
	if !ss.mayIntroduce(introduction{netproto.PublicKey{3}, netproto.ContentHash{1}}, now.Add(4*time.Minute)) {
		t.Error("nobody is introduced any longer")
	}
}

func TestASmallManifestIsThatOfTheLargestContentWithSixtyFourGiB(t *testing.T) {
	t.Parallel()
	if n := manifestBytes(64 << 30); n != smallManifest {
		t.Errorf("it has %d bytes", n)
	}
	if n := len(piece.AllBits(netproto.PieceCount(netproto.MaxContentSize))); n != netproto.MaxContentSize/netproto.MaxPieceSize/8 {
		t.Errorf("the largest set has %d bytes", n)
	}
}

func TestTrackersTakeTurnsWithTheSourcesThatTheyName(t *testing.T) {
	t.Parallel()
	srcs := &sources{known: map[netproto.PublicKey]*source{}}
	name := func(tracker string, n int) *source {
		s := &source{Source: netproto.Source{Key: netproto.PublicKey{byte(n)}}, turn: math.MaxInt}
		srcs.takeTurn(s, tracker)
		srcs.known[s.Key] = s
		return s
	}
	for n := range 99 {
		name("liar:5000", n)
	}
	honest, heard := name("honest:5000", 100), name("", 101)
	both := name("liar:5000", 102)
	srcs.takeTurn(both, "honest:5000")
	srcs.takeTurn(both, "honest:5000") // it is named again and again
	order := srcs.inOrder()
	for what, c := range map[string]struct {
		s    *source
		most int
	}{"of another tracker": {honest, 3}, "of a peer": {heard, 3}, "of both": {both, 5}} {
		if at := slices.Index(order, c.s); at >= c.most {
			t.Errorf("the source %s is number %d", what, at)
		}
	}
	for _, s := range srcs.known {
		s.failure = netproto.Errorf(netproto.CodeUnreachable, "it does not answer")
	}
	for range 97 {
		if !srcs.evict("another:5000", time.Time{}) {
			t.Fatal("there is no room for a source")
		}
	}
	for what, s := range map[string]*source{"of another tracker": honest, "of a peer": heard, "of both": both} {
		if srcs.known[s.Key] != s {
			t.Errorf("the source %s had to make room", what)
		}
	}
}

// One tracker names new sources all the time, which nobody dials because the budget is
// used up, or which fail. The only one of another tracker does not answer for a while.
func TestATrackerThatNamesManyKeepsNoSourceOfAnotherOut(t *testing.T) {
	t.Parallel()
	srcs := &sources{known: map[netproto.PublicKey]*source{}}
	n := 0
	add := func(tracker string, failed bool) *source {
		if len(srcs.known) >= maxSources && !srcs.evict(tracker, time.Time{}) {
			return nil
		}
		n++
		s := &source{Source: netproto.Source{Key: netproto.PublicKey{byte(n), byte(n >> 8)}}, turn: math.MaxInt}
		if failed {
			s.failure = netproto.Errorf(netproto.CodeUnreachable, "it does not answer")
		}
		srcs.takeTurn(s, tracker)
		srcs.known[s.Key] = s
		return s
	}
	honest := add("honest:5000", true)
	for i := range 10 * maxSources {
		add("liar:5000", i < 2*maxSources)
	}
	if srcs.known[honest.Key] != honest {
		t.Error("the source of the other tracker had to make room")
	}
	srcs.forget(honest)
	for len(srcs.known) < maxSources {
		add("liar:5000", false)
	}
	if add("liar:5000", false) != nil {
		t.Error("one that was not tried had to make room for another of its tracker")
	}
	if honest = add("honest:5000", false); honest == nil || srcs.inOrder()[0] != honest && srcs.inOrder()[1] != honest {
		t.Error("there is no room for the source of another tracker, or it waits behind others")
	}
	if len(srcs.known) != maxSources {
		t.Errorf("%d sources are known", len(srcs.known))
	}
}

// A source that failed and made room for another one is named again all the time. Were
// it taken for one that was never tried, it would keep out those that never were.
func TestASourceThatFailedComesBackAsOneThatFailed(t *testing.T) {
	t.Parallel()
	srcs := sourcesOfTest(t)
	now := time.Now()
	named := func(n int) netproto.Source {
		key := netproto.PublicKey{byte(n), byte(n >> 8), 1}
		return netproto.Source{Key: key, PeerID: netproto.PeerIDOf(key[:])}
	}
	for n := range maxSources {
		srcs.know(named(n), "tracker:5000")
	}
	fail := func(n int, due time.Duration) {
		s := srcs.known[named(n).Key]
		s.fail(netproto.Errorf(netproto.CodeUnreachable, "it does not answer"), &StandardTiming)
		s.unreached, s.retry = true, now.Add(due)
	}
	known := func(n int) bool { return srcs.known[named(n).Key] != nil }
	fail(1, time.Second)
	srcs.know(named(maxSources), "tracker:5000")
	if known(1) || !known(maxSources) {
		t.Fatal("the one that failed did not make room for one that was never tried")
	}
	if srcs.know(named(1), "tracker:5000"); known(1) {
		t.Error("one that failed took the place of one that was never tried")
	}
	fail(2, time.Second/2)
	if srcs.know(named(1), "tracker:5000"); known(1) || !known(2) {
		t.Error("one that failed took the place of one that is tried again sooner")
	}
	fail(2, time.Minute)
	srcs.know(named(1), "tracker:5000")
	if !known(1) || known(2) {
		t.Fatal("one that failed did not take the place of one that is tried again later")
	}
	if s := srcs.known[named(1).Key]; s.failure == nil || s.delay != StandardTiming.MinSource || !s.retry.Equal(now.Add(time.Second)) || !s.unreached {
		t.Errorf("it came back as %+v", s.setback)
	}
	// It connects by itself.
	if srcs.meet(named(2).Key, netip.AddrPort{}); !known(2) || srcs.known[named(2).Key].failure != nil {
		t.Error("a peer that is connected now is still taken for one that cannot be reached")
	}
	srcs.attempt.Renew()
	if len(srcs.evicted) != 0 {
		t.Error("in another network it is still remembered who did not answer in the last one")
	}
}

func TestTheMemoryOfSourcesThatFailedIsBounded(t *testing.T) {
	t.Parallel()
	srcs := sourcesOfTest(t)
	for n := range maxEvicted + 10 {
		s := &source{Source: netproto.Source{Key: netproto.PublicKey{byte(n), byte(n >> 8)}}}
		s.failure, s.retry = netproto.Errorf(netproto.CodeUnreachable, "it does not answer"), time.Unix(int64(n), 0)
		srcs.known[s.Key] = s
		srcs.giveUp(s)
	}
	if len(srcs.evicted) != maxEvicted {
		t.Errorf("%d are remembered", len(srcs.evicted))
	}
	if _, ok := srcs.evicted[netproto.PublicKey{9}]; ok {
		t.Error("the one that was due first is remembered still")
	}
	if _, ok := srcs.evicted[netproto.PublicKey{10}]; !ok {
		t.Error("another one was forgotten than the one that was due first")
	}
}

// Far more sources failed than the budget of dials lets through in a minute. Each has its
// turn, and the only one of another tracker does not wait for all of the others.
func TestSourcesThatFailedHaveTheirTurns(t *testing.T) {
	t.Parallel()
	srcs := sourcesOfTest(t)
	add := func(tracker string, n int) *source {
		s := &source{Source: netproto.Source{Key: netproto.PublicKey{byte(n)}}, turn: math.MaxInt}
		srcs.takeTurn(s, tracker)
		s.failure, s.retry = netproto.Errorf(netproto.CodeUnreachable, "it does not answer"), time.Unix(int64(1000-n), 0)
		srcs.known[s.Key] = s
		return s
	}
	var last *source
	for n := range maxSources - 1 {
		last = add("many:5000", n)
	}
	other := add("other:5000", 0xff)
	other.retry = time.Unix(1000, 0)
	order := srcs.inOrder()
	if at := slices.Index(order, last); at > 1 {
		t.Errorf("the one that was due first is number %d", at)
	}
	if at := slices.Index(order, other); at > 1 {
		t.Errorf("the one of the other tracker is number %d", at)
	}
}

func TestASourceThatATrackerCanCallNowIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	srcs := sourcesOfTest(t)
	id := simIdentities(t, 1)[0]
	src := netproto.Source{PeerID: id.PeerID(), Key: netproto.PublicKey(id.Key())}
	for _, callable := range []bool{false, true, true} {
		src.Callable = callable
		s := srcs.known[src.Key]
		again := s != nil && !s.Callable
		srcs.seekAt(t.Context(), &names{all: []netproto.Source{src}, rng: rand.New(rand.NewPCG(1, 1))})
		if s = srcs.known[src.Key]; s == nil || s.Callable != callable {
			t.Fatalf("what is known of it is %+v", s)
		}
		if again && !s.retry.IsZero() || !again && s.failure != nil && s.retry.IsZero() {
			t.Errorf("it is tried at %s once the tracker says %v", s.retry, callable)
		}
		s.fail(netproto.Errorf(netproto.CodeUnreachable, "it does not answer"), &StandardTiming)
	}
}

// sourcesOfTest are the sources of an attempt that does not run.
func sourcesOfTest(t *testing.T) *sources {
	t.Helper()
	ids := simIdentities(t, 1)
	conns := session.New(t.Context(), session.Config{Identity: ids[0], Log: slog.New(slog.DiscardHandler), Timing: session.StandardTiming, Name: func() string { return "" }})
	t.Cleanup(conns.Close)
	ss := New(Config{Key: netproto.PublicKey(ids[0].Key()), Conns: conns, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming})
	return &ss.Attempt(Task{}, nil, Preference{}).sources
}

// That a source gives no second connection is no failure of the first.
func TestASourceThatGivesOneConnectionOnlyHasNotFailed(t *testing.T) {
	t.Parallel()
	srcs := sourcesOfTest(t)
	a := srcs.attempt
	a.swarms.config.Connect = func(context.Context, session.Target, int) (*session.Conn, error) {
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "no further connection")
	}
	for _, way := range []session.Way{session.WayLAN, session.WayDirect, session.WayCalled} {
		s := &source{Source: netproto.Source{Key: netproto.PublicKey{1}}, lanes: 1, made: 1, way: way}
		if !s.mayHaveMore() {
			t.Errorf("%s: nothing is tried beside the first", way)
		}
		s.lanes++
		a.lanes.making = 1
		a.lanes.connect(t.Context(), t.Context(), s, session.Target{Source: s.Source}, 1, 0)
		if s.failure != nil || !s.retry.IsZero() || s.lanes != 1 || s.mayHaveMore() {
			t.Errorf("%s: it has %d connections, may have more: %t, is due at %s: %v", way, s.lanes, s.mayHaveMore(), s.retry, s.failure)
		}
	}
	a.swarms.config.Notify = func() {}
	a.swarms.config.Connect = func(within context.Context, _ session.Target, _ int) (*session.Conn, error) {
		<-within.Done()
		return nil, within.Err()
	}
	s := &source{lanes: 2, made: 1, way: session.WayCalled}
	s.beside, s.endBeside = context.WithCancel(t.Context())
	first := &lane{attempt: a, source: s, streams: map[*job]*stream{}, requests: map[*request]struct{}{}, end: func() {}}
	a.lanes.open[first], a.lanes.making = struct{}{}, 1
	time.AfterFunc(10*time.Millisecond, func() { // the first is lost while the second is made
		a.mu.Lock()
		defer a.mu.Unlock()
		first.detach()
	})
	a.lanes.connect(t.Context(), s.beside, s, session.Target{}, 1, 0)
	if s.lanes != 0 || s.alone || s.failure != nil || !s.mayHaveMore() {
		t.Errorf("without any, it has %d connections, alone: %t: %v", s.lanes, s.alone, s.failure)
	}
	for what, c := range map[string]struct {
		s    *source
		more bool
	}{
		"none yet":                        {&source{}, true},
		"the first is being made":         {&source{lanes: 1}, false},
		"the first comes from far away":   {&source{lanes: 1, away: true}, true},
		"it failed before, far away":      {&source{lanes: 1, away: true, setback: setback{failure: io.EOF}}, false},
		"a relayed one":                   {&source{lanes: 1, made: 1, way: session.WayRelayed}, false},
		"the second after a call is made": {&source{lanes: 2, made: 1, way: session.WayCalled}, false},
		"the second of another is made":   {&source{lanes: 2, made: 1, way: session.WayDirect}, true},
	} {
		if more := c.s.mayHaveMore(); more != c.more {
			t.Errorf("%s: %t", what, more)
		}
	}
}
