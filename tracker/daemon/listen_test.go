package daemon_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/porttest"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

// asked returns what a tracker says about itself at an address.
func asked(t *testing.T, address string) (info netproto.TrackerInfo) {
	t.Helper()
	_, key, _ := ed25519.GenerateKey(nil)
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil })}}
	resp, err := client.Get("https://" + address + netproto.RouteTracker)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&info); err != nil {
		t.Fatal(err)
	}
	return info
}

func TestATrackerListensOnSeveralAddresses(t *testing.T) {
	o := options(t)
	o.Listen = "127.0.0.1:0, 127.0.0.1:0"
	o.Relay = "off"
	tracker := openTracker(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tracker.Serve(ctx) }()
	all := tracker.Addresses()
	if len(all) != 2 || all[0] == all[1] || all[0] != tracker.Address() {
		t.Fatalf("%v", all)
	}
	var ports []int
	for _, address := range all {
		info := asked(t, address)
		if ports = info.Ports; len(ports) != 2 || info.Relay || !info.Line {
			t.Errorf("%s: %+v", address, info)
		}
		resp, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + address + "/healthz")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s, plain: %v, %v", address, resp, err)
		}
		resp.Body.Close()
	}
	var out bytes.Buffer
	if err := tracker.Announce(&out); err != nil {
		t.Fatal(err)
	}
	var told struct {
		Address   string
		Addresses []string
	}
	if err := json.Unmarshal(out.Bytes(), &told); err != nil || told.Address != all[0] || !slices.Equal(told.Addresses, all) {
		t.Errorf("%s: %v", out.String(), err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, address := range all {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("%s is still open", address)
		}
	}
}

func TestNothingIsOpenAfterOneAddressWasInUse(t *testing.T) {
	running := openTracker(t, options(t))
	defer running.Close()
	first := porttest.Address(t)
	o := options(t)
	o.Listen = first + "," + running.Address()
	if tracker, err := daemon.Open(o, boltstore.Open, io.Discard); err == nil {
		tracker.Close()
		t.Error("it started")
	} else if netproto.CodeOf(err) != netproto.CodePortInUse || !strings.Contains(err.Error(), running.Address()) {
		t.Error(err)
	}
	ln, err := net.Listen("tcp", first)
	if err != nil {
		t.Fatal("the first one: ", err)
	}
	ln.Close()
}

func TestTheFlagListenIsRepeated(t *testing.T) {
	for want, args := range map[string][]string{
		":5000":           nil,
		":5001":           {"--listen", ":5001"},
		":5001,:443":      {"--listen", ":5001", "--listen", ":443"},
		":5001,[::1]:443": {"--listen=:5001,[::1]:443"},
	} {
		o := daemon.DefaultOptions()
		set := flag.NewFlagSet("tracker", flag.ContinueOnError)
		o.Flags(set)
		if err := set.Parse(args); err != nil || o.Listen != want {
			t.Errorf("%v: %q, %v", args, o.Listen, err)
		}
	}
	// A tracker reads its variables again at SIGHUP; they replace what they said before.
	o := daemon.DefaultOptions()
	set := flag.NewFlagSet("tracker", flag.ContinueOnError)
	o.Flags(set)
	for _, want := range []string{":1,:2", ":3"} {
		environ := func(name string) string {
			if name == "CP2P_LISTEN" {
				return want
			}
			return ""
		}
		if err := daemon.Settle(set, func(string) bool { return false }, environ); err != nil || o.Listen != want {
			t.Errorf("%q, %v", o.Listen, err)
		}
	}
}

func TestRatesOfTheRelayAreSizes(t *testing.T) {
	for text, want := range map[string]int64{"8MB": 8_000_000, "1500kB": 1_500_000, "0": 0, "123456": 123_456, "1MiB": 1 << 20, "x": -1, "1kB": -1, "-1": -1} {
		o := daemon.DefaultOptions()
		set := flag.NewFlagSet("tracker", flag.ContinueOnError)
		set.SetOutput(io.Discard)
		o.Flags(set)
		err := set.Parse([]string{"--relay-rate", text})
		if want < 0 && err == nil || want >= 0 && (err != nil || o.RelayRate != want) {
			t.Errorf("%s: %d, %v", text, o.RelayRate, err)
		}
		if err != nil {
			continue
		}
		// What a unit for systemd says means the same.
		if err := set.Set("relay-rate", set.Lookup("relay-rate").Value.String()); err != nil || o.RelayRate != want {
			t.Errorf("%s again: %d, %v", text, o.RelayRate, err)
		}
	}
}

func TestAnotherPortIsAdvisedWhereItHelps(t *testing.T) {
	for public, want := range map[string]bool{"": false, "share.example:5000": true, "share.example:443": false} {
		o := options(t)
		o.PublicURL = public
		var logs bytes.Buffer
		tracker, err := daemon.Open(o, boltstore.Open, &logs)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tracker.Serve(ctx); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(logs.String(), "--listen :443"); got != want {
			t.Errorf("%q: %s", public, logs.String())
		}
	}
}
