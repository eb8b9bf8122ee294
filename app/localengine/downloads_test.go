package localengine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// neighbours are two houses on one tracker.
func neighbours(t testing.TB) (alice, bob *house, tracker *town) {
	t.Helper()
	tracker = newTown(t)
	alice, bob = newHouse(t), newHouse(t)
	alice.use(tracker)
	bob.use(tracker)
	return alice, bob, tracker
}

func TestWhatIsFoundIsDownloaded(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("song.flac", 3<<20)
	alice.offer(path)
	hit := bob.findOne("song")
	if hit.Name != "song.flac" || hit.Size != 3<<20 || hit.Kind != netproto.KindAudio || hit.Have != face.HaveNothing || hit.Sources != 1 {
		t.Errorf("the hit is %+v", hit)
	}
	check(t, bob.change(func(s *face.Settings) { s.Name = "bob" }))
	bob.fetch(hit)
	d := bob.finish("song.flac")
	same(t, d.Path, content)
	if d.Path != filepath.Join(bob.downloads, "song.flac") || d.Done != d.Size || d.Size != 3<<20 || !d.Failure.IsZero() || d.Hash != hit.Hash {
		t.Errorf("the row is %+v", d)
	}
	for name, h := range map[string]*house{"alice": alice, "bob": bob} {
		if have := h.findOne("song").Have; have != face.HaveHere {
			t.Errorf("%s: the search says %q, not that it is here", name, have)
		}
	}
	alice.until("the upload has ended", func() bool {
		uploads, err := alice.Uploads(deadline(t))
		check(t, err)
		return len(uploads) == 1 && uploads[0].State == face.UploadEnded
	})
	uploads, err := alice.Uploads(deadline(t))
	check(t, err)
	// At the end, connections take over from each other, so a piece may be sent twice.
	if u := uploads[0]; u.Name != "song.flac" || u.Peer != "bob" || u.Sent < 3<<20 || u.Size != 3<<20 || u.Rate != 0 {
		t.Errorf("the upload is %+v", u)
	}
	if s := alice.share(path); s.Fetched != 1 || s.Sent < 3<<20 {
		t.Errorf("it was fetched %d times, %d bytes", s.Fetched, s.Sent)
	}
	// A finished download is offered by the peer that fetched it.
	bob.until("bob is a source", func() bool { return alice.findOne("song").Sources == 1 })
	if hit := bob.findOne("song"); hit.Sources != 1 || len(hit.Owners.List()) != 1 || hit.Owners[0].PeerID == bob.local.node.Library.Identity().PeerID() {
		t.Errorf("bob is a source of his own: %+v", hit)
	}
}

// slow makes downloads last until the limit is lifted.
func (h *house) slow() {
	h.t.Helper()
	check(h.t, h.change(func(s *face.Settings) { s.DownLimit = 128 << 10 }))
}

// slowFilm is a download of film.mkv from alice that has begun and lasts until
// bob's limit is lifted.
func slowFilm(t *testing.T, size int) (alice, bob *house, content []byte) {
	t.Helper()
	alice, bob, _ = neighbours(t)
	path, content := alice.write("film.mkv", size)
	alice.offer(path)
	bob.slow()
	bob.fetch(bob.findOne("film"))
	return alice, bob, content
}

func (h *house) fast() {
	h.t.Helper()
	check(h.t, h.change(func(s *face.Settings) { s.DownLimit = 0 }))
}

func TestWhatADownloadHas(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	check(t, os.WriteFile(there, nil, 0o644))
	for _, c := range []struct {
		download queue.Download
		want     face.Have
	}{
		{queue.Download{State: queue.StateQueued}, face.HaveQueued},
		{queue.Download{State: queue.StateWaiting}, face.HaveQueued},
		{queue.Download{State: queue.StateConnecting}, face.HaveQueued},
		{queue.Download{State: queue.StateWaiting, Done: 1}, face.HaveRunning},
		{queue.Download{State: queue.StateDownloading}, face.HaveRunning},
		{queue.Download{State: queue.StateVerifying}, face.HaveRunning},
		{queue.Download{State: queue.StatePaused}, face.HavePaused},
		{queue.Download{State: queue.StateNoSpace}, face.HaveStuck},
		{queue.Download{State: queue.StateFailed, Done: 1}, face.HaveNothing},
		{queue.Download{State: queue.StateFinished, Path: there}, face.HaveHere},
		{queue.Download{State: queue.StateFinished, Path: there + " is gone"}, face.HaveNothing},
	} {
		if have := haveOf(c.download); have != c.want {
			t.Errorf("%+v has %q, not %q", c.download, have, c.want)
		}
	}
}

// album is a folder that alice shares.
func (h *house) album() (contents map[string][]byte) {
	h.t.Helper()
	contents = map[string][]byte{}
	for _, name := range []string{"one.flac", "two.flac", "scans/cover.png"} {
		_, contents[name] = h.write("album/"+name, 10_000+len(name))
	}
	check(h.t, os.MkdirAll(filepath.Join(h.files, "album", "empty"), 0o755))
	h.offer(filepath.Join(h.files, "album"))
	return contents
}

// findFolder gives the hit that is a folder.
func (h *house) findFolder(words string) face.Hit {
	h.t.Helper()
	page, err := h.Search(deadline(h.t), face.SearchRequest{Words: words, Kind: netproto.KindFolder})
	check(h.t, err)
	if len(page.Hits) != 1 {
		h.t.Fatalf("%d folders were found, 1 was expected", len(page.Hits))
	}
	return page.Hits[0]
}

