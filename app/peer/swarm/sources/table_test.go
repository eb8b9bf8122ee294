package sources

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

var backoff = Backoff{Least: time.Second, Most: time.Minute}

// tableOf is an empty table.
func tableOf() *Table {
	return New(netproto.PeerID{}, func(netproto.PublicKey) bool { return false })
}

func keyOf(n int) netproto.PublicKey { return netproto.PublicKey{byte(n), byte(n >> 8), 1} }

// numbered is what is named of a peer.
func numbered(n int) netproto.Source {
	key := keyOf(n)
	return netproto.Source{Key: key, PeerID: netproto.PeerIDOf(key[:])}
}

// name has a tracker, or another peer if that is "", name a peer. It returns nil if there is
// no room for it.
func (t *Table) name(tracker string, n int) *Source {
	t.know(numbered(n), tracker)
	return t.known[keyOf(n)]
}

// noAnswer has a source fail that is tried again at a time.
func (s *Source) noAnswer(due time.Time) {
	s.Fail(netproto.Errorf(netproto.CodeUnreachable, "it does not answer"), backoff, due)
	s.Rest(due)
}

func TestTrackersTakeTurnsWithTheSourcesThatTheyName(t *testing.T) {
	t.Parallel()
	table := tableOf()
	for n := range 99 {
		table.name("liar:5000", n)
	}
	honest, heard := table.name("honest:5000", 100), table.name("", 101)
	both := table.name("liar:5000", 102)
	table.name("honest:5000", 102)
	table.name("honest:5000", 102) // it is named again and again
	order := table.InOrder()
	for what, c := range map[string]struct {
		s    *Source
		most int
	}{"of another tracker": {honest, 3}, "of a peer": {heard, 3}, "of both": {both, 5}} {
		if at := slices.Index(order, c.s); at >= c.most {
			t.Errorf("the source %s is number %d", what, at)
		}
	}
	for s := range table.All() {
		s.noAnswer(time.Time{})
	}
	for range 97 {
		if !table.evict("another:5000", time.Time{}) {
			t.Fatal("there is no room for a source")
		}
	}
	for what, s := range map[string]*Source{"of another tracker": honest, "of a peer": heard, "of both": both} {
		if table.known[s.Key] != s {
			t.Errorf("the source %s had to make room", what)
		}
	}
}

// One tracker names new sources all the time, which nobody dials because the budget is
// used up, or which fail. The only one of another tracker does not answer for a while.
func TestATrackerThatNamesManyKeepsNoSourceOfAnotherOut(t *testing.T) {
	t.Parallel()
	table := tableOf()
	n := 0
	add := func(tracker string, failed bool) *Source {
		n++
		s := table.name(tracker, n)
		if s != nil && failed {
			s.noAnswer(time.Time{})
		}
		return s
	}
	honest := add("honest:5000", true)
	for i := range 10 * Max {
		add("liar:5000", i < 2*Max)
	}
	if table.known[honest.Key] != honest {
		t.Error("the source of the other tracker had to make room")
	}
	table.forget(honest)
	for len(table.known) < Max {
		add("liar:5000", false)
	}
	if add("liar:5000", false) != nil {
		t.Error("one that was not tried had to make room for another of its tracker")
	}
	if honest = add("honest:5000", false); honest == nil || table.InOrder()[0] != honest && table.InOrder()[1] != honest {
		t.Error("there is no room for the source of another tracker, or it waits behind others")
	}
	if len(table.known) != Max {
		t.Errorf("%d sources are known", len(table.known))
	}
}

