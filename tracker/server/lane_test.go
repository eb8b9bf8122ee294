package server

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func TestALaneHasFewPlacesAndAShortLine(t *testing.T) {
	l := newLane(2, 1, "announces")
	enter := func(ctx context.Context, wait time.Duration) (func(), error) { return l.enter(ctx, wait) }
	first, err := enter(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := enter(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := enter(t.Context(), time.Millisecond); netproto.CodeOf(err) != netproto.CodeFull {
		t.Errorf("after waiting: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() {
		_, err := enter(gone, time.Minute)
		waiting <- err
	}()
	for l.waiting.Load() == 0 {
		runtime.Gosched()
	}
	if _, err := enter(t.Context(), time.Minute); netproto.CodeOf(err) != netproto.CodeFull {
		t.Errorf("the line is full: %v", err)
	}
	leave()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("its caller has gone: %v", err)
	}
	first()
	if _, err := enter(t.Context(), time.Minute); err != nil {
		t.Errorf("a place is free: %v", err)
	}
}
