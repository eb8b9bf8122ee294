//go:build unix

package pgstore

import (
	"context"
	"fmt"
	"sync"
	"testing"

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
	leave     func() // and wait
}

func meets(t *testing.T, s *Store, at string) *guest {
	t.Helper()
	g := &guest{Store: s, heard: map[string]store.NodeID{}}
	ctx, cancel := context.WithCancel(t.Context())
	var meeting sync.WaitGroup
	meeting.Go(func() {
		s.Meet(ctx, at, store.Meeting{
			Others: func(list []store.Node) { g.note(func() { g.others = list }) },
			Heard:  func(from store.NodeID, said []byte) { g.note(func() { g.heard[string(said)] = from }) },
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