// A source that failed and made room for another one is named again all the time. Were
// it taken for one that was never tried, it would keep out those that never were.
func TestASourceThatFailedComesBackAsOneThatFailed(t *testing.T) {
	t.Parallel()
	table := tableOf()
	now := time.Now()
	for n := range Max {
		table.name("tracker:5000", n)
	}
	fail := func(n int, due time.Duration) {
		s := table.known[keyOf(n)]
		s.Reserve()
		table.Unreached(s, netproto.Errorf(netproto.CodeUnreachable, "it does not answer"), backoff, now)
		s.Rest(now.Add(due))
	}
	known := func(n int) bool { return table.known[keyOf(n)] != nil }
	fail(1, time.Second)
	table.name("tracker:5000", Max)
	if known(1) || !known(Max) {
		t.Fatal("the one that failed did not make room for one that was never tried")
	}
	if table.name("tracker:5000", 1); known(1) {
		t.Error("one that failed took the place of one that was never tried")
	}
	fail(2, time.Second/2)
	if table.name("tracker:5000", 1); known(1) || !known(2) {
		t.Error("one that failed took the place of one that is tried again sooner")
	}
	fail(2, time.Minute)
	table.name("tracker:5000", 1)
	if !known(1) || known(2) {
		t.Fatal("one that failed did not take the place of one that is tried again later")
	}
	if s := table.known[keyOf(1)]; s.failure == nil || s.delay != backoff.Least || !s.retry.Equal(now.Add(time.Second)) || !s.unreached {
		t.Errorf("it came back as %+v", s.setback)
	}
	// It connects by itself.
	if table.Meet(keyOf(2), netip.AddrPort{}); !known(2) || table.known[keyOf(2)].Failure() != nil {
		t.Error("a peer that is connected now is still taken for one that cannot be reached")
	}
	table.Renew()
	if len(table.evicted) != 0 {
		t.Error("in another network it is still remembered who did not answer in the last one")
	}
}

func TestTheMemoryOfSourcesThatFailedIsBounded(t *testing.T) {
	t.Parallel()
	table := tableOf()
	for n := range maxEvicted + 10 {
		s := table.name("tracker:5000", n)
		s.noAnswer(time.Unix(int64(n), 0))
		table.giveUp(s)
	}
	if len(table.evicted) != maxEvicted {
		t.Errorf("%d are remembered", len(table.evicted))
	}
	if _, ok := table.evicted[keyOf(9)]; ok {
		t.Error("the one that was due first is remembered still")
	}
	if _, ok := table.evicted[keyOf(10)]; !ok {
		t.Error("another one was forgotten than the one that was due first")
	}
}

// Far more sources failed than the budget of dials lets through in a minute. Each has its
// turn, and the only one of another tracker does not wait for all of the others.
func TestSourcesThatFailedHaveTheirTurns(t *testing.T) {
	t.Parallel()
	table := tableOf()
	add := func(tracker string, n int) *Source {
		s := table.name(tracker, n)
		s.noAnswer(time.Unix(int64(1000-n), 0))
		return s
	}
	var last *Source
	for n := range Max - 1 {
		last = add("many:5000", n)
	}
	other := add("other:5000", 0xff)
	other.Rest(time.Unix(1000, 0))
	order := table.InOrder()
	if at := slices.Index(order, last); at > 1 {
		t.Errorf("the one that was due first is number %d", at)
	}
	if at := slices.Index(order, other); at > 1 {
		t.Errorf("the one of the other tracker is number %d", at)
	}
}

func TestASourceThatATrackerCanCallNowIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	table := tableOf()
	src := numbered(1)
	for _, callable := range []bool{false, true, true} {
		src.Callable = callable
		s := table.known[src.Key]
		again := s != nil && !s.Callable
		table.Name(src, "tracker:5000")
		if s = table.known[src.Key]; s == nil || s.Callable != callable || slices.Contains(s.Trackers(), "tracker:5000") != callable {
			t.Fatalf("what is known of it is %+v", s)
		}
		if again && !s.Due(time.Time{}) || !again && s.failure != nil && s.Due(time.Time{}) {
			t.Errorf("it is tried at %s once the tracker says %v", s.retry, callable)
		}
		s.noAnswer(time.Now())
	}
	src.Callable = false
	if table.Name(src, "other:5000"); !table.known[src.Key].Callable {
		t.Error("that one tracker cannot call it makes no other one unable to")
	}
	if table.Name(src, "tracker:5000"); table.known[src.Key].Callable {
		t.Error("no tracker can call it any longer, and it says that one can")
	}
}

func TestNobodyNamesThisPeerOrABannedOneOrOneWithTheKeyOfAnother(t *testing.T) {
	t.Parallel()
	self := numbered(1)
	table := New(self.PeerID, func(key netproto.PublicKey) bool { return key == keyOf(2) })
	wrong := numbered(3)
	wrong.Key = keyOf(4)
	for _, src := range []netproto.Source{self, numbered(2), wrong} {
		table.Name(src, "tracker:5000")
	}
	table.Meet(keyOf(2), netip.AddrPort{})
	table.Hear(keyOf(1), netip.AddrPort{}, time.Time{})
	if table.Len() != 0 {
		t.Errorf("%d are known", table.Len())
	}
}

