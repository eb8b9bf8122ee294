package instance

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

func TestASecondStartMayBringAnyName(t *testing.T) {
	table := nametest.Names()
	for _, n := range table {
		link := netproto.Link{Tracker: "h:1", Hash: netproto.ContentHash{1}, Name: n.Text, Size: -1}.String()
		for _, what := range []string{n.Text, "/" + n.Text, link} {
			line, err := json.Marshal(request{Open: []string{what}})
			if err != nil {
				t.Fatal(err)
			}
			asked, err := readRequest(strings.NewReader(string(line) + "\n"))
			if err != nil {
				nametest.Shown(t, "an error", netproto.Printable(err.Error()))
				continue
			}
			for _, got := range asked.Open {
				if _, err := netproto.ParseLink(got); err != nil && !filepath.IsAbs(got) {
					t.Errorf("%.100q is opened", got)
				}
			}
		}
	}
	nametest.Tried(t, 3*len(table), "a second start of the window")
}
