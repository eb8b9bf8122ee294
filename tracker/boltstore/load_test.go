package boltstore

import (
	"path/filepath"
	"runtime/metrics"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func collectorPercent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// The garbage collector belongs to the process, which in the desktop is also the
// window.
func TestAStoreThatOpensLeavesTheCollectorAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tracker.db")
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Fatal(err)
	}
	for _, rs := range [][]netproto.Resource{{testFile("held once")}, nil} { // leaves a row without a holder
		if _, err := s.Announce(t.Context(), testPeer(1).ID(), rs, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want, asked := collectorPercent(), 0
	s, err = open(file, store.Config{Now: func() time.Time {
		if asked++; collectorPercent() != want {
			t.Errorf("the collector is set to %d %%", collectorPercent())
		}
		return time.Now()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if asked < 2 {
		t.Error("nothing was seen of the load")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
