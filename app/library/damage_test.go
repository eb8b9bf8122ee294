package library

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func TestADamagedPageIsAnErrorAndNotTheEndOfTheProgram(t *testing.T) {
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := l.SaveShare(Share{ID: strconv.Itoa(i), Path: "/" + strings.Repeat("x", 200)}); err != nil {
			t.Fatal(err)
		}
	}
	// bbolt maps the file, so it meets the damage at once. The first two pages say
	// where the others are.
	raw, err := os.ReadFile(l.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(l.db.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	meta := 2 * l.db.Info().PageSize
	if _, err := file.WriteAt([]byte(strings.Repeat("\xa5", len(raw)-meta)), int64(meta)); err != nil {
		t.Fatal(err)
	}
	damaged := func(err error) {
		t.Helper()
		if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("it says %v", err)
		}
	}
	_, err = l.Shares()
	damaged(err)
	damaged(l.SaveShare(Share{ID: "one more"}))
	_, err = l.Downloads()
	damaged(err)
	if err := l.Close(); err != nil {
		t.Errorf("the profile cannot be given back: %v", err)
	}
}

// A loss of power in the first start leaves an unfinished database under another name.
func TestAFirstStartThatWasCutOffDoesNotSpoilTheNext(t *testing.T) {
	dir := t.TempDir()
	fresh := filepath.Join(dir, libraryFile+".new")
	if err := os.WriteFile(fresh, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Lstat(fresh); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the unfinished database is still there: %v", err)
	}
}
