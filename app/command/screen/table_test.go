package screen

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

func TestATableFitsTheTerminalAndAFileGetsAllOfIt(t *testing.T) {
	name := "映画の非常に長い名前 and a rather long name of a file.mkv"
	rows := func() [][]string {
		return [][]string{{"down", "sending", "somebody with a long name", "[2001:db8:0:1:2:3:4:5]:50000", name}, {"up", "queued", "Zoë", "192.0.2.7:5000", "a.txt"}}
	}
	head := []string{"", "STATE", "PEER", "ADDRESS", "NAME"}
	for wide := 48; wide < 200; wide++ {
		var out bytes.Buffer
		s := &Screen{Out: &out, Wide: wide}
		s.Table(head, rows())
		for line := range strings.Lines(out.String()) {
			if width := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); width >= wide {
				t.Fatalf("%d of %d columns: %q", width, wide, line)
			}
		}
		if !strings.Contains(out.String(), "a.txt") {
			t.Errorf("at %d columns short cells are cut: %s", wide, &out)
		}
	}
	var out bytes.Buffer
	s := &Screen{Out: &out, Terminal: true} // Err is one
	s.Table(head, rows())
	if !strings.Contains(out.String(), name) || !strings.Contains(out.String(), "[2001:db8:0:1:2:3:4:5]:50000") {
		t.Errorf("a file gets %s", &out)
	}
}
