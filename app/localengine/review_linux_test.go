package localengine

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"centralizedp2p/app/face"
)

// asNobody runs f without the right of root to read everything. On Linux that
// right belongs to a thread.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	check(t, syscall.Setfsuid(65534))
	defer syscall.Setfsuid(0)
	f()
}

func TestAReviewSkipsWhatCannotBeRead(t *testing.T) {
	alice := newHouse(t)
	for _, name := range []string{"album/one.flac", "album/closed.flac", "album/closed/two.flac", "album/closed/three.flac", "closed.flac", "closed/x"} {
		alice.write(name, 1000)
	}
	in := func(name string) string { return filepath.Join(alice.files, name) }
	for _, name := range []string{"album/closed.flac", "album/closed", "closed.flac", "closed"} {
		check(t, os.Chmod(in(name), 0))
	}
	t.Cleanup(func() { // so that they can be removed
		check(t, os.Chmod(in("album/closed"), 0o700))
		check(t, os.Chmod(in("closed"), 0o700))
	})
	for _, dir := range []string{alice.files, filepath.Dir(alice.files)} { // which are root's alone
		check(t, os.Chmod(dir, 0o755))
	}
	var review face.Review
	var err error
	asNobody(t, func() { // this thread alone
		review, err = alice.local.Review(deadline(t), []string{in("album"), in("closed.flac"), in("closed")})
	})
	check(t, err)
	expect(t, review, face.Review{
		Items: []face.ReviewItem{{Path: in("album"), Name: "album", Folder: true, Files: 1, Size: 1000}},
		Skipped: []face.SkippedPath{
			{Path: in("album"), Reason: face.SkipUnreadable, Count: 2},
			{Path: in("closed.flac"), Reason: face.SkipUnreadable},
			{Path: in("closed"), Reason: face.SkipUnreadable},
		},
	})
}
