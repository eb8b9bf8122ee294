package memory

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// pause keeps the writer busy until release is called, so that operations gather
// behind it.
func (s *Store) pause(t *testing.T) (release func()) {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.writer.write(context.Background(), &operation{alone: true, plan: func(*group) (func(), error) {
			close(entered)
			<-leave
			return func() {}, nil
		}})
	}()
	<-entered
	return func() {
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// queued waits until n operations wait behind the one that runs.
func (s *Store) queued(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); len(s.writer.queue) < n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d operations wait, not %d", len(s.writer.queue), n)
		}
	}
}

func TestWritesThatWaitShareOneCommit(t *testing.T) {
	s, j := openWithJar(t, store.Config{})
	release := s.pause(t)
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			if _, err := s.Join(t.Context(), testPeer(n)); err != nil {
				t.Error(err)
			}
		})
	}
	s.queued(t, 20)
	commits := j.written()
	release()
	all.Wait()
	if got := j.written() - commits; got != 1 {
		t.Errorf("%d commits for 20 operations", got)
	}
}

func TestNothingNewIsWrittenForNothing(t *testing.T) {
	s, j := openWithJar(t, store.Config{})
	ctx, id := t.Context(), testPeer(1).ID()
	do := func() {
		for _, err := range []error{
			func() error { _, err := s.Join(ctx, testPeer(1)); return err }(),
			func() error { _, err := s.Announce(ctx, id, []netproto.Resource{testFile("a")}, false); return err }(),
			func() error { _, err := s.Announce(ctx, id, []netproto.Resource{testFile("a")}, true); return err }(),
			func() error { _, err := s.Withdraw(ctx, id, []netproto.ContentHash{testFile("b").Hash}); return err }(),
			func() error { _, _, err := s.Heartbeat(ctx, id, store.Holdings{}); return err }(),
			func() error { _, err := s.Reap(ctx, 10); return err }(),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	do()
	commits := j.written()
	do()
	if got := j.written() - commits; got != 0 {
		t.Errorf("%d commits", got)
	}
}

func TestAnOperationThatFailsDoesNotTakeOthersWithIt(t *testing.T) {
	s, j := openWithJar(t, store.Config{})
	release := s.pause(t)
	failure := errors.New("a plan that fails")
	results := make(chan error, 3)
	go func() { _, err := s.Join(t.Context(), testPeer(1)); results <- err }()
	s.queued(t, 1)
	go func() {
		results <- s.writer.write(t.Context(), &operation{key: testPeer(2).ID(), plan: func(g *group) (func(), error) {
			if err := g.DeleteBan(store.Target{}); err != nil {
				return nil, err
			}
			return nil, failure
		}})
	}()
	s.queued(t, 2)
	go func() { _, err := s.Join(t.Context(), testPeer(3)); results <- err }()
	s.queued(t, 3)
	release()
	failed := 0
	for range 3 {
		if err := <-results; errors.Is(err, failure) {
			failed++
		} else if err != nil {
			t.Error(err)
		}
	}
	if failed != 1 {
		t.Errorf("%d failed", failed)
	}
	if len(s.memory.peers) != 2 {
		t.Errorf("%d peers", len(s.memory.peers))
	}
	if j.kept != 2 || j.groups != 1 {
		t.Errorf("%d changes are kept, in %d groups", j.kept, j.groups)
	}
}

func TestAWriteThatNobodyWaitsForMayStillHappen(t *testing.T) {
	s := openTest(t)
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Fatal(err)
	}
	release := s.pause(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.Announce(ctx, testPeer(1).ID(), []netproto.Resource{testFile("a")}, false)
		done <- err
	}()
	s.queued(t, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	release()
	if _, err := s.Withdraw(t.Context(), testPeer(1).ID(), nil); err != nil { // behind it in the queue
		t.Fatal(err)
	}
	if sources, _, err := s.Sources(t.Context(), testFile("a").Hash, 1); err != nil || len(sources) != 1 {
		t.Error(sources, err)
	}
}

func TestClosingAnswersThoseWhoWait(t *testing.T) {
	s := openTest(t)
	release := s.pause(t)
	done := make(chan error, 1)
	go func() {
		_, err := s.Join(context.Background(), testPeer(1))
		done <- err
	}()
	s.queued(t, 1)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-s.writer.closing
	release()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("the waiting operation got %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestTheLastWriteBeforeTheEndIsNotSaidToHaveFailed(t *testing.T) {
	for range 30_000 { // the end comes before the writer looks in some of them
		w := newWriter(nil)
		go func() {
			op := <-w.queue
			op.done <- nil
			close(w.stopped)
		}()
		if err := w.write(t.Context(), &operation{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWritesOfOnePeerKeepTheirOrder(t *testing.T) {
	s := openTest(t)
	id := testPeer(1).ID()
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Fatal(err)
	}
	release := s.pause(t)
	var all sync.WaitGroup
	for i := range 10 { // all behind one another in the queue
		r := testFile("content")
		r.Name = fmt.Sprint("name ", i)
		all.Go(func() {
			if _, err := s.Announce(t.Context(), id, []netproto.Resource{r}, false); err != nil {
				t.Error(err)
			}
		})
		s.queued(t, i+1)
	}
	release()
	all.Wait()
	got, _, err := s.Resource(t.Context(), testFile("content").Hash)
	if err != nil || got.Name != "name 9" || got.Sources != 1 || len(got.Names) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestWhatSeveralPeersAnnounceInOneCommitIsOneContent(t *testing.T) {
	s, j := openWithJar(t, store.Config{})
	for n := range 5 {
		if _, err := s.Join(t.Context(), testPeer(n)); err != nil {
			t.Fatal(err)
		}
	}
	release := s.pause(t)
	commits := j.written()
	var all sync.WaitGroup
	for n := range 5 {
		rs := []netproto.Resource{testFile("the same"), testFile("the same")}
		rs[1].Hash[0]++ // another content with that name
		if n == 4 {
			rs[0].Name = "another name"
		}
		all.Go(func() {
			if _, err := s.Announce(t.Context(), testPeer(n).ID(), rs, false); err != nil {
				t.Error(err)
			}
		})
	}
	s.queued(t, 5)
	release()
	all.Wait()
	if got := j.written() - commits; got != 1 {
		t.Errorf("%d commits", got)
	}
	if s.memory.contents.used != 2 || len(s.memory.rows) != 3 {
		t.Errorf("%d contents, %d rows", s.memory.contents.used, len(s.memory.rows))
	}
	if sources, _, err := s.Sources(t.Context(), testFile("the same").Hash, 10); err != nil || len(sources) != 5 {
		t.Errorf("%d sources, %v", len(sources), err)
	}
}

func TestAHeartbeatWaitsForNoChange(t *testing.T) {
	s := openFor(t, store.Config{})
	p := testPeer(1)
	if _, err := s.Join(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	s.memory.mu.Lock() // as a change does, but for ever
	defer s.memory.mu.Unlock()
	s.seeds.mu.Lock()
	defer s.seeds.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		status, _, err := s.Heartbeat(t.Context(), p.ID(), store.Holdings{})
		if _, statsErr := s.Stats(t.Context()); err == nil && status == netproto.HeartbeatOK {
			err = statsErr
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the heartbeat waits")
	}
}

// A refusal counts only for what memory has in the end: another store may have written
// what allows it.
func TestWhatIsRefusedIsPlannedAgainWithWhatOthersWrote(t *testing.T) {
	late := &lateKeeper{}
	s := New(store.Config{}, late)
	late.s = s
	s.Load().Start()
	defer s.Close()
	if _, err := s.Announce(t.Context(), testPeer(1).ID(), []netproto.Resource{testFile("a")}, false); err != nil {
		t.Fatal(err)
	}
	if sources, _, err := s.Sources(t.Context(), testFile("a").Hash, 9); err != nil || len(sources) != 1 {
		t.Errorf("%d sources, %v", len(sources), err)
	}
}

// lateKeeper hears of a peer after the first plan, and has that planned again.
type lateKeeper struct {
	jar
	s *Store
}

func (k *lateKeeper) Write(plan func(Changes) error) error {
	var first jarGroup
	if err := plan(&first); err != nil {
		return err
	}
	p := testPeer(1)
	k.s.Follower().PutPeer(Peer{Record: &p})
	return k.jar.Write(plan)
}
