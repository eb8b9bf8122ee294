package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
)

func TestWhatMeansNothingIsNotRun(t *testing.T) {
	for name, change := range map[string]func(*server.Options){
		"metrics for some":        func(o *server.Options) { o.Metrics = "some" },
		"a public url of nothing": func(o *server.Options) { o.PublicURL = "http://x" },
		"a profiler for all":      func(o *server.Options) { o.Pprof = "0.0.0.0:0" },
		"a profiler for others":   func(o *server.Options) { o.Pprof = "192.0.2.1:6060" },
		"a profiler by name":      func(o *server.Options) { o.Pprof = "example.org:6060" },
	} {
		o := options(t)
		change(&o)
		tracker, err := server.OpenTracker(o, boltstore.Open, io.Discard)
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

func TestTheSystemdUnitIsHardenedAndHoldsTheCommand(t *testing.T) {
	o := server.DefaultOptions()
	o.Listen = ":5001"
	var unit bytes.Buffer
	if err := o.WriteSystemdUnit(&unit, []string{"/opt/my app/tracker", "--name", `50% "$HOME" \`, "--listen", ":5001"}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`ExecStart="/opt/my app/tracker" --name "50%% \"$$HOME\" \\" --listen :5001 --data %S/centralizedp2p-tracker`,
		"DynamicUser=yes", "StateDirectory=centralizedp2p-tracker", "ProtectSystem=strict", "NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes",
		"CapabilityBoundingSet=", "AmbientCapabilities=", "SystemCallFilter=@system-service", "LimitNOFILE=65536",
	} {
		if !strings.Contains(unit.String(), "\n"+line+"\n") {
			t.Errorf("the unit lacks %q:\n%s", line, unit.String())
		}
	}
	o.Listen = "[::]:443"
	unit.Reset()
	if err := o.WriteSystemdUnit(&unit, []string{"/usr/bin/tracker"}); err != nil || !strings.Contains(unit.String(), "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n") || strings.Contains(unit.String(), "PrivateUsers=yes") {
		t.Errorf("%v:\n%s", err, unit.String())
	}
	for _, listen := range []string{"", ":0", ":http", "5000"} {
		o.Listen = listen
		if err := o.WriteSystemdUnit(io.Discard, []string{"/usr/bin/tracker"}); netproto.CodeOf(err) != netproto.CodeUsage {
			t.Errorf("%q: %v", listen, err)
		}
	}
	if err := server.DefaultOptions().WriteSystemdUnit(io.Discard, []string{"/usr/bin/tracker", "--name", "a\nUser=root"}); netproto.CodeOf(err) != netproto.CodeUsage {
		t.Errorf("a line more: %v", err)
	}
}

// Where systemd is, it has the last word about the unit.
func TestSystemdUnderstandsTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("this computer has no systemd to ask")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var unit bytes.Buffer
	if err := server.DefaultOptions().WriteSystemdUnit(&unit, []string{self, "--name", `a 50% "$HOME" \`}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "centralizedp2p-tracker.service")
	if err := os.WriteFile(file, unit.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if said, err := exec.CommandContext(ctx, analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || bytes.Contains(said, []byte("centralizedp2p-tracker.service:")) {
		t.Errorf("%v: %s", err, said)
	}
}
