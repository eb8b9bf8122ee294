//go:build !darwin || cgo

package desktop

import (
	"strings"
	"testing"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/netproto"
)

func TestProblemsAreLookedForAndCopiedAsOneText(t *testing.T) {
	f := newFake()
	f.checkup = netproto.Checkup{Program: "0.1.0", System: "linux/amd64", Findings: []netproto.Finding{
		{Topic: netproto.TopicTracker, State: netproto.FindingGood, Fact: "connected, answers in 1ms"},
		{Topic: netproto.TopicDisk, State: netproto.FindingBad, Fact: "12 MB free", Do: netproto.RemedyFreeSpace},
		{Topic: "of a newer version", State: "so-so", Fact: "odd \u202e", Do: "pray"},
	}}
	d := openAt(t, f, pages.PlaceSettings)
	d.tap("Check for problems")
	d.reads("12 MB free")
	d.reads("Does not work")
	d.reads("Free some space on this disk, or choose another folder.")
	d.tap("Copy text")
	d.reads("Diagnostics copied.")
	if got := d.app.Clipboard().Content(); !strings.Contains(got, "bad      disk       12 MB free\n") || strings.Contains(got, "\u202e") {
		t.Errorf("the clipboard has %q", got)
	}
}
