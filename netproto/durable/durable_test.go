package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// What is on the disk after a loss of power is tried by .ci/ordeal power.

func TestFoldersAreMadeWithAllAboveThem(t *testing.T) {
	base := t.TempDir()
	deep := filepath.Join(base, "a", "b", "c")
	for range 2 {
		if err := MkdirAll(deep, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(deep); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(base, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, below := range []string{"file", "file/x", "file/x/y"} {
		if err := MkdirAll(filepath.Join(base, below), 0o700); err == nil {
			t.Errorf("%s was made below a file", below)
		}
	}
	t.Chdir(base)
	if err := MkdirAll("here", 0o700); err != nil {
		t.Error(err)
	}
}

func TestAFileIsReplacedAndRenamed(t *testing.T) {
	dir := t.TempDir()
	old, now := filepath.Join(dir, "old"), filepath.Join(dir, "now")
	for _, text := range []string{"a long first text", "short"} {
		if err := WriteFile(old, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Rename(old, now); err != nil {
		t.Fatal(err)
	}
	if there, err := os.ReadFile(now); err != nil || string(there) != "short" {
		t.Errorf("%q, %v", there, err)
	}
	if err := Rename(old, now); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("renaming what is not there: %v", err)
	}
	for _, text := range []string{"the old one", "new"} {
		if err := Replace(now, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if there, err := os.ReadFile(now); err != nil || string(there) != "new" {
		t.Errorf("replaced by %q, %v", there, err)
	}
	if _, err := os.Lstat(now + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("beside it: %v", err)
	}
	if err := WriteFile(filepath.Join(dir, "none", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("writing into no folder: %v", err)
	}
}
