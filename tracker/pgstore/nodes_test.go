//go:build unix

package pgstore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/store"
)

// soon bounds what takes milliseconds on an idle machine.
const soon = 2 * time.Minute

func testPeer(n int) store.Peer {
	return store.Peer{
		Key:      netproto.PublicKey(sha256.Sum256(fmt.Append(nil, "key ", n))),
		Name:     fmt.Sprint("peer ", n),
		Observed: netip.MustParseAddrPort("192.0.2.1:4000"),
	}
}

func testFile(name string) netproto.Resource {
	return netproto.Resource{Hash: sha256.Sum256([]byte(name)), Size: 1000, Name: name, MIME: "text/plain"}
}

func node(t *testing.T, address string, c store.Config) *Store {
	t.Helper()
	s, err := open(address, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// until waits for a condition.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", soon, what)
		}
	}
}

func join(t *testing.T, s *Store, n int) store.Holdings {
	t.Helper()
	held, err := s.Join(t.Context(), testPeer(n))
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func announce(t *testing.T, s *Store, n int, rs ...netproto.Resource) {
	t.Helper()
	if refused, err := s.Announce(t.Context(), testPeer(n).ID(), rs, false); err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
}

func sources(t *testing.T, s *Store, r netproto.Resource) int {
	t.Helper()
	found, _, err := s.Sources(t.Context(), r.Hash, 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func holdingsOf(rs ...netproto.Resource) store.Holdings {
	held := store.Holdings{Count: len(rs)}
	for _, r := range rs {
		held.Digest = held.Digest.Toggle(r.Hash)
	}
	return held
}

func TestANodeSeesWhatAnotherOneWrites(t *testing.T) {
	address := pgtest.Start(t).Schema(t)
	a, b := node(t, address, store.Config{}), node(t, address, store.Config{})
	join(t, a, 1)
	song := testFile("a song")
	announce(t, a, 1, song)
	until(t, "the other node finds it", func() bool { return sources(t, b, song) == 1 })
	found, err := b.Search(t.Context(), store.Query{Text: "song", MaxSize: -1, Sort: netproto.SortName, Limit: 10})
	if err != nil || len(found.Items) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	// Any node serves any peer.
	if status, _, err := b.Heartbeat(t.Context(), testPeer(1).ID(), holdingsOf(song)); err != nil || status != netproto.HeartbeatOK {
		t.Error(status, err)
	}
	announce(t, b, 1, testFile("another"))
	renamed := song
	renamed.Name = "a song under another name"
	announce(t, b, 1, renamed)
	until(t, "the first node sees what the other wrote", func() bool {
		got, _, err := a.Resource(t.Context(), song.Hash)
		return err == nil && got.Name == renamed.Name && sources(t, a, testFile("another")) == 1
	})
	if err := b.Leave(t.Context(), testPeer(1).ID()); err != nil {
		t.Fatal(err)
	}
	until(t, "a peer that left is gone everywhere", func() bool { return sources(t, a, song) == 0 })
	if held := join(t, a, 1); held != holdingsOf(song, testFile("another")) {
		t.Errorf("%+v", held)
	}
	until(t, "it is back everywhere", func() bool { return sources(t, b, song) == 1 })
}

// A peer may be at one node with this request and at another one with the next: none of
// them sends it away, or has it announce again what the other one took.
func TestAPeerMayAskAnyNodeNext(t *testing.T) {
	address := pgtest.Start(t).Schema(t)
	nodes := []*Store{node(t, address, store.Config{}), node(t, address, store.Config{})}
	for n := range 50 {
		first, second := nodes[n%2], nodes[(n+1)%2]
		join(t, first, n)
		if p, err := second.Online(t.Context(), testPeer(n).ID()); err != nil || p.Key != testPeer(n).Key {
			t.Fatalf("after a join at the other node: %+v, %v", p, err)
		}
		r := testFile(fmt.Sprint("song ", n))
		announce(t, second, n, r)
		if status, _, err := first.Heartbeat(t.Context(), testPeer(n).ID(), holdingsOf(r)); err != nil || status != netproto.HeartbeatOK {
			t.Fatalf("after an announce at the other node: %s, %v", status, err)
		}
	}
}

// Peers go from node to node while they announce, withdraw and come again. In the end all
// nodes, and one that reads everything, agree.
func TestNodesAgreeHoweverTheyTakeTurns(t *testing.T) {
	address := pgtest.Start(t).Schema(t)
	nodes := []*Store{node(t, address, store.Config{}), node(t, address, store.Config{}), node(t, address, store.Config{})}
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() {
			for i := range 30 {
				s := nodes[(n+i)%len(nodes)]
				if _, err := s.Join(t.Context(), testPeer(n)); err != nil {
					t.Error(err)
				}
				rs := []netproto.Resource{testFile(fmt.Sprint("own ", n, " ", i)), testFile(fmt.Sprint("common ", i))}
				if _, err := s.Announce(t.Context(), testPeer(n).ID(), rs, i%7 == 0); err != nil {
					t.Error(err)
				}
				if _, err := nodes[(n+i+1)%len(nodes)].Withdraw(t.Context(), testPeer(n).ID(), []netproto.ContentHash{rs[0].Hash}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	nodes = append(nodes, node(t, address, store.Config{}))
	for i := range 30 {
		for k, s := range nodes {
			want := 6
			if i < 28 {
				want = 0 // the reset of round 28 dropped it
			}
			r := testFile(fmt.Sprint("common ", i))
			until(t, fmt.Sprintf("node %d has %d sources of %q", k, want, r.Name), func() bool { return sources(t, s, r) == want })
		}
	}
	for n := range 6 {
		want := holdingsOf(testFile("common 28"), testFile("common 29"))
		for k, s := range nodes {
			until(t, fmt.Sprintf("node %d agrees with peer %d on what it holds", k, n), func() bool {
				status, _, err := s.Heartbeat(t.Context(), testPeer(n).ID(), want)
				return err == nil && status == netproto.HeartbeatOK
			})
		}
	}
}

func TestAnInviteMakesOneMemberOnAllNodes(t *testing.T) {
	address := pgtest.Start(t).Schema(t)
	a, b := node(t, address, store.Config{}), node(t, address, store.Config{})
	for round := range 5 {
		invite := store.Invite{Hash: sha256.Sum256([]byte{byte(round)}), Expires: time.Now().Add(time.Hour)}
		if err := a.AddInvite(t.Context(), invite); err != nil {
			t.Fatal(err)
		}
		var members atomic.Int32
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				s := []*Store{a, b}[n%2]
				if s.Redeem(t.Context(), invite.Hash, testPeer(10*round+n).Key) == nil {
					members.Add(1)
				}
			})
		}
		all.Wait()
		if members.Load() != 1 {
			t.Errorf("%d got in with one invite", members.Load())
		}
	}
	list, err := a.Members(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		until(t, "the other node knows the member", func() bool {
			member, err := b.IsMember(t.Context(), m.Key)
			return err == nil && member
		})
	}
	target, err := store.ParseTarget(list[0].Fingerprint().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Ban(t.Context(), store.Ban{Target: target, Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	until(t, "a ban counts for all nodes", func() bool {
		return netproto.CodeOf(a.Admit(t.Context(), &list[0].Key, netip.MustParseAddr("192.0.2.1"))) == netproto.CodeBanned
	})
}

// testClock passes on demand; all nodes have it.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// One node gets heartbeats, the other reads of them; its upkeep ends no lease of a
// peer that is there, and that of one that went.
func TestALeaseIsOneOfAllNodes(t *testing.T) {
	const lease = 90 * time.Second
	address := pgtest.Start(t).Schema(t)
	clock := &testClock{now: time.Now()}
	a, b := node(t, address, store.Config{Lease: lease, Now: clock.Now}), node(t, address, store.Config{Lease: lease, Now: clock.Now})
	for n := range 2 {
		join(t, a, n)
		announce(t, a, n, testFile("what both have"))
	}
	until(t, "the other node knows both", func() bool { return sources(t, b, testFile("what both have")) == 2 })
	for range 12 {
		clock.pass(lease / 3)
		if status, _, err := a.Heartbeat(t.Context(), testPeer(0).ID(), holdingsOf(testFile("what both have"))); err != nil || status != netproto.HeartbeatOK {
			t.Fatal(status, err)
		}
		if err := a.tellOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Withdraw(t.Context(), testPeer(0).ID(), nil); err != nil { // follows
			t.Fatal(err)
		}
		if _, err := b.Reap(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
	}
	for k, s := range []*Store{a, b} {
		until(t, fmt.Sprintf("node %d has the one that stayed", k), func() bool { return sources(t, s, testFile("what both have")) == 1 })
	}
}

func TestANodeWithoutItsDatabaseAnswersAndComesBack(t *testing.T) {
	server := pgtest.Start(t)
	s := node(t, server.Address(), store.Config{})
	join(t, s, 1)
	song := testFile("a song")
	announce(t, s, 1, song)
	server.Kill()
	_, err := s.Announce(t.Context(), testPeer(1).ID(), []netproto.Resource{testFile("more")}, false)
	if netproto.CodeOf(err) != netproto.CodeStoreAway || !strings.Contains(err.Error(), "it cannot be reached") {
		t.Errorf("%v", err)
	}
	if sources(t, s, song) != 1 {
		t.Error("searches end with the database")
	}
	if status, _, err := s.Heartbeat(t.Context(), testPeer(1).ID(), holdingsOf(song)); err != nil || status != netproto.HeartbeatOK {
		t.Error(status, err)
	}
	server.Run(t)
	until(t, "writes work again", func() bool { // what the database did not have on its disk yet comes again
		_, err := s.Announce(context.Background(), testPeer(1).ID(), []netproto.Resource{song, testFile("more")}, false)
		if netproto.CodeOf(err) == netproto.CodeJoinFirst {
			_, err = s.Join(context.Background(), testPeer(1))
		}
		return err == nil && sources(t, s, song) == 1 && sources(t, s, testFile("more")) == 1
	})
	until(t, "it is ready again", func() bool { return s.Ready(t.Context()) == nil })
}

// way is the network between a node and its database, which can fall silent.
type way struct {
	address string
	mu      sync.Mutex
	silent  chan struct{} // closed while bytes pass
}

func wayTo(t *testing.T, server *pgtest.Server) *way {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{address: "postgres://tracker@" + ln.Addr().String() + "/postgres?sslmode=disable", silent: make(chan struct{})}
	close(w.silent)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	pass := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		bytes := make([]byte, 32<<10)
		for {
			n, err := from.Read(bytes)
			w.mu.Lock()
			open := w.silent
			w.mu.Unlock()
			select {
			case <-open:
			case <-ctx.Done():
				return
			}
			if _, bad := to.Write(bytes[:n]); err != nil || bad != nil {
				return
			}
		}
	}
	all.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", filepath.Join(server.Folder(), ".s.PGSQL.5432"))
			if err != nil {
				near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { near.Close(); far.Close() })
			all.Go(func() { pass(near, far) })
			all.Go(func() { pass(far, near) })
		}
	})
	t.Cleanup(func() {
		cancel()
		ln.Close()
		all.Wait()
	})
	return w
}

// fallSilent has no byte pass until speak is called.
func (w *way) fallSilent() (speak func()) {
	open := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = open
	return func() { close(open) }
}

// Whoever writes hears soon that the database does not answer, and does not wait for the
// time that a write may take; those after it hear so at once.
func TestWritesDoNotWaitForADatabaseThatIsSilent(t *testing.T) {
	server := pgtest.Start(t)
	w := wayTo(t, server)
	s := node(t, w.address, store.Config{})
	join(t, s, 1)
	speak := w.fallSilent()
	patience, cancel := context.WithTimeout(t.Context(), writeTime*3/4)
	defer cancel()
	for i := range 100 {
		_, err := s.Announce(patience, testPeer(1).ID(), []netproto.Resource{testFile(fmt.Sprint("song ", i))}, false)
		if netproto.CodeOf(err) != netproto.CodeStoreAway || !strings.Contains(err.Error(), "it does not answer") {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if n := s.Sharing().Failures; n != 100 {
		t.Errorf("%d writes count as failed", n)
	}
	speak()
	until(t, "writes work again", func() bool {
		_, err := s.Announce(t.Context(), testPeer(1).ID(), []netproto.Resource{testFile("a song")}, false)
		return err == nil
	})
}

// An entry of the log that nobody can read keeps no node from following: the tables have
// what it was about.
func TestADamagedEntryOfTheLogIsPassedOver(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	a, b := node(t, address, store.Config{}), node(t, address, store.Config{})
	join(t, a, 1)
	past{t, server, address[strings.LastIndex(address, "=")+1:]}.sql(`insert into @.cp2p_log (nonce, told) values (1, '\x09')`)
	song := testFile("a song")
	until(t, "a change is taken again", func() bool {
		_, err := a.Announce(t.Context(), testPeer(1).ID(), []netproto.Resource{song}, false)
		return err == nil
	})
	for _, s := range []*Store{a, b} {
		until(t, "both follow", func() bool { return sources(t, s, song) == 1 && s.Ready(t.Context()) == nil })
		if s.Sharing().Reloads == 0 {
			t.Error("not everything was read again")
		}
	}
}

// What nobody says again outlives a crash of the database right after it was acknowledged.
func TestABanOutlivesACrashOfTheDatabase(t *testing.T) {
	server := pgtest.Start(t)
	for n := range 4 {
		s := node(t, server.Address(), store.Config{})
		if bans, err := s.Bans(t.Context()); err != nil || len(bans) != n {
			t.Fatalf("of %d bans there are %d: %v", n, len(bans), err)
		}
		key := testPeer(n).Key
		if err := s.Ban(t.Context(), store.Ban{Target: store.Target{Key: netproto.FingerprintOf(key[:])}, Since: time.Now()}); err != nil {
			t.Fatal(err)
		}
		server.Kill()
		server.Run(t)
	}
}
