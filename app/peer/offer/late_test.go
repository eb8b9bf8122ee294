package offer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/piece"
)

func TestAFileIsOpenedOnceAndNotAfterClose(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	state, err := piece.StateOf(name)
	if err != nil {
		t.Fatal(err)
	}
	files := NewFiles(nil)
	var late Late
	first, err := late.Open(files, name, state)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := late.Open(files, name, state); second != first || err != nil {
		t.Errorf("opened twice: %v", err)
	}
	b := make([]byte, 4)
	if _, err := first.ReadAt(b, 0); err != nil || string(b) != "text" {
		t.Errorf("%q: %v", b, err)
	}
	if err := late.Close(); err != nil {
		t.Error(err)
	}
	if _, err := late.Open(files, name, state); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("opened after it was closed: %v", err)
	}
	if _, err := first.ReadAt(b, 0); err == nil {
		t.Error("it can be read after it was closed")
	}
	var never Late
	if err := never.Close(); err != nil {
		t.Error(err)
	}
	if _, err := never.Open(files, name, state); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("opened after it was closed unopened: %v", err)
	}
}
