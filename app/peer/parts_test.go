package peer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// loggedEngine starts an engine whose log can be read. The test closes it.
func loggedEngine(t *testing.T) (*peer.Engine, *journal) {
	t.Helper()
	l, err := library.Open(t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, l.Close()) })
	var logged journal
	engine, err := peer.Start(context.Background(), peer.Config{Library: l, Log: slog.New(slog.NewTextHandler(&logged, nil)), Listen: "127.0.0.1:0"})
	check(t, err)
	return engine, &logged
}

func TestAPartOfTheEngineThatEndsByItselfIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ends error
		says string
	}{
		"with an error":    {errors.New("out of luck"), "out of luck"},
		"without an error": {nil, "it ended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, logged := loggedEngine(t)
			ctx := deadline(t)
			changed := engine.Watch(ctx)
			end := make(chan struct{})
			peer.RunPart(engine, "the test", func(context.Context) error { <-end; return c.ends })
			if err := engine.Err(); err != nil {
				t.Errorf("while it works it says %v", err)
			}
			close(end)
			eventually(t, engine, func() bool { return engine.Err() != nil }, says("nobody says so"))
			select {
			case <-changed:
			case <-ctx.Done():
				t.Error("the faces are not told to look")
			}
			first := engine.Err()
			if netproto.CodeOf(first) != netproto.CodeInternal || !strings.Contains(first.Error(), "the test: "+c.says) || c.ends != nil && !errors.Is(first, c.ends) {
				t.Errorf("it says %v", first)
			}
			if text := logged.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, `what="the test"`) || !strings.Contains(text, c.says) {
				t.Errorf("the log says %s", text)
			}
			second := make(chan struct{})
			peer.RunPart(engine, "another part", func(context.Context) error { defer close(second); return errors.New("too") })
			<-second
			eventually(t, engine, func() bool { return strings.Contains(logged.String(), "another part") }, says("the second one is not logged"))
			if err := engine.Close(); err == nil || err.Error() != first.Error() {
				t.Errorf("in the end it says %v, not what was first", err)
			}
		})
	}
}

func TestPartsThatEndWithTheEngineAreNoFailure(t *testing.T) {
	t.Parallel()
	engine, logged := loggedEngine(t)
	peer.RunPart(engine, "the test", func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	check(t, engine.Close())
	peer.RunPart(engine, "a late part", func(context.Context) error {
		t.Error("it runs after the end")
		return nil
	})
	if text := logged.String(); engine.Err() != nil || strings.Contains(text, "level=ERROR") {
		t.Errorf("it says %v, and the log %s", engine.Err(), text)
	}
}
