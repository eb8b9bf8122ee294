package localengine

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestTheQueueDoesWhatThePersonSays(t *testing.T) {
	alice, bob, _ := neighbours(t)
	check(t, bob.change(func(s *face.Settings) { s.DownloadsAtOnce = 1 }))
	for _, name := range []string{"first.mkv", "second.mkv", "third.mkv"} {
		path, _ := alice.write(name, 4<<20)
		alice.offer(path)
	}
	bob.slow()
	for _, name := range []string{"first", "second", "third"} {
		bob.fetch(bob.findOne(name))
	}
	ctx := deadline(t)
	third := []string{bob.rows()["third.mkv"].ID}
	check(t, bob.MoveInQueue(ctx, third, face.QueueTop))
	if d := bob.rows()["third.mkv"]; d.Place != 1 {
		t.Errorf("the third is at place %d", d.Place)
	}
	check(t, bob.SetPriority(ctx, third, face.PriorityLow))
	if d := bob.rows()["third.mkv"]; d.Place != 2 || d.Priority != face.PriorityLow {
		t.Errorf("with a low priority it is at place %d", d.Place)
	}
	check(t, bob.SetDownloadLimit(ctx, third, 4321))
	bob.reopen()
	if d := bob.rows()["third.mkv"]; d.Limit != 4321 || d.Priority != face.PriorityLow || d.Added.IsZero() {
		t.Errorf("after a restart it is %+v", d)
	}
	refused(t, bob.MoveInQueue(ctx, third, "sideways"), netproto.CodeInvalid)
	refused(t, bob.SetPriority(ctx, third, "urgent"), netproto.CodeInvalid)
	refused(t, bob.SetDownloadLimit(ctx, third, -1), netproto.CodeInvalid)
	refused(t, bob.Verify(ctx, []string{"gone"}), netproto.CodeNotFound)
	check(t, bob.Prefer(ctx, third[0], ""))
	refused(t, bob.Prefer(ctx, "gone", ""), netproto.CodeNotFound)
}

func TestAFinishedDownloadIsVerifiedMovedAndRemoved(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("song.flac", 2<<20)
	alice.offer(path)
	bob.fetch(bob.findOne("song"))
	d := bob.finish("song.flac")
	if d.Finished.IsZero() {
		t.Error("when it was finished is not known")
	}
	ctx := deadline(t)
	check(t, os.Truncate(d.Path, 1<<20))
	check(t, bob.Verify(ctx, []string{d.ID}))
	same(t, bob.finish("song.flac").Path, content)
	elsewhere := t.TempDir()
	check(t, bob.MoveTo(ctx, []string{d.ID}, elsewhere))
	bob.until("it is elsewhere", func() bool {
		now := bob.rows()["song.flac"]
		return now.State == face.DownloadFinished && filepath.Dir(now.Path) == elsewhere
	})
	same(t, filepath.Join(elsewhere, "song.flac"), content)
	check(t, bob.RemoveWithFiles(ctx, []string{d.ID}))
	if _, err := os.Stat(filepath.Join(elsewhere, "song.flac")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	bob.until("nothing of it is left", func() bool { return len(bob.rows()) == 0 })
}

func TestTheDetailsOfADownload(t *testing.T) {
	alice, bob, _ := slowFilm(t, 8<<20)
	id := bob.rows()["film.mkv"].ID
	var d face.Details
	bob.until("the details show its source", func() bool {
		var err error
		d, err = bob.Details(deadline(t), id)
		check(t, err)
		return len(d.Sources) == 1 && d.Sources[0].Got > 0 && d.Sources[0].State == face.SourceDownloading && len(d.Pieces) == 32
	})
	s := d.Sources[0]
	if s.Share != 1 || !s.Whole || !s.Local || s.Origin != face.OriginTracker || s.Name != alice.chosen().Name || s.Key.IsZero() {
		t.Errorf("the source is %+v", s)
	}
	travels(t, d)
	_, err := bob.Details(deadline(t), "gone")
	refused(t, err, netproto.CodeNotFound)
}

func TestTheQuickLimitOutlivesARestart(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.change(func(s *face.Settings) { s.QuickDown = 1 << 20 }))
	check(t, alice.SetQuickLimit(deadline(t), true))
	if !alice.status().QuickLimit {
		t.Error("it is not on")
	}
	// Other settings leave it as it is.
	check(t, alice.change(func(s *face.Settings) { s.QuickUp = 1 << 20 }))
	alice.reopen()
	if !alice.status().QuickLimit {
		t.Error("after a restart it is off")
	}
	check(t, alice.SetQuickLimit(deadline(t), false))
	alice.reopen()
	if alice.status().QuickLimit {
		t.Error("after another one it is on again")
	}
}

func TestThePortIsTriedByTheTracker(t *testing.T) {
	alice := newHouse(t)
	_, err := alice.TestPort(deadline(t))
	refused(t, err, netproto.CodeUnreachable)
	alice.use(newTown(t))
	if reachable, err := alice.TestPort(deadline(t)); err != nil || reachable != netproto.ReachableYes {
		t.Errorf("it is reachable: %s, %v", reachable, err)
	}
}
