package serving

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/netproto"
)

// unheard is told what is offered here.
type unheard struct{}

func (unheard) Announce(netproto.Resource)    {}
func (unheard) Withdraw(netproto.ContentHash) {}

func newServer() *Server {
	return New(Config{Refuses: func(netproto.PublicKey) bool { return false }, Contents: offer.NewRegister(unheard{}), Traffic: flow.NewTraffic(0, 0, false), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming,
		Sent: func(netproto.PublicKey, int) {}, Had: func(netproto.PublicKey, netproto.ContentHash, int, bool) {}, Notify: func() {}, Slots: 4})
}

// come has a peer open a content over a further connection.
func (s *Server) come(peer int) *upload {
	return s.enter(uploadKey{peer: key(peer), hash: netproto.ContentHash{1}}, "Zoë", "192.0.2.1:40404", 1000)
}

// kept is how many uploads the server knows, and how many of them ended.
func (s *Server) kept() (known, ended int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byKey), len(s.ended)
}

func TestAnUploadThatGoesOnBeforeItWasPutAwayIsNotLost(t *testing.T) {
	s := newServer()
	u := s.come(1)
	u.add(100)
	// The first half of leave; before the second, another connection comes.
	u.mu.Lock()
	u.streams, u.ended = 0, time.Now()
	u.mu.Unlock()
	if s.come(1) != u {
		t.Fatal("it is another upload")
	}
	s.end(u)
	if list := s.List(); len(list) != 1 || list[0].Ended || list[0].Sent != 100 || s.Running() != 1 {
		t.Errorf("while it goes on the list is %+v", list)
	}
	u.leave()
	if list := s.List(); len(list) != 1 || !list[0].Ended || s.Running() != 0 {
		t.Errorf("after its end the list is %+v", list)
	}
	if known, ended := s.kept(); known != 1 || ended != 1 {
		t.Errorf("%d are known, of which %d ended", known, ended)
	}
	for peer := range endedUploads { // they take its place
		other := s.come(2 + peer)
		other.add(1)
		other.leave()
	}
	if known, ended := s.kept(); known != endedUploads || ended != endedUploads {
		t.Errorf("in the end %d are known, of which %d ended", known, ended)
	}
}

func TestConnectionsThatComeAndGoAtOnceLeaveOneEndedUpload(t *testing.T) {
	const rounds, conns, times = 5000, 4, 1
	s := newServer()
	for round := range rounds {
		var work sync.WaitGroup
		start := make(chan struct{})
		for range conns {
			work.Go(func() {
				<-start
				for range times {
					u := s.come(round)
					u.add(1)
					u.leave()
				}
			})
		}
		close(start)
		s.List()
		work.Wait()
		want := min(round+1, endedUploads)
		list := s.List()
		if known, ended := s.kept(); len(list) != want || known != want || ended != want || s.Running() != 0 {
			t.Fatalf("after %d uploads %d are listed and %d known, of which %d ended", round+1, len(list), known, ended)
		}
		if u := list[0]; !u.Ended || u.Sent != conns*times {
			t.Fatalf("the last one is %+v", u)
		}
	}
}

func TestAnUploadWithoutAByteIsForgotten(t *testing.T) {
	s := newServer()
	s.come(1).leave()
	if known, ended := s.kept(); known != 0 || ended != 0 || len(s.List()) != 0 {
		t.Errorf("%d are known, of which %d ended", known, ended)
	}
}

func TestAPeerThatReturnsLateBeginsANewUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		u := s.come(1)
		u.add(1)
		u.leave()
		time.Sleep(resumeTime / 2)
		if s.come(1) != u {
			t.Error("soon afterwards it is another upload")
		}
		u.leave()
		time.Sleep(2 * resumeTime)
		late := s.come(1)
		if late == u {
			t.Error("long afterwards it is the same upload")
		}
		late.add(1)
		late.leave()
		if list := s.List(); len(list) != 2 || !list[0].Ended || !list[1].Ended {
			t.Errorf("the list is %+v", list)
		}
	})
}

// What takes locks that all connections share is told a few times a second, and at once
// when a count may end with it.
func TestBytesAreCountedForTheirContentSomeFramesAtATime(t *testing.T) {
	s := newServer()
	type told struct {
		bytes int
		whole bool
	}
	var sent int
	var had []told
	s.config.Sent = func(_ netproto.PublicKey, bytes int) { sent += bytes }
	s.config.Had = func(_ netproto.PublicKey, _ netproto.ContentHash, bytes int, whole bool) {
		had = append(had, told{bytes, whole})
	}
	u := s.come(1) // of a content of 1000 bytes
	o := &owner{server: s, told: time.Now().Add(time.Hour)}
	for range 9 {
		o.count(u, 100)
	}
	if sent != 900 || len(had) != 0 {
		t.Errorf("after nine frames of 100 bytes %d are counted, and told are %v", sent, had)
	}
	o.count(u, 100)
	o.count(u, 30)
	o.count(s.come(2), 50)
	o.told = time.Time{}
	o.count(s.come(2), 5)
	o.count(s.come(2), 7)
	closed{upload: s.come(2)}.finish()
	o.End()
	if want := []told{{1000, true}, {30, false}, {55, false}, {7, false}}; sent != 1092 || !slices.Equal(had, want) {
		t.Errorf("%d bytes are counted, and told are %v", sent, had)
	}
}
