package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/origin"
)

// clientCertOf returns a certificate as a proxy passes it on (RFC 9440).
func clientCertOf(id *identity.Identity) string {
	der := id.ClientTLS(identity.HTTP, nil).Certificates[0].Certificate[0]
	return ":" + base64.StdEncoding.EncodeToString(der) + ":"
}

func behindProxies(t *testing.T, ranges string) *tracker {
	t.Helper()
	proxies, err := origin.ParseProxies(ranges)
	if err != nil {
		t.Fatal(err)
	}
	return startTracker(t, func(c *server.Config) { c.Proxies = proxies })
}

func (c *client) joinWith(header http.Header) (joined netproto.JoinResponse) {
	c.Helper()
	got := c.sendWith(header, "PUT", netproto.RouteSelf, `{"port":4000}`)
	if err := json.Unmarshal([]byte(got.body), &joined); err != nil || got.status != http.StatusOK {
		c.Fatalf("%d %s", got.status, got.body)
	}
	return joined
}

func TestAProxyThatIsTrustedSaysWhoAsks(t *testing.T) {
	tr := behindProxies(t, "127.0.0.1, 10.9.0.0/16,2001:db8:9::/48")
	proxy, behind := tr.plain(""), newIdentity(t)
	for forwarded, want := range map[string]string{
		"198.51.100.9":                                   "198.51.100.9:4000",
		"198.51.100.9:61234":                             "198.51.100.9:4000",
		"1.2.3.4, 127.0.0.1, 198.51.100.9":               "198.51.100.9:4000", // what precedes came from the client
		"8.8.8.8,198.51.100.9 , 10.9.3.4, 2001:db8:9::1": "198.51.100.9:4000", // proxies in a row
		"nonsense, 198.51.100.9":                         "198.51.100.9:4000",
		"2001:db8::7":                                    "[2001:db8::7]:4000",
		"[2001:db8::7]:443":                              "[2001:db8::7]:4000",
		"::ffff:198.51.100.9":                            "198.51.100.9:4000",
		"10.9.0.1,10.9.0.2":                              "10.9.0.1:4000", // a proxy is a client itself
	} {
		joined := proxy.joinWith(http.Header{"Client-Cert": {clientCertOf(behind)}, "X-Forwarded-For": {forwarded}})
		if joined.ObservedAddress != want || joined.PeerID != behind.PeerID() {
			t.Errorf("%q: %+v, want %s", forwarded, joined, want)
		}
	}
	twoLines := http.Header{"Client-Cert": {clientCertOf(behind)}, "X-Forwarded-For": {"1.2.3.4", "198.51.100.9"}}
	if joined := proxy.joinWith(twoLines); joined.ObservedAddress != "198.51.100.9:4000" {
		t.Errorf("in two lines: %+v", joined)
	}
}

