package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/netproto"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares what was printed with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %v, got\n%s", file, err, got)
	}
}

func TestWhatDoctorPrints(t *testing.T) {
	c := netproto.Checkup{Program: "0.1.0", System: "linux/amd64, go1.26.5, 2 processors"}
	states := []netproto.FindingState{netproto.FindingGood, netproto.FindingWarning, netproto.FindingBad, netproto.FindingUnknown}
	remedies := []netproto.Remedy{"", netproto.RemedySetClock, netproto.RemedyOpenPort, "of-a-newer-version"}
	for i, topic := range netproto.Topics() {
		c.Findings = append(c.Findings, netproto.Finding{Topic: topic, State: states[i%len(states)], Fact: "12 ms & <3 GB\x1b[2J", Do: remedies[i%len(remedies)]})
	}
	for name, asJSON := range map[string]bool{"doctor.txt": false, "doctor.json": true} {
		var out bytes.Buffer
		if err := PrintCheckup(&out, c, asJSON); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
	}
}
