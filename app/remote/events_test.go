package remote

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/face"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// watched is an engine of which only changes are seen.
type watched struct {
	face.Engine
	told chan struct{}
	open sync.WaitGroup // watches
}

func (w *watched) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	w.open.Go(func() {
		defer close(changed)
		for {
			select {
			case <-ctx.Done():
				return
			case <-w.told:
				changed <- struct{}{}
			}
		}
	})
	return changed
}

func serve(t *testing.T, profile string, engine face.Engine) *Server {
	t.Helper()
	s := NewServer(engine, Options{Version: "1.2.3", Log: slog.New(slog.DiscardHandler)})
	if err := s.ServeLocal(profile); err != nil {
		t.Fatal(err)
	}
	return s
}

func receive(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	select {
	case _, open := <-changed:
		if !open {
			t.Fatal("the watch has ended")
		}
	case <-time.After(patience):
		t.Fatalf("no change is told after %s", patience)
	}
}

func TestAWatchHealsAndEndsWithItsContext(t *testing.T) {
	profile, engine := t.TempDir(), &watched{told: make(chan struct{})}
	first := serve(t, profile, engine)
	c := NewLocal(profile)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	changed := c.Watch(ctx)
	receive(t, changed) // the line is there
	for range 3 {
		engine.told <- struct{}{}
		receive(t, changed)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	engine.open.Wait() // a server that ends lets go of its engine
	receive(t, changed)
	second := serve(t, profile, engine)
	defer second.Close()
	for deadline := time.After(patience); ; {
		select { // only a new line takes it from the engine
		case engine.told <- struct{}{}:
			receive(t, changed)
			cancel()
			for range changed { // what nobody took yet comes first
			}
			engine.open.Wait() // a caller that leaves, too
			return
		case <-deadline:
			t.Fatal("the line does not come back")
		}
	}
}

func TestNothingBeginsAfterClose(t *testing.T) {
	c := NewLocal(t.TempDir())
	early := c.Watch(t.Context())
	c.Close()
	for range early {
	}
	for range c.Watch(t.Context()) {
		t.Error("a change is told")
	}
	if _, err := c.Status(t.Context()); err == nil {
		t.Error("a call succeeds")
	}
}
