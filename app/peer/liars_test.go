package peer_test

import (
	"strconv"
	"testing"
	"time"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// One peer says truthfully what a content is, claims all pieces but the last, and lets
// wait whoever asks for one. Another one is honest and has time.
func TestAPartialSourceThatLetsWaitKeepsNothingFromOthers(t *testing.T) {
	t.Parallel()
	for _, size := range []int{fourPieces, 2 << 20, 7 << 20} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			s := newSwarm(t, size)
			getter := unhurriedPeer(t, nil, nil) // the waits of everyday use
			getter.Trackers.Use(s.tracker)
			l := startStranger(t, s.content, nil)
			l.onOpen = func(c *strangerConn, f netproto.Open) {
				bits := piece.NewBits(l.m.Pieces())
				for i := range l.m.Pieces() - 1 {
					bits.Set(i)
				}
				if f.Manifest {
					c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs})
				}
				c.send(netproto.Have{Stream: f.Stream, Bits: bits})
			}
			l.onGet = func(c *strangerConn, f netproto.Get) {
				c.send(netproto.Refuse{Stream: f.Stream, Request: f.Request, Code: netproto.CodeQueued, Place: 1})
			}
			s.name(s.honest.source(), l.source())
			began := time.Now()
			id, err := getter.Downloads.Add(queue.Request{Hash: s.share.Hash, Name: s.share.Name, Size: -1, Dir: getter.files})
			check(t, err)
			same(t, getter.wait(t, id, queue.StateFinished).Path, s.content)
			if took := time.Since(began); took > 14*time.Second { // a refusal alone is waited for longer
				t.Errorf("it took %s", took)
			}
		})
	}
}

// As many liars as a download knows sources send wrong bytes and are banned. Then the
// tracker names an honest one.
func TestBannedSourcesLeaveTheirPlacesToOthers(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, fourPieces)
	var liars []*stranger
	var sources []netproto.Source
	for range 200 {
		l := startStranger(t, s.content, nil)
		l.onGet = func(c *strangerConn, f netproto.Get) { l.sendBytes(c, f, make([]byte, f.Length)) }
		liars, sources = append(liars, l), append(sources, l.source())
	}
	s.name(sources...)
	id := s.begin(t)
	eventually(t, s.getter.Engine, func() bool {
		for _, l := range liars {
			if l.gets.Load() == 0 {
				return false
			}
		}
		return true
	}, says("not all liars were asked"))
	s.finish(t, id)
	if d, err := s.getter.Downloads.Details(id); err == nil && len(d.Sources) > 50 {
		t.Errorf("%d sources are shown", len(d.Sources))
	}
}

// Liars claim other sizes and let wait whoever asks for the proof.
func TestLiesAboutTheSizeDelayNothing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 12, 20} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			s := newSwarm(t, fourPieces)
			getter := unhurriedPeer(t, nil, nil)
			getter.Trackers.Use(s.tracker)
			var sources []netproto.Source
			for i := range n {
				size := int64(1000 + i)
				if i%2 == 1 {
					size = fourPieces - int64(i) // which folds
				}
				l := startStranger(t, s.content, func(l *stranger) { l.size = size })
				l.onOpen = func(c *strangerConn, f netproto.Open) {
					m := netproto.Manifest{Stream: f.Stream, Size: size}
					if netproto.PieceCount(size) > 1 {
						m.CVs = l.m.CVs
					}
					c.send(m, netproto.Have{Stream: f.Stream, Bits: piece.AllBits(netproto.PieceCount(size))})
				}
				l.onGet = func(c *strangerConn, f netproto.Get) {
					c.send(netproto.Refuse{Stream: f.Stream, Request: f.Request, Code: netproto.CodeQueued, Place: 1})
				}
				sources = append(sources, l.source())
			}
			s.name(append(sources, s.honest.source())...)
			began := time.Now()
			id, err := getter.Downloads.Add(queue.Request{Hash: s.share.Hash, Name: s.share.Name, Size: -1, Dir: getter.files})
			check(t, err)
			same(t, getter.wait(t, id, queue.StateFinished).Path, s.content)
			if took := time.Since(began); took > 14*time.Second { // a refusal alone is waited for longer
				t.Errorf("it took %s", took)
			}
		})
	}
}
