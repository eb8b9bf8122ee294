package boltstore

import (
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// A tracker's clock is ten years ahead for a while, or behind. What it wrote meanwhile
// keeps nobody for ten years, and nobody is lost who is back within the time.
func TestAClockThatWasSetKeepsNobodyForYears(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tracker.db")
	now := time.Now()
	clock := now.AddDate(10, 0, 0)
	config := store.Config{Lease: time.Hour, Now: func() time.Time { return clock }}
	begin := func() *Store {
		t.Helper()
		s, err := open(file, config)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := begin()
	for n := range 2 {
		if _, err := s.Join(t.Context(), testPeer(n)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Announce(t.Context(), testPeer(n).ID(), []netproto.Resource{testFile("a")}, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Leave(t.Context(), testPeer(0).ID()); err != nil { // offline since then
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	clock = now // it was set right
	s = begin()
	defer s.Close()
	if held, err := s.Join(t.Context(), testPeer(1)); err != nil || held.Count != 1 {
		t.Errorf("who was online holds %+v, %v", held, err)
	}
	clock = now.Add(2 * time.Hour) // nobody is kept longer who was there for a moment
	if _, err := s.Reap(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if held, err := s.Join(t.Context(), testPeer(0)); err != nil || held.Count != 0 {
		t.Errorf("who left holds %+v, %v", held, err)
	}
}
