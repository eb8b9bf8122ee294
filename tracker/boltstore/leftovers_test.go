package boltstore

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"centralizedp2p/tracker/store"
)

func TestLeftoversAreRemovedAtTheNextStart(t *testing.T) {
	folder := t.TempDir()
	put := func(name string, age time.Duration) {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte("half of a database"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".backup-123.db", ".tracker-45.db", "tracker.db.restoring"} {
		put(name, time.Hour)
	}
	put(".backup-9.db", -10*365*24*time.Hour) // the clock was ahead
	kept := []string{".backup-678.db", ".backup-notes.txt", "backup-123.db", "tracker.db.before-restore-20260301T120000Z"}
	put(kept[0], 0) // perhaps about to be renamed
	for _, name := range kept[1:] {
		put(name, time.Hour)
	}
	if err := os.Mkdir(filepath.Join(folder, ".backup-folder.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := open(filepath.Join(folder, "tracker.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := append(kept, ".backup-folder.db", "tracker.db")
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("left are %q, want %q", names, want)
	}
}
