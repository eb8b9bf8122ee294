package localengine

import (
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestASearchNeedsATracker(t *testing.T) {
	alice := newHouse(t)
	_, err := alice.Search(deadline(t), face.SearchRequest{Words: "song"})
	refused(t, err, netproto.CodeUnreachable)
}

func TestASearchComesInPages(t *testing.T) {
	alice, bob, _ := neighbours(t)
	for i := range netproto.MaxPage + 5 {
		alice.write(filepath.Join("many", time.Duration(i).String()), i+1)
	}
	alice.offer(filepath.Join(alice.files, "many"))
	seen := map[netproto.ContentHash]bool{}
	request := face.SearchRequest{Sort: netproto.SortSize, MinSize: 1, MaxSize: netproto.MaxPage + 5}
	for {
		page, err := bob.Search(deadline(t), request)
		check(t, err)
		for _, h := range page.Hits {
			seen[h.Hash] = true
		}
		if request.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if len(seen) != netproto.MaxPage+5 {
		t.Errorf("%d of %d files were found", len(seen), netproto.MaxPage+5)
	}
}

func TestAHitSaysWhatIsOnItsWay(t *testing.T) {
	alice, bob, _ := neighbours(t)
	first, one := alice.write("first.mkv", 4<<20)
	second, two := alice.write("second.mkv", 1<<20)
	alice.offer(first)
	alice.offer(second)
	bob.slow()
	check(t, bob.change(func(s *face.Settings) { s.DownloadsAtOnce = 1 }))
	bob.fetch(bob.findOne("first"))
	bob.untilState("first.mkv", face.DownloadDownloading)
	bob.fetch(bob.findOne("second"))
	bob.untilState("second.mkv", face.DownloadQueued)
	if place := bob.rows()["second.mkv"].Place; place != 1 {
		t.Errorf("it waits at place %d", place)
	}
	if have := bob.findOne("first").Have; have != face.HaveRunning {
		t.Errorf("a running download is %q", have)
	}
	if have := bob.findOne("second").Have; have != face.HaveQueued {
		t.Errorf("a queued download is %q", have)
	}
	if c := bob.status().Counts; c != (face.Counts{Downloads: 2}) {
		t.Errorf("the counts are %+v", c)
	}
	alice.until("the upload counts", func() bool { return alice.status().Counts == face.Counts{Uploads: 1, Shares: 2} })
	alice.until("the rates show", func() bool { return alice.status().UpRate > 0 && bob.status().DownRate > 0 })
	bob.fast()
	same(t, bob.finish("first.mkv").Path, one)
	same(t, bob.finish("second.mkv").Path, two)
	if c := bob.status().Counts; c.Downloads != 0 {
		t.Errorf("%d downloads count, none runs", c.Downloads)
	}
}
