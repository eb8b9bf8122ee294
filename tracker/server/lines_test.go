package server_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// wire is a line as its peer has it.
type wire struct {
	*testing.T
	net.Conn
	in   *bufio.Reader
	seen string
}

// asLine asks for a line over a new connection and returns it with the answer.
func (c *client) asLine(header string) (*wire, *http.Response) {
	c.Helper()
	dial := c.http.Transport.(*http.Transport)
	conn, err := dial.DialContext(c.Context(), "tcp", c.addr)
	if err != nil {
		c.Fatal(err)
	}
	if strings.HasPrefix(c.base, "https") {
		conn = tls.Client(conn, dial.TLSClientConfig)
	}
	c.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: tracker\r\nConnection: keep-alive, Upgrade\r\nUpgrade: %s\r\n%s\r\n", netproto.RouteLine, netproto.LineProtocol, header)
	w := &wire{T: c.T, Conn: conn, in: bufio.NewReader(conn)}
	resp, err := http.ReadResponse(w.in, nil)
	if err != nil {
		c.Fatal(err)
	}
	return w, resp
}

// line opens the line of a peer that has joined.
func (c *client) line() *wire {
	c.Helper()
	w, resp := c.asLine("")
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Upgrade") != netproto.LineProtocol {
		c.Fatalf("%+v", resp)
	}
	w.seen = w.hear().Seen.Address
	return w
}

// hear returns the next frame that is no ping.
func (w *wire) hear() netproto.LineFrame {
	w.Helper()
	for {
		w.SetReadDeadline(time.Now().Add(patience))
		f, err := netproto.ReadLineFrame(w.in)
		if err != nil {
			w.Fatal(err)
		}
		if f.Ping == nil {
			return f
		}
	}
}

func (w *wire) say(f netproto.LineFrame) {
	w.Helper()
	raw, err := netproto.AppendLineFrame(nil, f)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *wire) beat(held netproto.HeartbeatRequest) netproto.HeartbeatResponse {
	w.Helper()
	w.say(netproto.LineFrame{Beat: &held})
	f := w.hear()
	if f.Lease == nil {
		w.Fatalf("%+v", f)
	}
	return *f.Lease
}

// ended waits until the tracker closes the line.
func (w *wire) ended(why string) {
	w.Helper()
	w.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, w.in); errors.Is(err, os.ErrDeadlineExceeded) {
		w.Fatalf("%s: the line stands", why)
	}
}

func held(names ...string) (h netproto.HeartbeatRequest) {
	for _, name := range names {
		h.Count++
		h.Digest = h.Digest.Toggle(hash(name))
	}
	return h
}

func (tr *tracker) metric(name string) string {
	tr.Helper()
	for line := range strings.Lines(tr.plain("").send("GET", "/metrics", "").body) {
		if series, value, _ := strings.Cut(strings.TrimSpace(line), " "); series == name {
			return value
		}
	}
	return ""
}

