package boltstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cutVariable names the folder that a loss of power has left of a victim's disk, and
// marksVariable the file with what the victim had reported by then (.ci/ordeal power).
const (
	cutVariable   = "CUT"
	marksVariable = "MARKS"
)

// A loss of power, at any instant of the life of a store, loses no announce that was
// acknowledged and leaves a file that can be opened.
func TestNoAcknowledgedAnnounceIsLostByALossOfPower(t *testing.T) {
	cut := os.Getenv(cutVariable)
	if cut == "" {
		t.Skipf("%s is not set: .ci/ordeal power makes such a disk", cutVariable)
	}
	marks, err := os.ReadFile(os.Getenv(marksVariable))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(marks)) {
		if line != "open\n" && strings.HasSuffix(line, "\n") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	file := filepath.Join(cut, "data", "tracker.db")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	checkVictims(t, file, lines)
}
