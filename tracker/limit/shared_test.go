package limit

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// However a source spreads over two nodes that tell each other each second, it has the rate
// of one node, and a burst more at most.
func TestSharedRatesBoundTheSum(t *testing.T) {
	const perSecond, burst, seconds = 10, 100, 60
	now := time.Unix(1_000_000, 0)
	nodes := []*SourceRates{NewSourceRates(perSecond, burst, MaxEntries), NewSourceRates(perSecond, burst, MaxEntries)}
	for _, n := range nodes {
		n.Share()
	}
	source, taken := netip.MustParseAddr("192.0.2.1"), 0
	for range 10 * seconds {
		for _, n := range nodes {
			for n.Take(source, 1, now) == 0 {
				taken++
			}
		}
		if now = now.Add(100 * time.Millisecond); now.Nanosecond() == 0 {
			for i, n := range nodes {
				if spent := n.Spent(); spent != nil {
					if err := nodes[1-i].SpentElsewhere(spent, now); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if most := perSecond*seconds + len(nodes)*burst + len(nodes)*perSecond; taken > most || taken < perSecond*seconds {
		t.Errorf("%d were taken in %d s; want %d to %d", taken, seconds, perSecond*seconds, most)
	}
	if wait := nodes[0].Take(netip.MustParseAddr("198.51.100.1"), 1, now); wait != 0 {
		t.Error("another source waits")
	}
}

// Little that was spent is told once it is more, and nothing is told twice.
func TestSpentIsToldOnce(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	r := NewRates[netip.Addr](10, 100, MaxEntries)
	r.Take(netip.MustParseAddr("192.0.2.1"), 50, now)
	if spent := r.Spent(); spent != nil {
		t.Errorf("without others, %s is told", spent)
	}
	r.Share()
	r.Take(netip.MustParseAddr("192.0.2.1"), 1, now)
	if spent := r.Spent(); spent != nil {
		t.Errorf("of one token, %s is told", spent)
	}
	r.Charge(netip.MustParseAddr("192.0.2.1"), 1, now)
	if spent := r.Spent(); string(spent) != `{"192.0.2.1":2}` {
		t.Errorf("%s is told", spent)
	}
	if spent := r.Spent(); spent != nil {
		t.Errorf("%s is told again", spent)
	}
	var none *Rates[netip.Addr]
	none.Share()
	if err := none.SpentElsewhere([]byte(`{"192.0.2.1":2}`), now); err != nil || none.Spent() != nil {
		t.Error("without a limit something is told")
	}
	if err := r.SpentElsewhere([]byte(`{"nobody":2}`), now); err == nil {
		t.Error("a letter that cannot be read is taken")
	}
}

// Whatever another node says was spent, a key has at most its rate, and waits a bounded time.
func TestWhatAnotherNodeSaysIsBounded(t *testing.T) {
	const perSecond, burst = 10, 20
	now := time.Unix(1_000_000, 0)
	source := netip.MustParseAddr("192.0.2.1")
	for told, want := range map[string]time.Duration{
		`{"192.0.2.1":-9223372036854775808}`: 0,
		`{"192.0.2.1":-1,"":7}`:              0,
		`{"192.0.2.1":20}`:                   time.Second / perSecond,
		`{"192.0.2.1":9223372036854775807}`:  (mostBursts-1)*burst*time.Second/perSecond + time.Second/perSecond,
	} {
		r := NewSourceRates(perSecond, burst, MaxEntries)
		if err := r.SpentElsewhere([]byte(told), now); err != nil {
			t.Fatal(err)
		}
		if wait := r.sources.Take(source, 1, now); wait != want {
			t.Errorf("after %s a source waits %v; want %v", told, wait, want)
		}
		left := 0
		for want == 0 && r.sources.Take(source, 1, now) == 0 {
			left++
		}
		if left >= burst {
			t.Errorf("after %s a source has %d more than its burst", told, left+1-burst)
		}
	}
}

// A crowd is told in parts, each of which fits into a letter.
func TestACrowdIsToldInParts(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	r := NewRates[netip.Addr](10, 10, MaxEntries)
	r.Share()
	source := netip.MustParseAddr("192.0.2.1")
	for range 2*tellsKeys + 1 {
		r.Take(source, 1, now)
		source = source.Next()
	}
	var parts []int
	for told := r.Spent(); told != nil; told = r.Spent() {
		keys, err := spentOf[netip.Addr](told)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, len(keys))
	}
	if !slices.Equal(parts, []int{tellsKeys, tellsKeys, 1}) {
		t.Errorf("%v keys are told", parts)
	}
}
