//go:build unix

package pgstore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/store"
)

// Tables that a newer program made are used, as long as they say that this one may use
// them: so nodes are updated one after the other.
func TestANewerSchemaIsRefusedUnlessItSaysOtherwise(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	node(t, address, store.Config{}).Close()
	set := func(newest, oldest int) {
		t.Helper()
		server.SQL(t, fmt.Sprintf("set search_path = %[1]s; update cp2p_meta set value = '%[2]d' where name = 'schema'; update cp2p_meta set value = '%[3]d' where name = 'least'",
			address[strings.LastIndex(address, "=")+1:], newest, oldest))
	}
	set(schema+1, schema)
	node(t, address, store.Config{}).Close()
	set(schema+1, schema+1)
	_, err := open(address, store.Config{})
	if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "written by a newer version") {
		t.Errorf("%v", err)
	}
	set(0, 0)
	_, err = open(address, store.Config{})
	if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "not those of a tracker") {
		t.Errorf("%v", err)
	}
}

// A node that has been without its database for ten seconds is not ready; before that, and
// once it has caught up, it is.
func TestANodeThatLagsIsNotReady(t *testing.T) {
	s := node(t, pgtest.Start(t).Schema(t), store.Config{})
	l := s.life.Load()
	entered, held := make(chan struct{}), make(chan struct{})
	go l.Do(t.Context(), func() error { close(entered); <-held; return nil }) // nothing is followed meanwhile
	<-entered
	since := func(d time.Duration) error {
		l.keeper.current.Store(time.Now().Add(-d).UnixNano())
		return s.Ready(t.Context())
	}
	if err := since(lagging - 5*time.Second); err != nil {
		t.Error(err)
	}
	if err := since(lagging + time.Second); netproto.CodeOf(err) != netproto.CodeStoreAway || !strings.Contains(err.Error(), "for 1") { // 11 s, or some more
		t.Errorf("%v", err)
	}
	close(held)
	until(t, "it is ready again", func() bool { return s.Ready(t.Context()) == nil })
}
