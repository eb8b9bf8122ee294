//go:build unix

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsOursIfNobodyElseCouldHaveMadeItOrWritesToIt(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	path := filepath.Join(dir, "a")
	must(t, os.WriteFile(path, nil, 0o600))
	isOurs := func() bool {
		info, err := os.Lstat(path)
		must(t, err)
		is, err := Ours(root, ".", info)
		must(t, err)
		return is
	}
	for mode, want := range map[fs.FileMode]bool{0o600: true, 0o644: true, 0o666: false} {
		must(t, os.Chmod(path, mode))
		if isOurs() != want {
			t.Errorf("with %s it is said to be ours: %v", mode, !want)
		}
	}
	if os.Getuid() == 0 {
		must(t, os.Chmod(path, 0o600))
		must(t, os.Chown(path, 65534, 65534))
		if isOurs() {
			t.Error("a file of somebody else is said to be ours")
		}
	}
	wantNames(t, dir, "a") // nothing is left of the look
}
