package peer_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// crowd has several peers download one share at the same time and returns how long
// it took until all had it.
func crowd(t testing.TB, tr *testTracker, n int, s sharing.Share) time.Duration {
	t.Helper()
	readers := make([]*testPeer, n)
	for i := range readers {
		readers[i] = unhurriedPeer(t, tr, nil)
	}
	began := time.Now()
	ids := make([]string, n)
	for i, p := range readers {
		ids[i] = p.add(t, s)
	}
	for i, p := range readers {
		p.wait(t, ids[i], queue.StateFinished)
	}
	took := time.Since(began)
	for _, p := range readers {
		p.stop()
		if err := os.Remove(filepath.Join(p.files, s.Name)); err != nil {
			t.Error(err)
		}
	}
	return took
}

// BenchmarkCrowd measures how long eight peers take to get 100 MiB from one source
// that gives 20 MB/s, as a multiple of the time one peer alone takes, and how often
// the source sent each byte.
func BenchmarkCrowd(b *testing.B) {
	const size, rate, readers = 100 << 20, 20_000_000, 8
	tr := startTracker(b)
	alice := unhurriedPeer(b, tr, func(s *library.Settings) { s.UpLimit, s.LocalExempt = rate, false })
	path, _ := alice.write(b, "song.flac", size)
	s := alice.share(b, path)
	var alone, all time.Duration
	for b.Loop() {
		alone += crowd(b, tr, 1, s)
		before := sentBy(alice)
		all += crowd(b, tr, readers, s)
		b.ReportMetric(float64(sentBy(alice)-before)/size, "copies")
	}
	b.ReportMetric(alone.Seconds()/float64(b.N), "s-alone")
	b.ReportMetric(float64(all)/float64(alone), "times-alone")
}

// The bound leaves room for a computer that is busy with other things; the real
// number is what BenchmarkCrowd reports.
func TestASlowSourceSendsACrowdFarLessThanACopyEach(t *testing.T) {
	t.Parallel()
	const size, readers = 24 << 20, 5
	tr := startTracker(t)
	alice := unhurriedPeer(t, tr, slowly(6<<20))
	path, content := alice.write(t, "song.flac", size)
	s := alice.share(t, path)
	ids := map[*testPeer]string{}
	for range readers {
		p := unhurriedPeer(t, tr, nil)
		ids[p] = p.add(t, s)
	}
	for p, id := range ids {
		same(t, p.wait(t, id, queue.StateFinished).Path, content)
	}
	if n := sentBy(alice); n > size*readers*3/5 {
		t.Errorf("the source sent %.2f copies to %d readers", float64(n)/size, readers)
	}
}

// heardOf starts a reader whose tracker knows one source only.
func heardOf(t testing.TB, source netproto.Source) *testPeer {
	t.Helper()
	return startPeerAt(t, fakeWith(source))
}

func TestReadersOfASourceFindEachOtherWithoutTheTracker(t *testing.T) {
	t.Parallel()
	alice := startPeerWith(t, nil, slowly(3<<20))
	alice.Trackers.Use(newFakeTracker())
	path, content := alice.write(t, "song.flac", 9<<20)
	s := alice.share(t, path)
	bob, carol := heardOf(t, alice.source()), heardOf(t, alice.source())
	first, second := bob.add(t, s), carol.add(t, s)
	for p, id := range map[*testPeer]string{bob: first, carol: second} {
		p.until(t, id, "connected to the other reader", func(d queue.Download) bool { return d.Sources == 2 })
	}
	same(t, bob.wait(t, first, queue.StateFinished).Path, content)
	same(t, carol.wait(t, second, queue.StateFinished).Path, content)
}

func TestAReaderWithoutAnyPieceIsAskedAgainWhenItHasSome(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, slowly(2<<20))
	path, content := alice.write(t, "song.flac", 10<<20) // so that there is time to ask again
	s := alice.share(t, path)
	bob, carol := startPeer(t, tr), startPeer(t, tr)
	first, second := bob.add(t, s), carol.add(t, s)
	same(t, bob.wait(t, first, queue.StateFinished).Path, content)
	d := carol.wait(t, second, queue.StateFinished)
	same(t, d.Path, content)
	if d.Used != 2 {
		t.Errorf("%d sources were used", d.Used)
	}
}

// liar is a source that names other peers that have the content.
func liar(t testing.TB, content []byte, others ...netproto.SwarmPeer) *stranger {
	t.Helper()
	return startStranger(t, content, func(s *stranger) {
		s.onOpen = func(c *strangerConn, f netproto.Open) {
			c.send(netproto.Peers{Hash: f.Hash, Peers: others})
			s.honestOpen(c, f)
		}
		s.onGet = func(c *strangerConn, f netproto.Get) {} // so that others are wanted
	})
}

func TestAnAddressThatAPeerNamedIsDialledOnce(t *testing.T) {
	t.Parallel()
	_, content := startPeer(t, nil).write(t, "song.flac", 1<<20)
	victim, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer victim.Close()
	dials := make(chan struct{}, 100)
	go func() {
		for {
			c, err := victim.Accept()
			if err != nil {
				return
			}
			dials <- struct{}{}
			c.Close()
		}
	}()
	at := victim.Addr().(*net.TCPAddr).AddrPort()
	lying := liar(t, content, netproto.SwarmPeer{Key: netproto.PublicKey{1}, Address: at})
	honest := startPeerWith(t, nil, slowly(300<<10))
	honest.Trackers.Use(newFakeTracker())
	path := honest.copyOf(t, "song.flac", content)
	s := honest.share(t, path)
	bob := startPeerAt(t, fakeWith(lying.source(), honest.source()))
	same(t, bob.wait(t, bob.add(t, s), queue.StateFinished).Path, content)
	bob.stop()
	if n := len(dials); n != 1 {
		t.Errorf("it was dialled %d times", n)
	}
}
