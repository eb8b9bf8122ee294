package node

import (
	"errors"
	"io"
	"testing"
	"time"
)

func startOwn(t *testing.T) *OwnTracker {
	t.Helper()
	tracker, err := StartTracker(t.TempDir(), "127.0.0.1:0", "town", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tracker.Close() })
	return tracker
}

func TestATrackerThatEndsByItselfSaysWhy(t *testing.T) {
	tracker := startOwn(t)
	select {
	case <-tracker.Ended():
		t.Fatalf("it ended at once: %v", tracker.Err())
	default:
	}
	if err := tracker.tracker.Close(); err != nil { // its port is taken from it
		t.Fatal(err)
	}
	select {
	case <-tracker.Ended():
	case <-time.After(30 * time.Second):
		t.Fatal("nobody noticed that it ended")
	}
	if err := tracker.Err(); err == nil {
		t.Error("there is no reason")
	}
	if err := tracker.Close(); !errors.Is(err, tracker.Err()) {
		t.Errorf("Close says %v", err)
	}
}

func TestATrackerCanBeClosedAgain(t *testing.T) {
	tracker := startOwn(t)
	for range 2 {
		if err := tracker.Close(); err != nil {
			t.Error(err)
		}
	}
	<-tracker.Ended()
}
