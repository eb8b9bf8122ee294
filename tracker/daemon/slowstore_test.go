package daemon

import (
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func TestAStoreIsSlowThatTakesHalfASecondForItsCounts(t *testing.T) {
	for took, want := range map[time.Duration]netproto.Remedy{
		0: "", 500 * time.Millisecond: "", 501 * time.Millisecond: netproto.RemedySlowDisk, time.Minute: netproto.RemedySlowDisk,
	} {
		state, do := rateStore(took)
		if do != want || (state == netproto.FindingGood) != (want == "") {
			t.Errorf("after %s: %s, %q", took, state, do)
		}
	}
}
