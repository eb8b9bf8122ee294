package boltstore

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func TestAFullDiskChangesNothingAndLeavesHeartbeatsWorking(t *testing.T) {
	s, err := open(filepath.Join(t.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, id := t.Context(), testPeer(1).ID()
	if _, err := s.Join(ctx, testPeer(1)); err != nil {
		t.Fatal(err)
	}
	s.disk.db.MaxSize = 64 << 10 // bbolt refuses to grow beyond it, as it does on a full disk
	var held store.Holdings
	for i := 0; i < 1000 && err == nil; i++ {
		rs := batch(fmt.Sprint("round ", i))
		if _, err = s.Announce(ctx, id, rs, false); err == nil {
			for _, r := range rs {
				held = store.Holdings{Count: held.Count + 1, Digest: held.Digest.Toggle(r.Hash)}
			}
		}
	}
	if err == nil {
		t.Fatal("the disk was never full")
	}
	if status, _, err := s.Heartbeat(ctx, id, held); err != nil || status != netproto.HeartbeatOK {
		t.Errorf("heartbeat: %s, %v", status, err)
	}
	if _, err := s.Announce(ctx, id, batch("more"), false); err == nil {
		t.Error("more was taken")
	}
	s.disk.db.MaxSize = 0
	if _, err := s.Announce(ctx, id, batch("more"), false); err != nil {
		t.Errorf("with space again: %v", err)
	}
	checkPages(t, s.disk.db)
}

func TestTheMemoryThatIsCountedIsTheSameAfterARestart(t *testing.T) {
	c := store.Config{Memory: 64 << 20}
	file := filepath.Join(t.TempDir(), "tracker.db")
	s, err := open(file, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Announce(t.Context(), testPeer(1).ID(), batch("some"), false); err != nil {
		t.Fatal(err)
	}
	renamed := batch("some")
	renamed[0].Name = "another name"
	if _, err := s.Announce(t.Context(), testPeer(1).ID(), renamed, false); err != nil {
		t.Fatal(err)
	}
	row := store.SeedRow{PeerID: uuid.UUID{6: 0x40, 8: 0x80}, From: netip.MustParseAddr("192.0.2.9"), SeedResource: netproto.SeedResource{ResourceName: "n", ResourceHash: "h"}}
	if err := s.SeedPost(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	used := s.Sizes().Memory
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = open(file, c); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if again := s.Sizes().Memory; again != used || used == 0 {
		t.Errorf("%d bytes, %d after a restart", used, again)
	}
}