func TestWhatAProxySaysMustBeWhole(t *testing.T) {
	tr := behindProxies(t, "127.0.0.1")
	proxy, behind := tr.plain(""), newIdentity(t)
	cert := clientCertOf(behind)
	for name, c := range map[string]struct {
		header http.Header
		code   netproto.Code
	}{
		"no certificate":       {http.Header{"X-Forwarded-For": {"198.51.100.9"}}, netproto.CodeCertificate},
		"no address":           {http.Header{"Client-Cert": {cert}}, netproto.CodeBadRequest},
		"a damaged address":    {http.Header{"Client-Cert": {cert}, "X-Forwarded-For": {"1.2.3.4, unknown"}}, netproto.CodeBadRequest},
		"two certificates":     {http.Header{"Client-Cert": {cert, cert}, "X-Forwarded-For": {"198.51.100.9"}}, netproto.CodeBadRequest},
		"no colons":            {http.Header{"Client-Cert": {strings.Trim(cert, ":")}, "X-Forwarded-For": {"198.51.100.9"}}, netproto.CodeBadRequest},
		"no base64":            {http.Header{"Client-Cert": {":!!!:"}, "X-Forwarded-For": {"198.51.100.9"}}, netproto.CodeBadRequest},
		"no certificate in it": {http.Header{"Client-Cert": {":AAAA:"}, "X-Forwarded-For": {"198.51.100.9"}}, netproto.CodeBadRequest},
		"proxies without end":  {http.Header{"Client-Cert": {cert}, "X-Forwarded-For": {strings.Repeat("127.0.0.1,", 100) + "127.0.0.1"}}, netproto.CodeBadRequest},
	} {
		got := proxy.sendWith(c.header, "PUT", netproto.RouteSelf, `{"port":4000}`)
		if got.status != c.code.Status() || !strings.Contains(got.body, `"`+string(c.code)+`"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := proxy.sendWith(http.Header{"X-Forwarded-For": {"nonsense"}}, "GET", "/resource", ""); got.status != 400 || !strings.HasPrefix(got.body, `{"success": false`) {
		t.Errorf("a seed client: %d %s", got.status, got.body)
	}
}

func TestNobodyElseIsBelieved(t *testing.T) {
	victim := newIdentity(t)
	lie := http.Header{"Client-Cert": {clientCertOf(victim)}, "X-Forwarded-For": {"198.51.100.9"}, "Forwarded": {"for=198.51.100.9"}, "X-Real-Ip": {"198.51.100.9"}}
	for name, tr := range map[string]*tracker{"without proxies": startTracker(t, nil), "with another proxy": behindProxies(t, "10.9.0.0/16")} {
		peer := tr.client("")
		if joined := peer.joinWith(lie); joined.ObservedAddress != "127.0.0.1:4000" || joined.PeerID != peer.id.PeerID() {
			t.Errorf("%s: %+v", name, joined)
		}
		if got := tr.plain("").sendWith(lie, "PUT", netproto.RouteSelf, `{"port":4000}`); got.status != http.StatusUpgradeRequired {
			t.Errorf("%s, without TLS: %d %s", name, got.status, got.body)
		}
		if got := tr.clientOf(nil, "").sendWith(lie, "PUT", netproto.RouteSelf, `{"port":4000}`); got.status != http.StatusUnauthorized {
			t.Errorf("%s, without a certificate: %d %s", name, got.status, got.body)
		}
		// Seed clients are served in the tracker's own network only, and a header does
		// not bring anybody into it.
		stranger := tr.plain("198.51.100.4")
		if got := stranger.sendWith(http.Header{"X-Forwarded-For": {"192.168.1.2"}}, "GET", "/resource", ""); got.status != http.StatusForbidden {
			t.Errorf("%s, a seed client: %d %s", name, got.status, got.body)
		}
	}
}

func TestSeedClientsBehindAProxyAreWhereTheyAre(t *testing.T) {
	tr := behindProxies(t, "127.0.0.1")
	proxy := tr.plain("")
	if got := proxy.sendWith(http.Header{"X-Forwarded-For": {"198.51.100.9"}}, "GET", "/resource", ""); got.status != http.StatusForbidden {
		t.Errorf("from the internet: %d %s", got.status, got.body)
	}
	if got := proxy.sendWith(http.Header{"X-Forwarded-For": {"192.168.1.2"}}, "GET", "/resource", ""); got.status != http.StatusOK {
		t.Errorf("from the own network: %d %s", got.status, got.body)
	}
}

func TestAProxyOverTLSMaySpeakForOthersOrItself(t *testing.T) {
	tr := behindProxies(t, "127.0.0.1")
	proxy, behind := tr.client(""), newIdentity(t)
	if joined := proxy.joinWith(nil); joined.PeerID != proxy.id.PeerID() || joined.ObservedAddress != "127.0.0.1:4000" {
		t.Errorf("for itself: %+v", joined)
	}
	joined := proxy.joinWith(http.Header{"Client-Cert": {clientCertOf(behind)}, "X-Forwarded-For": {"198.51.100.9"}})
	if joined.PeerID != behind.PeerID() || joined.ObservedAddress != "198.51.100.9:4000" {
		t.Errorf("for another: %+v", joined)
	}
}

func TestAConnectionOfABalancerIsThatOfItsClient(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.Balancers = origin.Proxies{netip.MustParsePrefix("127.0.0.1/32")} })
	c := tr.client("")
	header := "PROXY TCP4 192.168.1.7 198.51.100.1 4444 5000\r\n"
	c.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			_, err = conn.Write([]byte(header))
		}
		return conn, err
	}
	if joined := c.join(netproto.JoinRequest{Port: 4000}); joined.ObservedAddress != "192.168.1.7:4000" {
		t.Errorf("it is seen at %s", joined.ObservedAddress)
	}
	plain, err := net.Dial("tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(patience))
	io.WriteString(plain, "GET /healthz HTTP/1.1\r\n\r\n")
	if said, _ := io.ReadAll(plain); len(said) > 0 {
		t.Errorf("without a header it is told %q", said)
	}
	c.http.CloseIdleConnections()
	if body := c.send("GET", "/metrics", "").body; !strings.Contains(body, `cp2p_refusals_total{reason="proxy-header"} 1`) {
		t.Error("the refusal is not counted")
	}
}
