package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// oneThread is a system in which one thread sends the events and answers the calls,
// so no call is answered while nobody takes the events.
type oneThread struct {
	events chan fsnotify.Event
	errors chan error
	calls  chan func()
	closed chan struct{}
}

func newOneThread() *oneThread {
	s := &oneThread{make(chan fsnotify.Event, 50), make(chan error), make(chan func(), 1), make(chan struct{})}
	go func() {
		defer close(s.events)
		for {
			select {
			case do := <-s.calls:
				do()
			case <-s.closed:
				return
			}
		}
	}()
	return s
}

func (s *oneThread) call(do func()) error {
	done := make(chan struct{})
	s.calls <- func() { do(); close(done) }
	<-done
	return nil
}

func (s *oneThread) Add(string, bool) error { return s.call(func() {}) }
func (s *oneThread) Remove(string) error    { return s.call(func() {}) }
func (s *oneThread) Close() error           { return s.call(func() { close(s.closed) }) }

// flood makes events come until a call waits, and then more than the buffer
// takes. It returns once they come.
func (s *oneThread) flood(dir string) {
	began := make(chan struct{})
	s.calls <- func() {
		close(began)
		for n, more := 0, 1000; more > 0; n++ {
			if len(s.calls) > 0 {
				more--
			}
			s.events <- fsnotify.Event{Name: filepath.Join(dir, fmt.Sprint(n)), Op: fsnotify.Create}
		}
	}
	<-began
}

// inTime fails if something waits for ever.
func inTime(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { do(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s waits for ever", what)
	}
}

func TestNoCallWaitsForEverWhileEventsCome(t *testing.T) {
	thread := newOneThread()
	w := &Watcher{newSystem: func() (*system, error) { return &system{thread, thread.events, thread.errors}, nil }}
	dir, other := t.TempDir(), t.TempDir()
	o, quitter := newOwner(), newOwner()
	check(t, w.Add(o, dir))
	check(t, w.Add(quitter, other))
	for _, call := range []struct {
		name string
		do   func()
	}{
		{"Add", func() { check(t, w.Add(o, t.TempDir())) }},
		{"AddPath", func() { check(t, w.AddPath(o, filepath.Join(t.TempDir(), "x"))) }},
		{"a round", func() { w.Begin(o); check(t, w.Add(o, dir)); w.Done(o); check(t, w.Add(o, t.TempDir())) }},
		{"Forget", func() { w.Forget(quitter); check(t, w.Add(o, t.TempDir())) }},
		{"Close", w.Close},
	} {
		thread.flood(dir)
		inTime(t, call.name, call.do)
	}
}

func TestAFolderThatIsRenamedWhileEventsComeIsWatchedAnew(t *testing.T) {
	var threads []*oneThread
	w := &Watcher{newSystem: func() (*system, error) {
		thread := newOneThread()
		threads = append(threads, thread)
		return &system{thread, thread.events, thread.errors}, nil
	}}
	dir := t.TempDir()
	o := newOwner()
	check(t, w.Add(o, dir))
	threads[0].events <- fsnotify.Event{Name: dir, Op: fsnotify.Rename}
	o.heard(t, dir)
	threads[0].flood(dir)
	inTime(t, "Begin", func() { w.Begin(o) })
	o.until(t, "nobody said that something may have been missed", func() bool { return o.missed > 0 })
	if len(threads) != 2 {
		t.Errorf("%d systems were opened", len(threads))
	}
	inTime(t, "Close", w.Close)
}

// stuck is an owner on a disk that does not answer.
type stuck struct {
	*owner

	entered chan struct{}
	leave   chan struct{}
}

func (s *stuck) Changed(string) {
	s.entered <- struct{}{}
	<-s.leave
}

func TestAnOwnerThatIsStuckKeepsNoOtherWaiting(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	slow := &stuck{newOwner(), make(chan struct{}), make(chan struct{})}
	defer sync.OnceFunc(func() { close(slow.leave) })()
	o := newOwner()
	check(t, w.Add(slow, dir))
	check(t, w.Add(o, dir))
	write(t, filepath.Join(dir, "first"))
	<-slow.entered
	for n := range 100 {
		write(t, filepath.Join(dir, fmt.Sprint(n)))
	}
	o.heard(t, filepath.Join(dir, "99"))
	inTime(t, "Add", func() { check(t, w.Add(o, t.TempDir())) })
	inTime(t, "Forget", func() { w.Forget(slow) })
	check(t, os.Remove(filepath.Join(dir, "99")))
}

func TestAnOwnerThatIsTooSlowMissesSomethingAndIsToldSo(t *testing.T) {
	thread := newOneThread()
	w := &Watcher{newSystem: func() (*system, error) { return &system{thread, thread.events, thread.errors}, nil }}
	dir := t.TempDir()
	slow := &stuck{newOwner(), make(chan struct{}), make(chan struct{})}
	check(t, w.Add(slow, dir))
	for n := range maxMail + 2 {
		thread.events <- fsnotify.Event{Name: filepath.Join(dir, fmt.Sprint(n)), Op: fsnotify.Create}
		if n == 0 {
			<-slow.entered
		}
	}
	inTime(t, "the last event", func() {
		for full := false; !full; runtime.Gosched() {
			w.mu.Lock()
			full = w.mail[slow].missed
			w.mu.Unlock()
		}
	})
	close(slow.leave)
	slow.until(t, "it was not told", func() bool { return slow.missed == 1 })
	w.Close()
}
