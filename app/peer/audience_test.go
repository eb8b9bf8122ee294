package peer_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/people"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

func (p *testPeer) key() netproto.PublicKey { return netproto.PublicKey(p.library.Identity().Key()) }

func (p *testPeer) shareTo(t testing.TB, path string, visible library.Visible) sharing.Share {
	t.Helper()
	id, err := p.Shares.Add(path, sharing.Options{Remember: true, Visible: &visible})
	check(t, err)
	s, err := p.Shares.Wait(deadline(t), id)
	check(t, err)
	return s
}

// hits is how many contents a search finds.
func (p *testPeer) hits(t testing.TB) int {
	t.Helper()
	found, err := p.Trackers.Active().Search(deadline(t), netproto.SearchRequest{})
	check(t, err)
	return len(found.Items)
}

func sendingTo(to *testPeer, path string) people.Sending {
	return people.Sending{To: to.key(), Name: "them", Sources: []library.RequestSource{{Path: path}}}
}

func TestWhoMayHaveAShareIsRememberedAndChanged(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	anna, ben, eve := startPeer(t, tr), startPeer(t, tr), startPeer(t, tr)
	path, _ := anna.write(t, "song.flac", 300_000)
	s := anna.shareTo(t, path, library.Visible{To: library.VisibleKeys, Keys: []netproto.PublicKey{ben.key()}})
	anna.stop()
	anna.start(t, tr)
	check(t, anna.Shares.Load())
	again, err := anna.Shares.Wait(deadline(t), s.ID)
	check(t, err)
	if again.Visible.To != library.VisibleKeys || ben.hits(t) != 0 {
		t.Fatalf("after a start it is for %q, and a search finds %d", again.Visible.To, ben.hits(t))
	}
	if _, _, ok := anna.SeedFile(s.Hash.String(), s.Name); ok {
		t.Error("a seed client finds it")
	}
	ben.get(t, s)
	id, err := eve.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Dir: eve.files})
	check(t, err)
	eve.until(t, id, "refused", func(d queue.Download) bool {
		details, err := eve.Downloads.Details(id)
		return err == nil && len(details.Sources) > 0 && details.Sources[0].Got == 0 && d.Done == 0 && d.State == queue.StateWaiting
	})
	check(t, anna.Shares.SetVisible(library.Visible{}, s.ID)) // now everybody may
	eventually(t, eve.Engine, func() bool { return eve.hits(t) == 1 }, func() string { return "no search finds what is for everybody now" })
	check(t, eve.Downloads.Resume(id))
	eve.wait(t, id, queue.StateFinished)
	check(t, anna.Shares.SetVisible(library.Visible{To: library.VisibleLink}, s.ID))
	eventually(t, eve.Engine, func() bool { return eve.hits(t) == 0 }, func() string { return "a search finds what is hidden now" })
	remembered := func(want library.Visibility) {
		t.Helper()
		if records, err := anna.library.Shares(); err != nil || len(records) != 1 || records[0].Visible.To != want {
			t.Errorf("remembered is %+v, %v, not %q", records, err, want)
		}
	}
	remembered(library.VisibleLink)
	anna.shareTo(t, path, library.Visible{To: library.VisibleKeys, Keys: []netproto.PublicKey{eve.key()}}) // once more
	remembered(library.VisibleKeys)
}

func TestAShareEndsByItsCountAndByItsTime(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	anna, ben := startPeer(t, tr), startPeer(t, tr)
	path, _ := anna.write(t, "counted", 300_000)
	folder := anna.files + "/timed"
	anna.writeTree(t, "timed", 3)
	counted := anna.shareTo(t, path, library.Visible{Until: 1})
	timed := anna.shareTo(t, folder, library.Visible{Expires: time.Now().Add(time.Hour)})
	ben.get(t, counted)
	ended := func(id string) {
		t.Helper()
		anna.untilShare(t, id, "ended", func(s sharing.Share) bool { return s.State == sharing.StateEnded })
		eventually(t, ben.Engine, func() bool {
			sources, _ := ben.Trackers.Active().Sources(deadline(t), anna.shareState(id).Hash)
			return len(sources) == 0
		}, func() string { return "it is still announced" })
	}
	ended(counted.ID)
	check(t, anna.Shares.SetVisible(library.Visible{Expires: time.Now().Add(50 * time.Millisecond)}, timed.ID))
	ended(timed.ID)
	anna.stop()
	anna.start(t, tr)
	check(t, anna.Shares.Load())
	ended(counted.ID)
	check(t, anna.Shares.SetVisible(library.Visible{Until: 5}, counted.ID))
	anna.untilShare(t, counted.ID, "shared again", func(s sharing.Share) bool { return s.State == sharing.StateShared })
}

// What was sent to one person is read by nobody at the receiver's, unfinished or not,
// and is not shared on.
func TestWhatWasSentIsNotPassedOn(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	anna, eve := startPeer(t, tr), startPeer(t, tr)
	ben := startWith(t, &testPeer{offers: true}, tr, nil)
	path, content := anna.write(t, "song.flac", 3_000_000)
	number, err := anna.People.Send(sendingTo(ben, path))
	check(t, err)
	anna.People.Resume()
	eventually(t, ben.Engine, func() bool { return ben.People.Waiting() == 1 }, func() string { return "no request comes" })
	in := ben.People.Inbox()[0]
	ben.People.Resume()
	check(t, ben.People.Accept(in.Number, ben.files))
	eventually(t, anna.Engine, func() bool {
		r, err := anna.People.Request(number)
		return err == nil && r.State == library.RequestDone
	}, func() string { return "the sender does not hear that it is done" })
	got, err := os.ReadFile(ben.files + "/song.flac")
	check(t, err)
	if string(got) != string(content) {
		t.Error("the file is another one")
	}
	if n := ben.Shares.Count(); n != 0 {
		t.Errorf("the receiver shares %d of it", n)
	}
	if n := anna.Shares.Count(); n != 0 || len(anna.Shares.List()) != 0 {
		t.Errorf("the sender still shares %d of it", n)
	}
	eventually(t, eve.Engine, func() bool {
		sources, _ := eve.Trackers.Active().Sources(deadline(t), in.Items[0].Hash)
		return len(sources) == 0 && eve.hits(t) == 0
	}, func() string { return "somebody is a source of it" })
}

func (p *testPeer) setUpLimit(t testing.TB, limit int64) {
	t.Helper()
	settings, err := p.library.Settings()
	check(t, err)
	settings.UpLimit = limit
	p.Apply(settings)
}

// A content that is in two shares is there as long as one of them is for whoever reads it.
func TestWhatIsSharedTwiceStaysWithTheOther(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	anna, ben := startPeerWith(t, tr, slowly(2<<20)), startPeer(t, tr)
	path, content := anna.write(t, "album/song.flac", 32<<20)
	file := anna.shareTo(t, path, library.Visible{Until: 1})
	folder := anna.share(t, filepath.Dir(path))
	reading := func() string {
		id := ben.add(t, file)
		ben.until(t, id, "under way", func(d queue.Download) bool { return d.Done > 0 })
		return id
	}
	id := reading()
	check(t, anna.Shares.Stop(file.ID))
	anna.setUpLimit(t, 0)
	same(t, ben.wait(t, id, queue.StateFinished).Path, content)

	check(t, ben.Downloads.RemoveWithFiles(id))
	anna.setUpLimit(t, 2<<20)
	id = reading()
	check(t, anna.Shares.Stop(folder.ID)) // the last one
	ben.until(t, id, "without a source", func(d queue.Download) bool { return d.State == queue.StateWaiting && d.Done < int64(len(content)) })
}
