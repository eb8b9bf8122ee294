package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

// fullStore is a store that takes nothing new.
type fullStore struct {
	store.Store
	announces atomic.Int32
}

func (f *fullStore) Full(context.Context, netip.Addr) error {
	return netproto.Errorf(netproto.CodeFull, "its memory is used up")
}

func (f *fullStore) Announce(ctx context.Context, id netproto.PeerID, rs []netproto.Resource, reset bool) ([]netproto.Refusal, error) {
	f.announces.Add(1)
	return f.Store.Announce(ctx, id, rs, reset)
}

func TestAFullTrackerReadsNoAnnounce(t *testing.T) {
	f := &fullStore{}
	tr := startTracker(t, func(c *server.Config) {
		f.Store, c.Store = c.Store, f
	})
	peer := tr.client("192.0.2.1")
	peer.join(netproto.JoinRequest{Port: 4000})
	for range 3 { // it is not JSON, but nobody looks
		got := peer.send("POST", netproto.RouteResources, `{"resources": [`)
		if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, `"code":"full"`) || got.header.Get("Retry-After") != "30" {
			t.Fatalf("%+v", got)
		}
	}
	unsent, writer := io.Pipe()
	defer writer.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, peer.base+netproto.RouteResources, unsent)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 300_000 // net/http reads shorter ones to their end, to keep the connection
	got, err := peer.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if got.Body.Close(); got.StatusCode != http.StatusServiceUnavailable {
		t.Error(got.Status)
	}
	var beat netproto.HeartbeatResponse
	if peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, &beat); beat.Status != netproto.HeartbeatOK {
		t.Errorf("%+v", beat)
	}
	if !tr.counted("memory") {
		t.Error("the refusals are not counted")
	}
	if n := f.announces.Load(); n != 0 {
		t.Errorf("%d announces reached the store", n)
	}
}

func TestAPeerOfAFullTrackerCanHoldLess(t *testing.T) {
	f := &fullStore{}
	tr := startTracker(t, func(c *server.Config) {
		f.Store, c.Store = c.Store, f
	})
	peer := tr.client("192.0.2.1")
	peer.join(netproto.JoinRequest{Port: 4000})
	if _, err := f.Store.Announce(t.Context(), peer.id.PeerID(), []netproto.Resource{file("a"), file("b")}, false); err != nil {
		t.Fatal(err)
	}
	if held := peer.join(netproto.JoinRequest{Port: 4000}); held.Count != 2 {
		t.Fatalf("%+v", held)
	}
	var got netproto.AnnounceResponse
	peer.call("POST", netproto.RouteResources, netproto.AnnounceRequest{Reset: true, Resources: []netproto.Resource{file("a")}}, &got)
	if held := peer.join(netproto.JoinRequest{Port: 4000}); held.Count != 1 {
		t.Errorf("%+v", held)
	}
	peer.refused("POST", netproto.RouteResources, `{"resources": []}`, netproto.CodeFull) // not over and over
}

func TestAFullTrackerSaysSoAndGoesOnForItsPeers(t *testing.T) {
	var log bytes.Buffer
	tr := startTracker(t, func(c *server.Config) {
		small, err := boltstore.Open(filepath.Join(t.TempDir(), "small.db"), store.Config{Memory: 256 << 10})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { small.Close() })
		c.Store, c.Logger = small, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
	})
	peer := tr.client("192.0.2.1")
	peer.join(netproto.JoinRequest{Port: 4000})
	accepted := 0
	for n := 0; ; n++ {
		var rs []string
		for i := range 20 {
			rs = append(rs, fmt.Sprintf(`{"hash": "%064x", "size": 1, "name": "a file %d.txt"}`, 1+20*n+i, 20*n+i))
		}
		got := peer.send("POST", netproto.RouteResources, `{"resources": [`+strings.Join(rs, ",")+`]}`)
		if got.status == http.StatusServiceUnavailable {
			if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, `"code":"full"`) {
				t.Errorf("%+v", got)
			}
			break
		}
		if accepted += strings.Count(got.body, `"accepted":20`) * 20; got.status != http.StatusOK || n > 100 {
			t.Fatalf("%d after %d: %s", got.status, accepted, got.body)
		}
	}
	// Others fill the rest: then nobody new can join.
	refused := false
	for n := range 200 {
		got := tr.client(fmt.Sprintf("198.51.100.%d", 1+n)).send("PUT", netproto.RouteSelf, `{"port": 4000}`)
		if refused = got.status == http.StatusServiceUnavailable; refused {
			break
		}
	}
	if !refused {
		t.Error("new keys join for ever")
	}
	if got := peer.search("q=file"); len(got.Items) == 0 {
		t.Error("nothing is found")
	}
	held := peer.join(netproto.JoinRequest{Port: 4000})
	var beat netproto.HeartbeatResponse
	peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{Count: held.Count, Digest: held.Digest}, &beat)
	if beat.Status != netproto.HeartbeatOK || held.Count == 0 {
		t.Errorf("%+v, %+v", held, beat)
	}
	if log.Len() > 0 {
		t.Errorf("strangers fill the log: %s", log.String())
	}
}
