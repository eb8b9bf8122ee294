package peer_test

import (
	"fmt"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// takes returns how long a new download of a share takes.
func (p *testPeer) takes(t testing.TB, s sharing.Share, prepare func(id string)) time.Duration {
	t.Helper()
	began := time.Now()
	id, err := p.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Dir: t.TempDir()})
	check(t, err)
	if prepare != nil {
		prepare(id)
	}
	p.wait(t, id, queue.StateFinished)
	return time.Since(began)
}

func TestOneDownloadCanBeSlowerThanTheOthers(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 3<<20)
	s := alice.share(t, path)
	if took := bob.takes(t, s, func(id string) { check(t, bob.Downloads.SetRate(1<<20, id)) }); took < 1500*time.Millisecond {
		t.Errorf("3 MiB at 1 MiB a second took %s", took)
	}
	slow, _ := alice.write(t, "slow.flac", 3<<20)
	limited := bob.add(t, alice.share(t, slow))
	check(t, bob.Downloads.SetRate(64<<10, limited)) // 48 s
	other, content := alice.write(t, "other.flac", 3<<20)
	same(t, bob.get(t, alice.share(t, other)).Path, content)
	if d, _ := bob.Downloads.ByID(limited); d.State == queue.StateFinished {
		t.Error("the other one is no faster")
	}
	if err := bob.Downloads.SetRate(-1); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("a limit below nothing: %v", err)
	}
	ids := bob.queueOf(t, "limited")
	check(t, bob.Downloads.SetRate(1234, ids...))
	bob.stop()
	bob.start(t, nil)
	if d, _ := bob.Downloads.ByID(ids[0]); d.Limit != 1234 {
		t.Errorf("after a restart the limit is %d", d.Limit)
	}
}

func TestTheQuickLimitCountsWhileItIsOn(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeer(t, tr)
	bob := startPeerWith(t, tr, func(s *library.Settings) { s.QuickDown = 1 << 18 })
	path, _ := alice.write(t, "song.flac", 3<<20)
	s := alice.share(t, path)
	bob.SetQuickLimit(true)
	limited := bob.takes(t, s, nil)
	if limited < 8*time.Second || !bob.QuickLimit() {
		t.Errorf("3 MiB at 256 KiB a second took %s", limited)
	}
	bob.SetQuickLimit(false)
	if took := bob.takes(t, s, nil); took > limited/2 || bob.QuickLimit() {
		t.Errorf("without it they took %s", took)
	}
}

func TestTheLocalNetworkIsNotLimitedIfThePersonSaysSo(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	limited := func(s *library.Settings) { s.UpLimit, s.DownLimit = 1<<18, 1<<18 }
	alice, bob := startPeerWith(t, tr, func(s *library.Settings) { limited(s); s.LocalExempt = true }), startPeerWith(t, tr, limited)
	settings, err := bob.library.Settings()
	check(t, err)
	settings.LocalExempt = true
	bob.Apply(settings)
	const size = 12 << 20
	path, _ := alice.write(t, "song.flac", size)
	if took := bob.takes(t, alice.share(t, path), nil); took > size/(1<<18)*time.Second/2 {
		t.Errorf("over loopback it took %s, as long as with the limits", took)
	}
}

// A limit is shared evenly: each of several readers gets about the same from the moment
// when all of them read.
func TestReadersShareALimitEvenly(t *testing.T) {
	t.Parallel()
	const limit = 2 << 20
	tr := startTracker(t)
	alice := startPeerWith(t, tr, func(s *library.Settings) {
		s.UpLimit, s.UploadSlots = limit, 4
		s.QuickUp, s.QuickLimit = 256<<10, true // until all have begun
	})
	var shares []sharing.Share
	for _, name := range []string{"a", "b", "c"} {
		path, _ := alice.write(t, name, 6<<20)
		shares = append(shares, alice.share(t, path))
	}
	var readers []*testPeer
	var ids []string
	for _, s := range shares { // each reader has its own, so that none helps another
		p := startPeer(t, tr)
		readers, ids = append(readers, p), append(ids, p.add(t, s))
	}
	done := func() (all [3]int64) {
		for i, p := range readers {
			d, _ := p.Downloads.ByID(ids[i])
			all[i] = d.Done
		}
		return all
	}
	for i, p := range readers {
		p.until(t, ids[i], "begun", func(d queue.Download) bool { return d.Done > 0 })
	}
	began, since := done(), time.Now()
	alice.SetQuickLimit(false)
	for i, p := range readers {
		p.until(t, ids[i], "further", func(d queue.Download) bool { return d.Done >= min(began[i]+2<<20, d.Size) })
	}
	now, least, all := done(), int64(6<<20), int64(0)
	could := int64(limit * time.Since(since).Seconds())
	for i := range now {
		all += now[i] - began[i]
		if now[i] < 6<<20 { // who has all gets no more
			least = min(least, now[i]-began[i])
		}
	}
	if all < could*3/4 {
		t.Logf("%d bytes came though the limit allows %d: they shared a busy computer", all, could)
		return
	}
	for i := range now {
		if got := now[i] - began[i]; got > least+1<<20+1<<19 {
			t.Errorf("reader %d had got %d bytes when another had got %d", i, got, least)
		}
	}
}

