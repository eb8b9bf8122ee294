//go:build unix

package pgstore

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/store"
)

// past is a database with what it had once.
type past struct {
	t      *testing.T
	server *pgtest.Server
	schema string
}

// keepPast copies what the database has now.
func keepPast(t *testing.T, server *pgtest.Server, address string) past {
	p := past{t, server, address[strings.LastIndex(address, "=")+1:]}
	p.sql(`begin; drop table if exists @.entries; drop table if exists @.log;
		create table @.entries as table @.cp2p_entries; create table @.log as table @.cp2p_log; commit`)
	return p
}

func (p past) sql(statements string) {
	p.server.SQL(p.t, strings.ReplaceAll(statements, "@", p.schema))
}

// comeBack is a failover to a standby that had no more than that. Numbers of the log that
// were given out are given out again.
func (p past) comeBack() {
	p.sql(`begin; lock table @.cp2p_log, @.cp2p_entries; truncate @.cp2p_entries; insert into @.cp2p_entries table @.entries;
		delete from @.cp2p_log where (seq, nonce) not in (select seq, nonce from @.log);
		select setval(pg_get_serial_sequence('@.cp2p_log', 'seq'), (select max(seq) from @.cp2p_log)); commit`)
}

func TestNodesTakeBackWhatADatabaseLost(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	s := node(t, address, store.Config{})
	join(t, s, 1)
	kept, lost := testFile("kept"), testFile("lost")
	announce(t, s, 1, kept)
	was := keepPast(t, server, address)
	announce(t, s, 1, lost)
	was.comeBack()
	until(t, "what is lost is not found", func() bool { return sources(t, s, lost) == 0 && s.Ready(t.Context()) == nil })
	if sources(t, s, kept) != 1 {
		t.Error("what was kept is not found")
	}
	if n := s.Sharing().Reloads; n != 0 {
		t.Errorf("everything was read again %d times", n)
	}
	// The peer learns of it, without joining again.
	status, _, err := s.Heartbeat(t.Context(), testPeer(1).ID(), holdingsOf(kept, lost))
	if err != nil || status != netproto.HeartbeatResync {
		t.Fatal(status, err)
	}
	announce(t, s, 1, kept, lost)
	if sources(t, s, lost) != 1 {
		t.Error("it is not found after a resync")
	}
}

// A node that knows nothing of what the database has now reads everything.
func TestADatabaseWithAnotherPastIsReadAgain(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	s := node(t, address, store.Config{})
	join(t, s, 1)
	kept, lost := testFile("kept"), testFile("lost")
	announce(t, s, 1, kept)
	was := keepPast(t, server, address)
	announce(t, s, 1, lost)
	was.sql("update @.log set nonce = nonce + 1")
	was.sql(`begin; lock table @.cp2p_log; truncate @.cp2p_entries; insert into @.cp2p_entries table @.entries;
		truncate @.cp2p_log; insert into @.cp2p_log overriding system value table @.log; commit`)
	until(t, "what is lost is not found", func() bool { return sources(t, s, lost) == 0 && s.Ready(t.Context()) == nil })
	if sources(t, s, kept) != 1 {
		t.Error("what was kept is not found")
	}
	if n := s.Sharing().Reloads; n == 0 {
		t.Error("not everything was read again")
	}
}

// Peers come, change what they hold, and go, at any node; now and then the database loses
// the last of it. Afterwards each node has what one has that reads everything.
func TestNodesAgreeWhateverADatabaseLost(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	nodes := []*Store{node(t, address, store.Config{}), node(t, address, store.Config{})}
	random := rand.New(rand.NewPCG(1, 2))
	step := func() {
		s, id := nodes[random.IntN(len(nodes))], testPeer(random.IntN(8)).ID()
		r := testFile(fmt.Sprint("song ", random.IntN(20)))
		r.Name += strings.Repeat("!", random.IntN(2))
		var err error
		switch random.IntN(8) {
		case 0:
			err = s.Leave(t.Context(), id)
		case 1, 2:
			_, err = s.Withdraw(t.Context(), id, []netproto.ContentHash{r.Hash})
		case 3:
			_, err = s.Announce(t.Context(), id, []netproto.Resource{r}, true)
		default:
			_, err = s.Announce(t.Context(), id, []netproto.Resource{r}, false)
		}
		if netproto.CodeOf(err) == netproto.CodeJoinFirst {
			for n := range 8 {
				if testPeer(n).ID() == id {
					_, err = s.Join(t.Context(), testPeer(n))
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 8 {
		for range 20 {
			step()
		}
		was := keepPast(t, server, address)
		for range random.IntN(20) {
			step()
		}
		was.comeBack()
		fresh := node(t, address, store.Config{})
		want := everything(t, fresh)
		for k, s := range nodes {
			until(t, fmt.Sprintf("node %d has what the database has", k), func() bool {
				return s.Ready(t.Context()) == nil && maps.EqualFunc(everything(t, s), want, bytes.Equal)
			})
		}
		fresh.Close()
	}
	for k, s := range nodes {
		if n := s.Sharing().Reloads; n != 0 {
			t.Errorf("node %d read everything again %d times", k, n)
		}
	}
}

// everything returns the entries of all that a node has in memory.
func everything(t *testing.T, s *Store) map[string][]byte {
	t.Helper()
	g := newGroup()
	l := s.life.Load()
	if err := l.Do(t.Context(), func() error { return l.Export(g) }); err != nil {
		t.Fatal(err)
	}
	return g.values
}
