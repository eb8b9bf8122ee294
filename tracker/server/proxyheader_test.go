package server_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
)

// Headers of the PROXY protocol, as its specification has them: from 203.0.113.7 port 4444
// and [2001:db8::7] port 4444, of a health check, and of an unknown protocol.
var (
	proxyV1      = "PROXY TCP4 203.0.113.7 198.51.100.1 4444 5000\r\n"
	proxyV2      = fromHex("0d0a0d0a000d0a515549540a" + "2111000c" + "cb007107" + "c6336401" + "115c" + "1388")
	proxyV2TLV   = fromHex("0d0a0d0a000d0a515549540a" + "21110012" + "cb007107" + "c6336401" + "115c" + "1388" + "040003aabbcc")
	proxyV26     = fromHex("0d0a0d0a000d0a515549540a" + "21210024" + "20010db8000000000000000000000007" + "20010db8000000000000000000000001" + "115c" + "1388")
	proxyCheck   = fromHex("0d0a0d0a000d0a515549540a" + "20000000")
	proxyUnknown = "PROXY UNKNOWN\r\n"
)

func fromHex(text string) string {
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// behind returns a client whose connections begin with a header.
func (tr *tracker) behind(header string) *client {
	c := tr.client("")
	c.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			_, err = conn.Write([]byte(header))
		}
		return conn, err
	}
	return c
}

func balancedBy(prefix string) func(*server.Config) {
	return func(c *server.Config) { c.Balancers = []netip.Prefix{netip.MustParsePrefix(prefix)} }
}

func TestAProxyThatIsNamedSaysWhoseItsConnectionsAre(t *testing.T) {
	tr := startTracker(t, balancedBy("127.0.0.1/32"))
	for header, want := range map[string]string{
		proxyV1: "203.0.113.7", proxyV2: "203.0.113.7", proxyV2TLV: "203.0.113.7", proxyV26: "2001:db8::7", proxyCheck: "127.0.0.1", proxyUnknown: "127.0.0.1",
	} {
		joined := tr.behind(header).join(netproto.JoinRequest{Name: "peer", Port: 4000})
		if at := netip.MustParseAddrPort(joined.ObservedAddress); at.Addr().String() != want || at.Port() != 4000 {
			t.Errorf("%q is seen at %s, not at %s", header, at, want)
		}
	}
}

// ended sends bytes to the tracker, which has to end the connection without a word.
func (tr *tracker) ended(bytes string) {
	tr.Helper()
	conn, err := net.Dial("tcp", tr.addr)
	if err != nil {
		tr.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte(bytes)); err != nil {
		tr.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if timeout, is := errors.AsType[net.Error](err); len(said) > 0 || is && timeout.Timeout() {
		tr.Errorf("%q is answered with %q, %v", bytes, said, err)
	}
}

func TestAConnectionOfAProxyWithoutARightHeaderIsRefused(t *testing.T) {
	tr := startTracker(t, balancedBy("127.0.0.1/32"))
	for _, bytes := range []string{
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "PROXY TCP4 nobody 198.51.100.1 4444 5000\r\n", "PROXY " + strings.Repeat("x", 200),
		proxyV2[:13] + "\x41" + proxyV2[14:], proxyV2[:14] + "\xff\xff", "\x16\x03\x01" + strings.Repeat("\x00", 20),
	} {
		tr.ended(bytes)
	}
	if got := tr.behind(proxyCheck).send("GET", netproto.RouteHealth, ""); got.status != 200 {
		t.Errorf("%+v", got)
	}
}

func TestNobodyElseSaysWhoseAConnectionIs(t *testing.T) {
	for name, configure := range map[string]func(*server.Config){"another proxy is named": balancedBy("192.0.2.1/32"), "none is named": nil} {
		t.Run(name, func(t *testing.T) {
			tr := startTracker(t, configure)
			tr.ended(proxyV2 + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
			conn, err := net.Dial("tcp", tr.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			io.WriteString(conn, proxyV1+"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
			if said, err := io.ReadAll(conn); err != nil || !bytes.HasPrefix(said, []byte("HTTP/1.1 400")) {
				t.Errorf("%q, %v", said, err)
			}
			if joined := tr.client("").join(netproto.JoinRequest{Name: "peer", Port: 4000}); joined.ObservedAddress != "127.0.0.1:4000" {
				t.Errorf("it is seen at %s", joined.ObservedAddress)
			}
		})
	}
}
