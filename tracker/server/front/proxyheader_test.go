package front_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/tracker/server/front"
	"centralizedp2p/tracker/server/origin"
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

// door is a front that answers plain requests with where they come from.
type door struct {
	*testing.T
	addr    string
	refused *atomic.Int32 // for want of a right header
}

// open serves a front until the test is over. Connections of the balancer's addresses begin with
// a header.
func open(t *testing.T, balancer string) door {
	t.Helper()
	balancers, err := origin.ParseProxies(balancer)
	if err != nil {
		t.Fatal(err)
	}
	refused := new(atomic.Int32)
	whence := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
	d := serve(t, front.Config{
		Times: front.DefaultTimes, Secure: whence, Plain: whence, Log: slog.New(slog.DiscardHandler), Conns: front.NewConns(),
		Balancers: balancers, Refused: func() { refused.Add(1) },
	})
	d.refused = refused
	return d
}

// serve serves a front until the test is over.
func serve(t *testing.T, c front.Config) door {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := door{T: t, addr: ln.Addr().String()}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(ctx, c, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return d
}

// say sends bytes on a new connection, and returns all that is answered until it ends.
func (d door) say(bytes string) string {
	d.Helper()
	conn, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second)) // the computer may be busy
	if _, err := io.WriteString(conn, bytes); err != nil {
		d.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if timeout, is := errors.AsType[net.Error](err); is && timeout.Timeout() {
		d.Errorf("%q is answered with %q, and no end", bytes, said)
	}
	return string(said)
}

const whence = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// ended sends bytes, at which the connection has to end without a word.
func (d door) ended(bytes string) {
	d.Helper()
	before := d.refused.Load()
	if said := d.say(bytes); said != "" {
		d.Errorf("%q is answered with %q", bytes, said)
	}
	if d.refused.Load() != before+1 {
		d.Errorf("%q does not count as refused", bytes)
	}
}

func TestAProxyThatIsNamedSaysWhoseItsConnectionsAre(t *testing.T) {
	d := open(t, "127.0.0.1/32")
	for header, want := range map[string]string{
		proxyV1: "203.0.113.7:4444", proxyV2: "203.0.113.7:4444", proxyV2TLV: "203.0.113.7:4444", proxyV26: "[2001:db8::7]:4444", proxyCheck: "127.0.0.1:", proxyUnknown: "127.0.0.1:",
	} {
		if _, at, _ := strings.Cut(d.say(header+whence), "\r\n\r\n"); !strings.HasPrefix(at, want) {
			t.Errorf("%q is seen at %s, not at %s", header, at, want)
		}
	}
}

func TestAConnectionOfAProxyWithoutARightHeaderIsRefused(t *testing.T) {
	d := open(t, "127.0.0.1/32")
	for _, bytes := range []string{
		whence, "PROXY TCP4 nobody 198.51.100.1 4444 5000\r\n", "PROXY " + strings.Repeat("x", 200),
		proxyV2[:13] + "\x41" + proxyV2[14:], proxyV2[:14] + "\xff\xff", "\x16\x03\x01" + strings.Repeat("\x00", 20),
	} {
		d.ended(bytes)
	}
	if said := d.say(proxyCheck + whence); !strings.HasPrefix(said, "HTTP/1.1 200") {
		t.Errorf("%q", said)
	}
}

func TestNobodyElseSaysWhoseAConnectionIs(t *testing.T) {
	for name, balancer := range map[string]string{"another proxy is named": "192.0.2.1/32", "none is named": ""} {
		t.Run(name, func(t *testing.T) {
			d := open(t, balancer)
			d.ended(proxyV2 + whence)
			if said := d.say(proxyV1 + whence); !strings.HasPrefix(said, "HTTP/1.1 400") {
				t.Errorf("%q", said)
			}
			if said := d.say(whence); !strings.Contains(said, "\r\n127.0.0.1:") {
				t.Errorf("%q", said)
			}
		})
	}
}