// until waits for a state that comes by itself.
func (tr *tracker) until(what string, ok func() bool) {
	tr.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			tr.Fatalf("%s: it did not happen", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestHeartbeatsTravelOnALine(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("198.51.100.7")
	if _, resp := peer.asLine(""); resp.StatusCode != netproto.CodeJoinFirst.Status() {
		t.Errorf("before it joined: %s", resp.Status)
	}
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"))
	w := peer.line()
	if at, err := netip.ParseAddrPort(w.seen); err != nil || at.Addr().String() != "198.51.100.7" || at.Port() != netip.MustParseAddrPort(w.LocalAddr().String()).Port() {
		t.Errorf("seen at %s, which is %s", w.seen, w.LocalAddr())
	}
	if got := w.beat(held("a")); got.Status != netproto.HeartbeatOK || got.Stats == nil || got.Stats.PeersOnline != 1 {
		t.Errorf("%+v", got)
	}
	if got := w.beat(held()); got.Status != netproto.HeartbeatResync {
		t.Errorf("%+v", got)
	}
	if got := tr.metric("cp2p_lines"); got != "1" {
		t.Errorf("%s lines", got)
	}
	if got := tr.metric(`cp2p_heartbeats_total{status="resync"}`); got != "1" {
		t.Errorf("%s resyncs", got)
	}
	w.Close()
	tr.until("the end of the line", func() bool { return tr.metric("cp2p_lines") == "0" })
}

func TestALineIsAskedForAsAnUpgrade(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.refused("GET", netproto.RouteLine, "", netproto.CodeBadRequest)
	got := peer.sendWith(http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, "GET", netproto.RouteLine, "")
	if got.status != http.StatusBadRequest || got.header.Get("Upgrade") != netproto.LineProtocol {
		t.Errorf("%+v", got)
	}
	if got := peer.send("HEAD", netproto.RouteLine, ""); got.status != http.StatusBadRequest {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsSentTogetherWithTheRequestIsNotLost(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	beat, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Beat: &netproto.HeartbeatRequest{}})
	if err != nil {
		t.Fatal(err)
	}
	dial := peer.http.Transport.(*http.Transport)
	conn, err := dial.DialContext(t.Context(), "tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	secure := tls.Client(conn, dial.TLSClientConfig)
	secure.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(secure, "GET %s HTTP/1.1\r\nHost: tracker\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n%s%s", netproto.RouteLine, netproto.LineProtocol, beat, beat[:5])
	in := bufio.NewReader(secure)
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp, err)
	}
	early := &wire{T: t, Conn: secure, in: in}
	early.hear() // seen
	if f := early.hear(); f.Lease == nil {
		t.Errorf("%+v", f)
	}
	secure.Write(beat[5:])
	if f := early.hear(); f.Lease == nil {
		t.Errorf("the frame that came in two halves: %+v", f)
	}
}

func TestALineEndsWithItsReason(t *testing.T) {
	tr := startTracker(t, nil)
	open := func() (*client, *wire) {
		peer := tr.client("198.51.100.7")
		peer.join(netproto.JoinRequest{Port: 4000})
		return peer, peer.line()
	}
	peer, w := open()
	again := peer.line()
	w.ended("a new one of the same family")
	if got := again.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("the new one: %+v", got)
	}
	six := tr.clientOf(peer.id, "2001:db8::7").line()
	if got := six.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("of the other family: %+v", got)
	}
	if got := again.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("beside it: %+v", got)
	}
	tr.clientOf(peer.id, "198.51.100.8").join(netproto.JoinRequest{Port: 4000})
	again.ended("a join from elsewhere")
	if got := six.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("the other family after it: %+v", got)
	}
	peer.call("DELETE", netproto.RouteSelf, nil, nil)
	six.ended("the peer has left")

	peer, w = open()
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: peer.id.Fingerprint()}}); err != nil {
		t.Fatal(err)
	}
	w.ended("its key is banned")
	_, w = open()
	if err := tr.owner.Ban(t.Context(), store.Ban{Target: store.Target{Prefix: netip.MustParsePrefix("198.51.100.0/24")}}); err != nil {
		t.Fatal(err)
	}
	w.ended("its address is banned")
	if got := tr.metric("cp2p_lines"); got != "0" {
		t.Errorf("%s lines", got)
	}
}

func TestALineOfAFormerMemberEnds(t *testing.T) {
	tr := startTracker(t, private)
	member := tr.client("")
	member.join(netproto.JoinRequest{Port: 4000, Invite: tr.invited(1)})
	w := member.line()
	if err := tr.owner.RemoveMember(t.Context(), member.id.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	w.ended("no member any more")
}

func TestAPeerThatMovedIsToldOverItsLine(t *testing.T) {
	tr := startTracker(t, nil)
	before := tr.client("198.51.100.7")
	before.join(netproto.JoinRequest{Port: 4000})
	after := tr.clientOf(before.id, "198.51.100.8")
	w := after.line()
	if got := w.beat(held()); got.Status != netproto.HeartbeatJoin {
		t.Errorf("from another address: %+v", got)
	}
	after.join(netproto.JoinRequest{Port: 4000})
	if got := w.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("after it joined: %+v", got)
	}
	// A network with two public addresses shows the line under one, the join under the
	// other: one join has to do.
	w = before.line()
	if got := w.beat(held()); got.Status != netproto.HeartbeatJoin {
		t.Errorf("from the first one: %+v", got)
	}
	after.join(netproto.JoinRequest{Port: 4000})
	if got := w.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("after one more join: %+v", got)
	}
}

func TestALineCountsAsAConnection(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) {
		limits := admission.DefaultLimits()
		limits.ConnectionsAddress = 2
		c.Limits = &limits
	})
	peer := tr.client("198.51.100.7")
	peer.join(netproto.JoinRequest{Port: 4000})
	w := peer.line() // beside the connection of the requests
	conn, err := peer.http.Transport.(*http.Transport).DialContext(t.Context(), "tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a third one stays open")
	}
	w.Close()
	tr.until("a place", func() bool {
		conn, err := peer.http.Transport.(*http.Transport).DialContext(t.Context(), "tcp", tr.addr)
		if err != nil {
			return false
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		return tls.Client(conn, peer.http.Transport.(*http.Transport).TLSClientConfig).HandshakeContext(t.Context()) == nil
	})
}