func TestAPeerThatOnlyAnotherOneNamedIsTriedOnce(t *testing.T) {
	t.Parallel()
	table := tableOf()
	now := time.Now()
	at := netip.MustParseAddrPort("192.0.2.1:5000")
	if !table.IsNew(keyOf(1)) {
		t.Fatal("it is known before anybody named it")
	}
	table.Hear(keyOf(1), at, now.Add(time.Second))
	s := table.known[keyOf(1)]
	if table.IsNew(keyOf(1)) || !s.Traded() || s.Due(now) || !s.Due(now.Add(time.Second)) || !slices.Equal(s.Addresses, []string{at.String()}) {
		t.Errorf("it is known as %+v", s)
	}
	s.Reserve()
	s.Reserve()
	if table.Unreached(s, session.ErrLater, backoff, now); table.Len() != 1 {
		t.Error("it is forgotten while another connection is made")
	}
	if table.Unreached(s, session.ErrLater, backoff, now); table.Len() != 0 || table.IsNew(keyOf(1)) {
		t.Error("it is still known, or not remembered")
	}
	table.name("tracker:5000", 2)
	s = table.known[keyOf(2)]
	s.Reserve()
	if table.Unreached(s, session.ErrLater, backoff, now); table.Len() != 1 || s.Due(now) {
		t.Error("one that a tracker named is not tried again")
	}
}

func TestAPeerThatWasConnectedOnceIsTriedAgain(t *testing.T) {
	t.Parallel()
	table := tableOf()
	table.Hear(keyOf(1), netip.AddrPort{}, time.Time{})
	s := table.known[keyOf(1)]
	s.Reserve()
	s.Connected(t.Context(), session.WayDirect)
	s.Lost(false)
	s.Reserve()
	if table.Unreached(s, session.ErrLater, backoff, time.Now()); table.Len() != 1 || !s.Reached() {
		t.Error("it is forgotten when it cannot be reached once")
	}
}

// A download is tried again and again, and each attempt takes over the sources of the last one.
func TestTurnsGoOnInTheNextAttempt(t *testing.T) {
	t.Parallel()
	table := tableOf()
	for n := range 90 {
		table.name("liar:5000", n)
	}
	var last *Source
	for n := range 10 {
		last = table.name("honest:5000", 100+n)
	}
	place := slices.Index(table.InOrder(), last)
	next := tableOf()
	next.Inherit(table)
	for n := range 50 {
		next.name("liar:5000", 200+n)
	}
	if now := slices.Index(next.InOrder(), last); now > place+1 {
		t.Errorf("a source was number %d, and is number %d since another tracker named more", place, now)
	}
}

func TestWhatASourceGaveIsCountedWhenItIsGone(t *testing.T) {
	t.Parallel()
	table := tableOf()
	gave, gone, idle := table.name("tracker:5000", 1), table.name("tracker:5000", 2), table.name("tracker:5000", 3)
	gave.Give(1)
	gone.Give(1)
	table.Ban(gone)
	table.Ban(gone)
	if table.Used() != 2 || table.Len() != 2 || !slices.Equal(table.Banned(), []*Source{gone}) {
		t.Errorf("%d were of use, %d are known, %d banned", table.Used(), table.Len(), len(table.Banned()))
	}
	next := tableOf()
	if next.Inherit(table); next.Used() != 2 || table.Len() != 0 || next.known[idle.Key] != idle {
		t.Error("the next attempt does not know what the last one knew")
	}
	if next.Trim(); next.Used() != 2 || next.Len() != 1 || len(next.Banned()) != 0 {
		t.Errorf("%d are kept", next.Len())
	}
	if next.ForgetAll(); next.Used() != 2 || next.Len() != 0 {
		t.Errorf("%d were of use, %d are known", next.Used(), next.Len())
	}
	for n := range maxBannedShown + 5 {
		next.Ban(next.name("tracker:5000", n))
	}
	if shown := next.Banned(); len(shown) != maxBannedShown || shown[0].Key != keyOf(5) {
		t.Errorf("%d banned ones are shown", len(shown))
	}
}
