package daemon_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/server/admission"
)

// benchTracker starts a whole tracker with a peer that has joined; client and server
// share the processors.
func benchTracker(b *testing.B) (ask func(method, path, body string)) {
	b.Helper()
	options := daemon.DefaultOptions()
	options.Listen, options.Data = "127.0.0.1:0", filepath.Join(b.TempDir(), "data")
	options.Limits = admission.Limits{} // none: one address and one key do all the work
	tracker, err := daemon.Open(options, boltstore.Open, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tracker.Serve(ctx) }()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil })}
	client := &http.Client{Transport: transport, Timeout: patience}
	b.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	ask = func(method, path, body string) {
		req, err := http.NewRequestWithContext(b.Context(), method, "https://"+tracker.Address()+path, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
			b.Error(resp.Status, err)
		}
	}
	ask("PUT", netproto.RouteSelf, `{"port":4000}`)
	return ask
}

func BenchmarkHeartbeatOverTLS(b *testing.B) {
	ask := benchTracker(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ask("POST", netproto.RouteHeartbeat, `{"count":0,"digest":"0000000000000000"}`)
		}
	})
}

// file returns a resource whose hash follows from its name.
func file(name string) netproto.Resource {
	return netproto.Resource{Hash: sha256.Sum256([]byte(name)), Size: 20_000, Name: name, MIME: "text/plain"}
}

func BenchmarkAnnounceOverTLS(b *testing.B) {
	ask := benchTracker(b)
	for i := 0; b.Loop(); i++ {
		var req netproto.AnnounceRequest
		for k := range netproto.MaxAnnounce {
			req.Resources = append(req.Resources, file(fmt.Sprintf("batch %d file %d.mp3", i, k)))
		}
		req.Reset = i%100 == 0 // stays below the limit of a peer
		body, err := json.Marshal(req)
		if err != nil {
			b.Fatal(err)
		}
		ask("POST", netproto.RouteResources, string(body))
	}
	b.ReportMetric(float64(b.N)*netproto.MaxAnnounce/b.Elapsed().Seconds(), "resources/s")
}

func BenchmarkSearchOverTLS(b *testing.B) {
	ask := benchTracker(b)
	for i := range 20 {
		var req netproto.AnnounceRequest
		for k := range netproto.MaxAnnounce {
			req.Resources = append(req.Resources, file(fmt.Sprintf("batch %d file %d.mp3", i, k)))
		}
		body, err := json.Marshal(req)
		if err != nil {
			b.Fatal(err)
		}
		ask("POST", netproto.RouteResources, string(body))
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ask("GET", netproto.RouteResources+"?q=batch+file+77", "")
		}
	})
}
