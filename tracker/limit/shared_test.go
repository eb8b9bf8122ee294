package limit

import (
	"net/netip"
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
