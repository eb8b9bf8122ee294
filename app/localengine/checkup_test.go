package localengine

import (
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func TestATrackerIsSlowThatAnswersAfterHalfASecond(t *testing.T) {
	for took, want := range map[time.Duration]netproto.Remedy{
		0: "", 500 * time.Millisecond: "", 501 * time.Millisecond: netproto.RemedyTrackerSlow, time.Minute: netproto.RemedyTrackerSlow,
	} {
		state, do := rateAnswers(took)
		if do != want || (state == netproto.FindingGood) != (want == "") {
			t.Errorf("after %s: %s, %q", took, state, do)
		}
	}
}
