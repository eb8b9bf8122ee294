package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

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
