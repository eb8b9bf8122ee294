package peer_test

import (
	"bufio"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// A round trip across the world takes a third of a second: a source must have everything
// that it needs to send the first bytes before it has said a word.
func TestASourceIsAskedInTheFlightThatEndsTheHandshake(t *testing.T) {
	t.Parallel()
	content := make([]byte, 3*netproto.MinPieceSize+1)
	rand.NewChaCha8([32]byte{1}).Read(content)
	said := make(chan []netproto.Frame, 1)
	source := startStranger(t, content, func(s *stranger) {
		s.onAccept = func(raw net.Conn) {
			secure := tls.Server(raw, s.id.ServerTLS(netproto.ALPN, true, nil))
			c := &strangerConn{secure, bufio.NewReader(secure)}
			raw.SetDeadline(time.Now().Add(patience))
			frames := c.firstFlight()
			select {
			case said <- frames:
			default:
				return
			}
			raw.SetDeadline(time.Time{})
			c.send(netproto.Hello{Version: netproto.FrameVersion, Name: "a slow talker"})
			for _, f := range frames {
				s.answer(c, f)
			}
			s.answerAll(c)
		}
	})
	tracker := newFakeTracker()
	getter := startPeerAt(t, tracker)
	tracker.with(func() { tracker.sources = []netproto.Source{source.source()} })
	id, err := getter.Downloads.Add(queue.Request{Hash: source.m.Hash, Name: "song.flac", Size: source.m.Size, Dir: getter.files})
	check(t, err)
	frames := <-said
	var get netproto.Get
	for i, f := range frames {
		switch f := f.(type) {
		case netproto.Hello:
			if i != 0 {
				t.Errorf("frame %d is a hello", i)
			}
		case netproto.Get:
			get = f
		}
	}
	if int(get.Piece) != source.m.Pieces()-1 || int64(get.Length) != source.m.Length(source.m.Pieces()-1) {
		t.Fatalf("before the source said anything it was asked %+v", frames)
	}
	d := getter.wait(t, id, queue.StateFinished)
	same(t, d.Path, content)
	if n := source.gets.Load(); n != int32(source.m.Pieces()) {
		t.Errorf("%d pieces were asked for, the content has %d", n, source.m.Pieces())
	}
}

// A round trip for the first connection, another one for the others: an open source gets all of
// them at once, and each asks for something in its first flight.
func TestAnOpenSourceIsAskedOnAllConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	const connections = 3
	content := make([]byte, 40*netproto.MinPieceSize+1)
	rand.NewChaCha8([32]byte{3}).Read(content)
	all := make(chan struct{})
	var nth atomic.Int32
	source := startStranger(t, content, func(s *stranger) {
		s.onAccept = func(raw net.Conn) {
			secure := tls.Server(raw, s.id.ServerTLS(netproto.ALPN, true, nil))
			c := &strangerConn{secure, bufio.NewReader(secure)}
			frames := c.firstFlight()
			if nth.Add(1) == connections {
				close(all)
			}
			select { // not a word before all have asked
			case <-all:
			case <-t.Context().Done():
			}
			c.send(netproto.Hello{Version: netproto.FrameVersion, Name: "a slow talker"})
			for _, f := range frames {
				s.answer(c, f)
			}
			s.answerAll(c)
		}
	})
	tracker := newFakeTracker()
	getter := startPeerAt(t, tracker)
	open := source.source()
	open.Reach = netproto.ReachableYes
	tracker.with(func() { tracker.sources = []netproto.Source{open} })
	id, err := getter.Downloads.Add(queue.Request{Hash: source.m.Hash, Name: "song.flac", Size: source.m.Size, Dir: getter.files})
	check(t, err)
	d := getter.wait(t, id, queue.StateFinished)
	same(t, d.Path, content)
}

// firstFlight reads up to the first question for bytes.
func (c *strangerConn) firstFlight() (frames []netproto.Frame) {
	for {
		f, err := c.read()
		if err != nil {
			return frames
		}
		frames = append(frames, f)
		if _, isGet := f.(netproto.Get); isGet {
			return frames
		}
	}
}

