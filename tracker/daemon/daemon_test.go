package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

func options(t *testing.T) daemon.Options {
	o := daemon.DefaultOptions()
	o.Listen, o.Data, o.JSON = "127.0.0.1:0", filepath.Join(t.TempDir(), "deep", "down"), true
	return o
}

func openTracker(t *testing.T, o daemon.Options) *daemon.Tracker {
	t.Helper()
	tracker, err := daemon.Open(o, boltstore.Open, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

func TestATrackerCanBeStartedAndStoppedAgainAndAgain(t *testing.T) {
	o := options(t)
	var print netproto.Fingerprint
	for range 3 {
		tracker := openTracker(t, o)
		if print != (netproto.Fingerprint{}) && tracker.Fingerprint() != print {
			t.Fatal("its key has changed")
		}
		print = tracker.Fingerprint()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- tracker.Serve(ctx) }()
		conn, err := net.DialTimeout("tcp", tracker.Address(), patience)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatal("it does not stop")
		}
		if conn, err := net.Dial("tcp", tracker.Address()); err == nil {
			conn.Close()
			t.Fatal("the port is still open")
		}
	}
	if err := openTracker(t, o).Close(); err != nil { // that never served
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{".": 0o700, "tracker.key": 0o600, "tracker.db": 0o600} {
		info, err := os.Stat(filepath.Join(o.Data, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

func TestTheAddressIsToldWithAnInvitation(t *testing.T) {
	o := options(t)
	tracker := openTracker(t, o)
	defer tracker.Close()
	var out bytes.Buffer
	if err := tracker.Announce(&out); err != nil {
		t.Fatal(err)
	}
	var told map[string]string
	if err := json.Unmarshal(out.Bytes(), &told); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%q: %v", out.String(), err)
	}
	link, err := netproto.ParseLink(told["link"])
	if err != nil {
		t.Fatal(err)
	}
	if told["event"] != "listening" || told["address"] != tracker.Address() || told["fingerprint"] != tracker.Fingerprint().String() ||
		link.Tracker != tracker.Address() || link.Fingerprint != tracker.Fingerprint() || !link.IsTracker() {
		t.Errorf("%v, %+v", told, link)
	}

	o.JSON, o.Listen, o.Data = false, ":0", t.TempDir()
	everywhere := openTracker(t, o)
	defer everywhere.Close()
	out.Reset()
	if err := everywhere.Announce(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), everywhere.Link().String()) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%q", out.String())
	}
	host, _, err := net.SplitHostPort(everywhere.Link().Tracker)
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		t.Errorf("the link leads to %q", everywhere.Link().Tracker)
	}
}

func TestWhatKeepsATrackerFromStartingIsSaid(t *testing.T) {
	running := openTracker(t, options(t))
	defer running.Close()
	used := options(t)
	inUse := openTracker(t, used)
	defer inUse.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	badKey := t.TempDir()
	if err := os.WriteFile(filepath.Join(badKey, "tracker.key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*daemon.Options)
		code   netproto.Code
		says   string
	}{
		"port in use":    {func(o *daemon.Options) { o.Listen = running.Address() }, netproto.CodePortInUse, running.Address()},
		"no address":     {func(o *daemon.Options) { o.Listen = "nonsense" }, netproto.CodeInvalid, "nonsense"},
		"policy":         {func(o *daemon.Options) { o.SeedClients = "some" }, netproto.CodeUsage, "some"},
		"log":            {func(o *daemon.Options) { o.Log = "xml" }, netproto.CodeUsage, "xml"},
		"no data folder": {func(o *daemon.Options) { o.Data = "" }, netproto.CodeUsage, "--data"},
		"data is a file": {func(o *daemon.Options) { o.Data = file }, netproto.CodeStore, file},
		"damaged key":    {func(o *daemon.Options) { o.Data = badKey }, netproto.CodeStore, "tracker.key"},
		"data in use":    {func(o *daemon.Options) { o.Data = used.Data }, netproto.CodeStore, filepath.Join(used.Data, "tracker.db")},
	} {
		o := options(t)
		c.change(&o)
		tracker, err := daemon.Open(o, boltstore.Open, io.Discard)
		if err == nil {
			tracker.Close()
			t.Errorf("%s: it started", name)
			continue
		}
		if netproto.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %s: %v", name, netproto.CodeOf(err), err)
		}
	}
}

func TestRunEndsWithAnErrorWhenNobodyCanBeTold(t *testing.T) {
	broken, writer := io.Pipe()
	broken.Close()
	o := options(t)
	err := daemon.Run(t.Context(), o, nil, boltstore.Open, writer, io.Discard)
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
	if err := openTracker(t, o).Close(); err != nil { // nothing was left open
		t.Fatal(err)
	}
}
