//go:build unix

package peer_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/pgstore"
	"centralizedp2p/tracker/pgtest"
)

// startNodes starts a tracker of several nodes, with one key and one database. Links have
// the address of the first.
func startNodes(t testing.TB, n int) (nodes []*testTracker) {
	t.Helper()
	var addresses []string
	for range n {
		addresses = append(addresses, porttest.Address(t))
	}
	database, key := pgtest.Start(t).Address(), ""
	for _, address := range addresses {
		o := daemon.DefaultOptions()
		o.Listen, o.Data, o.Store, o.PublicURL = address, t.TempDir(), database, strings.Join(addresses, ",")
		o.Heartbeat, o.LANAnnounce = time.Second, false
		if key != "" {
			check(t, os.CopyFS(o.Data, os.DirFS(key)))
		}
		opened, err := daemon.Open(o, pgstore.Or(boltstore.Open), io.Discard)
		check(t, err)
		if key == "" {
			key = t.TempDir()
			raw, err := os.ReadFile(filepath.Join(o.Data, "tracker.key"))
			check(t, err)
			check(t, os.WriteFile(filepath.Join(key, "tracker.key"), raw, 0o600))
		}
		tr := &testTracker{address: address}
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- opened.Serve(ctx) }()
		tr.stop = func() {
			cancel()
			check(t, <-served)
			tr.stop = func() {}
		}
		t.Cleanup(func() { tr.stop() })
		nodes = append(nodes, tr)
	}
	return nodes
}

// An invite with the address of one node is enough: peers learn of the others. A node that
// goes, and then another, stop no transfer and no search, and nobody has to join again.
func TestPeersPassOverNodesThatGo(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	alice, bob := unhurriedPeer(t, nodes[0], slowly(512<<10)), unhurriedPeer(t, nodes[0], nil) // which leave no source that is slow for a second
	path, content := alice.write(t, "song.flac", 4<<20)
	song := alice.share(t, path)
	running, err := bob.Downloads.Add(queue.Request{Hash: song.Hash, Name: song.Name, Size: -1, Dir: bob.files})
	check(t, err)
	for i, name := range []string{"after one", "after two"} {
		bob.until(t, running, "under way", func(d queue.Download) bool { return d.Done > 0 })
		nodes[i].stop()
		path, more := alice.write(t, name, 1000)
		same(t, bob.get(t, alice.share(t, path)).Path, more)
		if d, _ := bob.Downloads.ByID(running); d.State != queue.StateFinished && d.Sources != 1 {
			t.Errorf("%s node the download that runs has %d sources", name, d.Sources)
		}
		for _, p := range []*testPeer{alice, bob} {
			if s := p.Trackers.Status(); s.State != membership.StateConnected || s.Err != nil {
				t.Errorf("%s node it is %s: %v", name, s.State, s.Err)
			}
		}
	}
	d := bob.wait(t, running, queue.StateFinished)
	same(t, d.Path, content)
	// The lines, over which others call it, move too.
	for _, p := range []*testPeer{alice, bob} {
		eventually(t, p.Engine, func() bool { return len(p.Trackers.Status().Lines) == 1 }, says("it has no line to the node that is left"))
	}
	hits, err := bob.Trackers.Active().Search(deadline(t), netproto.SearchRequest{Words: "song", Limit: 10})
	if err != nil || len(hits.Items) != 1 || hits.Items[0].Sources == 0 { // bob may have it on offer by now, too
		t.Errorf("%+v, %v", hits.Items, err)
	}
}