// What a source has said on one connection need not be said again on the next.
func TestAFurtherConnectionAsksAtOnceForWhatIsKnown(t *testing.T) {
	t.Parallel()
	content := make([]byte, 40*netproto.MinPieceSize+1)
	rand.NewChaCha8([32]byte{4}).Read(content)
	const first = 7 // more than is asked for before the manifest has come
	begun, further := make(chan struct{}), make(chan []netproto.Frame, 1)
	var once sync.Once
	var gets, nth atomic.Int32
	source := startStranger(t, content, func(s *stranger) {
		s.onAccept = func(raw net.Conn) {
			secure := tls.Server(raw, s.id.ServerTLS(netproto.ALPN, true, nil))
			if nth.Add(1) == 1 {
				s.serve(secure)
				return
			}
			select {
			case <-begun:
			case <-t.Context().Done():
			}
			c := &strangerConn{secure, bufio.NewReader(secure)}
			frames := c.firstFlight()
			once.Do(func() { further <- frames })
			c.send(netproto.Hello{Version: netproto.FrameVersion, Name: "a stranger"})
			for _, f := range frames {
				s.answer(c, f)
			}
			s.answerAll(c)
		}
		s.onGet = func(c *strangerConn, f netproto.Get) {
			switch n := gets.Add(1); {
			case n == first:
				close(begun)
				fallthrough
			case n > first: // the others have something left to do
				select {
				case frames := <-further:
					further <- frames
				case <-t.Context().Done():
				}
			}
			s.honestGet(c, f)
		}
	})
	tracker := newFakeTracker()
	getter := startPeerAt(t, tracker)
	tracker.with(func() { tracker.sources = []netproto.Source{source.source()} })
	id, err := getter.Downloads.Add(queue.Request{Hash: source.m.Hash, Name: "song.flac", Size: source.m.Size, Dir: getter.files})
	check(t, err)
	d := getter.wait(t, id, queue.StateFinished)
	same(t, d.Path, content)
	for _, f := range <-further {
		if f, is := f.(netproto.Open); is && (f.Manifest || f.Size != source.m.Size) {
			t.Errorf("a further connection asks %+v", f)
		}
	}
}

// Trackers may say a wrong size: what was asked for because of it is of no use, and
// nobody's fault.
func TestAWrongSizeFromTheTrackerOnlyCostsARoundTrip(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"one byte less": -1, "one byte more": 1, "a piece less": -netproto.MinPieceSize, "a piece more": netproto.MinPieceSize} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwarm(t, 5*netproto.MinPieceSize+77)
			s.name(s.honest.source())
			id, err := s.getter.Downloads.Add(queue.Request{Hash: s.share.Hash, Name: s.share.Name, Size: s.share.Size + size, Dir: s.getter.files})
			check(t, err)
			d := s.getter.wait(t, id, queue.StateFinished)
			same(t, d.Path, s.content)
		})
	}
}

// A source that sends the bytes of a piece before it has said what the content is made of
// sends them in vain.
func TestBytesThatComeBeforeTheManifestAreDropped(t *testing.T) {
	t.Parallel()
	content := make([]byte, 3*netproto.MinPieceSize+1)
	rand.NewChaCha8([32]byte{1}).Read(content)
	source := startStranger(t, content, func(s *stranger) {
		var opened netproto.Open
		s.onOpen = func(_ *strangerConn, f netproto.Open) { opened = f }
		s.onGet = func(c *strangerConn, f netproto.Get) {
			s.honestGet(c, f)
			if opened.Manifest {
				s.honestOpen(c, opened)
				opened.Manifest = false
			}
		}
	})
	tracker := newFakeTracker()
	getter := startPeerAt(t, tracker)
	tracker.with(func() { tracker.sources = []netproto.Source{source.source()} })
	id, err := getter.Downloads.Add(queue.Request{Hash: source.m.Hash, Name: "song.flac", Size: source.m.Size, Dir: getter.files})
	check(t, err)
	d := getter.wait(t, id, queue.StateFinished)
	same(t, d.Path, content)
	if n := source.gets.Load(); n != int32(source.m.Pieces())+1 {
		t.Errorf("%d pieces were asked for, the content has %d", n, source.m.Pieces())
	}
}
