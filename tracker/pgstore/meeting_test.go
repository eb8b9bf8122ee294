//go:build unix

package pgstore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/store"
)

// guest is a node that meets the others.
type guest struct {
	*Store
	mu        sync.Mutex
	others    []store.Node
	heard     map[string]store.NodeID
	announced []string
	barred    map[store.Target]bool
	lost      int
	leave     func() // and wait
}

func meets(t *testing.T, s *Store, at string) *guest {
	t.Helper()
	g := &guest{Store: s, heard: map[string]store.NodeID{}, barred: map[store.Target]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	var meeting sync.WaitGroup
	meeting.Go(func() {
		s.Meet(ctx, at, store.Meeting{
			Others: func(list []store.Node) { g.note(func() { g.others = list }) },
			Heard:  func(from store.NodeID, said []byte) { g.note(func() { g.heard[string(said)] = from }) },
			Lost:   func() { g.note(func() { g.lost++ }) },
			Barred: func(target store.Target) { g.note(func() { g.barred[target] = true }) },
			Announced: func(_ netproto.PeerID, rs []netproto.Resource) {
				g.note(func() {
					for _, r := range rs {
						g.announced = append(g.announced, r.Name)
					}
				})
			},
		})
	})
	g.leave = func() {
		cancel()
		meeting.Wait()
	}
	t.Cleanup(g.leave)
	return g
}

func (g *guest) note(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

func (g *guest) is(what func() bool) func() bool {
	return func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return what()
	}
}

func TestNodesMeetAndSpeak(t *testing.T) {
	server := pgtest.Start(t)
	one := meets(t, node(t, server.Address(), store.Config{}), "192.0.2.1:5000")
	two := meets(t, node(t, server.Address(), store.Config{}), "")
	until(t, "one knows two", one.is(func() bool { return len(one.others) == 1 && one.others[0] == store.Node{ID: two.Self()} }))
	until(t, "two knows one", two.is(func() bool { return len(two.others) == 1 && two.others[0].At == "192.0.2.1:5000" }))
	for i := range 3 * lettersOnce {
		one.Say(two.Self(), fmt.Append(nil, i))
	}
	two.Say(one.Self(), []byte{0, 255})
	until(t, "all was heard", two.is(func() bool { return len(two.heard) == 3*lettersOnce && two.heard["7"] == one.Self() }))
	until(t, "bytes are heard as they are", one.is(func() bool { return one.heard["\x00\xff"] == two.Self() }))

	join(t, one.Store, 1)
	hidden := testFile("hidden")
	hidden.Hidden = true
	announce(t, one.Store, 1, testFile("song"), hidden)
	until(t, "two hears what was announced", two.is(func() bool { return len(two.announced) == 1 && two.announced[0] == "song" }))
	if one.is(func() bool { return len(one.announced) > 0 })() {
		t.Error("a node is told what was announced to itself")
	}

	// A failover empties the tables of the meeting.
	server.SQL(t, "truncate cp2p_nodes, cp2p_mail")
	until(t, "one says hello again", func() bool { return server.SQL(t, "select count(*) from cp2p_nodes") == "2" })
	two.leave()
	until(t, "two has left", one.is(func() bool { return len(one.others) == 0 }))
	for range 2 * maxLetters { // to nobody who takes them
		one.Say(two.Self(), []byte("lost"))
	}
	until(t, "the letters are sent", func() bool {
		one.meeting.mu.Lock()
		defer one.meeting.mu.Unlock()
		return len(one.meeting.letters) == 0
	})
	server.SQL(t, "update cp2p_mail set told = told - interval '1 minute'")
	until(t, "what nobody took is gone", func() bool { return server.SQL(t, "select count(*) from cp2p_mail") == "0" })
}

// A standby that took over has the tables of the meeting, empty, and nodes go on there.
func TestNodesSpeakAfterAFailover(t *testing.T) {
	primary := pgtest.Start(t)
	standby := primary.Standby(t)
	address := pgtest.AddressOf(primary, standby)
	one, two := meets(t, node(t, address, store.Config{}), ""), meets(t, node(t, address, store.Config{}), "")
	one.Say(two.Self(), []byte("before"))
	until(t, "a letter is heard before", two.is(func() bool { return two.heard["before"] == one.Self() }))
	failOver(t, primary, standby)
	until(t, "a letter is heard after", func() bool {
		one.Say(two.Self(), []byte("after"))
		return two.is(func() bool { return two.heard["after"] == one.Self() })()
	})
}

// The version before had tables with which nodes could not speak after a failover.
func TestTablesThatAFailoverBrokeAreMended(t *testing.T) {
	primary := pgtest.Start(t)
	standby := primary.Standby(t)
	primary.SQL(t, strings.Join(migrations[:2], "")+"insert into cp2p_meta values ('schema', '2'), ('least', '1')")
	failOver(t, primary, standby)
	s := node(t, standby.Address(), store.Config{})
	self := meets(t, s, "")
	s.Say(s.Self(), []byte("mended"))
	until(t, "a letter is heard", self.is(func() bool { return self.heard["mended"] == s.Self() }))
}

// failOver kills a primary, and its standby, which has all that it had, takes over.
func failOver(t *testing.T, primary, standby *pgtest.Server) {
	t.Helper()
	until(t, "the standby has all", func() bool {
		return primary.SQL(t, "select coalesce(bool_and(replay_lsn = pg_current_wal_lsn()), false) from pg_stat_replication") == "t"
	})
	primary.Kill()
	standby.Promote(t)
}

// What is too large or too old is not heard, and does not keep the rest from being heard.
// Whoever said more than there is room for learns that it is lost.
func TestLettersHaveBounds(t *testing.T) {
	server := pgtest.Start(t)
	s := node(t, server.Address(), store.Config{})
	s.Say(s.Self(), make([]byte, store.MaxSaid+1))
	server.SQL(t, fmt.Sprintf(`insert into cp2p_mail (receiver, sender, said, told) values (%[1]d, 1, convert_to(repeat('x', %[2]d + 1), 'UTF8'), now()),
		(%[1]d, 1, 'old', now() - interval '1 minute'), (%[1]d, 1, convert_to(repeat('y', %[2]d), 'UTF8'), now()), (%[1]d, 1, '', now())`, int64(s.Self()), store.MaxSaid))
	g := meets(t, s, "")
	until(t, "all others are heard", g.is(func() bool { _, last := g.heard[""]; return last }))
	g.note(func() {
		if _, largest := g.heard[strings.Repeat("y", store.MaxSaid)]; len(g.heard) != 2 || !largest {
			t.Errorf("%d letters are heard", len(g.heard))
		}
	})
	until(t, "what was too large is known to be lost", g.is(func() bool { return g.lost > 0 }))
	g.note(func() { g.lost = 0 })
	server.SQL(t, "alter table cp2p_mail rename to cp2p_elsewhere")
	s.Say(s.Self(), []byte("lost"))
	until(t, "what could not be sent is known to be lost", g.is(func() bool { return g.lost > 0 }))
	if first := s.Examine(t.Context())[0]; first.State != netproto.FindingBad || !strings.Contains(first.Text, "can say nothing to other nodes") {
		t.Errorf("what is wrong is not said: %+v", first)
	}
	server.SQL(t, "alter table cp2p_elsewhere rename to cp2p_mail")
	until(t, "it is mended", func() bool { return s.Examine(t.Context())[0].State == netproto.FindingGood })
}

// Whom one node bans, or takes the membership, the others learn from the log, and also if
// they have to read everything.
func TestNodesLearnWhomToCutOff(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	one, two := node(t, address, store.Config{}), meets(t, node(t, address, store.Config{}), "")
	key, other := testPeer(1).Key, testPeer(2).Key
	banned := store.Target{Key: netproto.FingerprintOf(other[:])}
	if err := one.Ban(t.Context(), store.Ban{Target: banned, Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	until(t, "a ban is known", two.is(func() bool { return two.barred[banned] }))
	invite := store.Invite{Hash: sha256.Sum256(nil), Expires: time.Now().Add(time.Hour)}
	if err := one.AddInvite(t.Context(), invite); err != nil {
		t.Fatal(err)
	}
	if err := one.Redeem(t.Context(), invite.Hash, key); err != nil {
		t.Fatal(err)
	}
	if err := one.RemoveMember(t.Context(), netproto.FingerprintOf(key[:])); err != nil {
		t.Fatal(err)
	}
	until(t, "a member is known to be none", two.is(func() bool { return two.barred[store.Target{Key: netproto.FingerprintOf(key[:])}] }))
	two.note(func() { clear(two.barred) })
	if err := two.again(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the ban is known again", two.is(func() bool { return two.barred[banned] && len(two.barred) == 1 }))
}
