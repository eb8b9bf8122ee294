package screen

import (
	"bytes"
	"strings"
	"testing"

	"centralizedp2p/netproto"

	"github.com/rivo/uniseg"
	"go.uber.org/goleak"
)

func TestTheLineFitsIntoTheTerminal(t *testing.T) {
	names := []string{"song.flac", "a-rather-long-name-of-a-file.bin", "映画の非常に長い名前.mkv", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦.jpg", "é́́́́.txt", strings.Repeat("x", 300), ""}
	for _, name := range names {
		for columns := 1; columns < 150; columns++ {
			for _, total := range []int64{-1, 0, 5, 21474836480} {
				text := describe(name, max(total/3, 7), total, 123456789, columns)
				if width := uniseg.StringWidth(text); width > columns {
					t.Fatalf("%q of %d takes %d of %d columns: %q", name, total, width, columns, text)
				}
			}
		}
	}
}

func TestANarrowTerminalShowsTheNameAndTheAmount(t *testing.T) {
	for columns, want := range map[int]string{
		120: "a-rather-lon…e-of-a-file  1.0 GB of 21 GB, 50 MB/s, 6m49s left",
		58:  "a-rather-lon…e-of-a-file  1.0 GB of 21 GB, 50 MB/s",
		50:  "a-rather-lon…e-of-a-file  1.0 GB of 21 GB",
		30:  "a-rath…a-file  1.0 GB of 21 GB",
		18:  "1.0 GB of 21 GB",
		8:   "1.0 GB",
		3:   "",
	} {
		if got := describe("a-rather-long-name-of-a-file", 1e9, 21474836480, 50e6, columns); got != want {
			t.Errorf("%d columns: %q, not %q", columns, got, want)
		}
	}
}

func TestABarWithoutATotalStopsMoving(t *testing.T) {
	others := goleak.IgnoreCurrent()
	var drawn bytes.Buffer
	bar := (&Screen{Err: &drawn, Terminal: true}).NewBar("Hashing house")
	bar.Set(3_000_000, -1, 1_000_000)
	bar.End()
	if !strings.Contains(drawn.String(), "Hashing house  3.0 MB, 1.0 MB/s") {
		t.Errorf("it shows %q", drawn.String())
	}
	if last := drawn.String()[strings.LastIndex(drawn.String(), "\r")+1:]; strings.TrimSpace(strings.TrimPrefix(last, "\x1b[2K")) != "" {
		t.Errorf("%q is left on the terminal", last)
	}
	goleak.VerifyNone(t, others)
}

func TestALabelShowsOnlyVisibleCharacters(t *testing.T) {
	if got := Short("evil\x1b[2Jname", 24); got != netproto.Printable(got) {
		t.Errorf("%q", got)
	}
}
