package command

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
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
