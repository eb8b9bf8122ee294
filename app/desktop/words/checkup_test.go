package words

import (
	"slices"
	"strings"
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
	for _, kind := range netproto.DetailKinds() {
		if details[kind] == nil {
			t.Errorf("the detail %s has none", kind)
		}
	}
	if text := Remedy("of a newer version"); text != "" {
		t.Errorf("an unknown remedy is %q", text)
	}
}

// allDetails has each detail in each of its shapes.
func allDetails() []netproto.Detail {
	var all []netproto.Detail
	counts := map[netproto.DetailKind][]netproto.Count{
		netproto.DetailWays:      {{Of: "lan", Number: 2}},
		netproto.DetailDownloads: {{Of: "finished", Number: 3}, {Of: "paused", Number: 1}},
		netproto.DetailShares:    {{Of: "shared", Number: 3}, {Of: "missing", Number: 1}},
		netproto.DetailFailures:  {{Of: string(netproto.CodeNoSpace), Number: 1}},
	}
	for _, kind := range netproto.DetailKinds() {
		for _, number := range []int64{-1, 0, 1, 5_000_000} {
			all = append(all, netproto.Detail{Kind: kind, Word: string(netproto.CodeNoSpace), Number: number, Most: 100 * max(number, 0), Counts: counts[kind]})
		}
	}
	return append(all, netproto.Detail{Kind: netproto.DetailConnection, Word: "connected"}, netproto.Detail{Kind: netproto.DetailReach, Word: string(netproto.VerdictCalled)},
		netproto.Detail{Kind: netproto.DetailAdvice, Word: string(netproto.AdviceOpenFirewall), Number: 6881})
}

func TestAFindingIsSaidInTheLanguageInUse(t *testing.T) {
	english, all := map[int]string{}, allDetails()
	for _, tag := range Languages() {
		useTexts(t, tag)
		for i, d := range all {
			text := Fact(netproto.Finding{Fact: "in English", Details: []netproto.Detail{d}})
			if tag == "en" {
				english[i] = text
			} else if text == english[i] && len(strings.Fields(text)) > 3 {
				t.Errorf("%s: %+v reads %q", tag, d, text)
			}
			if strings.Contains(text, "in English") || strings.Contains(text, "<no value>") || strings.Contains(text, "{{") {
				t.Errorf("%s: %+v reads %q", tag, d, text)
			}
		}
	}
}

func TestAFindingSaysItsFiguresAndStates(t *testing.T) {
	var f netproto.Finding
	f.Say(netproto.Detail{Kind: netproto.DetailConnection, Word: "connected"}, netproto.Detail{Kind: netproto.DetailAnswers, Number: 1234},
		netproto.Detail{Kind: netproto.DetailCalls, Number: 1}, netproto.Detail{Kind: netproto.DetailRelay}, netproto.Detail{Kind: netproto.DetailLines, Number: 1},
		netproto.Detail{Kind: netproto.DetailDownloads, Counts: []netproto.Count{{Of: "downloading", Number: 1}, {Of: "verifying", Number: 1}, {Of: "failed", Number: 2}}},
		netproto.Detail{Kind: netproto.DetailWays, Counts: []netproto.Count{{Of: "lan", Number: 2}, {Of: "direct"}}})
	if want := "connected, answers in 1.2ms, calls true, relay false, lines 1, downloads: downloading 1, verifying 1, failed 2; connections: lan 2, direct 0"; f.Fact != want {
		t.Errorf("doctor reads %q, not %q", f.Fact, want)
	}
	if got, want := Fact(f), "Connected · Answers in 1.2 ms · Arranges connections · Has no relay · Downloads: 2 running · 2 failed · LAN: 2"; got != want {
		t.Errorf("the window reads %q, not %q", got, want)
	}
	for _, f := range []netproto.Finding{{Fact: "odd \u202e"}, {Fact: "odd \u202e", Details: []netproto.Detail{{Kind: "of a newer version"}}}} {
		if got := Fact(f); got != netproto.Printable("odd \u202e") {
			t.Errorf("%+v reads %q", f, got)
		}
	}
	if !slices.Contains(netproto.DetailKinds(), netproto.DetailErrors) {
		t.Error("a kind is missing in the list of all")
	}
}
