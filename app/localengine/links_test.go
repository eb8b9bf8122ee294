package localengine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func (h *house) link(path string) netproto.Link {
	h.t.Helper()
	text, err := h.LinkOf(deadline(h.t), h.share(path).ID)
	check(h.t, err)
	link, err := netproto.ParseLink(text)
	check(h.t, err)
	return link
}

func (h *house) follow(link netproto.Link) error {
	h.t.Helper()
	return h.Download(deadline(h.t), face.DownloadRequest{Hash: link.Hash, Name: link.Name, Size: link.Size, Link: link.String()})
}

func TestALinkLeadsToItsTracker(t *testing.T) {
	alice, bob, tracker := neighbours(t)
	path, content := alice.write("song.flac", 100_000)
	alice.offer(path)
	link := alice.link(path)
	if link.Tracker != tracker.Address || link.Fingerprint != tracker.Fingerprint || link.Name != "song.flac" || link.Size != 100_000 {
		t.Errorf("the link is %+v", link)
	}
	check(t, bob.follow(link))
	same(t, bob.finish("song.flac").Path, content)

	carol := newHouse(t) // knows no tracker
	link.Name, link.Size = "", -1
	check(t, carol.follow(link))
	same(t, carol.finish("song.flac").Path, content)
	if v := carol.view(); v.Address != tracker.Address || v.Fingerprint != tracker.Fingerprint {
		t.Errorf("carol is at %+v", v.KnownTracker)
	}
}

func TestALinkSaysThatItIsAFolder(t *testing.T) {
	alice, bob, _ := neighbours(t)
	contents := alice.album()
	check(t, bob.follow(alice.link(filepath.Join(alice.files, "album"))))
	d := bob.finish("album")
	for name, content := range contents {
		same(t, filepath.Join(d.Path, name), content)
	}
}

func TestALinkMovesNobodyWhoSharesElsewhere(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("song.flac", 1000)
	alice.offer(path)
	other := newTown(t)
	carol := newHouse(t)
	carol.use(other)
	own, _ := carol.write("diary.txt", 1000)
	carol.offer(own)
	link := alice.link(path)
	err := carol.follow(link)
	refused(t, err, netproto.CodeInvalid)
	for _, named := range []string{link.Tracker, other.Address} {
		if !strings.Contains(err.Error(), named) {
			t.Errorf("%q does not name %s", err, named)
		}
	}
	if carol.status().Connection != face.ConnectionConnected || carol.view().Address != other.Address || len(bob.find("diary")) != 0 {
		t.Error("the shares went to the tracker of the link")
	}
	// The person decides.
	check(t, carol.UseTracker(deadline(t), link.Tracker))
	check(t, carol.follow(link))
	same(t, carol.finish("song.flac").Path, content)
}

func TestLinksThatLeadNowhere(t *testing.T) {
	alice, bob, tracker := neighbours(t)
	nothing := netproto.Link{Tracker: tracker.Address, Hash: netproto.ContentHash{1}, Name: "gone.txt", Size: 5}
	err := bob.follow(nothing)
	refused(t, err, netproto.CodeNotFound)
	if !strings.Contains(err.Error(), "gone.txt") {
		t.Errorf("%q does not say what was not found", err)
	}
	refused(t, bob.follow(netproto.Link{Tracker: tracker.Address, Size: -1}), netproto.CodeInvalid)
	refused(t, bob.Download(deadline(t), face.DownloadRequest{Link: "cp2p://"}), netproto.CodeInvalid)
	refused(t, newHouse(t).follow(netproto.Link{Tracker: "127.0.0.1:1", Hash: netproto.ContentHash{1}}), netproto.CodeUnreachable)
	refused(t, bob.Download(deadline(t), face.DownloadRequest{Size: -1}), netproto.CodeInvalid)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	refused(t, alice.Download(ended, face.DownloadRequest{Link: nothing.String()}), netproto.CodeCancelled)
	if len(bob.rows()) != 0 {
		t.Error("there is a download of nothing")
	}
}

func TestAShareHasALinkOnceItIsHashedAndATrackerIsKnown(t *testing.T) {
	alice := newHouse(t)
	path, _ := alice.write("song.flac", 1000)
	check(t, alice.Share(deadline(t), face.ShareRequest{Items: []face.ShareItem{{Path: path}}}))
	alice.until("it is hashed", func() bool { return alice.share(path).State == face.ShareShared })
	_, err := alice.LinkOf(deadline(t), alice.share(path).ID)
	refused(t, err, netproto.CodeUnreachable)
	_, err = alice.LinkOf(deadline(t), "gone")
	refused(t, err, netproto.CodeNotFound)
	tracker := newTown(t)
	alice.use(tracker)
	if link := alice.link(path); link.Tracker != tracker.Address {
		t.Errorf("the link is %v", link)
	}
	missing := filepath.Join(alice.files, "missing.txt")
	check(t, alice.Share(deadline(t), face.ShareRequest{Items: []face.ShareItem{{Path: missing}}}))
	alice.until("it is missing", func() bool { return alice.share(missing).State == face.ShareMissing })
	_, err = alice.LinkOf(deadline(t), alice.share(missing).ID)
	refused(t, err, netproto.CodeFileUnreadable)
}
