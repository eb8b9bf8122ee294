package readfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAnOpenFileCanBeRenamedReplacedAndDeleted(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for name, act := range map[string]func() error{
		"renamed": func() error { return os.Rename(path, filepath.Join(dir, "renamed")) },
		"replaced": func() error {
			return errors.Join(os.Rename(path, filepath.Join(dir, "old")), os.WriteFile(other, []byte("other"), 0o600), os.Rename(other, path))
		},
		"deleted": func() error { return os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if err := act(); err != nil {
				t.Error(err)
			}
			if all, err := io.ReadAll(file); err != nil || string(all) != "content" {
				t.Errorf("%q, %v", all, err)
			}
		})
	}
}

func TestWhatIsNotThereIsSaidToBeSo(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), "", "a\x00b"} {
		if file, err := Open(path); err == nil {
			t.Errorf("%q was opened", path)
			file.Close()
		} else if cause, ok := errors.AsType[*fs.PathError](err); !ok || cause.Path != path {
			t.Errorf("the error is %v", err)
		}
	}
}
