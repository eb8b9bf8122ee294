package daemon_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

func TestWhatMeansNothingIsNotRun(t *testing.T) {
	for name, change := range map[string]func(*daemon.Options){
		"metrics for some":        func(o *daemon.Options) { o.Metrics = "some" },
		"a public url of nothing": func(o *daemon.Options) { o.PublicURL = "http://x" },
		"a profiler for all":      func(o *daemon.Options) { o.Pprof = "0.0.0.0:0" },
		"a profiler for others":   func(o *daemon.Options) { o.Pprof = "192.0.2.1:6060" },
		"a profiler by name":      func(o *daemon.Options) { o.Pprof = "example.org:6060" },
	} {
		o := options(t)
		change(&o)
		tracker, err := daemon.Open(o, boltstore.Open, io.Discard)
		if err == nil {
			tracker.Close()
		}
		if netproto.CodeOf(err) != netproto.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATrackerForThisComputerAloneIsNotAnnouncedToOthers(t *testing.T) {
	o := options(t)
	o.LANAnnounce = true
	tracker := openTracker(t, o) // on 127.0.0.1
	defer tracker.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tracker.AnnounceLAN(ctx)
	if ctx.Err() != nil {
		t.Error("it was announced until it had to stop")
	}
}

func TestLinksLeadToThePublicAddress(t *testing.T) {
	o := options(t)
	o.PublicURL = "Share.Example.org"
	tracker := openTracker(t, o)
	defer tracker.Close()
	if got := tracker.Link(); got.Tracker != "share.example.org:5000" || got.Fingerprint != tracker.Fingerprint() {
		t.Errorf("%+v", got)
	}
}

func TestTheProfilerAnswersThisComputerAlone(t *testing.T) {
	o := options(t)
	o.Pprof = "127.0.0.1:0"
	tracker := openTracker(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tracker.Serve(ctx) }()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for host, want := range map[string]int{"": http.StatusOK, "evil.example:80": http.StatusForbidden} {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+tracker.PprofAddress()+"/debug/pprof/goroutine?debug=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || want == http.StatusOK && !bytes.Contains(body, []byte("goroutine profile")) {
			t.Errorf("as %q: %d", host, resp.StatusCode)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