func TestLinesEndWhenTheServerStops(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	w := peer.line()
	if err := tr.stop(); err != nil {
		t.Fatal(err)
	}
	// In order: a TLS goodbye, not a connection that is gone.
	if _, err := io.Copy(io.Discard, w.in); err != nil {
		t.Error(err)
	}
}

func TestAMalformedFrameIsAnsweredAndEndsTheLine(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	raw := func(text string) string { return string(binary.BigEndian.AppendUint16(nil, uint16(len(text)))) + text }
	for name, bytes := range map[string]string{
		"empty":              "\x00\x00",
		"too long":           "\xff\xff",
		"no JSON":            raw("hello"),
		"a list":             raw("[]"),
		"a wrong type":       raw(`{"beat":{"count":"x","digest":"0000000000000000"}}`),
		"a short digest":     raw(`{"beat":{"count":1,"digest":"00"}}`),
		"a word of trackers": raw(`{"lease":{"status":"ok","reachable":"yes"}}`),
		"a ring":             raw(`{"ring":{"call":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}}`),
		"two at once":        raw(`{"ping":{},"beat":{"count":0,"digest":"0000000000000000"}}`),
		"a strange answer":   raw(`{"answer":{"call":"aaaaaaaaaaaaaaaaaaaaaaaaaa","result":"maybe"}}`),
		"a bad call id":      raw(`{"answer":{"call":"..","result":"ok"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := peer.line()
			w.T = t
			if _, err := io.WriteString(w, bytes); err != nil {
				t.Fatal(err)
			}
			f := w.hear()
			if f.Failed == nil || f.Failed.Code != netproto.CodeBadRequest || f.Failed.Detail == "" {
				t.Errorf("%+v", f.Failed)
			}
			w.ended(name)
		})
	}
	w := peer.line()
	io.WriteString(w, raw(`{"news":{"from":"a later version"}}`)+raw(`{}`)) // skipped
	if got := w.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("%+v", got)
	}
}

func TestAFloodOnALineIsChargedLikeRequests(t *testing.T) {
	tr := limitedWith(t, func(c *server.Config) {
		limits := admission.DefaultLimits()
		limits.RateKey = 10 // 100 at once
		limits.RateAddress = 0
		c.Limits = &limits
	})
	peer := tr.client("198.51.100.7")
	peer.join(netproto.JoinRequest{Port: 4000})
	w := peer.line()
	ping, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Ping: &struct{}{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Repeat(string(ping), 110)); err != nil { // 10 too many
		t.Fatal(err)
	}
	tr.until("pings are refused", func() bool {
		got := tr.metric(`cp2p_refusals_total{reason="rate-key"}`)
		return got != "" && got != "0"
	})
	w.say(netproto.LineFrame{Beat: &netproto.HeartbeatRequest{}})
	if f := w.hear(); f.Lease == nil && (f.Failed == nil || f.Failed.Code != netproto.CodeTooMany) {
		t.Errorf("%+v", f)
	}
	// Its requests are charged to the same account.
	for range 300 {
		w.say(netproto.LineFrame{Beat: &netproto.HeartbeatRequest{}})
	}
	for f := w.hear(); f.Failed == nil; f = w.hear() {
	}
	peer.refused("GET", netproto.RouteStats, "", netproto.CodeTooMany)
}

func TestALineThroughAProxyHidesItsPort(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) {
		var err error
		if c.Proxies, err = origin.ParseProxies("127.0.0.0/8"); err != nil {
			t.Error(err)
		}
	})
	peer, proxy := newIdentity(t), tr.plain("")
	header := http.Header{"X-Forwarded-For": {"198.51.100.7"}, "Client-Cert": {clientCertOf(peer)}}
	if got := proxy.sendWith(header, "PUT", netproto.RouteSelf, `{"name":"x","port":4000}`); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	var lines strings.Builder
	header.Write(&lines)
	w, resp := proxy.asLine(lines.String())
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp.Status)
	}
	if got := w.hear().Seen.Address; got != "198.51.100.7:4000" {
		t.Errorf("seen at %s", got)
	}
	if got := w.beat(held()); got.Status != netproto.HeartbeatOK {
		t.Errorf("%+v", got)
	}
}
