package peer_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
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
	// A scan that comes too soon after the file was written says that it changes.
	want := []sharing.LeftOut{{Path: "two.flac", Why: sharing.Unreadable}}
	p.untilShare(t, s.ID, "said to have a file that cannot be read", func(s sharing.Share) bool { return slices.Equal(s.Omitted.Named, want) })
}

func TestAFolderWithNothingThatCanBeReadIsAnError(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	locked, _ := p.write(t, "album/one.flac", 1000)
	unreadable(t, locked)
	id, err := p.Shares.Add(filepath.Join(p.files, "album"), sharing.Options{})
	check(t, err)
	if _, err := p.Shares.Wait(deadline(t), id); netproto.CodeOf(err) != netproto.CodeFileUnreadable {
		t.Errorf("it is shared: %v", err)
	}
}
