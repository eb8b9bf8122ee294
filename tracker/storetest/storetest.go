// Package storetest is the contract of store.Store as tests. Every store must pass
// it, including those that tests make up.
package storetest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Times of the stores under test.
const (
	lease     = 90 * time.Second
	seedLease = 20 * time.Second
	retention = 30 * 24 * time.Hour
	most      = 50 // resources of a peer
)

// Run runs the contract on stores made by open, each on a file of its own.
func Run(t *testing.T, open store.Opener) {
	for _, part := range []struct {
		name  string
		tests map[string]func(*house)
	}{
		{"peers", peerTests},
		{"resources", resourceTests},
		{"search", searchTests},
		{"people", peopleTests},
		{"notes", noteTests},
		{"restart", restartTests},
		{"reap", reapTests},
		{"seed clients", seedTests},
		{"members", memberTests},
		{"bans", banTests},
		{"backup", backupTests},
	} {
		t.Run(part.name, func(t *testing.T) {
			for name, test := range part.tests {
				t.Run(name, func(t *testing.T) {
					test(newHouse(t, open))
				})
			}
		})
	}
}

// clock is a time that passes only on demand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// house is a store under test with its clock.
type house struct {
	*testing.T
	store.Store
	*clock
	open store.Opener
	file string
	ctx  context.Context
}

func newHouse(t *testing.T, open store.Opener) *house {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	h := &house{
		T: t, open: open, ctx: ctx, file: filepath.Join(t.TempDir(), "tracker.db"),
		clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
	}
	h.start()
	t.Cleanup(func() { h.Store.Close() })
	return h
}

func (h *house) start() {
	h.Helper()
	store, err := h.open(h.file, store.Config{Lease: lease, SeedLease: seedLease, Retention: retention, ResourcesPerPeer: most, Now: h.Now})
	if err != nil {
		h.Fatalf("opening the store: %v", err)
	}
	h.Store = store
}

func (h *house) restart() {
	h.Helper()
	if err := h.Store.Close(); err != nil {
		h.Fatalf("closing the store: %v", err)
	}
	h.start()
}

// peer returns the peer that a number stands for, always the same one.
func peer(n int) store.Peer {
	seed := sha256.Sum256(fmt.Append(nil, "peer ", n))
	var key netproto.PublicKey
	copy(key[:], ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
	return store.Peer{
		Key:        key,
		Name:       fmt.Sprintf("peer %d", n),
		Observed:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 4000),
		SeedPort:   4001,
		Candidates: []netip.AddrPort{netip.MustParseAddrPort("192.168.1.7:4000"), netip.MustParseAddrPort("[fd00::7]:4000")},
	}
}

// hash returns the hash of a content with that name.
func hash(name string) netproto.ContentHash { return sha256.Sum256([]byte(name)) }

// file returns a resource whose hash follows from its name.
func file(name string) netproto.Resource {
	return netproto.Resource{Hash: hash(name), Size: int64(len(name)) * 1000, Name: name, MIME: "text/plain"}
}

func (h *house) join(n int) store.Holdings {
	h.Helper()
	held, err := h.Join(h.ctx, peer(n))
	if err != nil {
		h.Fatalf("peer %d joins: %v", n, err)
	}
	return held
}

func (h *house) announce(n int, rs ...netproto.Resource) {
	h.Helper()
	refused, err := h.Announce(h.ctx, peer(n).ID(), rs, false)
	if err != nil || len(refused) > 0 {
		h.Fatalf("peer %d announces: %v, refused %v", n, err, refused)
	}
}

func (h *house) heartbeat(n int, held store.Holdings, want netproto.HeartbeatStatus) {
	h.Helper()
	got, from, err := h.Heartbeat(h.ctx, peer(n).ID(), held)
	if err != nil || got != want {
		h.Fatalf("the heartbeat of peer %d: %q, %v; want %q", n, got, err, want)
	}
	if known := want != netproto.HeartbeatJoin; known && from != peer(n).Observed || !known && from.IsValid() {
		h.Fatalf("the heartbeat of peer %d: it joined from %v", n, from)
	}
}

func holdings(rs ...netproto.Resource) store.Holdings {
	held := store.Holdings{Count: len(rs)}
	for _, r := range rs {
		held.Digest = held.Digest.Toggle(r.Hash)
	}
	return held
}

// reap runs upkeep until nothing is left to do.
func (h *house) reap(budget int) (rounds int) {
	h.Helper()
	for {
		rounds++
		more, err := h.Reap(h.ctx, budget)
		if err != nil {
			h.Fatalf("upkeep: %v", err)
		}
		if !more {
			return rounds
		}
		if rounds > 10_000 {
			h.Fatal("upkeep never ends")
		}
	}
}

func (h *house) sources(name string) map[netproto.PeerID]store.Source {
	h.Helper()
	list, _, err := h.Sources(h.ctx, hash(name), 1000)
	if err != nil {
		h.Fatalf("sources of %s: %v", name, err)
	}
	found := map[netproto.PeerID]store.Source{}
	for _, s := range list {
		found[s.ID()] = s
	}
	if len(found) != len(list) {
		h.Fatalf("sources of %s: a peer is listed twice: %v", name, list)
	}
	return found
}

// found searches and returns the names of the hits in order.
func (h *house) found(text string) []string {
	h.Helper()
	return h.names(store.Query{Text: text, MaxSize: -1, Sort: netproto.SortName, Limit: netproto.MaxPage})
}

func (h *house) names(q store.Query) []string {
	h.Helper()
	page, err := h.Search(h.ctx, q)
	if err != nil {
		h.Fatalf("searching %+v: %v", q, err)
	}
	return namesOf(page.Items)
}

func namesOf(hits []netproto.Hit) []string {
	names := []string{}
	for _, hit := range hits {
		names = append(names, hit.Name)
	}
	return names
}

func (h *house) wantCode(err error, want netproto.Code) {
	h.Helper()
	if got := netproto.CodeOf(err); err == nil || got != want {
		h.Fatalf("error %v with the code %q, want %q", err, got, want)
	}
}
