package peer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

const (
	// cutVariable names the folder that a loss of power has left of a mover's disks
	// (.ci/ordeal power).
	cutVariable = "CUT"
	// recordVariable names the folder in which the life of a mover is recorded.
	recordVariable = "RECORD"
	// recorded is printed when the life begins that may be cut off.
	recorded = "from here on"
)

// A loss of power, while a finished download is moved to another disk, leaves the whole
// file at one of the two places at least, and the next start ends the move.
func TestAMoveOutlivesALossOfPower(t *testing.T) {
	content := make([]byte, 6<<20)
	rand.NewChaCha8([32]byte{1}).Read(content)
	if base := os.Getenv(recordVariable); base != "" {
		beMover(t, base, content)
		return
	}
	cut := os.Getenv(cutVariable)
	if cut == "" {
		t.Skipf("%s is not set: .ci/ordeal power makes such disks", cutVariable)
	}
	old, now := filepath.Join(cut, "old", "film.mkv"), filepath.Join(cut, "new", "film.mkv")
	there, err := os.ReadFile(now)
	if err == nil && !bytes.Equal(there, content) {
		t.Fatalf("%d wrong bytes are under the final name", len(there))
	}
	here, oldErr := os.ReadFile(old)
	if err != nil && (oldErr != nil || !bytes.Equal(here, content)) {
		t.Fatalf("the file is lost: %v, %v", err, oldErr)
	}
	moveUntilKilled(t, cut, 0)
	if there, err = os.ReadFile(now); err != nil || !bytes.Equal(there, content) {
		t.Errorf("it did not arrive: %d bytes, %v", len(there), err)
	}
	for dir, want := range map[string]int{"old": 0, "new": 1} {
		entries, err := os.ReadDir(filepath.Join(cut, dir))
		if err != nil || len(entries) != want {
			t.Errorf("in %s there is %v, %v", dir, entries, err)
		}
	}
}

// beMover moves a file from a disk to another one, from the first moment on.
func beMover(t *testing.T, base string, content []byte) {
	t.Helper()
	old, target := filepath.Join(base, "old"), filepath.Join(base, "new")
	for _, dir := range []string{old, target} {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	film := filepath.Join(old, "film.mkv")
	check(t, os.WriteFile(film, content, 0o644))
	l, err := library.Open(filepath.Join(base, "profile"))
	check(t, err)
	check(t, l.SaveDownloads(library.Download{ID: "1", Hash: netproto.ContentHash{1}, Name: "film.mkv", Size: int64(len(content)), Dir: old, Path: film,
		State: library.DownloadFinished, Move: &library.Move{To: target}, Added: time.Now(), Finished: time.Now()}))
	check(t, l.Close())
	for _, path := range []string{film, old, base} { // nothing of that is to get lost
		f, err := os.Open(path)
		check(t, err)
		check(t, errors.Join(f.Sync(), f.Close()))
	}
	fmt.Println(recorded)
	check(t, moveInChild(base))
}
