package piece

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAFileKeepsItsTimeOfChangeWhenItsTimeOfWritingIsSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	began := time.Now()
	must(t, os.WriteFile(path, []byte("one"), 0o600))
	must(t, os.Chtimes(path, began.AddDate(-1, 0, 0), began.AddDate(-1, 0, 0)))
	state, err := StateOf(path)
	must(t, err)
	if changed := time.Unix(0, state.Changed); changed.Sub(began).Abs() > time.Minute {
		t.Errorf("it was changed at %v, and the state says %v", began, changed)
	}
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	if open, err := identify(file, info); err != nil || open != state {
		t.Errorf("opened it is %+v, %v; by its path %+v", open, err, state)
	}
}