func TestTheTrackerTriesThePort(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeer(t, tr)
	reachable, err := alice.Trackers.TestPort(deadline(t))
	if err != nil || reachable != netproto.ReachableYes {
		t.Errorf("it is reachable: %s, %v", reachable, err)
	}
	if r := alice.Trackers.Status().Reachable; r != netproto.ReachableYes {
		t.Errorf("it is shown as %s", r)
	}
	if _, err := startPeer(t, nil).Trackers.TestPort(deadline(t)); netproto.CodeOf(err) != netproto.CodeUnreachable {
		t.Errorf("without a tracker: %v", err)
	}
}

// The computer may be busy, so one good attempt is enough: a source that waits for a whole
// frame at a time, which is four seconds, never has one.
func TestUnderALimitBytesFlowAndDoNotComeInBursts(t *testing.T) {
	t.Parallel()
	const rate = 64 << 10
	tr := startTracker(t)
	alice := startPeer(t, tr) // sends the largest frames
	bob := startPeerWith(t, tr, func(s *library.Settings) { s.DownLimit = rate })
	longest := time.Duration(0)
	for i := range 5 {
		path, content := alice.write(t, fmt.Sprint(i, ".flac"), 5*rate)
		d, quiet := bob.longestQuiet(t, bob.add(t, alice.share(t, path)))
		same(t, d.Path, content)
		if longest = quiet; longest > 0 && longest <= 2*time.Second {
			return
		}
	}
	t.Errorf("nothing came for %s, at %d bytes a second", longest, rate)
}

// longestQuiet waits for the end of a download, and returns the longest time in which
// nothing of it came.
func (p *testPeer) longestQuiet(t *testing.T, id string) (d queue.Download, longest time.Duration) {
	t.Helper()
	var got int64
	var came time.Time
	d = p.until(t, id, "finished", func(d queue.Download) bool {
		details, err := p.Downloads.Details(id)
		check(t, err)
		if details.Got > got {
			now := time.Now()
			if got > 0 {
				longest = max(longest, now.Sub(came))
			}
			got, came = details.Got, now
		}
		return d.State == queue.StateFinished
	})
	return d, longest
}

// Two downloads share a connection. The bytes of the limited one must not stand in
// front of those of the other, nor make its source look dead.
func TestALimitedDownloadKeepsAnotherFromTheSameSourceGoing(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	slow, _ := alice.write(t, "slow.bin", 24<<20)
	quick, content := alice.write(t, "quick.bin", 24<<20)
	slowShare, quickShare := alice.share(t, slow), alice.share(t, quick)
	limited := bob.add(t, slowShare)
	check(t, bob.Downloads.SetRate(64<<10, limited))
	bob.until(t, limited, "under way", func(d queue.Download) bool { return d.State == queue.StateDownloading })
	began := time.Now()
	same(t, bob.get(t, quickShare).Path, content)
	if took := time.Since(began); took > time.Minute { // all of it at the rate of the other would take six
		t.Errorf("beside a limited download 24 MiB took %s", took)
	}
	details, err := bob.Downloads.Details(limited)
	check(t, err)
	for _, s := range details.Sources {
		if s.Err != nil {
			t.Errorf("the source of the limited download is %s: %v", s.State, s.Err)
		}
	}
	before := details.Got
	bob.until(t, limited, "going on", func(queue.Download) bool {
		details, err := bob.Downloads.Details(limited)
		check(t, err)
		return details.Got > before
	})
}
