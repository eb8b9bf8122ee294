package words

import (
	"testing"

	"centralizedp2p/netproto"
)

func TestEveryFindingHasWords(t *testing.T) {
	for _, topic := range netproto.Topics() {
		if topics[topic] == "" {
			t.Errorf("the topic %s has none", topic)
		}
	}
	ofTrackers := map[netproto.Remedy]bool{netproto.RemedyStartTracker: true, netproto.RemedyPublicURL: true} // which the window does not examine
	for _, remedy := range netproto.Remedies() {
		if remedies[remedy] == "" && !ofTrackers[remedy] {
			t.Errorf("the remedy %s has none", remedy)
		}
	}
	for _, state := range []netproto.FindingState{netproto.FindingGood, netproto.FindingWarning, netproto.FindingBad, netproto.FindingUnknown} {
		if FindingState(state) == "" {
			t.Errorf("the state %s has none", state)
		}
	}
	if text := Remedy("of a newer version"); text != "" {
		t.Errorf("an unknown remedy is %q", text)
	}
}
