package piece

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsOpenedOnceAndNotAfterClose(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	state, err := StateOf(name)
	if err != nil {
		t.Fatal(err)
	}
	var late LateFile
	first, err := late.Open(name, state)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := late.Open(name, state); second != first || err != nil {
		t.Errorf("opened twice: %v", err)
	}
	b := make([]byte, 4)
	if _, err := first.ReadAt(b, 0); err != nil || string(b) != "text" {
		t.Errorf("%q: %v", b, err)
	}
	if err := late.Close(); err != nil {
		t.Error(err)
	}
	if _, err := late.Open(name, state); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("opened after it was closed: %v", err)
	}
	if _, err := first.ReadAt(b, 0); err == nil {
		t.Error("it can be read after it was closed")
	}
	var never LateFile
	if err := never.Close(); err != nil {
		t.Error(err)
	}
	if _, err := never.Open(name, state); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("opened after it was closed unopened: %v", err)
	}
}
