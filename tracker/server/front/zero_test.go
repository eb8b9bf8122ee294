package front_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/front"
	"centralizedp2p/tracker/server/origin"
)

// Whoever leaves something out gets what harms nobody, and no panic in the goroutine of a
// connection, which would end the tracker.
func TestAConfigMayLeaveOutEverything(t *testing.T) {
	d := serve(t, front.Config{})
	// Any package may register a route here, and profilers do.
	http.HandleFunc("/registered", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "of another package") })
	for _, path := range []string{"/", "/registered"} {
		if said := d.say(strings.Replace(whence, "/", path, 1)); !strings.HasPrefix(said, "HTTP/1.1 404") {
			t.Errorf("%s is answered with %q", path, said)
		}
	}
	for name, bytes := range map[string]string{
		"a header of a proxy": proxyV2 + whence,
		"a TLS handshake":     "\x16\x03\x01" + strings.Repeat("\x00", 20),
		"a relay":             string(rune(netproto.RawRelay)) + whence,
	} {
		if said := d.say(bytes); strings.Contains(said, "200 OK") {
			t.Errorf("%s is answered with %q", name, said)
		}
	}
	if said := d.say(whence); !strings.HasPrefix(said, "HTTP/1.1 404") {
		t.Errorf("after that, a request is answered with %q", said)
	}
}

func TestAConfigWithBalancersMayLeaveOutWhoCountsTheRefused(t *testing.T) {
	balancers, err := origin.ParseProxies("127.0.0.1/32")
	if err != nil {
		t.Fatal(err)
	}
	d := serve(t, front.Config{Balancers: balancers})
	if said := d.say(whence); said != "" {
		t.Errorf("a connection without a header is answered with %q", said)
	}
	if said := d.say(proxyV1 + whence); !strings.HasPrefix(said, "HTTP/1.1 404") {
		t.Errorf("after that, one with a header is answered with %q", said)
	}
}
