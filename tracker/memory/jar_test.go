package memory

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// jar is a Keeper that counts what it gets.
type jar struct {
	mu     sync.Mutex
	groups int // with changes
	kept   int // changes
}

func (j *jar) Write(plan func(Changes) error) error {
	var g jarGroup
	if err := plan(&g); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.kept += int(g); g > 0 {
		j.groups++
	}
	return nil
}

func (j *jar) written() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.groups
}

type jarGroup int

func (g *jarGroup) note() error {
	*g++
	return nil
}

func (g *jarGroup) PutPeer(Peer) error                      { return g.note() }
func (g *jarGroup) DeletePeer(Peer) error                   { return g.note() }
func (g *jarGroup) PutName(Name) error                      { return g.note() }
func (g *jarGroup) DeleteName(Name) error                   { return g.note() }
func (g *jarGroup) PutHolding(Holding) error                { return g.note() }
func (g *jarGroup) DeleteHolding(Holding) error             { return g.note() }
func (g *jarGroup) PutSeed(uint64, *store.SeedRow) error    { return g.note() }
func (g *jarGroup) DeleteSeed(uint64, *store.SeedRow) error { return g.note() }
func (g *jarGroup) PutNote(uint64, *store.Note) error       { return g.note() }
func (g *jarGroup) DeleteNote(uint64, *store.Note) error    { return g.note() }
func (g *jarGroup) PutInvite(store.Invite) error            { return g.note() }
func (g *jarGroup) DeleteInvite([sha256.Size]byte) error    { return g.note() }
func (g *jarGroup) PutMember(store.Member) error            { return g.note() }
func (g *jarGroup) DeleteMember(netproto.PublicKey) error   { return g.note() }
func (g *jarGroup) PutBan(store.Ban) error                  { return g.note() }
func (g *jarGroup) DeleteBan(store.Target) error            { return g.note() }

func openFor(t *testing.T, c store.Config) *Store {
	t.Helper()
	s, _ := openWithJar(t, c)
	return s
}

func openTest(t *testing.T) *Store {
	t.Helper()
	return openFor(t, store.Config{})
}

func openWithJar(t *testing.T, c store.Config) (*Store, *jar) {
	t.Helper()
	j := &jar{}
	s := New(c, j)
	s.Load().Start()
	t.Cleanup(func() { s.Close() })
	return s, j
}

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

// witness is a Keeper that knows the last peer it got.
type witness struct {
	jarGroup
	peer Peer
}

func (w *witness) Write(plan func(Changes) error) error { return plan(w) }

func (w *witness) PutPeer(p Peer) error {
	w.peer = p
	return nil
}

// However long keeping takes: otherwise nodes of one tracker differ.
func TestAPeerIsOnlineSinceTheTimeThatIsKept(t *testing.T) {
	kept := &witness{}
	var now atomic.Int64
	s := New(store.Config{Now: func() time.Time { return time.Unix(now.Add(1), 0) }}, kept)
	s.Load().Start()
	defer s.Close()
	for range 2 {
		if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
			t.Fatal(err)
		}
		var had witness
		if err := s.Do(t.Context(), func() error { return s.Export(&had) }); err != nil {
			t.Fatal(err)
		}
		if had.peer.Stay != kept.peer.Stay {
			t.Errorf("it stays %+v, and what is kept is %+v", had.peer.Stay, kept.peer.Stay)
		}
		if err := s.Leave(t.Context(), testPeer(1).ID()); err != nil {
			t.Fatal(err)
		}
	}
}
