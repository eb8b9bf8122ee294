package peer_test

import (
	"path/filepath"
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// detailed waits until the details of a download are as they should be.
func (p *testPeer) detailed(t testing.TB, id, what string, ok func(queue.Details) bool) queue.Details {
	t.Helper()
	var last queue.Details
	eventually(t, p.Engine, func() bool {
		d, err := p.Downloads.Details(id)
		check(t, err)
		last = d
		return ok(d)
	}, func() string { return "the details do not show " + what })
	return last
}

// states counts the cells in each state.
func states(cells []piece.Cell) map[piece.CellState]int {
	n := map[piece.CellState]int{}
	for _, c := range cells {
		n[c.State]++
	}
	return n
}

func TestTheDetailsTellOfEverySource(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, carol, bob := startPeerWith(t, tr, slowly(2<<20)), startPeerWith(t, tr, slowly(2<<20)), startPeer(t, tr)
	path, content := alice.write(t, "film.mkv", 64<<20)
	s := alice.share(t, path)
	id := bob.add(t, s)
	one := bob.detailed(t, id, "one source", func(d queue.Details) bool {
		return len(d.Sources) == 1 && d.Sources[0].Got > 0 && d.Sources[0].Rate > 0 && d.Slow == swarm.SlowOneSource
	})
	got := one.Sources[0]
	if got.PeerID != alice.library.Identity().PeerID() || got.State != swarm.SourceDownloading || got.Address != alice.source().Addresses[0] || !got.Whole || !got.Local || got.Name == "" || got.Err != nil {
		t.Errorf("it is %+v", got)
	}
	if n := states(one.Cells); len(one.Cells) != 256 || n[piece.CellVerified] == 0 || n[piece.CellInFlight] == 0 || n[piece.CellMissing] == 0 || one.Copies != 1 {
		t.Errorf("the map has %v, and %g copies", n, one.Copies)
	}
	carol.share(t, carol.copyOf(t, "film.mkv", content))
	two := bob.detailed(t, id, "two sources, and what came of them together", func(d queue.Details) bool {
		return len(d.Sources) == 2 && d.Sources[0].Got > 0 && d.Sources[1].Got > 0 && d.Copies == 2 && d.Slow == swarm.SlowNetwork &&
			d.Got == d.Sources[0].Got+d.Sources[1].Got // while nothing is just being counted
	})
	for i, c := range two.Cells {
		if c.Copies != 2 {
			t.Fatalf("of cell %d there are %d copies", i, c.Copies)
		}
	}
	check(t, bob.Downloads.SetRate(1<<20, id))
	bob.detailed(t, id, "that the person's limit is what is slow", func(d queue.Details) bool { return d.Slow == swarm.SlowMyLimit })
	check(t, bob.Downloads.SetRate(0, id))
	carol.stop()
	bob.detailed(t, id, "that one source failed", func(d queue.Details) bool {
		last := d.Sources[len(d.Sources)-1]
		return len(d.Sources) == 2 && (last.State == swarm.SourceFailed && last.Err != nil || last.State == swarm.SourceConnecting)
	})
	bob.detailed(t, id, "speeds", func(d queue.Details) bool { return len(d.Speeds) > 1 && d.Speeds[len(d.Speeds)-1] > 1<<20 })
	check(t, bob.Downloads.Pause(id))
	if d, err := bob.Downloads.Details(id); err != nil || states(d.Cells)[piece.CellVerified] == 0 || d.Slow != swarm.SlowNot {
		t.Errorf("paused they show %v, slow because of %q, %v", states(d.Cells), d.Slow, err)
	}
	check(t, bob.Downloads.Remove(id))
	if _, err := bob.Downloads.Details(id); netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("of one that is gone: %v", err)
	}
}

func TestTheDetailsTellThatASourceLetsOneWait(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, func(s *library.Settings) { s.UploadSlots, s.UpLimit, s.AdaptiveSlots = 1, 2<<20, false })
	path, _ := alice.write(t, "one.mkv", 32<<20)
	other, _ := alice.write(t, "two.mkv", 32<<20)
	first, second := alice.share(t, path), alice.share(t, other)
	bob, carol := startPeer(t, tr), startPeer(t, tr)
	id := bob.add(t, first)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 0 })
	waiting := carol.add(t, second)
	carol.detailed(t, waiting, "that it waits at the source", func(d queue.Details) bool {
		return len(d.Sources) == 1 && d.Sources[0].State == swarm.SourceQueued && d.Sources[0].Place == 1 && d.Slow == swarm.SlowTheirLimit
	})
	carol.until(t, waiting, "served in its turn", func(d queue.Download) bool { return d.Done > 1<<20 })
}

func TestTheDetailsOfAFolderShowAllOfIt(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(3<<20)), startPeer(t, tr)
	alice.writeTree(t, "album", 100)
	alice.write(t, "album/large", 12<<20)
	s := alice.share(t, filepath.Join(alice.files, "album"))
	id := bob.add(t, s)
	d := bob.detailed(t, id, "what is there and what is missing", func(d queue.Details) bool {
		n := states(d.Cells)
		return n[piece.CellVerified]+n[piece.CellPartly] > 0 && n[piece.CellMissing]+n[piece.CellInFlight] > 0 && d.Got > 1<<20
	})
	if len(d.Cells) > piece.MaxCells {
		t.Errorf("the map has %d cells", len(d.Cells))
	}
	bob.wait(t, id, queue.StateFinished)
}

func TestTheDetailsOfADownloadWithoutASourceAreEmpty(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	p := startPeer(t, tr)
	ids := p.queueOf(t, "nobody has it")
	p.until(t, ids[0], "waiting", func(d queue.Download) bool { return d.State == queue.StateWaiting })
	d, err := p.Downloads.Details(ids[0])
	if check(t, err); len(d.Sources) != 0 || d.Copies != 0 || d.Slow != swarm.SlowNot {
		t.Errorf("of one without a source they show %+v", d)
	}
}

func TestTheDetailsNameWhoSentWrongBytes(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, fourPieces)
	liar := startStranger(t, s.content, nil)
	liar.onGet = func(c *strangerConn, f netproto.Get) {
		liar.sendBytes(c, f, make([]byte, len(liar.pieceBytes(f))))
	}
	s.name(liar.source())
	id := s.begin(t)
	s.getter.detailed(t, id, "who is banned, and why", func(d queue.Details) bool {
		return len(d.Sources) == 1 && d.Sources[0].State == swarm.SourceBanned && netproto.CodeOf(d.Sources[0].Err) == netproto.CodeWrongPiece
	})
	s.finish(t, id, liar.source())
}
