//go:build unix

package pgstore

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/store"
)

// Nodes that start at once with keys of their own end up with one, which nobody reads
// without the secret.
func TestAllNodesHaveOneKey(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	secret := []byte("correct horse battery staple")
	var all sync.WaitGroup
	keys := make([]string, 3)
	for i := range keys {
		s := node(t, address, store.Config{})
		all.Go(func() {
			key, err := s.Key(t.Context(), secret, func() ([]byte, error) { return fmt.Appendf(nil, "the key of node %d", i), nil })
			if err != nil {
				t.Error(err)
			}
			keys[i] = string(key)
		})
	}
	all.Wait()
	if keys[0] == "" || keys[1] != keys[0] || keys[2] != keys[0] {
		t.Errorf("the keys are %q", keys)
	}
	s := node(t, address, store.Config{})
	asked := func() ([]byte, error) { return nil, errors.New("it was asked for a key although one is kept") }
	if _, err := s.Key(t.Context(), []byte("another secret of some length"), asked); netproto.CodeOf(err) != netproto.CodeUsage || !strings.Contains(err.Error(), "another secret") {
		t.Errorf("%v", err)
	}
	schema := address[strings.LastIndex(address, "=")+1:]
	text := server.SQL(t, "select value from "+schema+".cp2p_meta where name = 'key'")
	if kept, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err != nil || bytes.Contains(kept, []byte(keys[0])) || len(kept) < saltBytes+len(keys[0]) {
		t.Errorf("it keeps %q, %v", text, err)
	}
	server.SQL(t, "update "+schema+".cp2p_meta set value = 'c2hvcnQ=' where name = 'key'")
	if _, err := s.Key(t.Context(), secret, asked); netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}

func TestTheDatabaseIsExaminedInSentences(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	s := node(t, address, store.Config{})
	said := func() string {
		var list []string
		for _, f := range s.Examine(t.Context()) {
			list = append(list, string(f.State)+": "+f.Text)
		}
		return strings.Join(list, "\n")
	}
	wants := func(words ...string) {
		t.Helper()
		text := said()
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not in\n%s", w, text)
			}
		}
	}
	wants("good: this node has all", "good: its database is PostgreSQL", "good: the user tracker has the rights", "good: no standby follows it", "clock and that of this computer agree")
	standby := server.Standby(t)
	until(t, "a standby is seen", func() bool { return strings.Contains(said(), "good: 1 standbys follow it") })
	standby.Kill()
	schema := address[strings.LastIndex(address, "=")+1:]
	server.SQL(t, "create role reader login; grant usage on schema "+schema+" to reader; grant select on all tables in schema "+schema+" to reader")
	poor, err := config(strings.Replace(address, "tracker@", "reader@", 1))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), poor)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	owner := s
	s = &Store{config: owner.config, pool: pool, address: address, meeting: owner.meeting}
	s.life.Store(owner.life.Load())
	wants("bad: the user reader may not write to its tables: grant all")
	server.Kill()
	server.Run(t, "max_connections=12")
	until(t, "few connections are left", func() bool { return strings.Contains(said(), "raise max_connections") })
	server.Kill()
	until(t, "it cannot be reached", func() bool {
		text := said()
		return strings.Contains(text, "bad: the database") && strings.Contains(text, "it cannot be reached")
	})
}
