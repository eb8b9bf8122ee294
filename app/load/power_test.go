//go:build linux

package load

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What .ci/ordeal power gives: the folder that a loss of power has left of a
// downloader's disks, what the downloader had said by then, what it downloads, a link to
// it, and the key that the downloader had in the end.
const (
	cutVariable    = "CUT"
	marksVariable  = "MARKS"
	sourceVariable = "CP2P_LOAD_SOURCE"
	linkVariable   = "CP2P_LOAD_LINK"
	keyVariable    = "CP2P_LOAD_KEY"
	// And for a sharer: the link of its tracker, and the hash of what it shares.
	trackerVariable = "CP2P_LOAD_TRACKER"
	hashVariable    = "CP2P_LOAD_HASH"
)

// A loss of power leaves no wrong byte under a final name and no claim that is not
// true, and loses nothing that the program has called complete. The same command then
// goes on to the right end.
func TestADownloadOutlivesALossOfPower(t *testing.T) {
	cut := os.Getenv(cutVariable)
	if cut == "" {
		t.Skipf("%s is not set: .ci/ordeal power makes such disks", cutVariable)
	}
	marks, err := os.ReadFile(os.Getenv(marksVariable))
	check(t, err)
	c := &victim{stage: &stage{TB: t, ctx: t.Context()}, path: os.Getenv(sourceVariable), link: os.Getenv(linkVariable),
		to: filepath.Join(cut, "to"), profile: filepath.Join(cut, "profile")}
	check(t, os.MkdirAll(c.to, 0o777))
	check(t, c.look())
	if bytes.Contains(marks, []byte(`"event":"completed"`)) {
		if err := same(c.path, filepath.Join(c.to, filepath.Base(c.path))); err != nil {
			t.Errorf("it was called complete: %v", err)
		}
	}
	if len(marks) > 0 {
		check(t, sameBytes(os.Getenv(keyVariable), filepath.Join(c.profile, "peer.key")))
	}
	_, err = c.run(0)
	for n := 0; err != nil && strings.Contains(err.Error(), "Too many requests") && n < 60; n++ {
		wait(t.Context(), time.Second) // hundreds of us have one address
		_, err = c.run(0)
	}
	check(t, err)
	check(t, c.look())
	entries, err := os.ReadDir(c.to)
	check(t, err)
	if len(entries) != 1 {
		t.Errorf("beside the download there is %v", entries)
	}
}

// A loss of power makes a sharer forget its key only if nobody has seen it yet, and
// never makes it offer a hash that is not that of its file.
func TestASharerOutlivesALossOfPower(t *testing.T) {
	cut := os.Getenv(cutVariable)
	if cut == "" {
		t.Skipf("%s is not set: .ci/ordeal power makes such disks", cutVariable)
	}
	marks, err := os.ReadFile(os.Getenv(marksVariable))
	check(t, err)
	profile := filepath.Join(cut, "profile")
	if len(marks) > 0 {
		check(t, sameBytes(os.Getenv(keyVariable), filepath.Join(profile, "peer.key")))
	}
	s := &stage{TB: t, ctx: t.Context(), tracker: os.Getenv(trackerVariable)}
	sharer, err := s.sharer(os.Getenv(sourceVariable), profile)
	check(t, err)
	shared, err := sharer.until("shared", nil)
	check(t, err)
	if want := os.Getenv(hashVariable); shared.Hash != want {
		t.Errorf("it offers %s instead of %s", shared.Hash, want)
	}
	check(t, sharer.stop())
}
