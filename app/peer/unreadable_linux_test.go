package peer_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// unreadable makes opening a file fail until the test is over, even for an
// administrator: another process holds a lease on it.
func unreadable(t testing.TB, path string) {
	t.Helper()
	holder, err := os.OpenFile(path, os.O_RDWR, 0)
	check(t, err)
	t.Cleanup(func() { holder.Close() })
	_, err = unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	check(t, err)
}

func TestAnUnreadableFileOfAFolderIsLeftOut(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "album/one.flac", 1000)
	locked, _ := p.write(t, "album/two.flac", 2000)
	unreadable(t, locked)
	s := p.share(t, filepath.Join(p.files, "album"))
	if s.Files != 1 || s.Size != 1000 {
		t.Errorf("it has %d files of %d bytes", s.Files, s.Size)
	}
}
