package swarm

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"testing"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// frames is a lane that is asked for the only piece of a content, which takes several
// frames, and whose bytes are kept nowhere.
func frames(t *testing.T, down int64) (*Attempt, *lane, *request) {
	t.Helper()
	ss := New(Config{Timing: StandardTiming, Traffic: flow.NewTraffic(0, down, false), Notify: func() {}, Got: func(netproto.PublicKey, int) {}, Log: slog.New(slog.DiscardHandler)})
	a := ss.Attempt(Task{Rate: new(flow.Meter), Limit: flow.NewThrottle(0)}, nil, Preference{})
	m := &piece.Manifest{Size: 5 << 30, CVs: make([]piece.CV, netproto.PieceCount(5<<30))}
	c := &session.Conn{}
	l := &lane{attempt: a, source: new(sources.Source), conn: c, reader: ss.Reader(c).(*reader), wake: make(chan struct{}, 1),
		streams: map[*job]*stream{}, requests: map[*request]struct{}{}, end: func() {}}
	s := &stream{id: 1, lane: l, job: &job{attempt: a}}
	r := &request{lane: l, stream: s, length: m.Length(0), spare: true, proof: true, writer: m.Proof(0)}
	s.proof = r
	a.lanes.open[l] = struct{}{}
	a.mu.Lock()
	defer a.unlock()
	r.begin()
	if len(l.limits()) > 0 { // they were chosen after this was asked for
		l.ask(r, r.length)
		l.paced = nil
	}
	return a, l, r
}

const frameBytes = netproto.MaxDataBytes

// receive has a frame arrive.
func (r *request) receive(t *testing.T) {
	t.Helper()
	if err := r.lane.receive(r, r.id, make([]byte, frameBytes)); err != nil {
		t.Error(err)
	}
}

func TestFramesWaitForNoLockOfTheDownload(t *testing.T) {
	t.Parallel()
	a, l, r := frames(t, 0)
	r.receive(t) // the first tells how far away the source is
	done := make(chan struct{})
	a.mu.Lock()
	go func() {
		defer close(done)
		r.receive(t)
		r.receive(t)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("they wait for the lock")
	}
	a.mu.Unlock()
	<-done
	want := r.length - 3*frameBytes
	if r.owed.Load() != want || l.pace.Inflight() != want || l.pace.Unanswered() != want || l.source.Got() != 3*frameBytes {
		t.Errorf("%d bytes are owed, %d on their way, %d unanswered, %d came", r.owed.Load(), l.pace.Inflight(), l.pace.Unanswered(), l.source.Got())
	}
}

// What is half read when a limit is chosen must not be asked for twice: a source that sends
// it again would seem to send wrong bytes.
func TestANewLimitAsksAnewOnlyForWhatDidNotCome(t *testing.T) {
	t.Parallel()
	a, l, r := frames(t, 1<<20)
	r.receive(t)
	id := r.id
	if found := l.reader.request(id); found != r { // by the goroutine that reads the next frame
		t.Fatal("it is not found")
	}
	a.Limited()
	r.receive(t)
	if r.id != id {
		t.Error("it was taken back while a frame was read")
	}
	l.applyLimits()
	if r.asked.Load() != 2*frameBytes || l.reader.request(id) != nil || l.pace.Unanswered() != 0 || l.pace.Inflight() != r.length-2*frameBytes {
		t.Errorf("after two frames it was asked for %d bytes, %d are unanswered, %d on their way", r.asked.Load(), l.pace.Unanswered(), l.pace.Inflight())
	}
	if got, want := l.reader.dropped, r.length-2*frameBytes; got != want {
		t.Errorf("%d bytes may still come, not %d", got, want)
	}
}

// A source that sends more than it was asked for would decide on the limit itself.
func TestUnderALimitASourceSendsNoMoreThanItWasAskedFor(t *testing.T) {
	t.Parallel()
	for extra, refused := range map[int]bool{0: false, 1: true, frameBytes / 2: true} {
		a, l, r := frames(t, 1<<20)
		a.mu.Lock()
		l.takeBack(r, true)
		l.ask(r, frameBytes/4)
		a.unlock()
		n := frameBytes/4 + extra
		data := bufio.NewReader(bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, r.id), make([]byte, n)...)))
		if err := l.reader.Data(data, 4+n); errors.Is(err, netproto.ErrFrame) != refused || !refused && err != nil {
			t.Errorf("%d bytes more than were asked for: %v", extra, err)
		}
		if refused && l.source.Got() > 0 {
			t.Errorf("%d bytes more than were asked for are taken", extra)
		}
	}
}

// A request that is dropped while its last frame is written is either dropped or complete.
func TestBytesOfARequestThatIsDroppedMeanwhileAreOwedByNobody(t *testing.T) {
	t.Parallel()
	a, l, r := frames(t, 0)
	r.receive(t)
	id := r.id
	a.mu.Lock()
	r.drop(true)
	a.unlock()
	if err := l.receive(r, id, make([]byte, frameBytes)); err != nil {
		t.Error(err)
	}
	if l.pace.Inflight() != 0 || l.pace.Unanswered() != 0 || len(l.requests) != 0 || l.reader.dropped != r.length-2*frameBytes {
		t.Errorf("%d bytes are on their way, %d unanswered, %d may still come", l.pace.Inflight(), l.pace.Unanswered(), l.reader.dropped)
	}
}
