package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

// TestADamagedDatabaseIsSaidAndTheProcessLives damages the file below a tracker
// that runs.
func TestADamagedDatabaseIsSaidAndTheProcessLives(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tracker.db")
	opened, err := boltstore.Open(name, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	tr := startTracker(t, func(c *server.Config) { c.Store = opened })
	peer, seed := tr.client(""), tr.plain("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"))
	damage(t, name)

	p := peer.refused("POST", netproto.RouteResources, `{"resources":[{"hash":"`+hash("b").String()+`","size":1,"name":"b"}]}`, netproto.CodeFull)
	if !strings.Contains(p.Detail, "database is damaged") {
		t.Errorf("announce: %q", p.Detail)
	}
	for method, path := range map[string]string{"PUT": netproto.RouteSelf, "POST": netproto.RouteHeartbeat, "DELETE": netproto.RouteSelf, "GET": netproto.RouteResources + "?q=a"} {
		peer.refused(method, path, `{}`, netproto.CodeFull)
	}
	ready := seed.send("GET", netproto.RouteReady, "")
	if ready.status != 503 || !strings.Contains(ready.body, "database is damaged") || ready.header.Get("Retry-After") == "" {
		t.Errorf("readyz: %+v", ready)
	}
	if got := seed.send("GET", netproto.RouteSeedResource, ""); got.status != 503 || !strings.HasPrefix(got.body, `{"success": false`) {
		t.Errorf("seed route: %+v", got)
	}
	if got := seed.send("GET", "/", ""); got.status != 503 {
		t.Errorf("status page: %d", got.status)
	}
	for _, path := range []string{netproto.RouteHealth, "/metrics"} {
		if got := seed.send("GET", path, ""); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// damage overwrites every page of a database except its two meta pages.
func damage(t *testing.T, name string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	rubbish := []byte(strings.Repeat("\xa5", int(info.Size())-2*os.Getpagesize()))
	if _, err := file.WriteAt(rubbish, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
}