func TestAFolderIsLookedIntoBeforeItIsFetched(t *testing.T) {
	alice, bob, _ := neighbours(t)
	contents := alice.album()
	bob.fetch(bob.findOne("two.flac"))
	bob.finish("two.flac")
	folder, err := bob.FolderContents(deadline(t), bob.findFolder("album").Hash)
	check(t, err)
	var paths []string
	for _, f := range folder.Files {
		paths = append(paths, f.Path)
		if size := int64(len(contents[f.Path])); f.Size != size {
			t.Errorf("%s has %d bytes, not %d", f.Path, f.Size, size)
		}
		if f.Here != (f.Path == "two.flac") {
			t.Errorf("%s: here is %v", f.Path, f.Here)
		}
	}
	if want := []string{"empty", "one.flac", "scans/cover.png", "two.flac"}; !slices.Equal(paths, want) {
		t.Errorf("it holds %q, not %q", paths, want)
	}
	if rows := bob.rows(); len(rows) != 1 {
		t.Errorf("looking added a download: %v", rows)
	}
}

func TestTheChosenFilesOfAFolderComeAlone(t *testing.T) {
	alice, bob, _ := neighbours(t)
	contents := alice.album()
	hit := bob.findFolder("album")
	bob.fetch(hit, "scans/cover.png")
	d := bob.finish("album")
	same(t, filepath.Join(d.Path, "scans", "cover.png"), contents["scans/cover.png"])
	if entries, err := os.ReadDir(d.Path); err != nil || len(entries) != 1 {
		t.Errorf("%v came, %v", entries, err)
	}
	if !d.Folder || d.Size != int64(len(contents["scans/cover.png"])) {
		t.Errorf("the row is %+v", d)
	}
}

func TestADownloadStopsAndGoesOn(t *testing.T) {
	_, bob, content := slowFilm(t, 2<<20)
	bob.untilState("film.mkv", face.DownloadDownloading)
	ids := []string{bob.rows()["film.mkv"].ID}
	check(t, bob.Pause(deadline(t), ids))
	bob.untilState("film.mkv", face.DownloadPaused)
	bob.reopen() // it stays paused across a restart
	if d := bob.rows()["film.mkv"]; d.State != face.DownloadPaused || d.ID != ids[0] {
		t.Errorf("after the restart it is %+v", d)
	}
	bob.untilConnection(face.ConnectionConnected)
	bob.fast()
	check(t, bob.Resume(deadline(t), ids))
	d := bob.finish("film.mkv")
	same(t, d.Path, content)
	check(t, bob.Remove(deadline(t), ids))
	if rows := bob.rows(); len(rows) != 0 {
		t.Errorf("%v are in the list", rows)
	}
	same(t, d.Path, content)
}

func TestACancelledDownloadLeavesNothing(t *testing.T) {
	_, bob, _ := slowFilm(t, 4<<20)
	bob.until("something came", func() bool { return bob.rows()["film.mkv"].Done > 0 })
	check(t, bob.Cancel(deadline(t), []string{bob.rows()["film.mkv"].ID}))
	if left, err := os.ReadDir(bob.downloads); err != nil || len(left) != 0 || len(bob.rows()) != 0 {
		t.Errorf("%v and %v are left, %v", left, bob.rows(), err)
	}
	if have := bob.findOne("film").Have; have != face.HaveNothing {
		t.Errorf("the search says %q", have)
	}
}

func TestAFailedDownloadIsTriedAgain(t *testing.T) {
	alice, bob, _ := neighbours(t)
	song, _ := alice.write("song.flac", 1000)
	film, _ := alice.write("film.mkv", 4<<20)
	// A list that nobody can fetch: one content has two sizes.
	text, err := netproto.AppendFolder(nil, []netproto.FolderEntry{{Path: "a", Hash: netproto.ContentHash{1}, Size: 1}, {Path: "b", Hash: netproto.ContentHash{1}, Size: 2}})
	check(t, err)
	check(t, os.WriteFile(song, text, 0o600))
	alice.offer(song)
	alice.offer(film)
	hit := bob.findOne("song")
	hit.Folder = true
	bob.fetch(hit)
	bob.untilState("song.flac", face.DownloadFailed)
	d := bob.rows()["song.flac"]
	if d.Failure.Code != netproto.CodeProtocol {
		t.Errorf("it failed with %+v", d.Failure)
	}
	if c := bob.status().Counts; c.Failed != 1 || c.Downloads != 1 {
		t.Errorf("the counts are %+v", c)
	}
	if have := bob.findOne("song").Have; have != face.HaveNothing {
		t.Errorf("the search says %q, so that nobody would try it again", have)
	}
	bob.slow()
	check(t, bob.change(func(s *face.Settings) { s.DownloadsAtOnce = 1 }))
	bob.fetch(bob.findOne("film"))
	bob.untilState("film.mkv", face.DownloadDownloading)
	check(t, bob.Retry(deadline(t), []string{d.ID}))
	if d := bob.rows()["song.flac"]; d.State != face.DownloadQueued || !d.Failure.IsZero() {
		t.Errorf("it is %s with %+v, and not queued", d.State, d.Failure)
	}
}

func TestOneThatIsGoneDoesNotKeepTheOthersFromAnAction(t *testing.T) {
	_, bob, _ := slowFilm(t, 4<<20)
	refused(t, bob.Pause(deadline(t), []string{"gone", bob.rows()["film.mkv"].ID}), netproto.CodeNotFound)
	if d := bob.rows()["film.mkv"]; d.State != face.DownloadPaused {
		t.Errorf("it is %s", d.State)
	}
}
